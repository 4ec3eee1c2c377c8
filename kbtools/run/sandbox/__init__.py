"""Confinement of worker processes: namespaces, Landlock, seccomp, limits."""

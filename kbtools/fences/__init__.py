"""Fences: their annotations and ids, what their code says without being run, and their languages."""

"""Runs snippets for commands: selection, sharding, local or on a cluster, ``--paranoid`` and ``--update``."""

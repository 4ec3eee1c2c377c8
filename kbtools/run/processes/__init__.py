"""Processes that run snippets: the fork server, launchers, the worker's process, and shells."""

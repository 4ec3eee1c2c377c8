"""Incremental site builds: renders only the pages whose output would change."""

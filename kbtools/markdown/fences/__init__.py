"""Fenced code as pymdownx.superfences reads it."""

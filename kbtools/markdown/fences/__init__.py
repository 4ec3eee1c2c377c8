"""Fenced code as superfences reads it, and what keeps a fence from being rendered."""

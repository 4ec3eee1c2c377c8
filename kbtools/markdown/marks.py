"""Placeholder characters of Python-Markdown, which it removes from pages."""

STX, ETX = "\x02", "\x03"

"""Scans Markdown as Python-Markdown renders it: ``scanner.scan`` is the entry point."""

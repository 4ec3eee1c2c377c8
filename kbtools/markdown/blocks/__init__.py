"""Block structure as Python-Markdown builds it: containers, lists, tables, raw HTML, definitions."""

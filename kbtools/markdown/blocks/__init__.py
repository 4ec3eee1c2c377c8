"""The blocks of Python-Markdown as kb reads them: containers, lists, tables, raw HTML, definitions."""

"""The website: a Python-Markdown extension that does the rendering, a thin MkDocs plugin, generated pages, a build."""

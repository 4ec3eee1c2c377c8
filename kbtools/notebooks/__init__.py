"""Exchange with Jupyter: pages as notebooks, notebooks as pages (nbformat 4).

A cell made from a page remembers in its metadata (``kb``) what it was made of, so that a notebook that comes back
unchanged gives the same bytes, and one that was edited keeps all else as it was.
"""

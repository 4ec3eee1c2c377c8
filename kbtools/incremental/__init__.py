"""Incremental check: keeps an index in SQLite and checks again only what a change affects."""

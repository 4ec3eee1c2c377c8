"""The vault: its files, pages, names, links and index."""

"""Data of a site: pages, names, results and mentions, loaded once."""

"""The site's search: rendered pages as text, the index that browsers read, and its terms."""

"""Search of the site: text extraction, terms, and the index that browsers load."""

"""HTML of a site: sanitizing, fragments, elements, addresses, Content-Security-Policy."""

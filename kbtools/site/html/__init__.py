"""HTML of a site: authors' HTML sanitized, fragments and elements, addresses, and the Content-Security-Policy."""

"""External links: finds HTTP addresses on pages, requests them, and caches the answers."""

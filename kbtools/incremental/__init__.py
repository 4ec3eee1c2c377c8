"""Check only what changed: an index kept on disk that is queried, not loaded."""

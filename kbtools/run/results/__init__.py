"""Results of snippets: their keys, the store, the files that belong to them, and garbage collection."""

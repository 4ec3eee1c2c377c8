"""Changes of pages as values: planned, verified on the whole vault, and handed out as new texts."""

"""Text and values about it: sources, spans, diagnostics, edits, similar names, YAML events, SVG."""

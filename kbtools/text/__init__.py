"""Text and what is said about places in it: sources, spans, diagnostics with their fixes, names that are alike."""

"""Python code of fences: syntax trees, names, sessions and devices."""

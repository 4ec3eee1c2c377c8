"""Languages of fences: what each says about its code without running it, and how it runs."""

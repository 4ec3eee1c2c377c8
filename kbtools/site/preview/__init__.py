"""Live preview (``kb serve``): follows what is saved and updates the browser."""

"""The parts of ``kbtools.scanner``: from lines over blocks to fences, headings and opaque text, as the renderer sees them."""

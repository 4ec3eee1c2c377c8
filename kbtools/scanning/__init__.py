"""The parts of ``kbtools.scanner``: lines, blocks, fences, headings and opaque text, as the renderer sees them."""

"""Frontmatter: located, read with every value's place, validated, edited. `kbtools.frontmatter` is the door."""

"""The parts of ``kbtools.frontmatter``: reading YAML by events with every span, explaining what is broken, editing."""

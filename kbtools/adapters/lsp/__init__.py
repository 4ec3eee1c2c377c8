"""A language server: what kb knows of a wiki, in an editor, while it is being typed."""

"""``kb init``: surveys a folder of Markdown and proposes the files that make it a project."""

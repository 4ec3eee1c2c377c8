"""A project's configuration: its files, the table of settings, and what the settings select."""

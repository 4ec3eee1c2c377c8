"""What kb keeps between runs in ``.kb``: the folder, its SQLite files, and the fingerprint of kb's own code."""

"""State kept between runs in ``.kb``: the folder, its SQLite files, the memo, and the version of kb's own code."""

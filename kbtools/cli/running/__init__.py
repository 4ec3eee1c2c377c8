"""Running snippets on behalf of a command: what is asked for, what is known, what is run, and where."""

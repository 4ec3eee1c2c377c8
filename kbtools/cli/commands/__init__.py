"""The commands that work on a wiki, one a file: ``configure`` names the options, ``run`` returns the exit code."""

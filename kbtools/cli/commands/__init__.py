"""The commands that work on a wiki, one per module: ``configure`` adds the options, ``run`` returns the exit code."""

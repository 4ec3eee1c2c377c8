"""The commands that list what there is and change nothing, one a file, as in ``kbtools.cli.commands``."""

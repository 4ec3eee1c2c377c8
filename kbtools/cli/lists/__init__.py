"""The commands that only print, one per module, structured as in ``kbtools.cli.commands``."""

"""The parts of ``kbtools.snippets``: annotations, ids, and what a fence's code says without being run."""

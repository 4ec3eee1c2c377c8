"""Runs the rules over a vault, compares findings with the baseline, and turns failed snippets into findings."""

from kbtools import make_callable

make_callable(__name__)

"""What a check makes of findings: compared with a baseline, narrowed to what a change concerns."""

from kbtools import make_callable

make_callable(__name__)

"""Running snippets: planning, sessions in worker processes, grading, stored results."""

from kbtools import make_callable

make_callable(__name__)

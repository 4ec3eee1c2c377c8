"""What a process of the gate computes once, and not again for each site that a test builds in it.

Jinja compiles the theme's templates for each site, which takes two thirds of building a small one. What it makes of
the same text is the same within a process.
"""

from __future__ import annotations

from collections.abc import Hashable
from types import CodeType
from typing import Any

import jinja2


def compile_templates_once() -> None:
    """Keeps compiled templates by their text, and by all that has a say in what is made of it."""
    compile_template = jinja2.Environment.compile
    compiled: dict[Hashable, str | CodeType] = {}

    def once(
        self: jinja2.Environment, source: Any, name: str | None = None, filename: str | None = None, **options: bool
    ) -> str | CodeType:
        settings = [value for _, value in sorted(vars(self).items()) if isinstance(value, (str, bool, int))]
        names = [tuple(held) for held in (self.filters, self.tests, self.extensions)]
        key = (type(self), source, name, filename, *options.items(), *settings, *names, self.finalize, self.autoescape)
        if key not in compiled:
            compiled[key] = compile_template(self, source, name, filename, **options)
        return compiled[key]

    jinja2.Environment.compile = once  # type: ignore[method-assign,assignment]

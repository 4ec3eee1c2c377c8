"""What kb checks: one rule a file, found by its name. A rule's docstring is its documentation and its first test.

A rule module sets ``SEVERITY`` and ``GROUP``, and either has ``check(page, context)`` yielding problems, or stands
for problems that a parser finds while it reads the page. Nothing else needs to be edited to add one. A rule whose
findings come with time says when in ``turns(page, context)``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbtools.config import Config
from kbtools.diagnostics import Problem, Severity
from kbtools.index import Index
from kbtools.page import Page

if TYPE_CHECKING:
    from kbtools.suggest import Suggester


@dataclass(frozen=True)
class Context:
    """What a rule may know beyond the page."""

    index: Index
    config: Config
    today: date
    schemas: Mapping[str, Any] = field(default_factory=dict)
    """The schema of each page that has one, by path."""
    shell: Mapping[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    """What a shell says is wrong with a fence (language in lower case, code): the code's line, from 1, and why."""

    @cached_property
    def suggester(self) -> Suggester:
        from kbtools.suggest import Suggester

        return Suggester(self.index, self.config.link_style)


Check = Callable[[Page, Context], Iterable[Problem]]
Turns = Callable[[Page, Context], date | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding."""

    name: str
    severity: Severity
    group: str
    doc: str
    """Markdown: a one-line summary, why it matters, ``## Reported`` and ``## Instead`` examples."""
    check: Check | None
    turns: Turns | None = None
    """The day on which an unchanged page comes to be found, or ceases to be; None when time changes nothing."""

    @property
    def summary(self) -> str:
        return self.doc.partition("\n")[0]


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule, by name."""
    rules = {}
    for file in sorted(Path(__file__).parent.glob("[!_]*.py")):  # pkgutil would import inspect
        module = importlib.import_module(f"{__name__}.{file.stem}")
        name = file.stem.replace("_", "-")
        doc = (module.__doc__ or "").strip()
        check, turns = getattr(module, "check", None), getattr(module, "turns", None)
        rules[name] = Rule(name, module.SEVERITY, module.GROUP, doc, check, turns)
    return rules

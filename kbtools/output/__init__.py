"""Output formats of findings: a table from names to modules, each imported when used. A module has a function named
like its format that takes ``Findings`` and yields lines."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kbtools.output.findings import Findings

FORMATS = {
    "full": "text",
    "concise": "text",
    "json": "json",
    "jsonl": "json",
    "github": "github",
    "sarif": "sarif",
    "junit": "junit",
    "gitlab": "gitlab",
    "markdown": "markdown",
}
"""The module of each format."""


def render(form: str, findings: Findings) -> Iterable[str]:
    """The findings in a format, as lines without line ends. Raises KeyError for an unknown format."""
    module = importlib.import_module(f"kbtools.output.{FORMATS[form]}")
    lines: Iterable[str] = getattr(module, form)(findings)
    return lines

"""Suites of cases in Markdown: a heading names a case, a fence holds the page, lines behind it say what is expected.

The page stands in a fence of ``~~~~~~``. Below it, each line ``- key: value`` is an expectation; what the keys mean is
for the test to say. Text in between is for the reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_CASE = re.compile(
    r"^## (?P<name>[^\n]+)\n(?P<about>.*?)^~~~~~~[^\n]*\n(?P<page>.*?)^~~~~~~\n(?P<expected>.*?)(?=^## |\Z)",
    re.MULTILINE | re.DOTALL,
)
_EXPECTATION = re.compile(r"^- ([a-z -]+):(?: (.*))?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """One page and what is expected of it. ``→`` in the suite is a tab, ``␍`` a carriage return, ``·`` a blank."""

    name: str
    page: str
    expected: tuple[tuple[str, str], ...]

    def all(self, key: str) -> list[str]:
        return [value for name, value in self.expected if name == key]


def load(path: Path) -> list[Case]:
    text = path.read_bytes().decode("utf-8")
    cases = [
        Case(
            m["name"],
            m["page"].replace("→", "\t").replace("␍", "\r").replace("·", " "),
            tuple((key, value or "") for key, value in _EXPECTATION.findall(m["expected"])),
        )
        for m in _CASE.finditer(text)
    ]
    written = len(re.findall(r"^## ", text, re.MULTILINE))
    in_pages = sum(len(re.findall(r"^## ", case.page, re.MULTILINE)) for case in cases)
    if len(cases) != written - in_pages or not all(case.expected for case in cases):
        raise ValueError(f"{path.name}: a case has no page or expects nothing")
    return cases

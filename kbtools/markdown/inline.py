"""Finds inline spans without links or edits: code, math, comments, the inside of HTML tags.

The patterns and their order are those of Python-Markdown 3.11 with pymdownx.inlinehilite and pymdownx.arithmatex:
code first, then math, then backslash escapes, then HTML. ``%%`` comments are Obsidian's.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container
from typing import NamedTuple

from kbtools.markdown import link_syntax
from kbtools.markdown.link_syntax import is_escaped
from kbtools.markdown.marks import STX

_TRIGGER = re.compile(r"[`$<]|\\\(|%%|\]\(")
_TICKS = re.compile(r"`+")
_DOLLAR = re.compile(r"\$((?:\\.|[^\\$\x02\x03])++)\$", re.DOTALL)
_ROUND = re.compile(r"\\\(((?:\\[^)]|[^\\\x02\x03])++)", re.DOTALL)
_DISPLAY = re.compile(r"\$\$(?:\\.|[^\\$\x02\x03])++\$\$", re.DOTALL)
_ESCAPE = re.compile(r"\\[\\`*_{}\[\]()>#+\-.!|$^ =~]")
_AUTOLINK = re.compile(r"<(?:[A-Za-z][A-Za-z0-9+.-]*+://[^<>]*+|[^<> !]++)>")
_HTML = re.compile(
    r"""<(?:/?+[a-zA-Z][^\s"'<>@]*+(?:\s+[^\s"'=<>]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'=<>]++))?+)*+\s*+/?"""
    r"""|!--(?:(?!<!--|-->).)*--|[?](?:(?!<[?]|[?]>).)*[?]|!\[CDATA\[(?:(?!<!\[CDATA\[|\]\]>).)*\]\])>""",
    re.DOTALL,
)
_PERCENT = re.compile(r"%%(?:[^%]|%(?!%))*+%%")


class InlineSpan(NamedTuple):
    """A span of a text with its kind: ``code``, ``math``, ``comment`` or ``tag``."""

    start: int
    end: int
    kind: str


def code_spans(text: str) -> list[tuple[int, int, int]]:
    """Inline code: where it starts and ends, backticks included, and how many backticks it has on either side.

    As pymdownx.inlinehilite pairs them: with the next run of the same length; failing that, with the longest of the
    runs that follow if they are all shorter.
    """
    runs = [(m.start(), m.end()) for m in _TICKS.finditer(text)]
    by_length: dict[int, list[int]] = {}
    for index, (start, end) in enumerate(runs):
        by_length.setdefault(end - start, []).append(index)
    longest = [-1] * (len(runs) + 1)  # index of the first longest run from here on
    for index in range(len(runs) - 1, -1, -1):
        best = longest[index + 1]
        mine = runs[index][1] - runs[index][0]
        longest[index] = index if best < 0 or mine >= runs[best][1] - runs[best][0] else best
    found: list[tuple[int, int, int]] = []
    at = index = 0
    while index < len(runs):
        start, end = runs[index]
        if start < at:
            start = at
        elif is_escaped(text, start):
            start += 1
        if start >= end:
            index += 1
            continue
        ticks = end - start
        same = by_length.get(ticks, [])
        where = bisect_right(same, index)
        if where < len(same):
            index = same[where]
        else:
            best = longest[index + 1]
            length = runs[best][1] - runs[best][0] if best >= 0 else 0
            if not 0 < length < ticks:
                # The renderer skips the same number of characters once more.
                at = end + ticks
                index += 1
                while index < len(runs) and runs[index][1] <= at:
                    index += 1
                continue
            ticks, index = length, best
        found.append((start, runs[index][1], ticks))
        at = runs[index][1]
        index += 1
    return found


def mask(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with these spans masked so that no pattern matches there; the length stays the same."""
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += (text[at:start], STX * (end - start))
        at = end
    parts.append(text[at:])
    return "".join(parts)


def math_spans(text: str) -> list[tuple[int, int]]:
    """Inline math, in a text whose code is masked: ``$…$`` with arithmatex's smart dollars, ``$$…$$``, ``\\(…\\)``."""
    found: list[tuple[int, int]] = []
    if "$" in text:
        at = text.find("$")
        while at >= 0:
            m = _DISPLAY.match(text, at) or _DOLLAR.match(text, at)
            if m is None or (at and text[at - 1] == "\\") or not (m[0][:2] == "$$" or _smart(m[1])):
                at = text.find("$", at + 1)
                continue
            found.append((at, m.end()))
            at = text.find("$", m.end())
    if "\\(" in text:
        taken, at = len(found), text.find("\\(")
        while at >= 0:
            m = _ROUND.match(text, at) if not at or text[at - 1] != "\\" else None
            if m and text.startswith("\\)", m.end()):
                found.append((at, m.end() + 2))
                at = text.find("\\(", m.end())
            else:
                at = text.find("\\(", m.end() if m else at + 1)
        if taken and taken < len(found):
            found = _disjoint(found)
    return found


def _smart(inner: str) -> bool:
    return bool(inner) and not inner[0].isspace() and not inner[-1].isspace()


def _disjoint(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


class Markup(NamedTuple):
    """Elements found in one inline text."""

    opaque: list[InlineSpan]
    """In order and disjoint."""
    links: list[link_syntax.InlineLink]


_NONE = Markup([], [])


def parse(text: str, names: Container[str] = ()) -> Markup:
    """The opaque stretches and the Markdown links of one text; ``names`` are those of the page's definitions."""
    if not (names and "]" in text) and not _TRIGGER.search(text):
        return _NONE
    whole = text
    found: list[InlineSpan] = []
    links: list[link_syntax.InlineLink] = []
    if "`" in text:
        code = [(start, end) for start, end, _ in code_spans(text)]
        found += (InlineSpan(start, end, "code") for start, end in code)
        text = mask(text, code)
    if "$" in text or "\\(" in text:
        math = math_spans(text)
        found += (InlineSpan(start, end, "math") for start, end in math)
        text = mask(text, math)
    if (names and "]" in text) or link_syntax.may_hold_links(text):
        links = link_syntax.find(whole, text, names)
        text = mask(text, sorted(link_syntax.addresses(links)))
    if "<" in text:
        plain = _ESCAPE.sub(STX * 2, text) if "\\" in text else text
        tags = list(_HTML.finditer(plain))
        spans = [m.span() for m in tags]
        found += (InlineSpan(m.start(), m.end(), "comment" if m[0].startswith("<!--") else "tag") for m in tags)
        text = mask(text, spans)
        autolinks = [m.span() for m in _AUTOLINK.finditer(_ESCAPE.sub(STX * 2, text)) if "://" in m[0] or "@" in m[0]]
        found += (InlineSpan(start, end, "tag") for start, end in autolinks)
        text = mask(text, autolinks)
    if "%%" in text:
        found += (InlineSpan(m.start(), m.end(), "percent") for m in _PERCENT.finditer(text))
    found.sort(key=lambda span: span.start)
    return Markup(found, links)

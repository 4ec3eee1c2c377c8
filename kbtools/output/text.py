"""Text for terminals: full form with source excerpt and caret, or one line each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from kbtools.output.findings import Findings
from kbtools.text.diagnostics import Diagnostic, Severity
from kbtools.text.source import Source

_COLORS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;36"}
_TAB = 4
_WIDEST = 160
"""Columns of an excerpt; longer lines are cut around the span."""


def paint(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color and text else text


def width(text: str) -> int:
    """Number of terminal columns of a text: two for wide characters (Hangul, CJK, emoji), none for combining ones."""
    return sum(_char_width(c) for c in text)


def _char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return 0
    if "\u1160" <= char <= "\u11ff":  # medial and final jamo are drawn in the syllable before
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def printable(text: str) -> str:
    """A line that is safe to print: tabs as blanks, control characters as symbols, nothing that moves the cursor."""
    out = []
    for c in text:
        if c == "\t":
            out.append(" " * _TAB)
        elif ord(c) < 32:
            out.append(chr(0x2400 + ord(c)))
        elif (
            unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")
            or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        ):
            out.append("\ufffd")
        else:
            out.append(c)
    return "".join(out).replace("##[", "##\u200b[")  # a command of GitHub's runner


def harmless(text: str) -> str:
    """Lines that neither a terminal nor a GitHub Actions log interprets: as ``printable``, but with tabs and line
    ends.

    GitHub's runner interprets lines that begin with ``::`` (also after blanks), and ``##[`` anywhere, as commands.
    """
    if not _OBEYED.search(text):
        return text
    lines = text.split("\n")
    for at, line in enumerate(lines):
        end = "\r" if line.endswith("\r") else ""
        kept = "\t".join(printable(part) for part in line.removesuffix("\r").split("\t"))
        lines[at] = _COMMAND.sub("\\1:\u200b:", kept) + end
    return "\n".join(lines)


_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]|##\[|(?:\A|\n)\s*::")
_COMMAND = re.compile(r"\A(\s*)::")


def concise(findings: Findings) -> Iterator[str]:
    """``path:line:column: severity[rule] message``, a line each."""
    for d in findings.diagnostics:
        at = findings.sources(d.path).lines.position(d.span.start)
        label = paint(f"{d.severity.value}[{d.rule}]", _COLORS[d.severity], findings.color)
        yield f"{printable(d.path)}:{at.line}:{at.column}: {label} {printable(d.message)}"


def full(findings: Findings, notes: Mapping[Diagnostic, str] | None = None) -> Iterator[str]:
    """A block for each finding: rule, message, position, source with a caret under the span, and help. ``notes`` are
    added below some blocks."""
    for d in findings.diagnostics:
        note = notes.get(d) if notes else None
        yield "\n".join(_block(d, findings.sources(d.path), findings.color, note)) + "\n"


def _block(d: Diagnostic, source: Source, color: bool, note: str | None) -> Iterator[str]:
    start, end = source.lines.position(d.span.start), source.lines.position(d.span.end)
    label = paint(f"{d.severity.value}[{d.rule}]", _COLORS[d.severity], color)
    yield f"{label}: {paint(printable(d.message), '1', color)}"
    number = str(start.line)
    margin = " " * len(number)
    bar = paint("|", "34", color)
    yield f"{margin}{paint('-->', '34', color)} {printable(d.path)}:{start.line}:{start.column}"
    if source.text and (d.span or d.span.start):
        line = source.lines.line(start.line)
        text = line.of(source.text)
        first = d.span.start - line.start
        last = min(d.span.end, line.end) - line.start if end.line == start.line else len(text)
        before, marked, text = _window(text, first, last)
        carets = "^" * max(1, width(printable(marked)))
        yield f"{margin} {bar}"
        yield f"{paint(number, '34', color)} {bar} {printable(text)}"
        yield f"{margin} {bar} {' ' * width(printable(before))}{paint(carets, _COLORS[d.severity], color)}"
    if d.help:
        head, *rest = d.help.rstrip("\n").split("\n")
        if rest:  # a traceback or a diff keeps its lines
            yield f"{margin} {paint('=', '34', color)}"
            yield from (harmless(f"{margin}   {printable(line)}".rstrip()) for line in (head, *rest))
        else:
            yield f"{margin} {paint('=', '34', color)} help: {printable(head)}"
    if note:
        yield f"{margin} {paint('=', '34', color)} note: {printable(note)}"


def _window(text: str, first: int, last: int) -> tuple[str, str, str]:
    """The text before the span, the span, and the line, cut to a readable width around the span."""
    last = max(first, last)
    if len(text) <= _WIDEST:
        return text[:first], text[first:last], text
    low = max(0, first - _WIDEST // 3)
    high = min(len(text), low + _WIDEST)
    last = min(last, high)
    head = "…" if low else ""
    tail = "…" if high < len(text) else ""
    return head + text[low:first], text[first:last], head + text[low:high] + tail

"""Diagnostics, fixes and edits as values."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from kbtools.text.source import Span


class Severity(str, Enum):
    """How much a finding matters. Only errors (and, with --strict, warnings) fail a run."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Applicability(str, Enum):
    """Whether a fix may be applied unasked (safe), on request (unsafe), or only shown (display)."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


class Edit(NamedTuple):
    """Replaces the text of ``span`` by ``replacement``."""

    span: Span
    replacement: str


class Fix(NamedTuple):
    """Edits of one page that together remove a finding."""

    title: str
    """An imperative: ``write [[Tensor]]``."""
    applicability: Applicability
    edits: tuple[Edit, ...]
    unlinks: bool = False
    """The fix turns the link into plain text."""


class Problem(NamedTuple):
    """Something wrong at a place of one text, as a parser or a rule sees it: no path, no severity yet."""

    rule: str
    span: Span
    message: str
    help: str | None = None
    fix: Fix | None = None
    about: str | None = None
    """Distinguishes the problem from others of its rule on the page, if the marked text does not."""
    severity: Severity | None = None
    """A lower severity than the rule's; a severity set in the configuration takes precedence over both."""
    site_only: bool = False
    """Only the site's renderer is affected: GitHub, Obsidian and CommonMark show the text as intended."""


class Diagnostic(NamedTuple):
    """A problem of a page of the vault, with the severity the configuration gives its rule."""

    rule: str
    severity: Severity
    path: str
    """Relative to the vault, with ``/``."""
    span: Span
    message: str
    help: str | None = None
    fix: Fix | None = None
    about: str | None = None
    """See ``Problem.about``."""


def subject(d: Diagnostic, text: str) -> str:
    """The text that a diagnostic is about, on one line: it stays the same when other lines of the page change."""
    return " ".join((d.span.of(text) if d.about is None else d.about).split())


class OverlappingEdits(ValueError):
    """Two edits touch the same text: applying both would lose one."""


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits applied; everything outside the edits is unchanged. Equal edits are applied once.
    Insertions at the same position are kept in the given order. Raises OverlappingEdits if two edits overlap, and
    ValueError if one is outside the text."""
    ordered = sorted(dict.fromkeys(edits), key=lambda e: (e.span.start, e.span.end))
    out: list[str] = []
    at = 0
    for edit in ordered:
        if edit.span.end > len(text) or edit.span.start > edit.span.end:
            raise ValueError(f"edit {edit.span} outside a text of {len(text)} code points")
        if edit.span.start < at:
            raise OverlappingEdits(f"edits overlap at {edit.span.start}")
        out += (text[at : edit.span.start], edit.replacement)
        at = edit.span.end
    out.append(text[at:])
    return "".join(out)

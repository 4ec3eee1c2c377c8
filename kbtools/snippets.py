"""Fences as things to execute: what an info string asks for, sessions, stable ids, devices, expected output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kbtools.scanner import Fence
from kbtools.source import Span

DEVICES = ("cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class Expectation:
    """Output a page says a snippet prints."""

    span: Span
    """The comment's text after its marker, or the whole body of an output fence: what ``--update`` rewrites."""
    line: int
    """1-based line of the page."""
    text: str
    of_line: int | None
    """The page's line of the ``print`` it belongs to; None for an output fence, which holds the whole stdout."""


@dataclass(frozen=True, slots=True)
class Options:
    """The annotations of contract section 6, parsed and with defaults filled in."""

    skip: str | None = None
    """The reason not to run, or None."""
    hidden: bool = False
    run: bool = False
    raises: str | None = None
    match: str | None = None
    requires: tuple[str, ...] = ()
    timeout: float | None = None
    """Seconds; None is the configured default."""
    memory: int | None = None
    """Bytes; None is the configured default."""
    network: bool = False
    launch: str | None = None
    file: str | None = None
    compare: bool = True
    """False for ``expect="off"``."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A fence with its meaning. ``code`` is what runs: the fence's body, from page line ``line`` on."""

    fence: Fence
    id: str
    session: str
    """Snippets of a page that share this name share a namespace; ``""`` is the page's own."""
    language: str
    code: str
    line: int
    """1-based page line of the opening fence. The code's first line is the next one."""
    end_line: int
    options: Options
    declared: Mapping[str, str]
    """The options as written, for display: page defaults, comment, info string, later ones winning."""
    executable: bool
    why_not: str | None
    devices: tuple[str, ...]
    """Where it can run: all of DEVICES when portable, else those it is bound to."""
    device_reason: str | None
    """Why it is bound, for people: ``line 14 calls .cuda()``."""
    expects: tuple[Expectation, ...]
    defines: tuple[str, ...]
    uses: tuple[str, ...]

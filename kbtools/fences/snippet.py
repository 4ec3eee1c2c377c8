"""Snippet: a fence with its interpretation, and the output that its page expects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kbtools.fences.annotations import (
    Options,
)
from kbtools.fences.expected.form import Form
from kbtools.fences.python.names import Names
from kbtools.markdown.structure import Fence
from kbtools.text.source import Span


@dataclass(frozen=True, slots=True)
class Expectation:
    """Output a page says a snippet prints."""

    span: Span
    """The comment's text after its marker, or the whole body of an output fence: what ``--update`` rewrites."""
    line: int
    """1-based line of the page."""
    text: str
    of_line: int | None
    """The page's line of the statement or prompt whose output it is; None for an output fence: the whole stdout."""
    block: bool = False
    """It stands on lines of its own below ``of_line``: the span begins at the end of the line above."""
    statement: tuple[int, int] | None = None
    """Where in the code that statement begins: line from 1, column in UTF-8 bytes."""
    form: Form = Form.OUTPUT
    value: bool = False
    """Where the statement prints nothing, the value of its expression counts."""
    short: int | None = None
    """Length of the text without the brackets at its end, if they may be a remark."""
    comment: Span | None = None
    """The whole comment, where it is one."""
    why_not: str | None = None
    """Why it is not compared."""
    last: tuple[int, int] | None = None
    """Of an output fence: where the expression begins that ends the snippet, whose value may stand there as well."""
    shows: tuple[tuple[int, int], ...] | None = None
    """Of an output fence: where the expressions begin whose values may stand between the printed lines, as at the
    prompt; empty if the snippet has only assignments, imports and definitions."""


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
    """Where it can run: all of DEVICES when portable, else those it is bound to. Empty when not executable."""
    device_reason: str | None
    """Why it is bound, for messages: ``line 14 calls .cuda()``."""
    gpus: int
    """CUDA devices it needs at once where it runs on them."""
    expects: tuple[Expectation, ...]
    defines: tuple[str, ...]
    uses: tuple[str, ...]
    """Names it reads without binding them first. One of Python's own only where the session has rebound it before."""
    names: Names = field(default_factory=Names)
    """The same with places, for ``undefined_names``."""

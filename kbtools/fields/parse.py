"""Parses a page's frontmatter into values and problems."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kbtools.fields.locate import body_of, repeated
from kbtools.fields.model import Entries, Frontmatter, Path, Row
from kbtools.fields.simple import read_simple
from kbtools.markdown.frontmatter_block import frontmatter_span
from kbtools.text.diagnostics import Edit, Fix, Problem
from kbtools.text.source import LineIndex, Span

if TYPE_CHECKING:
    from kbtools.fields.compose import Duplicate

MAX_SIZE = 256_000
"""Maximum characters between the ``---`` lines; larger blocks are not parsed."""

MAX_DUPLICATES = 100
"""Maximum number of duplicate keys that are reported."""


def parse(text: str, span: Span | None = None) -> Frontmatter | None:
    """Parses a page's frontmatter; None if it has none (``unclosed`` may then give the reason).

    Never raises: errors in the text are in ``problems``, and ``data`` has the fields that could be parsed. The text
    must not have a BOM, as ``Source.decode`` guarantees. ``span`` is the position of the block, if it is already
    known.
    """
    if span is None and text.startswith("---"):
        span = frontmatter_span(text)
    if span is None:
        return None
    return read_block(text, body_of(text, span), span, repeated(text, span))


def read_block(text: str, body: Span, span: Span, more: tuple[Problem, ...] = ()) -> Frontmatter:
    """Parses ``body``, a span of ``text``, as the YAML of a frontmatter block; all spans refer to ``text``. ``more``
    are problems that are already known."""
    if len(body) > MAX_SIZE:
        opener = Span(0, min(3, len(text)))
        message = f"this frontmatter is {len(body):,} characters long; {MAX_SIZE:,} is the most that is read"
        problem = Problem("invalid-yaml", opener, message, "move what is not metadata below the closing `---`")
        return Frontmatter(span, {}, Entries({}), (problem, *more), complete=False)
    yaml = body.of(text)
    if not more and (simple := read_simple(yaml)) is not None:
        return Frontmatter(span, simple, Entries(partial(_rows, yaml), body.start), ())
    return _read_whole(text, yaml, body, span, more)


def _rows(yaml: str) -> dict[Path, Row]:
    """The position of each value of a block, which ``read_simple`` does not record."""
    from kbtools.fields.compose import read

    return read(yaml).rows


def _read_whole(text: str, yaml: str, body: Span, span: Span, more: tuple[Problem, ...]) -> Frontmatter:
    """``read_block`` for a block that is not simple."""
    from kbtools.fields.compose import BrokenYaml, LimitExceeded, read
    from kbtools.fields.explain import no_mapping
    from kbtools.fields.recovery import recover

    complete = True
    try:
        found = read(yaml)
    except (BrokenYaml, LimitExceeded) as error:
        found, complete = recover(yaml, error)
    problems = more
    if found.problems or found.duplicates or not found.mapping:
        if not found.mapping:
            complete = False
            found.problems.append(no_mapping(yaml))
        lines = LineIndex(text)
        base = body.start
        all_ = [*more, *(moved(p, base) for p in found.problems)]
        all_ += (_duplicate(d, lines.line_of(d.first + base), base) for d in found.duplicates[:MAX_DUPLICATES])
        problems = tuple(sorted(all_, key=lambda p: p.span))
    return Frontmatter(span, found.data, Entries(found.rows, body.start), problems, complete)


def moved(problem: Problem, by: int) -> Problem:
    """The same problem, moved by ``by`` code points."""
    fix = problem.fix
    if fix:
        edits = tuple(Edit(e.span.shift(by), e.replacement) for e in fix.edits)
        fix = Fix(fix.title, fix.applicability, edits)
    return Problem(problem.rule, problem.span.shift(by), problem.message, problem.help, fix)


def _duplicate(found: Duplicate, line: int, base: int) -> Problem:
    message = f"`{found.name[:60]}` is already set on line {line}; only the last value counts"
    return Problem("duplicate-key", found.key.shift(base), message, "keep one of the two and delete the other")

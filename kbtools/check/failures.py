"""Turns failed snippets into findings at the line that raised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from kbtools.check.baseline import Baseline
from kbtools.check.checker import severities, suppress
from kbtools.config.project import Config
from kbtools.config.selection import EVERYTHING, Selection
from kbtools.text.diagnostics import Diagnostic, Problem, Severity
from kbtools.text.source import Source, Span
from kbtools.vault.page import Page

RULE = "failing-snippet"


class Failed(Protocol):
    """The fields of an outcome that its finding needs: see ``run.outcomes.Outcome``."""

    @property
    def id(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def device(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def message(self) -> str | None: ...
    @property
    def traceback_line(self) -> int | None: ...


F = TypeVar("F", bound=Failed)


def failing(
    config: Config, failed: Iterable[F], source: Callable[[str], Source], selection: Selection = EVERYTHING
) -> Iterator[tuple[F, Diagnostic]]:
    """Each failed outcome with its finding, unless the configuration, a snippet option or a comment on the page
    suppresses it."""
    failed = list(failed)
    if not failed or not selection.wants(RULE):
        return
    severity = severities(config).get(RULE)
    if severity is None:
        return
    pages: dict[str, Page] = {}
    for o in failed:
        if o.path not in pages:
            pages[o.path] = Page.parse(source(o.path))
        page = pages[o.path]
        lines = page.source.lines
        # If the page was edited while its snippets ran, the line may no longer exist.
        line = lines.line(min(o.traceback_line or o.line, len(lines.starts)))
        message = (o.message or o.reason or "it failed").rstrip("\n")
        first, _, rest = message.partition("\n")
        if message.count("\n") == 1 and o.reason and not message.startswith(o.reason):
            first, rest = f"{o.reason}: {' · '.join(' '.join(part.split()) for part in message.split(chr(10)))}", ""
        elif o.reason and first != o.reason:
            first, rest = o.reason, message
        span = _stripped(page.source.text, line)
        about = f"{o.device}: {span.of(page.source.text)}"
        where = o.id.partition("::")[2]
        problem = Problem(RULE, span, f"{where}: {first}", rest or None, about=about)
        for p in suppress(page, (problem,), report_unused=False):
            yield o, Diagnostic(p.rule, severity, o.path, p.span, p.message, p.help, p.fix, p.about)


def _stripped(text: str, line: Span) -> Span:
    """A line's span without blanks at its ends."""
    shown = line.of(text)
    start = line.start + len(shown) - len(shown.lstrip())
    return Span(start, max(start, line.start + len(shown.rstrip())))


def why_accepted(config: Config, baseline: Baseline, failed: Failed, source: Callable[[str], Source]) -> str | None:
    """Why a failing snippet is not an error, in a few words: it is in the baseline, or ignored by a comment on the page
    or the configuration; None if it is an error."""
    for _, found in failing(config, (failed,), source):
        since = baseline.since(found, source)
        if since is not None:
            return f"fails, known since {since.isoformat()}"
        return (
            None if found.severity is Severity.ERROR else f"failing-snippet is of severity {found.severity.value} here"
        )
    return "failing-snippet is not reported here"

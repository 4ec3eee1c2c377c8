"""Compares the findings of a command with the baseline: new, known and no longer found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from kbtools.cli.arguments import Arguments

if TYPE_CHECKING:
    from kbtools.check.baseline import Answered, Baseline, BaselineEntry
    from kbtools.config.project import Project
    from kbtools.config.selection import Selection
    from kbtools.run.results.outcomes import Outcome
    from kbtools.text.diagnostics import Diagnostic
    from kbtools.text.source import Source


FILE = "kb-baseline.json"
"""A file in the project's root, under version control."""


def add_baseline_options(arguments: Arguments) -> None:
    group = arguments.add_argument_group("baseline")
    group.add_argument("--no-baseline", action="store_true", help=f"also report what {FILE} accepts")
    group.add_argument("--strict-baseline", action="store_true", help=f"fail if {FILE} accepts a finding that is fixed")


def read_baseline(project: Project) -> Baseline | None:
    """The project's baseline; None when it has none. Raises KbError when it cannot be read."""
    if not (project.root / FILE).is_file():
        return None
    from kbtools.check.baseline import Baseline

    return Baseline.read(project.root)


def answered_by(
    selection: Selection, outcomes: Sequence[Outcome] | None, concerned: frozenset[str] | None = None
) -> Answered:
    """Whether a check could have found an entry again: its page and rule were selected, and, for an outcome, its
    snippet ran on that device. ``outcomes`` is None if nothing was run; ``concerned`` are the only pages that were
    checked."""
    ran = {(o.path, o.device) for o in outcomes or ()}
    skipped = {(o.path, o.device) for o in outcomes or () if o.outcome.value in ("skipped", "blocked")}
    pages = {o.path for o in outcomes or ()}

    def answered(entry: BaselineEntry) -> bool:
        if not selection.covers(entry.key.page) or not selection.wants(entry.key.rule):
            return False
        if concerned is not None and entry.key.page not in concerned:
            return False
        if entry.device is None:
            return True
        if outcomes is None:
            return False
        where = (entry.key.page, str(entry.device))
        return entry.key.page not in pages or (where in ran and where not in skipped)

    return answered


class BaselineReport(NamedTuple):
    """Findings that the baseline does not accept, and what it accepts."""

    new: tuple[Diagnostic, ...]
    exists: bool = False
    known: int = 0
    """Number of accepted findings."""
    mended: tuple[BaselineEntry, ...] = ()
    snippets: Mapping[str, date] = {}
    """Ids of outcomes whose failure is accepted, with the date since when."""
    name: str = FILE


def compare(
    project: Project,
    found: Iterable[Diagnostic],
    source: Callable[[str], Source],
    answered: Answered,
    failures: Iterable[tuple[Outcome, Diagnostic]] = (),
    *,
    ignored: bool = False,
) -> BaselineReport:
    """Compare findings with the baseline. ``failures`` maps findings to outcomes; ``ignored`` reports all findings."""
    baseline = None if ignored else read_baseline(project)
    found = tuple(found)
    if baseline is None:
        return BaselineReport(found)
    compared = baseline.compare(found, source, answered)
    since = {id(d): day for d, day in compared.known}
    snippets = {o.id: since[id(d)] for o, d in failures if id(d) in since}
    return BaselineReport(compared.new, True, len(compared.known), compared.mended, snippets)

"""Loads results from the project's store and from reports of other machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from kbtools.check.baseline import Baseline
from kbtools.check.failures import failing
from kbtools.config.project import Project
from kbtools.errors import KbError
from kbtools.run.devices.host_info import machine_label
from kbtools.run.page_files import PageFiles
from kbtools.run.report import machine_of
from kbtools.run.results.current import current, sources_of
from kbtools.run.results.outcomes import Outcome
from kbtools.run.results.store import Store
from kbtools.site.data.machine_paths import shortened
from kbtools.site.data.results import BAD, Results, ShownOutcome, snippet_key, snippet_of
from kbtools.text.diagnostics import Severity
from kbtools.text.reason import Reason
from kbtools.vault.page import Page


def stored(
    project: Project,
    pages: Iterable[Page],
    reports: Mapping[str, object] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Results:
    """What ``kb run`` has left for these pages, and what reports of other machines say of them, by the file's name.

    Results of snippets a page no longer has are left out. ``say`` is told of a report that does not name the text it
    is of. Raises KbError for a report that is none.
    """
    by_path = {page.path: page for page in pages if page.structure.fences}
    store, files = Store(project.state), PageFiles(project.vault, project.root)
    given: dict[str, list[dict[str, ShownOutcome]]] = {}
    for path in by_path:
        held = {id: ShownOutcome(r.outcome, r.torch, _date(r.date), r.machine) for id, r in store.read(path).items()}
        given[path] = [held] if held else []
    for name, report in (reports or {}).items():
        told: dict[str, dict[str, ShownOutcome]] = {}
        for run in reported(report, name):
            told.setdefault(run.outcome.path, {})[run.outcome.id] = run
        for path in told.keys() & by_path.keys():
            given[path].append(told[path])
        if n := sum(not run.outcome.source for of_page in told.values() for run in of_page.values()):
            say(f"note: {name}: {n} results do not say which text they are of; they are taken by their lines")
    runs = [run for path, held_of in given.items() if held_of for run in _held(by_path[path], files, held_of)]
    runs = _accepted(project, by_path.values(), runs)
    return Results.of(_published(run, by_path[run.outcome.path].source.text, project.vault) for run in runs)


def _published(run: ShownOutcome, source: str, vault: Path) -> ShownOutcome:
    """The result without paths of its machine in messages and reasons."""

    def without_paths(text: str) -> str:
        if isinstance(text, Reason):
            return Reason(text.message, **{name: without_paths(value) for name, value in text.values.items()})
        return shortened(text, source, vault)

    o = run.outcome
    if not o.message and not o.reason:
        return run
    message, reason = (text and without_paths(text) for text in (o.message, o.reason))
    return replace(run, outcome=replace(o, message=message, reason=reason))


def _held(page: Page, files: PageFiles, given: Iterable[Mapping[str, ShownOutcome]]) -> Iterator[ShownOutcome]:
    """The results of a page in the store and in each report, with whether they are for its present text."""
    lines, fingerprints = {snippet_key(page.path, s.id): s.line for s in page.snippets}, sources_of(page, files)
    for runs in given:
        found = {
            id: replace(run, fresh=not run.outcome.source and lines.get(snippet_of(run.outcome)) == run.outcome.line)
            for id, run in runs.items()
        }
        for id, (outcome, was) in current(page, fingerprints, {i: run.outcome for i, run in runs.items()}).items():
            found[id] = replace(runs[was], outcome=outcome, fresh=True)
        yield from found.values()


def _accepted(project: Project, pages: Iterable[Page], runs: list[ShownOutcome]) -> list[ShownOutcome]:
    """The results, with the exceptions that the baseline, a comment on the page or the configuration makes for
    failures."""
    bad = [run.outcome for run in runs if run.fresh and run.outcome.outcome in BAD]
    if not bad:
        return runs
    texts = {page.path: page.source for page in pages}
    baseline = Baseline.read(project.root) or Baseline()
    errors: dict[str, date | None] = {}
    for outcome, found in failing(project.config, bad, texts.__getitem__):
        if found.severity is Severity.ERROR:
            errors[outcome.id] = baseline.since(found, texts.__getitem__)
    for number, run in enumerate(runs):
        if run.fresh and run.outcome.outcome in BAD:
            since = errors.get(run.outcome.id)
            runs[number] = replace(run, accepted=since is not None or run.outcome.id not in errors, known=since)
    return runs


def _date(text: str) -> date | None:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None


def reported(report: object, where: str) -> Iterator[ShownOutcome]:
    """The results in a report (contract, "Report"). Raises KbError for files that are not a report of version 1."""
    if not isinstance(report, Mapping) or report.get("version") != 1 or not isinstance(report.get("outcomes"), list):
        raise KbError(f"{where}: not a report of version 1", "write one with `kb run --report FILE`")
    environment = report.get("environment")
    whole = environment if isinstance(environment, Mapping) else {}
    for entry in report["outcomes"]:
        try:
            outcome = Outcome.from_json(entry)
            machine = machine_of({**report, "environment": whole}, entry)
            # If the machine is unknown, only the environment common to all machines is used.
            known = whole if machine is None else machine
            torch, when = known.get("torch"), _date(str(known.get("date")))
            name = machine_label(machine, outcome.device) if machine is not None else None
        except (KeyError, TypeError, ValueError, AttributeError) as e:
            raise KbError(f"{where}: an outcome cannot be read: {e!r}", "write it again with `kb run --report`") from e
        yield ShownOutcome(outcome, str(torch) if torch else None, when, name)

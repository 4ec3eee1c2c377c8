"""Collects the results of one check: findings of rules, outcomes of snippets, and external addresses."""

from __future__ import annotations

import posixpath
import shlex
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

from kbtools.check.shown_code import of_code_that_counts
from kbtools.check.summarized import ALIASES, ORPHANS, UNWRITTEN, summarized
from kbtools.cli import checking
from kbtools.cli.reporting import split_rules
from kbtools.cli.workspace import Workspace, narrow, plural, project, say, warn_unfinished
from kbtools.config.mkdocs_file import FILES
from kbtools.config.selection import Selection
from kbtools.config.snippet_policy import SHOW

if TYPE_CHECKING:
    from kbtools.cli.kept_check import KeptCheck
    from kbtools.config.project import Project
    from kbtools.incremental.database import Totals
    from kbtools.run.results.outcomes import Outcome
    from kbtools.text.diagnostics import Diagnostic
    from kbtools.text.source import Source


class Gathered(NamedTuple):
    """The results of one check."""

    project: Project
    selection: Selection
    diagnostics: tuple[Diagnostic, ...]
    source: Callable[[str], Source]
    pages: Collection[str]
    totals: Totals
    outcomes: tuple[Outcome, ...] | None
    """None if nothing was run."""
    failures: tuple[tuple[Outcome, Diagnostic], ...] = ()
    concerned: frozenset[str] | None = None
    """The only pages that were checked; None for all."""


def gather(
    args: SimpleNamespace, kept: KeptCheck | None = None, announce: Callable[[Gathered], None] = lambda _: None
) -> Gathered:
    """Check the wiki incrementally, reading only changed pages; then run the snippets unless ``--no-run`` is given.
    ``announce`` receives the findings before snippets of changed pages run again."""
    found = project(args)
    found = found._replace(held_to=getattr(args, "snippets", None) or (SHOW if found.foreign else None))
    warn_unfinished(found)
    if kept is not None:
        checked = kept.checked(found)
        checking.say_notes(checked)
    else:
        checked = checking.checked(Workspace(found), paranoid=args.paranoid is not None)
    wiki = Workspace(found, checked.listing)
    if unread := checked.listing.unread:
        from kbtools.vault.listing import unread_message

        say(unread_message(unread))
    if found.foreign and found.config.mkdocs is None and (sites := _sites(checked.listing.attachments)):
        say(_sites_message(args.vault, sites))
    paths = narrow(found, args.paths, checked.listing.entries) if args.paths else ()
    selection = Selection(split_rules(args.select), split_rules(args.ignore), paths)
    if args.select or args.ignore:
        from kbtools.check.checker import require_rules

        require_rules((*selection.select, *selection.ignore), "--select/--ignore")
    concerned: frozenset[str] | None = None
    changed: frozenset[str] = frozenset()
    if getattr(args, "changed_since", None) is not None:
        from kbtools.cli.changed import since

        concerned, changed = since(wiki, args.changed_since)

    def covers(path: str) -> bool:
        return selection.covers(path) and (concerned is None or path in concerned)

    diagnostics: tuple[Diagnostic, ...] = ()
    left_out: list[Diagnostic] = []
    if checked.found:
        wanted = (d for d in checked.diagnostics(covers) if selection.wants(d.rule))
        counting, left_out = of_code_that_counts(found, wanted)
        diagnostics = tuple(counting)
        if not selection.select and not paths and concerned is None:
            listed, counted = summarized(found, counting)
            diagnostics = tuple(listed)
            for line in _counted(args, counted, len(checked.pages)):
                say(line)
    if found.held_to == SHOW and checked.totals.snippets:
        say(_shown(args, checked.totals.snippets, left_out))
    pages = checked.pages if concerned is None else sorted(concerned)
    gathered = Gathered(found, selection, diagnostics, checked.source, pages, checked.totals, None, (), concerned)
    if not args.no_run:
        from kbtools.check.failures import failing
        from kbtools.cli.running.local import run_snippets
        from kbtools.run.report import failed

        for path in {d.path for d in diagnostics}:
            checked.source(path)  # findings refer to the page as it was read, even if it is edited during the run
        if concerned is not None:
            mine = tuple(sorted(path for path in changed if covers(path)))
            outcomes = run_snippets(wiki, args, mine).outcomes if mine else ()
        elif kept is not None:
            again = kept.to_run(checked.listing)
            again = again if again is None else [path for path in again if covers(path)]
            if again:
                announce(gathered)
            outcomes = tuple(kept.run(wiki, args, paths, again))
        else:
            outcomes = run_snippets(wiki, args, paths).outcomes
        failures = tuple(failing(found.config, failed(outcomes), checked.source, selection))
        gathered = gathered._replace(
            diagnostics=_sorted((*diagnostics, *(d for _, d in failures))), outcomes=outcomes, failures=failures
        )
    if getattr(args, "external", False):
        from kbtools.cli.external import external

        more = external(wiki, selection, covers)
        gathered = gathered._replace(diagnostics=_sorted((*gathered.diagnostics, *more)))
    return gathered


def _sorted(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(diagnostics, key=lambda d: (d.path, d.span.start, d.rule)))


def _shown(args: SimpleNamespace, snippets: int, left_out: Sequence[Diagnostic]) -> str:
    """A note that code is only shown, with the number of findings that ``--snippets check`` would add."""
    counts = Counter(d.rule for d in left_out)
    words = (("undefined-name", "undefined name"), ("syntax-error", "syntax error"))
    listed = [plural(counts[rule], word) for rule, word in words if counts[rule]]
    others = counts.total() - sum(counts[rule] for rule, _ in words)
    listed += [plural(others, "other finding")] if others else []
    where = f" --vault {args.vault}" if args.vault else ""
    summary = f"code is shown, not checked: {plural(snippets, 'fence')} could be run (kb run{where})"
    return f"{summary}; --snippets check would list {', '.join(listed)}" if listed else summary


def _counted(args: SimpleNamespace, counted: Mapping[str, int], pages: int) -> Iterator[str]:
    """What is true of many pages or links, and how to see of which."""
    where = f" --vault {args.vault}" if args.vault else ""
    if n := counted.get(ORPHANS):
        yield f"no page links to {n:,} of {plural(pages, 'page')}: kb check --select {ORPHANS}{where} lists them"
    if n := counted.get(ALIASES):
        yield f"{n:,} links name aliases of pages: kb check --select {ALIASES}{where} lists them"
    if n := counted.get(UNWRITTEN):
        ranks = f"kb stats{where} ranks them, kb check --select {UNWRITTEN}{where} lists them"
        yield f"{n:,} links lead to notes that are not written: {ranks}"


def _sites(files: Iterable[str]) -> list[str]:
    """The MkDocs configuration files in a vault."""
    return sorted(file for file in files if file.rpartition("/")[2] in FILES)


def _sites_message(vault: str, sites: Sequence[str]) -> str:
    more = f" (and {plural(len(sites) - 1, 'other')})" if len(sites) > 1 else ""
    folder = posixpath.join(vault, posixpath.dirname(sites[0])).rstrip("/")
    return (
        f"a site is made of pages of this folder: {sites[0]}{more}. Here its links are checked as those of notes;"
        f" kb check --root {shlex.quote(folder)} checks them as the site has them"
    )

"""``kb check --external``: requests the external addresses of pages and shows progress."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from kbtools.cli.workspace import Workspace, plural, say

if TYPE_CHECKING:
    from kbtools.config.selection import Selection
    from kbtools.text.diagnostics import Diagnostic, Problem, Severity
    from kbtools.vault.page import Page

_CACHE = "external.json"


def external(wiki: Workspace, selection: Selection, covers: Callable[[str], bool]) -> tuple[Diagnostic, ...]:
    """The findings about external addresses, and a line with the number of requests."""
    from kbtools.check.checker import severities
    from kbtools.external import cache
    from kbtools.external.check import RULES, located, problems
    from kbtools.external.client import AnswerKind, ClientOptions, ask_all

    active = severities(wiki.project.config)
    if not any(rule in active and selection.wants(rule) for rule in RULES.values()):
        return ()
    config = wiki.project.config.external
    pages = [page for path, page in wiki.index.pages.items() if covers(path)]
    found = located(pages, config.ignore)
    urls = dict.fromkeys(where.url.address for where in found)
    file = wiki.project.state / _CACHE
    now = time.time()
    known = {url: a for url, a in cache.read(file, now, config.keep_days).items() if url in urls}
    options = ClientOptions(allow_private=config.allow_private, timeout=config.timeout)
    if not config.archive:
        from dataclasses import replace

        options = replace(options, archive=None)
    left = [url for url in urls if url not in known]
    fresh = ask_all(left, options, _progress(len(left)))
    cache.write(file, fresh, now, config.keep_days)
    answers = {**known, **fresh}
    counts = Counter(answers[url].kind for url in urls)
    counted = [f"{counts[kind]:,} {kind.value}" for kind in AnswerKind if counts[kind]]
    kept = f", {len(known):,} known from before" if known else ""
    say(f"{plural(len(urls), 'external address', 'external addresses')}: {', '.join(counted) or 'none'}{kept}")
    return tuple(_diagnostics(problems(found, answers), active, selection))


def _diagnostics(
    found: Iterable[tuple[Page, Problem]], active: Mapping[str, Severity], selection: Selection
) -> Iterator[Diagnostic]:
    from kbtools.check.checker import suppress
    from kbtools.text.diagnostics import Diagnostic

    for page, problem in found:
        if problem.rule not in active or not selection.wants(problem.rule):
            continue
        for p in suppress(page, (problem,), report_unused=False):
            yield Diagnostic(p.rule, active[p.rule], page.path, p.span, p.message, p.help, p.fix)


def _progress(total: int) -> Callable[[str, object], None] | None:
    """Returns a callback that shows the number of answers on a terminal."""
    if not total or not sys.stderr.isatty():
        return None
    done = 0

    def show_progress(url: str, answer: object) -> None:
        nonlocal done
        done += 1
        end = "\n" if done == total else ""
        print(f"\rasking for external addresses: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)

    return show_progress

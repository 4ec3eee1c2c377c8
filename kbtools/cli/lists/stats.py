"""``kb stats``: prints counts, and lists of wanted pages, orphans, dead ends, most linked and stale pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.answers import Answer, answer, lines
from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import Workspace, plural
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.vault.page import Page


def configure(arguments: Arguments) -> None:
    arguments.add_argument("--format", choices=["text", "json"], default="text", help="output format (default: text)")
    arguments.add_argument("--most", type=int, default=10, metavar="N", help="rows of each list (default: 10)")


def run(args: SimpleNamespace) -> int:
    if args.most < 0:
        raise KbError(f"--most must be 0 or more, not {args.most}", "as in --most 20")

    def made(wiki: Workspace) -> Answer:
        from kbtools.output.json import dumps

        figures = stats(wiki)
        is_json = args.format == "json"
        return Answer(lines([dumps({"version": 1, **figures}, indent=1)] if is_json else _text(figures, args.most)))

    return answer("stats", args, made)


def stats(wiki: Workspace) -> dict[str, object]:
    """The statistics by name; lists are sorted by weight, then by name."""
    from datetime import date

    from kbtools.check.checker import findings_of
    from kbtools.cli.lists.links import kind

    index = wiki.index
    kinds = Counter(kind(found) for held in index.links.values() for _, found in (*held.wiki, *held.shown_files))
    linked = Counter({path: len(found) for path, found in index.graph.backlinks.items()})
    rules = ("orphan-page", "stale-page", *_REDIRECTS.values())
    found = findings_of(index, wiki.project.config, date.today(), rules)
    snippets = [s for page in index.pages.values() for s in page.snippets]

    def leads_on(page: Page) -> bool:
        return any(target != page.path for target, _ in index.graph.of(page).targets())

    return {
        "pages": len(index.pages),
        "links": dict(sorted(kinds.items())),
        "snippets": {"fences": len(snippets), "executable": sum(s.executable for s in snippets)},
        "redirects": {"pages": len(index.redirects), **{key: len(found[rule]) for key, rule in _REDIRECTS.items()}},
        "wanted": [
            {"name": name, "count": len(asking), "pages": list(dict.fromkeys(path for path, _ in asking))}
            for name, asking in index.graph.wanted.items()
        ],
        "most_linked": _ranked(linked),
        "orphans": found["orphan-page"],
        "dead_ends": [p.path for p in index.pages.values() if p.redirect is None and not leads_on(p)],
        "stale": found["stale-page"],
    }


_REDIRECTS = {"double": "double-redirect", "loops": "canonical-cycle", "broken": "broken-canonical"}


def _ranked(counts: Counter[str]) -> list[dict[str, object]]:
    return [{"name": name, "count": n} for name, n in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]


_LISTS = {
    "wanted": "Wanted pages (linked to, not written)",
    "most_linked": "Most linked",
    "orphans": "Orphans (nothing links there)",
    "dead_ends": "Dead ends (they link nowhere)",
    "stale": "Stale (to be verified again)",
}


def _text(figures: dict[str, object], most: int) -> Iterator[str]:
    pages, links, snippets, redirects = (figures[key] for key in ("pages", "links", "snippets", "redirects"))
    assert isinstance(pages, int)
    assert isinstance(links, dict)
    assert isinstance(snippets, dict)
    assert isinstance(redirects, dict)
    kinds = ", ".join(f"{n:,} {k}" for k, n in sorted(links.items(), key=lambda c: -c[1]))
    yield f"{plural(pages, 'page')} · {plural(sum(links.values()), 'link')}" + (f" ({kinds})" if kinds else "")
    yield f"{plural(snippets['fences'], 'fence')}, {snippets['executable']:,} of them executable"
    if any(redirects.values()):
        amiss = [f"{redirects[key]:,} {word}" for key, word in _AMISS.items() if redirects[key]]
        yield plural(redirects["pages"], "redirect") + (f": {', '.join(amiss)}" if amiss else "")
    for key, heading in _LISTS.items():
        rows = figures[key]
        assert isinstance(rows, list)
        yield ""
        yield f"{heading}: {len(rows):,}"
        for row in rows[:most]:
            yield _row(row) if isinstance(row, dict) else f"  {row}"
        if len(rows) > most:
            yield f"  … and {len(rows) - most:,} more (--most N)"


_AMISS = {"double": "double", "loops": "in a loop", "broken": "broken"}


def _row(row: dict[str, object]) -> str:
    asking = row.get("pages")
    where = f"  ({asking[0]}{f' and {len(asking) - 1:,} more' * (len(asking) > 1)})" if isinstance(asking, list) else ""
    return f"  {row['count']:>6,}  {row['name']}{where}"

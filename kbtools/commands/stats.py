"""``kb stats``: what a tended wiki looks after: wanted pages, orphans, dead ends, most linked, stale pages."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator

from kbtools.commands import Arguments, Wiki, emit, plural, read


def configure(arguments: Arguments) -> None:
    arguments.add_argument("--format", choices=["text", "json"], default="text", help="default: text")
    arguments.add_argument("--most", type=int, default=10, metavar="N", help="rows a list (default: 10)")


def run(args: argparse.Namespace) -> int:
    figures = stats(read(args))
    if args.format == "json":
        from kbtools.output.machine import dumps

        emit((dumps({"version": 1, **figures}, indent=1),))
    else:
        emit(_text(figures, args.most))
    return 0


def stats(wiki: Wiki) -> dict[str, object]:
    """Figures by name; lists are sorted by weight, then name."""
    from kbtools.checker import Selection, check
    from kbtools.commands.links import kind
    from kbtools.index import Missing
    from kbtools.links import page_name

    index = wiki.index
    kinds = Counter(kind(r) for held in index.links.values() for _, r in held)
    wanted = Counter(page_name(k.target) for held in index.links.values() for k, r in held if isinstance(r, Missing))
    linked = Counter({path: len(found) for path, found in index.backlinks.items()})
    leads = {p: sum(index.target_page(r) not in (None, p) for _, r in held) for p, held in index.links.items()}
    quiet = Selection(select=("orphan-page", "stale-page"))
    found = check(wiki.vault, index, wiki.project.config, quiet).diagnostics
    snippets = [s for page in index.pages.values() for s in page.snippets]
    return {
        "pages": len(index.pages),
        "links": dict(sorted(kinds.items())),
        "snippets": {"fences": len(snippets), "executable": sum(s.executable for s in snippets)},
        "wanted": _ranked(wanted),
        "most_linked": _ranked(linked),
        "orphans": sorted(d.path for d in found if d.rule == "orphan-page"),
        "dead_ends": sorted(p for p, n in leads.items() if n == 0 and index.pages[p].redirect is None),
        "stale": sorted(d.path for d in found if d.rule == "stale-page"),
    }


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
    links, snippets = figures["links"], figures["snippets"]
    assert isinstance(links, dict)
    assert isinstance(snippets, dict)
    kinds = ", ".join(f"{n:,} {k}" for k, n in sorted(links.items(), key=lambda c: -c[1]))
    pages = figures["pages"]
    assert isinstance(pages, int)
    yield f"{plural(pages, 'page')} · {plural(sum(links.values()), 'link')}" + (f" ({kinds})" if kinds else "")
    yield f"{plural(snippets['fences'], 'fence')}, {snippets['executable']:,} of them executable"
    for key, heading in _LISTS.items():
        rows = figures[key]
        assert isinstance(rows, list)
        yield ""
        yield f"{heading}: {len(rows):,}"
        for row in rows[:most]:
            yield f"  {row['count']:>6,}  {row['name']}" if isinstance(row, dict) else f"  {row}"
        if len(rows) > most:
            yield f"  … and {len(rows) - most:,} more (--most N)"

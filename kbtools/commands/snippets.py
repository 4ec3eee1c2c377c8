"""``kb snippets``: every fence the site shows as code, and what becomes of it, as contract section 4 says."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from kbtools.commands import Arguments, Wiki, emit, read


def configure(arguments: Arguments) -> None:
    arguments.add_paths()
    arguments.add_argument("--format", choices=["jsonl", "json"], default="jsonl", help="default: jsonl")


def run(args: argparse.Namespace) -> int:
    from kbtools.checker import Selection
    from kbtools.output.machine import dumps

    wiki = read(args)
    covers = Selection(paths=wiki.narrow(args.paths)).covers
    rows = _rows(wiki, [p for p in wiki.index.pages if covers(p)])
    if args.format == "json":
        emit((dumps(list(rows), indent=1),))
    else:
        emit(map(dumps, rows))
    return 0


def _rows(wiki: Wiki, paths: list[str]) -> Iterator[dict[str, object]]:
    for path in paths:
        page = wiki.index.pages[path]
        for s in page.snippets:
            yield {
                "path": path,
                "line": s.line,
                "end_line": s.end_line,
                "language": s.language,
                "info": s.fence.info.of(page.source.text),
                "id": s.id,
                "session": s.session,
                "code": s.code,
                "executable": s.executable,
                "why_not": s.why_not,
                "devices": list(s.devices),
                "device_reason": s.device_reason,
                "options": dict(s.declared),
                "expects": [{"line": e.line, "text": e.text} for e in s.expects],
                "defines": list(s.defines),
                "uses": list(s.uses),
            }

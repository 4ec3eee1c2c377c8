"""``kb snippets``: lists every fence with its options and whether it runs (contract, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

from kbtools.cli.answers import dump
from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import Workspace


def configure(arguments: Arguments) -> None:
    arguments.add_dump_options()


def run(args: SimpleNamespace) -> int:
    return dump("snippets", args, _rows)


def _rows(wiki: Workspace, path: str) -> Iterator[dict[str, object]]:
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
            "expects": [{"line": e.line, "text": e.text} for e in s.expects if e.why_not is None],
            "defines": list(s.defines),
            "uses": list(s.uses),
        }

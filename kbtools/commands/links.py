"""``kb links``: every wikilink and what it means, as contract section 4 says."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

from kbtools.commands import Wiki, dump
from kbtools.commands.arguments import Arguments
from kbtools.index import Alias, Ambiguous, Resolution, Resolved
from kbtools.links import WikiLink
from kbtools.page import Page


def configure(arguments: Arguments) -> None:
    arguments.add_dump_options()


def run(args: SimpleNamespace) -> int:
    return dump(args, _rows)


def _rows(wiki: Wiki, path: str) -> Iterator[dict[str, object]]:
    page = wiki.index.pages[path]
    return (_row(wiki, page, link, resolution) for link, resolution in wiki.index.links[path])


def _row(wiki: Wiki, page: Page, link: WikiLink, resolution: Resolution) -> dict[str, object]:
    at = page.source.lines.position(link.span.start)
    target = resolution.page if isinstance(resolution, Resolved) else None
    suggestion = wiki.suggester.suggest(link, page, resolution)
    candidates: tuple[str, ...] = (suggestion.page,) if suggestion else ()
    if isinstance(resolution, (Ambiguous, Alias)):
        candidates = resolution.candidates
    return {
        "path": page.path,
        "line": at.line,
        "column": at.column,
        "raw": link.span.of(page.source.text),
        "embed": link.embed,
        "target": link.target,
        "anchor": link.anchor,
        "block": link.block,
        "label": link.label,
        "resolution": kind(resolution),
        "page": target,
        "candidates": list(candidates),
        "anchor_ok": anchor_ok(wiki, link, target),
        "suggestion": suggestion.target if suggestion else None,
    }


def kind(resolution: Resolution) -> str:
    """The contract's word for a resolution."""
    return resolution.how if isinstance(resolution, Resolved) else type(resolution).__name__.lower()


def anchor_ok(wiki: Wiki, link: WikiLink, target: str | None) -> bool | None:
    """Whether the section or block a link names is there; None when it names none, or its page is not known."""
    if target is None or target not in wiki.index.pages or (link.anchor is None and link.block is None):
        return None
    if link.block is not None:
        return wiki.index.has_block(target, link.block)
    return wiki.index.has_heading(target, link.anchor or "")

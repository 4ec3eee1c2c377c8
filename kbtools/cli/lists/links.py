"""``kb links``: lists every link with its resolution (contract, section 4); Markdown links by their ``kind``."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.answers import dump
from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import Workspace
from kbtools.markdown.file_links import FileLink
from kbtools.vault.links.resolution import Alias, Ambiguous, FileResolution, Missing, Resolution, Resolved

if TYPE_CHECKING:
    from kbtools.links import WikiLink
    from kbtools.vault.page import Page


def configure(arguments: Arguments) -> None:
    arguments.add_link_style()
    arguments.add_dump_options()


def run(args: SimpleNamespace) -> int:
    return dump("links", args, _rows)


def _rows(wiki: Workspace, path: str) -> Iterator[dict[str, object]]:
    page = wiki.index.pages[path]
    held = wiki.index.links[path]
    rows = [(link.start, _wikilink(wiki, page, link, found)) for link, found in held.wiki]
    rows += [(file.start, _file(wiki, page, file, found)) for file, found in held.files if file.is_used]
    return (row for _, row in sorted(rows, key=lambda row: row[0]))


def _wikilink(wiki: Workspace, page: Page, link: WikiLink, resolution: Resolution) -> dict[str, object]:
    suggestion, candidates = None, resolution.candidates if isinstance(resolution, (Ambiguous, Alias)) else ()
    if isinstance(resolution, Missing) and (found := wiki.linking.suggester.suggest(link, page)) is not None:
        suggestion, candidates = found.target, (found.page,) if found.page is not None else ()
    elif isinstance(resolution, Alias) and len(candidates) == 1:
        suggestion = wiki.linking.speller.spelling(wiki.index.final(candidates[0]), page.path)
    return {
        **_place(page, link),
        "kind": "wikilink",
        "embed": link.embed,
        "target": link.target,
        "anchor": link.anchor,
        "block": link.block,
        "label": link.label,
        "resolution": kind(resolution),
        "page": resolution.page if isinstance(resolution, Resolved) else None,
        "candidates": list(candidates),
        "anchor_ok": anchor_ok(wiki, link, resolution),
        "suggestion": suggestion,
    }


def _file(wiki: Workspace, page: Page, link: FileLink, resolution: FileResolution) -> dict[str, object]:
    return {
        **_place(page, link),
        "kind": {"link": "markdown"}.get(link.kind, link.kind),
        "embed": link.kind == "image",
        "target": link.path,
        "anchor": link.anchor,
        "block": link.block,
        "label": None,
        "resolution": kind(resolution),
        "page": resolution.page if isinstance(resolution, Resolved) else None,
        "candidates": list(resolution.candidates) if isinstance(resolution, Ambiguous) else [],
        "anchor_ok": anchor_ok(wiki, link, resolution),
        "suggestion": None,
    }


def _place(page: Page, link: WikiLink | FileLink) -> dict[str, object]:
    at = page.source.lines.position(link.span.start)
    return {"path": page.path, "line": at.line, "column": at.column, "raw": link.span.of(page.source.text)}


def kind(resolution: Resolution | FileResolution) -> str:
    """The name of a resolution in the contract."""
    if isinstance(resolution, Resolved):
        return {"name": "path", "address": "path"}.get(resolution.how, resolution.how)
    return type(resolution).__name__.lower()


def anchor_ok(wiki: Workspace, link: WikiLink | FileLink, resolution: Resolution | FileResolution) -> bool | None:
    """Whether the section or block that a link names exists; None if it names none, or its page is unknown."""
    target = resolution.page if isinstance(resolution, Resolved) else None
    if target is None or target not in wiki.index.pages:
        return None
    if link.block is not None:
        return wiki.index.has_block(target, link.block)
    if link.anchor is None or not wiki.index.has_section(target, link.anchor):
        return None if link.anchor is None else False
    mkdocs = wiki.project.config.mkdocs
    if not isinstance(link, FileLink) or mkdocs is None or mkdocs.heading_ids is None:
        return True
    return wiki.index.has_address(target, link.anchor, mkdocs.heading_ids)

"""Go to definition, references, symbols and document links."""

from __future__ import annotations

import re

from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.protocol import (
    TOP,
    DocumentLink,
    DocumentSymbol,
    FoldingRange,
    Location,
    SymbolKind,
    WorkspaceSymbol,
)
from kbtools.markdown.structure import Heading
from kbtools.text.source import Span
from kbtools.vault.links.resolution import Alias, Resolved, target_page
from kbtools.vault.page import Page

_BRACES = re.compile(r"\{[^{}]*\}")


def definition(space: OpenVault, page: Page, offset: int) -> Location | None:
    """Where the link at a place leads: the page, its section or block, or the file."""
    found = space.link_at(page, offset)
    if found is None:
        return None
    link, meaning = found
    target = target_page(meaning)
    if target is None:
        return {"uri": space.uri(meaning.page), "range": TOP} if isinstance(meaning, Resolved) else None
    other = space.page(target)
    if other is None:
        return None
    return {"uri": space.uri(target), "range": space.positions(other.source).range(place(space, other, link))}


def place(space: OpenVault, page: Page, link: object) -> Span:
    """The section or block of a page that a link names; its beginning otherwise."""
    anchor, block = getattr(link, "anchor", None), getattr(link, "block", None)
    if block:
        named = next((b for b in page.structure.block_ids if b.name.lower() == block.lower()), None)
        if named is not None:
            return named.span
    if anchor:
        number = space.resident.resolver.sections(page.path).find(anchor)
        if number is not None and number < len(page.headings):
            return page.headings[number].span
    return Span(0, 0)


def _part_at(page: Page, offset: int) -> Span | None:
    """The heading of a section, or the id of a block, at a place."""
    block = next((b.span for b in page.structure.block_ids if b.span.start <= offset <= b.span.end), None)
    heading = next((h for h in page.headings if h.span.start <= offset <= h.span.end), None)
    return block or (heading.span if heading is not None and heading.level > 1 else None)


def references(space: OpenVault, page: Page, offset: int, *, declaration: bool = False) -> list[Location]:
    """Every link to the page that the link at a place leads to; on a heading to that section, on the id of a block to
    that block; else to this page."""
    found = space.link_at(page, offset)
    target = target_page(found[1]) if found is not None else page.path
    if target is None:
        return []
    part = _part_at(page, offset) if found is None else None
    located: list[Location] = []
    for other, link in space.links_to(target):
        if part is not None and place(space, page, link) != part:
            continue
        located.append({"uri": space.uri(other.path), "range": space.positions(other.source).range(link.span)})
    if declaration and space.page(target) is not None:
        located.append({"uri": space.uri(target), "range": TOP})
    return located


def document_links(space: OpenVault, page: Page) -> list[DocumentLink]:
    at, held = space.positions(page.source), space.links(page)
    found = [
        *((link.target_span, meaning) for link, meaning in held.wiki),
        *((file.path_span, meant) for file, meant in held.files),
        *((field.target_span, Resolved(path, "exact")) for field, path in space.fields(page)),
    ]
    made: list[DocumentLink] = []
    for span, meaning in sorted(found, key=lambda one: one[0]):
        target = target_page(meaning) or (meaning.page if isinstance(meaning, Resolved) else None)
        if target is not None:
            made.append({"range": at.range(span), "target": space.uri(target), "tooltip": target})
    return made


def _sections(page: Page) -> list[Span]:
    """Each heading with all that is below it."""
    found: list[Span] = []
    behind: list[tuple[int, int]] = []
    """Levels and places of headings that may end a section, the nearest last."""
    for heading in reversed(page.headings):
        while behind and behind[-1][0] > heading.level:
            behind.pop()
        following = behind[-1][1] if behind else len(page.source.text)
        behind.append((heading.level, heading.span.start))
        found.append(Span(heading.span.start, max(heading.span.end, following)))
    return found[::-1]


def document_symbols(space: OpenVault, page: Page) -> list[DocumentSymbol]:
    """Headings, each below the one it belongs to, with the snippets of its section."""
    at = space.positions(page.source)
    top: list[DocumentSymbol] = []
    open_: list[tuple[int, DocumentSymbol]] = []
    pieces: list[tuple[int, Heading | None, DocumentSymbol]] = []
    for heading, section in zip(page.headings, _sections(page), strict=True):
        symbol: DocumentSymbol = {
            "name": heading.text or " ",
            "kind": SymbolKind.STRING,
            "range": at.range(section),
            "selectionRange": at.range(heading.span),
            "children": [],
        }
        pieces.append((heading.span.start, heading, symbol))
    for snippet in page.snippets:
        if snippet.executable:
            place = at.range(snippet.fence.span)
            symbol = {
                "name": snippet.id,
                "detail": snippet.language,
                "kind": SymbolKind.FUNCTION,
                "range": place,
                "selectionRange": place,
                "children": [],
            }
            pieces.append((snippet.fence.span.start, None, symbol))
    for _, found, symbol in sorted(pieces, key=lambda piece: piece[0]):
        while found is not None and open_ and open_[-1][0] >= found.level:
            open_.pop()
        (open_[-1][1]["children"] if open_ else top).append(symbol)
        if found is not None:
            open_.append((found.level, symbol))
    return top


def workspace_symbols(space: OpenVault, query: str, most: int = 200) -> list[WorkspaceSymbol]:
    """Pages whose names hold the words."""

    def symbol(name: str, path: str) -> WorkspaceSymbol:
        location: Location = {"uri": space.uri(path), "range": TOP}  # few clients take a place without a range
        return {"name": name, "kind": SymbolKind.FILE, "location": location, "containerName": path}

    return [symbol(name.text, path) for path, name in space.resident.linking.nearest(query, most)]


def folding_ranges(_: OpenVault, page: Page) -> list[FoldingRange]:
    """Frontmatter, sections and fences."""
    lines = page.source.lines

    def lines_of(span: Span) -> tuple[int, int]:
        return lines.line_of(span.start) - 1, lines.line_of(max(span.start, span.end - 1)) - 1

    front = page.structure.frontmatter
    spans = [Span(front.start, front.end)] if front is not None else []
    spans += [fence.span for fence in page.structure.fences]
    spans += _sections(page)
    folds = sorted({lines_of(span) for span in spans})
    return [{"startLine": first, "endLine": last} for first, last in folds if last > first]


def semantic_tokens(space: OpenVault, page: Page) -> list[int]:
    """Wikilinks that lead somewhere, embeds, and annotations of fences, as the protocol packs them: each by its
    distance from the one before."""
    at = space.positions(page.source)
    found: list[tuple[Span, int]] = []
    for link, meaning in space.links(page).wiki:
        if isinstance(meaning, (Resolved, Alias)) and len(link.target_span):
            found.append((link.target_span, 1 if link.embed else 0))
    text, lines = page.source.text, page.source.lines
    for fence in page.structure.fences:
        opening = lines.line(lines.line_of(fence.span.start))
        if (braced := _BRACES.search(text, fence.span.start, opening.end)) is not None:
            found.append((Span(*braced.span()), 2))
    packed: list[int] = []
    line, column = 0, 0
    for span, kind in sorted(found):
        start, end = at.position(span.start), at.position(span.end)
        if start["line"] != end["line"]:
            continue
        if start["line"] != line:
            column = 0
        length = end["character"] - start["character"]
        packed += (start["line"] - line, start["character"] - column, length, kind, 0)
        line, column = start["line"], start["character"]
    return packed

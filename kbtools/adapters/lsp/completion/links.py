"""Completes wikilinks, embeds and Markdown links: pages, their sections and blocks, files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import chain
from urllib.parse import unquote

from kbtools.adapters.lsp.completion.cursor import MOST, Cursor
from kbtools.adapters.lsp.wire.protocol import CompletionItem, CompletionItemKind
from kbtools.links import can_be_target, fold_title
from kbtools.markdown.file_links import encoded
from kbtools.text.diagnostics import Edit
from kbtools.text.source import Span
from kbtools.vault.links.resolution import Resolved, target_page
from kbtools.vault.links.spelling import is_in_table
from kbtools.vault.outline import Outline

_WIKILINK = re.compile(r"\[\[(?P<target>[^\[\]|#]*)(?P<anchor>#[^\[\]|]*)?$")
_BLOCK = re.compile(r"(?P<target>[^^]*)\^(?P<word>[^^]*)")
_ADDRESS = re.compile(
    r"(?:\]\(|^[ ]{0,3}\[[^\]]+\]:[ \t]+)"
    r"(?:(?P<path>[^()<>\s#]*)|<(?P<pointed>[^<>#]*))(?P<fragment>#[^()<>\s#]*)?$"
)


def items(cursor: Cursor) -> Iterator[CompletionItem] | None:
    """What a link may lead to; None where the cursor is in no link."""
    before, start = cursor.before, cursor.line.start
    if (m := _WIKILINK.search(before)) and (cursor.is_in_frontmatter or not cursor.is_opaque(start + m.start())):
        return _wikilink(cursor, m["target"], m["anchor"])
    if (m := _ADDRESS.search(before)) and not cursor.is_in_frontmatter and not cursor.is_opaque(start + m.start()):
        written = m["path"] if m["path"] is not None else m["pointed"]
        if m["fragment"] is not None:
            return _fragments(cursor, written, m["fragment"][1:])
        return _files(cursor, written, is_pointed=m["path"] is None)
    return None


def _wikilink(cursor: Cursor, target: str, anchor: str | None) -> Iterator[CompletionItem]:
    if anchor is not None:
        yield from _sections(cursor, target, anchor[1:])
        return
    closing = _closing(cursor)
    named = _paths(cursor, target, closing) if "/" in target else _titles(cursor, target, closing)
    quotes = _quotes(cursor, len(target)) if cursor.is_in_frontmatter else []
    for item in chain(named, _attachments(cursor, target, closing)):
        if quotes:
            item["additionalTextEdits"] = cursor.edits(quotes)
        yield item
    if m := _BLOCK.fullmatch(target):
        outline = _target(cursor, m["target"])
        yield from _blocks(cursor, outline, m["word"], len(m["word"]) + 1, "#^")


def _closing(cursor: Cursor) -> str:
    """What ends the link, unless it has an end. Of two brackets typed, some editors close only the first."""
    rest = cursor.behind.partition("[[")[0]
    return "" if "]]" in rest else "]" if rest.startswith("]") else "]]"


def _quotes(cursor: Cursor, length: int) -> list[Edit]:
    """The quotes that a link in the frontmatter needs and has not: YAML reads it as a list in a list without them."""
    start, text = cursor.offset - length - len("[["), cursor.text
    if text[start - 1 : start] in ('"', "'"):
        return []
    end = text.find("]]", cursor.offset, cursor.line.end)
    closed = end + len("]]") if end >= 0 else cursor.offset + text.startswith("]", cursor.offset)
    return [Edit(Span(at, at), '"') for at in (start, closed)]


def _titles(cursor: Cursor, typed: str, closing: str) -> Iterator[CompletionItem]:
    """Pages by their names. What is typed of an alias, or of a title where links are spelled as file names, stays as
    the label of the page's own name."""
    span, page = cursor.typed(len(typed)), cursor.page
    bar = "\\|" if is_in_table(page, cursor.line.start) else "|"
    speller = cursor.space.resident.linking.speller
    for rank, (path, name) in enumerate(cursor.space.resident.linking.nearest(typed, MOST + 1)):
        spelled = speller.spelling(path, page.path)
        if spelled is None:
            continue
        is_label = name.is_alias or (speller.style == "filename" and name.text != spelled.rpartition("/")[2])
        new = f"{spelled}{bar}{name.text}" if is_label and can_be_target(name.text) else spelled
        yield cursor.item(
            span,
            name.text,
            f"{new}{closing}",
            CompletionItemKind.REFERENCE if name.is_alias else CompletionItemKind.FILE,
            detail=f"{spelled} · {path}" if is_label else path,
            filterText=typed or name.text,
            sortText=f"{rank:04}",
        )


def _paths(cursor: Cursor, typed: str, closing: str) -> Iterator[CompletionItem]:
    """Pages by their paths."""
    span, wanted, resolver = cursor.typed(len(typed)), fold_title(typed.lstrip("/")), cursor.space.resident.resolver
    for path in sorted(cursor.space.resident.listing.pages):
        name = path.removesuffix(".md")
        is_called_so = wanted in fold_title(name) and can_be_target(name)
        if is_called_so and resolver.resolve_name(name, cursor.page.path) == Resolved(path, "path"):
            yield cursor.item(span, name, f"{name}{closing}", CompletionItemKind.FILE, filterText=typed)


def _attachments(cursor: Cursor, typed: str, closing: str) -> Iterator[CompletionItem]:
    """Files other than pages, by name; where several have it, by path."""
    span, resolver, wanted = cursor.typed(len(typed)), cursor.space.resident.resolver, typed.casefold()
    for path in sorted(cursor.space.resident.listing.attachments):
        if wanted in path.casefold():
            name = path.rpartition("/")[2]
            is_clear = resolver.resolve_name(name, cursor.page.path) == Resolved(path, "attachment")
            new = f"{name if is_clear else path}{closing}"
            more = {"detail": path, "filterText": typed or name, "sortText": f"2{name}"}
            yield cursor.item(span, name, new, CompletionItemKind.FILE, **more)


def _target(cursor: Cursor, target: str) -> Outline | None:
    """The page that a link leads to."""
    resolver, page = cursor.space.resident.resolver, cursor.page
    path = target_page(resolver.resolve_name(target.strip(), page.path)) if target.strip() else page.path
    return resolver.outlines.get(path or "")


def _sections(cursor: Cursor, target: str, typed: str) -> Iterator[CompletionItem]:
    """Headings of the page a link leads to, within the last one that is named; behind ``^`` its blocks."""
    outline = _target(cursor, target)
    if outline is None:
        return
    if typed.startswith("^"):
        yield from _blocks(cursor, outline, typed[1:], len(typed), "^")
        return
    within, _, typed = typed.rpartition("#")
    headings = outline.headings
    if within:
        number = cursor.space.resident.resolver.sections(outline.path).find(within)
        if number is None or number >= len(headings):
            return
        level, headings = headings[number].level, headings[number + 1 :]
        end = next((n for n, heading in enumerate(headings) if heading.level <= level), len(headings))
        headings = headings[:end]
    span, wanted = cursor.typed(len(typed)), fold_title(typed)
    words = dict.fromkeys(h.text for h in headings if h.text and not set(h.text) & set("[]|#^"))
    for number, word in enumerate(words):
        if wanted in fold_title(word):
            yield cursor.item(span, word, word, CompletionItemKind.REFERENCE, sortText=f"{number:04}")


def _blocks(cursor: Cursor, outline: Outline | None, typed: str, length: int, mark: str) -> Iterator[CompletionItem]:
    """Blocks of a page; the ``length`` characters before the cursor are replaced."""
    for number, name in enumerate(outline.block_names if outline is not None else ()):
        if typed.casefold() in name.casefold():
            more = {"filterText": f"^{name}", "sortText": f"{number:04}"}
            yield cursor.item(cursor.typed(length), f"^{name}", f"{mark}{name}", CompletionItemKind.REFERENCE, **more)


def _files(cursor: Cursor, typed: str, *, is_pointed: bool) -> Iterator[CompletionItem]:
    """Pages and attachments, as a Markdown link writes them."""
    span, listing, wanted = cursor.typed(len(typed)), cursor.space.resident.listing, unquote(typed).lower()
    for path in sorted((*listing.pages, *listing.attachments)):
        name = posixpath.relpath(path, cursor.page.folder or ".")
        if name.lower().startswith(wanted) or wanted in path.lower():
            new = encoded(name, is_pointed=is_pointed)
            yield cursor.item(span, name, new, CompletionItemKind.FILE, filterText=typed)


def _fragments(cursor: Cursor, address: str, typed: str) -> Iterator[CompletionItem]:
    """Headings of the page that a Markdown link leads to, as the ids that the site gives them."""
    page, span = cursor.page, cursor.typed(len(typed))
    path = posixpath.normpath(posixpath.join(page.folder, unquote(address))) if address else page.path
    outline = cursor.space.resident.resolver.outlines.get(path)
    for number, heading in enumerate(outline.headings if outline is not None else ()):
        if heading.id and (typed in heading.id or fold_title(typed) in fold_title(heading.text)):
            more = {"filterText": typed or heading.id, "sortText": f"{number:04}"}
            yield cursor.item(span, heading.text, heading.id, CompletionItemKind.REFERENCE, **more)

"""Completion at the cursor: pages, sections, files, fields and values, languages, annotations."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest
from typing import Any
from urllib.parse import quote, unquote

from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.protocol import CompletionItem, CompletionItemKind, CompletionList
from kbtools.check.checker import schemas
from kbtools.edit.verify import REFERENCES
from kbtools.fences.annotations import CLASSES
from kbtools.fences.languages.registry import OWN
from kbtools.fences.option_values import DEVICES, KEYS
from kbtools.fields.schema import Schema, resolved
from kbtools.links import can_be_target, fold_title
from kbtools.text.diagnostics import Edit
from kbtools.text.source import Span
from kbtools.vault.links.linking import Name
from kbtools.vault.links.resolution import Resolved, target_page
from kbtools.vault.page import Page

MOST = 60
"""Items of one answer; the client requests again when more is typed."""

_WIKILINK = re.compile(r"\[\[(?P<target>[^\[\]|#]*)(?P<anchor>#[^\[\]|]*)?$")
_ADDRESS = re.compile(r"\]\((?P<path>[^()\s#]*)(?P<fragment>#[^()\s#]*)?$")
_FENCE = re.compile(r"^[\s>]*(?:`{3,}|~{3,})[ \t]*(?P<word>[\w+-]*)$")
_ANNOTATION = re.compile(r"^[\s>]*(?:(?:`{3,}|~{3,})[^`]*\{|<!--\s*snippet:)[^}]*?(?P<word>[.#]?[\w-]*)$")
_DEVICE = re.compile(r"device=\"(?:[\w:]+[, ]+)*(?P<word>\w*)$")
_FIELD = re.compile(r"^(?P<word>[\w-]*)$")
_VALUE = re.compile(r"^(?P<key>[\w-]+):[ \t]*[\"']?(?P<word>[^\s\[\]{},\"'][^\[\]{},\"']*|)$")


def complete(space: OpenVault, path: str, offset: int) -> CompletionList:
    """The items for a place; incomplete where there are more than are given."""
    page = space.page(path)
    found: list[CompletionItem] = []
    is_incomplete = False
    if page is not None:
        for item in _items(space, page, offset):
            if len(found) == MOST:
                is_incomplete = True
                break
            found.append(item)
    return {"isIncomplete": is_incomplete, "items": found}


def _items(space: OpenVault, page: Page, offset: int) -> Iterator[CompletionItem]:
    text, lines = page.source.text, page.source.lines
    start = lines.line(lines.line_of(offset)).start
    before = text[start:offset]
    if m := _WIKILINK.search(before):
        at = start + m.start("target")
        if m["anchor"] is not None:
            yield from _sections(space, page, m["target"], Span(start + m.start("anchor") + 1, offset))
        else:
            yield from _titles(space, page, Span(at, offset))
            yield from _attachments(space, page, Span(at, offset))
    elif m := _ADDRESS.search(before):
        if m["fragment"] is not None:
            yield from _fragments(space, page, m["path"], Span(start + m.start("fragment") + 1, offset))
        else:
            yield from _files(space, page, Span(start + m.start("path"), offset))
    elif _in_frontmatter(page, offset):
        yield from _fields(space, page, before, start, offset)
    elif m := _FENCE.match(before):
        yield from _plain(space, page, Span(start + m.start("word"), offset), OWN, CompletionItemKind.MODULE)
    elif m := _DEVICE.search(before):
        yield from _plain(space, page, Span(start + m.start("word"), offset), DEVICES, CompletionItemKind.VALUE)
    elif (m := _ANNOTATION.match(before)) and before.count('"') % 2 == 0:
        span = Span(start + m.start("word"), offset)
        words = [f".{name}" for name in CLASSES] + [f'{key}=""' for key in KEYS]
        yield from _plain(space, page, span, words, CompletionItemKind.PROPERTY)


def _in_frontmatter(page: Page, offset: int) -> bool:
    front = page.structure.frontmatter
    if front is not None:
        return page.source.lines.line_of(offset) > 1 and offset < front.end
    return page.source.text.startswith("---\n") and offset > 3  # being written: it is not closed yet


def _item(space: OpenVault, page: Page, span: Span, label: str, new: str, kind: int, **more: Any) -> CompletionItem:
    (edit,) = space.text_edits(page.source, [Edit(span, new)])
    made: CompletionItem = {"label": label, "kind": kind, "textEdit": edit}
    made.update(more)  # type: ignore[typeddict-item]
    return made


def _plain(space: OpenVault, page: Page, span: Span, words: Iterable[str], kind: int) -> Iterator[CompletionItem]:
    typed = span.of(page.source.text).lower()
    for word in words:
        if word.lower().startswith(typed):
            yield _item(space, page, span, word, word, kind)


def _titles(space: OpenVault, page: Page, span: Span) -> Iterator[CompletionItem]:
    """Pages by their names, and by their aliases: an alias is written as the label of the page's own name."""
    text = page.source.text
    closing = _closing(page, span)
    speller = space.resident.linking.speller
    for rank, path, name in _nearest(space, span.of(text)):
        spelled = speller.spelling(path, page.path)
        if spelled is None:
            continue
        new = f"{spelled}|{name.text}" if name.is_alias and can_be_target(name.text) else spelled
        yield _item(
            space,
            page,
            span,
            name.text,
            f"{new}{closing}",
            CompletionItemKind.REFERENCE if name.is_alias else CompletionItemKind.FILE,
            detail=f"{spelled} · {path}" if name.is_alias else path,
            filterText=span.of(text) or name.text,
            sortText=rank,
        )


def _nearest(space: OpenVault, typed: str) -> Iterator[tuple[str, str, Name]]:
    """The names that contain what is typed, those that begin with it and the shortest first: each with a text by which
    they are sorted, and the path of the page."""
    typed = fold_title(typed)
    found = (
        (not name.folded.startswith(typed), len(name.text), name.text, path, name)
        for path, names in space.resident.linking.names.items()
        for name in names
        if typed in name.folded
    )
    for is_inside, length, text, path, name in nsmallest(MOST + 1, found):
        yield f"{int(is_inside)}{length:04}{text}", path, name


def _closing(page: Page, span: Span) -> str:
    is_closed = page.source.text.startswith("]", span.end) or "]]" in _rest_of_line(page, span.end)
    return "" if is_closed else "]]"


def _attachments(space: OpenVault, page: Page, span: Span) -> Iterator[CompletionItem]:
    """Files other than pages, by name; where several have it, by path."""
    text, closing, resolver = page.source.text, _closing(page, span), space.resident.resolver
    typed = span.of(text).casefold()
    for path in sorted(space.resident.listing.attachments):
        name = path.rpartition("/")[2]
        if typed in path.casefold():
            is_clear = resolver.resolve_name(name, page.path) == Resolved(path, "attachment")
            new = f"{name if is_clear else path}{closing}"
            more = {"detail": path, "filterText": span.of(text) or name, "sortText": f"2{name}"}
            yield _item(space, page, span, name, new, CompletionItemKind.FILE, **more)


def _rest_of_line(page: Page, offset: int) -> str:
    lines = page.source.lines
    return page.source.text[offset : lines.line(lines.line_of(offset)).end].partition("[[")[0]


def _sections(space: OpenVault, page: Page, target: str, span: Span) -> Iterator[CompletionItem]:
    """Headings of the page a link leads to; behind ``^`` its blocks."""
    resolver = space.resident.resolver
    path = target_page(resolver.resolve_name(target.strip(), page.path)) if target.strip() else page.path
    outline = resolver.outlines.get(path or "")
    if outline is None:
        return
    typed = span.of(page.source.text)
    if typed.startswith("^"):
        words = [f"^{name}" for name in outline.block_names]
    else:
        words = list(dict.fromkeys(h.text for h in outline.headings if h.text and not set(h.text) & set("[]|#^")))
    for number, word in enumerate(words):
        if fold_title(typed.lstrip("^")) in fold_title(word):
            yield _item(space, page, span, word, word, CompletionItemKind.REFERENCE, sortText=f"{number:04}")


def _files(space: OpenVault, page: Page, span: Span) -> Iterator[CompletionItem]:
    """Pages and attachments, as a Markdown link writes them."""
    typed = span.of(page.source.text).lower()
    listing = space.resident.listing
    for path in sorted((*listing.pages, *listing.attachments)):
        address = quote(posixpath.relpath(path, page.folder or "."), safe="/-_.~!$&'*+,;=:@")
        if address.lower().startswith(typed) or typed in path.lower():
            yield _item(
                space,
                page,
                span,
                address,
                address,
                CompletionItemKind.FILE,
                filterText=span.of(page.source.text),
            )


def _fragments(space: OpenVault, page: Page, address: str, span: Span) -> Iterator[CompletionItem]:
    """Headings of the page that a Markdown link leads to, as the ids that the site gives them."""
    path = posixpath.normpath(posixpath.join(page.folder, unquote(address))) if address else page.path
    outline = space.resident.resolver.outlines.get(path)
    typed = span.of(page.source.text)
    for number, heading in enumerate(outline.headings if outline is not None else ()):
        if heading.id and (typed in heading.id or fold_title(typed) in fold_title(heading.text)):
            more = {"filterText": typed or heading.id, "sortText": f"{number:04}"}
            yield _item(space, page, span, heading.text, heading.id, CompletionItemKind.REFERENCE, **more)


def _fields(space: OpenVault, page: Page, before: str, start: int, offset: int) -> Iterator[CompletionItem]:
    """Fields of the page's schema that it has not yet, and the values a field may have."""
    schema = schemas([page.path], space.project.config).get(page.path)
    properties: Mapping[str, Any] = schema.document.get("properties", {}) if schema is not None else {}
    if m := _FIELD.match(before):
        held = page.data if page.frontmatter is not None else {}
        for key, rule in properties.items():
            if key not in held and key.startswith(m["word"]):
                description = rule.get("description") if isinstance(rule, dict) else None
                span = Span(start, offset)
                more = {"documentation": description} if isinstance(description, str) else {}
                yield _item(space, page, span, key, f"{key}: ", CompletionItemKind.FIELD, **more)
    elif m := _VALUE.match(before):
        span = Span(start + m.start("word"), offset)
        if m["key"] in REFERENCES:
            yield from _page_names(space, page, span)
        values = _values(schema, properties.get(m["key"])) if schema is not None else []
        yield from _plain(space, page, span, values, CompletionItemKind.ENUM_MEMBER)


def _page_names(space: OpenVault, page: Page, span: Span) -> Iterator[CompletionItem]:
    """Other pages, as a field names them."""
    speller = space.resident.linking.speller
    for rank, path, name in _nearest(space, span.of(page.source.text)):
        named = speller.reference(path, page.path) if path != page.path else None
        if named is not None:
            yield _item(space, page, span, name.text, named, CompletionItemKind.REFERENCE, detail=path, sortText=rank)


def _values(schema: Schema, rule: Any) -> list[str]:
    """The values that a rule of a JSON Schema lists."""
    rule = resolved(schema.document, rule) if isinstance(rule, dict) else {}
    found = [*rule.get("enum", ()), *((rule["const"],) if "const" in rule else ())]
    for name in ("anyOf", "oneOf"):
        for branch in rule.get(name, ()):
            found += _values(schema, branch)
    if rule.get("type") == "boolean":
        found += [True, False]
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in found if v is not None]

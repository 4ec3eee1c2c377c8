"""Plans another name for a part of a page, in the page and in every link: a heading, the id of a block, an alias."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from kbtools.edit.name_change import NameChange
from kbtools.edit.new_names import clean_title, require_free
from kbtools.edit.plan import edited
from kbtools.edit.references import body_edits, frontmatter_edits
from kbtools.edit.verify import Verifier, few
from kbtools.errors import KbError
from kbtools.frontmatter import set_field
from kbtools.markdown.structure import Heading
from kbtools.text.diagnostics import Edit
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.spelling import Speller
from kbtools.vault.page import Page

Texts = Mapping[str, str]
"""New texts of pages, by path."""
_BLOCK_ID = re.compile(r"[A-Za-z0-9-]+")


def heading_text(page: Page, heading: Heading) -> Span | None:
    """Where the text of a heading stands as written, with its markup; None where it stands on several lines."""
    written = heading.raw or heading.text
    at = page.source.text.find(written, heading.start, heading.end)
    return Span(at, at + len(written)) if at >= 0 and written else None


def plan_rename_heading(index: Index, path: str, heading: Heading, text: str) -> Texts:
    """Another text for a heading, which may have markup. Raises KbError where a link would lead elsewhere, or the text
    is not that of a heading."""
    page = index.pages[path]
    text = " ".join(text.split())
    place = heading_text(page, heading)
    number = page.headings.index(heading)
    if place is None or not text:
        raise KbError(f"{path}: the heading cannot be changed so", "change it by hand")
    own = list(_around_links(page, place, text))
    renamed = edited(page, own)
    found = renamed.headings[number] if number < len(renamed.headings) else None
    if found is None or (found.start, found.level, found.raw or found.text) != (heading.start, heading.level, text):
        raise KbError(f'"{text}" would not be read as the heading', "leave out attributes")
    return _planned(replace(_names(index, renamed), heading=(heading, found)), own)


def _around_links(page: Page, place: Span, text: str) -> Iterator[Edit]:
    """The edits of a stretch of text that leave the links in it that stay."""
    start, at = place.start, 0
    links = [*(link.span for link in page.links), *(link.span for link in page.files)]
    for link in sorted(span for span in links if span.start in place):
        found = text.find(link.of(page.source.text), at)
        if found >= 0:
            yield Edit(Span(start, link.start), text[at:found])
            start, at = link.end, found + len(link)
    yield Edit(Span(start, place.end), text[at:])


def plan_rename_block(index: Index, path: str, block: str, name: str) -> Texts:
    """Another id for a block. Raises KbError where it cannot be one."""
    page = index.pages[path]
    name = name.strip().removeprefix("^")
    if not _BLOCK_ID.fullmatch(name):
        raise KbError(f'"{name}" cannot be the id of a block', "use letters of ASCII, digits and dashes")
    if name.lower() != block.lower() and index.has_block(path, name):
        raise KbError(f"{path} has a block ^{name} already", "choose another id")
    spans = [b.span for b in page.structure.block_ids if b.name.lower() == block.lower()]
    own = [Edit(Span(span.start + 1, span.end), name) for span in spans]
    return _planned(replace(_names(index, edited(page, own)), block=(block, name)), own)


def plan_rename_alias(index: Index, path: str, alias: str, name: str) -> Texts:
    """Another alias in place of one: in links that name the page by it, and in labels that show it. Raises KbError
    where the name means something else already, or cannot be written there."""
    page = index.pages[path]
    name = clean_title(name)
    if name in (page.title, page.stem, *page.aliases):
        raise KbError(f'"{name}" is a name of {path} already', "choose another one")
    require_free(index, page, name, path, frozenset())
    own = [_alias_edit(page, alias, name)]
    renamed = edited(page, own)
    if renamed.aliases != tuple(name if held == alias else held for held in page.aliases):
        raise KbError(f'"{name}" cannot be written as an alias there', "leave out commas, or change it by hand")
    return _planned(replace(_names(index, renamed), alias=(alias, name)), own)


def _alias_edit(page: Page, alias: str, name: str) -> Edit:
    """The alias in its place."""
    text, field = page.source.text, page.alias_field
    value = page.data.get(field)
    if isinstance(value, list):
        written = [item.strip() if isinstance(item, str) else page.scalar(field, i) for i, item in enumerate(value)]
        return set_field(text, (field, written.index(alias)), name)
    span = page.alias_span(alias)
    is_alone = page.frontmatter is not None and span == page.field_span(field)
    return set_field(text, field, name) if is_alone else Edit(span, name)


def _names(index: Index, renamed: Page) -> NameChange:
    after = index.with_pages({**index.pages, renamed.path: renamed})
    return NameChange(index, after, {renamed.path: renamed.path}, Speller(after))


def _planned(names: NameChange, own: Sequence[Edit]) -> Texts:
    """The new texts, with edits of a page's own and of all links. Raises KbError where a link would lead elsewhere."""
    index, (path,) = names.before, names.moves
    edits: dict[str, list[Edit]] = {}
    for other in index.pages.values():
        made = [edit for edit, _ in (*frontmatter_edits(other, names), *body_edits(other, names))]
        if other.path == path:
            made += own
        if made:
            edits[other.path] = made
    pages = {p: edited(index.pages[p], made) for p, made in edits.items()}
    whole = index.with_pages({**index.pages, **pages})
    changed = [c.shown(index.pages) for c in Verifier(index, whole, edits, only_links=True).changes()]
    if changed:
        raise KbError(
            f"with this name {few(changed)} would lead elsewhere",
            "choose another one, or correct those links first",
        )
    return {p: page.source.text for p, page in pages.items()}

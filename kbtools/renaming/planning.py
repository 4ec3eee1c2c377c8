"""The whole of a rename: names, texts, what is left as it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kbtools.diagnostics import Edit, apply_edits
from kbtools.errors import KbError
from kbtools.frontmatter import add_item, set_field
from kbtools.index import Ambiguous, Index
from kbtools.links import fold_title, page_name
from kbtools.markdown.structure import Heading
from kbtools.page import Page
from kbtools.renaming.names import clean_title, new_path, require_free
from kbtools.renaming.references import Names, Respelling, body_edits, frontmatter_edits
from kbtools.renaming.verification import Place, verify
from kbtools.source import Source, Span


@dataclass(frozen=True, slots=True)
class Rename:
    """What a rename changes: new texts by the paths pages have now, and the page's new path."""

    old: str
    new: str
    old_title: str
    title: str
    alias: str | None
    """The alias that keeps the old title, where it was added."""
    texts: Mapping[str, str]
    changes: tuple[Respelling, ...]
    ambiguous: tuple[Place, ...]
    """Links by the old title that several pages answer to: left as they are."""
    adopted: tuple[Place, ...]
    """Links that led nowhere and now lead to the page."""


def plan_rename(
    index: Index,
    path: str,
    title: str,
    *,
    style: str = "title",
    keep_file: bool = False,
    adopt: bool = False,
    unread: Iterable[str] = (),
) -> Rename:
    """Plan another title for the page at ``path``: its file, its old title as an alias, and every reference to it.

    ``style`` is how links are spelled (``link_style``), ``keep_file`` leaves the file's name, ``adopt`` allows links
    that lead nowhere to come to mean the page, ``unread`` names files the index does not know.

    Raises KbError when the wiki cannot take the name, or when any other link would change its meaning.
    """
    page = index.pages[path]
    if page.problems_of("unreadable-page"):
        raise KbError(f"{path} cannot be read as text", "kb check --no-run says what is wrong with it")
    title = clean_title(title)
    new = new_path(page, title, keep_file)
    same = title == page.title
    if same and new == path:
        raise KbError(f'{path} is called "{title}" already', "give it another title")
    require_free(index, page, title, new, frozenset((*index.pages, *index.attachments, *unread)))

    heading = None if same else _repeated_title(page)
    head_edits = [] if heading is None else [Edit(heading[1], title)]
    renamed, own = _named(page, apply_edits(page.source.text, head_edits), title, new, index)
    middle = Index(_with(index, path, renamed), index.attachments)
    pair = None if heading is None else (heading[0], _heading_after(page, renamed, heading[0]))
    names = Names(index, middle, path, new, style, pair)

    texts: dict[str, str] = {}
    changes: list[Respelling] = []
    for other in index.pages.values():
        found = [*frontmatter_edits(other, names), *body_edits(other, names)]
        edits = [edit for edit, _ in found]
        changes += dict.fromkeys(change for _, change in found)
        if other.path == path:
            edits += head_edits
            if heading is not None:
                changes.append(Respelling(path, heading[1], heading[1].of(page.source.text), title, "heading"))
            text = _named(page, apply_edits(page.source.text, edits), title, new, index)[0].source.text
        elif edits:
            text = apply_edits(other.source.text, edits)
        else:
            continue
        if text != other.source.text or other.path == path:
            texts[other.path] = text
    alias = page.title if any(c.kind == "alias" for c in own) else None
    changes = sorted((*changes, *own), key=lambda c: (c.path, c.span.start))

    pages = {p: _reread(index.pages[p], text, new if p == path else p) for p, text in texts.items()}
    after = Index(
        {**{p: q for p, q in index.pages.items() if p not in pages}, **{q.path: q for q in pages.values()}},
        index.attachments,
    )
    adopted = verify(index, after, path, new, adopt)
    return Rename(path, new, page.title, title, alias, texts, tuple(changes), _ambiguous(index, path), adopted)


def _named(page: Page, text: str, title: str, new: str, index: Index) -> tuple[Page, list[Respelling]]:
    """The page under its new names: path, title, and the old title as an alias. Raises KbError."""
    changes: list[Respelling] = []
    try:
        stem = new.rpartition("/")[2].removesuffix(".md")
        if page.data.get("title") is not None or page_name(stem) != page_name(title):
            span = page.field_span("title")
            after = apply_edits(text, [set_field(text, "title", title)])
            if after != text:
                before = page.title if page.data.get("title") is not None else ""
                changes.append(Respelling(page.path, span, before, title, "title"))
            text = after
        if _wants_alias(page, title, index):
            text = apply_edits(text, [add_item(text, "aliases", page.title)])
            changes.append(Respelling(page.path, page.field_span("aliases"), "", page.title, "alias"))
    except KbError as error:
        raise KbError(f"{page.path}: {error.message}", error.hint) from error
    return _reread(page, text, new), changes


def _wants_alias(page: Page, title: str, index: Index) -> bool:
    """Whether the old title becomes an alias: not when it is one, or is the new title, or is another page's name."""
    old = _nfc(page.title)
    if old == _nfc(title) or old in map(_nfc, page.aliases):
        return False
    return not any(p != page.path for p in index.by_fold.get(fold_title(page.title), ()))


def _repeated_title(page: Page) -> tuple[Heading, Span] | None:
    """The first heading where it is the title, and where in the text it says so."""
    heading = next((h for h in page.structure.headings if h.level == 1), None)
    if heading is None or " ".join(_nfc(heading.text).split()) != " ".join(_nfc(page.title).split()):
        return None
    text = page.source.text
    for spelled in dict.fromkeys((page.title, heading.text)):
        at = text.find(spelled, heading.span.start, heading.span.end)
        span = Span(at, at + len(spelled))
        if (
            at >= 0
            and text.find(spelled, at + 1, heading.span.end) < 0
            and not any(link.span.overlaps(span) for link in page.links)
        ):
            return heading, span
    return None


def _heading_after(page: Page, renamed: Page, heading: Heading) -> Heading:
    number = page.structure.headings.index(heading)
    if number >= len(renamed.structure.headings):
        raise KbError(f"{page.path}: the title cannot be written as a heading", "choose another title")
    return renamed.structure.headings[number]


def _ambiguous(index: Index, path: str) -> tuple[Place, ...]:
    return tuple(
        Place(page.path, link, resolution.candidates)
        for page in index.pages.values()
        for link, resolution in index.links_of(page)
        if isinstance(resolution, Ambiguous) and path in resolution.candidates
    )


def _with(index: Index, path: str, page: Page) -> dict[str, Page]:
    return {**{p: q for p, q in index.pages.items() if p != path}, page.path: page}


def _reread(page: Page, text: str, path: str) -> Page:
    return Page.parse(Source(path, text, page.source.bom), page.reading)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)

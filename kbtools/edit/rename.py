"""Plans ``kb rename``: title, file and every reference to a page, as one change."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kbtools.config.project import LinkStyle
from kbtools.edit.name_change import NameChange
from kbtools.edit.new_names import clean_title, new_path, require_free
from kbtools.edit.properties import set_property, with_alias
from kbtools.edit.references import Respelling, body_edits, frontmatter_edits
from kbtools.edit.verify import AnyLink, Verifier, few
from kbtools.errors import KbError
from kbtools.frontmatter import add_item, set_field
from kbtools.links import fold_title, page_name
from kbtools.markdown.structure import Heading
from kbtools.text.diagnostics import Edit, apply_edits
from kbtools.text.source import Source, Span
from kbtools.vault import logseq
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Ambiguous
from kbtools.vault.links.spelling import Speller
from kbtools.vault.page import Page


@dataclass(frozen=True, slots=True)
class AmbiguousLink:
    """A link that is not changed, or that would resolve to the renamed page."""

    path: str
    link: AnyLink
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rename:
    """The result of a rename: new texts by the pages' present paths, and the page's new path."""

    old: str
    new: str
    old_title: str
    title: str
    alias: str | None
    """The alias added for the old title, or None."""
    texts: Mapping[str, str]
    changes: tuple[Respelling, ...]
    ambiguous: tuple[AmbiguousLink, ...]
    """Links by the old title that are ambiguous; they are not changed."""
    adopted: tuple[AmbiguousLink, ...]
    """Broken links that now resolve to the page."""


def plan_rename(
    index: Index,
    path: str,
    title: str,
    *,
    style: LinkStyle = "title",
    keep_file: bool = False,
    adopt: bool = False,
    unread: Iterable[str] = (),
) -> Rename:
    """Plans a new title for the page at ``path``: its file, its old title as an alias, and every reference to it.

    ``style`` is how links are spelled (``link_style``), ``keep_file`` keeps the file name, ``adopt`` allows broken
    links to resolve to the page, ``unread`` names files that are not in the index. Raises KbError if the name is not
    available, or if the target of any other link would change.
    """
    page = index.pages[path]
    if page.problems_of("unreadable-page"):
        raise KbError(f"{path} cannot be read as text", "kb check --no-run says what is wrong with it")
    title = clean_title(title)
    is_of_logseq = index.conventions.dialect == "logseq"
    new = new_path(page, title, style, keep_file, index.conventions.slashes[0] if is_of_logseq else "-")
    same = title == page.title
    if same and new == path:
        raise KbError(f'{path} is called "{title}" already', "give it another title")
    require_free(index, page, title, new, frozenset((*index.pages, *index.attachments, *unread)))

    heading = None if same else _repeated_title(page)
    head_edits = [] if heading is None else [Edit(heading[1], title)]
    if page.properties or (is_of_logseq and page.frontmatter is None):
        properties, own = _property_edits(page, title, new, index)
        renamed = _reread(page, apply_edits(page.source.text, [*head_edits, *properties]), new)
    else:
        properties = None
        renamed, own = _named(page, apply_edits(page.source.text, head_edits), title, new, index)
    middle = index.with_pages(_with(index, path, renamed))
    pair = None if heading is None else (heading[0], _heading_after(page, renamed, heading[0]))
    names = NameChange(index, middle, {path: new}, Speller(middle, style), pair)

    texts: dict[str, str] = {}
    made: dict[str, list[Edit]] = {}
    changes: list[Respelling] = []
    for other in index.pages.values():
        front = list(frontmatter_edits(other, names))
        body = list(body_edits(other, names))
        changes += dict.fromkeys(change for _, change in (*front, *body))
        edits = [edit for edit, _ in (*front, *body)]
        if other.path == path:
            edits += head_edits
            if heading is not None:
                changes.append(Respelling(path, heading[1], heading[1].of(page.source.text), title, "heading"))
            if properties is not None:
                edits += properties
                text = apply_edits(page.source.text, edits)
            else:
                text = _named(page, apply_edits(page.source.text, edits), title, new, index)[0].source.text
                below = [*(edit for edit, _ in body), *head_edits]
                edits = [_front_edit(page, below, text), *below]
        elif edits:
            text = apply_edits(other.source.text, edits)
        else:
            continue
        if text != other.source.text or other.path == path:
            texts[other.path], made[other.path] = text, edits
    alias = page.title if any(c.kind == "alias" for c in own) else None
    changes = sorted((*changes, *own), key=lambda c: (c.path, c.span.start))

    pages = {p: _reread(index.pages[p], text, new if p == path else p) for p, text in texts.items()}
    after = index.with_pages(
        {**{p: q for p, q in index.pages.items() if p not in pages}, **{q.path: q for q in pages.values()}}
    )
    adopted = _verify(index, after, made, path, new, adopt)
    return Rename(path, new, page.title, title, alias, texts, tuple(changes), _ambiguous(index, path), adopted)


def _verify(
    before: Index, after: Index, edits: Mapping[str, Sequence[Edit]], old: str, new: str, adopt: bool
) -> tuple[AmbiguousLink, ...]:
    """Links that resolve to the page because of its new name; none without ``adopt``. Raises KbError, with the first
    positions, if the target of another link would change."""
    found = list(Verifier(before, after, edits, lambda path: new if path == old else path, only_links=True).changes())
    adopted = [change for change in found if change.adopted == new]
    changed = [change.shown(before.pages) for change in found if change.adopted != new]
    if changed:
        raise KbError(
            f"with this name {few(changed)} would mean something else",
            "choose another title, or correct those links first",
        )
    if adopted and not adopt:
        listed = few([change.shown(before.pages) for change in adopted])
        raise KbError(
            f"{listed} is broken, and would resolve to this page after the rename", "--adopt lets such links mean it"
        )
    return tuple(AmbiguousLink(change.path, change.link) for change in adopted if change.link is not None)


def _front_edit(page: Page, below: Sequence[Edit], text: str) -> Edit:
    """The change of the renamed page's frontmatter as one edit, because its values are rewritten step by step.
    ``below`` are the edits of the rest, ``text`` is the complete new text."""
    begin = page.structure.frontmatter.end if page.structure.frontmatter else 0
    rest = len(apply_edits(page.source.text, below)) - begin
    return Edit(Span(0, begin), text[: len(text) - rest])


def _named(page: Page, text: str, title: str, new: str, index: Index) -> tuple[Page, list[Respelling]]:
    """The page with its new names: path, title, and the old title as an alias. Raises KbError."""
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
            text = apply_edits(text, [_alias_edit(page, text)])
            changes.append(Respelling(page.path, page.field_span(page.alias_field), "", page.title, "alias"))
    except KbError as error:
        raise KbError(f"{page.path}: {error.message}", error.hint) from error
    return _reread(page, text, new), changes


def _property_edits(page: Page, title: str, new: str, index: Index) -> tuple[list[Edit], list[Respelling]]:
    """The new title and the alias as Logseq properties."""
    edits, changes = [], []
    stem = new.rpartition("/")[2].removesuffix(".md")
    if "title" in page.properties or page_name(logseq.page_of(stem)) != page_name(title):
        edits.append(set_property(page, "title", title))
        changes.append(Respelling(page.path, edits[-1].span, page.title, title, "title"))
    if _wants_alias(page, title, index):
        edits.append(with_alias(page, logseq.page_of(page.title)))
        changes.append(Respelling(page.path, edits[-1].span, "", page.title, "alias"))
    return edits, changes


def _alias_edit(page: Page, text: str) -> Edit:
    """The old title added to the aliases; a text of aliases separated by commas becomes a list."""
    if isinstance(page.data.get(page.alias_field), str):
        return set_field(text, page.alias_field, [*page.aliases, page.title])
    return add_item(text, page.alias_field, page.title)


def _wants_alias(page: Page, title: str, index: Index) -> bool:
    """Whether the old title becomes an alias: not if it is one already, or the new title, or the name of another
    page."""
    old = _nfc(page.title)
    if old == _nfc(title) or old in map(_nfc, page.aliases):
        return False
    return not any(p != page.path for p in index.names.by_fold.get(fold_title(page.title), ()))


def _repeated_title(page: Page) -> tuple[Heading, Span] | None:
    """The first heading if it repeats the title, and the span of its text."""
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


def _ambiguous(index: Index, path: str) -> tuple[AmbiguousLink, ...]:
    return tuple(
        AmbiguousLink(page.path, link, resolution.candidates)
        for page in index.pages.values()
        for link, resolution in index.graph.of(page).wiki
        if isinstance(resolution, Ambiguous) and path in resolution.candidates
    )


def _with(index: Index, path: str, page: Page) -> dict[str, Page]:
    return {**{p: q for p, q in index.pages.items() if p != path}, page.path: page}


def _reread(page: Page, text: str, path: str) -> Page:
    return Page.parse(Source(path, text, page.source.bom), page.file_problems, page.policy)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)

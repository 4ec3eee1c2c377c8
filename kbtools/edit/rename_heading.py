"""Plans another text for a heading: in its page, and in every link to its section."""

from __future__ import annotations

from collections.abc import Mapping

from kbtools.edit.plan import edited
from kbtools.edit.references import NameChange, body_edits, frontmatter_edits
from kbtools.edit.verify import Verifier, few
from kbtools.errors import KbError
from kbtools.markdown.structure import Heading
from kbtools.text.diagnostics import Edit
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.spelling import Speller
from kbtools.vault.page import Page


def heading_text(page: Page, heading: Heading) -> Span | None:
    """Where the text of a heading stands; None where it has markup, so that another text is not simply put there."""
    at = page.source.text.find(heading.text, heading.start, heading.end)
    return Span(at, at + len(heading.text)) if at >= 0 and heading.text and not heading.raw else None


def plan_rename_heading(index: Index, path: str, heading: Heading, text: str) -> Mapping[str, str]:
    """The new texts of pages, by path. Raises KbError where a link would lead elsewhere, or the
    text is not that of a heading."""
    page = index.pages[path]
    text = " ".join(text.split())
    place = heading_text(page, heading)
    number = page.headings.index(heading)
    if place is None or not text:
        raise KbError(f"{path}: the heading cannot be changed so", "change it by hand")
    own = Edit(place, text)
    renamed = edited(page, [own])
    found = renamed.headings[number] if number < len(renamed.headings) else None
    if found is None or (found.start, found.level, found.text) != (heading.start, heading.level, text):
        raise KbError(f'"{text}" would not be read as the heading', "leave out markup")
    after = index.with_pages({**index.pages, path: renamed})
    names = NameChange(index, after, {path: path}, Speller(after), (heading, found))
    edits: dict[str, list[Edit]] = {}
    for other in index.pages.values():
        made = [edit for edit, _ in (*frontmatter_edits(other, names), *body_edits(other, names))]
        if other.path == path:
            made.append(own)
        if made:
            edits[other.path] = made
    pages = {p: edited(index.pages[p], made) for p, made in edits.items()}
    whole = index.with_pages({**index.pages, **pages})
    changed = [c.shown(index.pages) for c in Verifier(index, whole, edits, only_links=True).changes()]
    if changed:
        raise KbError(
            f"with this heading {few(changed)} would lead elsewhere",
            "choose another text, or correct those links first",
        )
    return {p: page.source.text for p, page in pages.items()}

"""Finds every reference to a page and rewrites it for a new name: wikilinks, Markdown links, frontmatter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from kbtools.edit.verify import OWN_NAMES, REFERENCES, AnyLink
from kbtools.errors import KbError
from kbtools.frontmatter import WIKILINK, set_field, wikilink_target, with_target
from kbtools.links import WikiLink, can_be_target, fold_title, page_name
from kbtools.markdown import file_links as filelinks
from kbtools.markdown.file_links import FileLink
from kbtools.markdown.structure import Heading
from kbtools.text.diagnostics import Edit, apply_edits
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import FileResolution, Resolution, Resolved, target_page
from kbtools.vault.links.spelling import Speller, heading_at, words_kept
from kbtools.vault.page import Page

_ANCHOR = re.compile(r"#([^^|#][^|]*)")
"""Of a wikilink in the frontmatter, behind its target."""
_ENDING = re.compile(r"\.(?:md|html)\Z", re.IGNORECASE)
"""How a link to a page may end: the file's own ending, or that of its address on a site without folders for pages."""
Kind = Literal["wikilink", "embed", "markdown", "html", "frontmatter", "title", "heading", "alias"]


@dataclass(frozen=True, slots=True)
class Respelling:
    """One place of a page before and after."""

    path: str
    span: Span
    """In the text as it was."""
    before: str
    after: str
    kind: Kind


@dataclass(frozen=True)
class NameChange:
    """A page before and after; the two states of the wiki, in the second of which no link is rewritten yet."""

    before: Index
    after: Index
    old: str
    new: str
    speller: Speller
    """Of the second state."""
    heading: tuple[Heading, Heading] | None = None
    """The heading that repeats the title, as it was and as it will be."""

    @cached_property
    def linked_sections(self) -> frozenset[tuple[str, int | None]]:
        """Sections (page, number of the heading) that a link names: their words stay."""
        found = set()
        for page in self.before.pages.values():
            held = self.before.graph.of(page)
            links: list[tuple[AnyLink, Resolution | FileResolution]] = [*held.wiki, *held.files]
            for link, meaning in links:
                there = target_page(meaning) if link.anchor is not None else None
                if there is not None and link.anchor is not None:
                    found.add((there, self.before.sections(there).find(link.anchor)))
        return frozenset(found)

    def moved(self, path: str) -> str:
        return self.new if path == self.old else path

    @property
    def is_heading_only(self) -> bool:
        """Whether the page is called as before, and one of its headings otherwise."""
        was, will = self.before.outlines[self.old], self.after.outlines.get(self.new)
        return self.old == self.new and will is not None and was.title == will.title

    def still_names(self, target: str, origin: str) -> bool:
        """Whether a target names the page afterwards too. Its old title as an alias does not count, which in Logseq
        is a name like others."""
        was, will = self.before.outlines[self.old], self.after.outlines[self.new]
        gone = {fold_title(name) for name in (was.title, was.stem, was.stem.replace("___", "/"))}
        gone -= {fold_title(name) for name in (will.title, will.stem)}
        found = self.after.resolve_name(target, origin)
        return found in (Resolved(self.new, "exact"), Resolved(self.new, "path")) and fold_title(target) not in gone

    def spelling(self, from_path: str) -> str:
        """How a link calls the page. Raises KbError when nothing means it alone."""
        found = self.speller.spelling(self.new, from_path)
        if found is None:
            raise KbError(f"{from_path} could not link to the page by its new name", "choose another title")
        return found


def body_edits(page: Page, names: NameChange) -> Iterator[tuple[Edit, Respelling]]:
    """The rewritten links of a page's text. Edits that overlap nothing."""
    text = page.source.text
    held = names.before.graph.of(page)
    for link, resolution in held.wiki:
        parts = [*_target_edit(page, link, resolution, names), *_anchor_edit(page, link, resolution, names)]
        if parts:
            whole = link.span.of(text)
            after = apply_edits(whole, [Edit(part.span.shift(-link.start), part.replacement) for part in parts])
            for part in parts:
                yield part, Respelling(page.path, link.span, whole, after, "embed" if link.embed else "wikilink")
    for file, found in held.files:
        yield from _file_edits(page, file, found, names)


def _target_edit(page: Page, link: WikiLink, resolution: Resolution, names: NameChange) -> Iterator[Edit]:
    if not isinstance(resolution, Resolved) or resolution.page != names.old or resolution.how == "self":
        return
    origin = names.moved(page.path)
    if names.is_heading_only or names.still_names(link.target, origin):
        return
    target = _respelled(link, origin, names)
    yield Edit(link.target_span, target)
    heading = heading_at(page, link.start)
    if heading is not None and (page.path, heading) in names.linked_sections:
        yield from words_kept(link, target, page)


def _respelled(link: WikiLink, origin: str, names: NameChange) -> str:
    """A path stays a path, a file name a file name; everything else is spelled as the wiki spells its links."""
    stem = names.new.rpartition("/")[2].removesuffix(".md")
    suffix = link.target[-3:] if link.target[-3:].lower() == ".md" else ""
    folder, slash, _ = link.target.rpartition("/")
    if slash or suffix:
        name = f"{folder}{slash}{stem}{suffix}"
        if can_be_target(name) and names.after.resolve_name(name, origin) in (
            Resolved(names.new, "path" if slash else "exact"),
        ):
            return name
        if slash and (found := names.speller.qualified(names.new, origin)) is not None:
            return found
    return names.spelling(origin)


def _anchor_edit(page: Page, link: WikiLink, resolution: Resolution, names: NameChange) -> Iterator[Edit]:
    """A section named by the heading that changes with the title."""
    if link.anchor is None or names.heading is None or target_page(resolution) != names.old:
        return
    renewed = _anchor(link.anchor, names)
    at = page.source.text.find(link.anchor, link.target_span.end, link.span.end)
    if renewed != link.anchor and at >= 0:
        yield Edit(Span(at, at + len(link.anchor)), renewed)


def _anchor(anchor: str, names: NameChange) -> str:
    """An anchor, with the heading that changes as it will be: it may be named alone, or before those below it."""
    assert names.heading is not None
    was, will = names.heading
    sections, number = names.before.sections(names.old), names.before.pages[names.old].headings.index(was)
    spelled = " ".join(re.sub(r"[:#|^\\\[\]]|%%", " ", will.text).split())
    parts = anchor.split("#")
    named = ("#".join(parts[: n + 1]) for n in range(len(parts)))
    renewed = [spelled if sections.find(up_to) == number else part for up_to, part in zip(named, parts, strict=True)]
    return "#".join(renewed) if spelled else anchor


def _file_edits(
    page: Page, link: FileLink, found: FileResolution, names: NameChange
) -> Iterator[tuple[Edit, Respelling]]:
    """A Markdown link to the page: its path, and its section where the heading changes with the title."""
    if target_page(found) != names.old:
        return
    text = page.source.text
    edits = []
    if link.path and names.new != names.old:
        edits.append(_path_edit(page, link, names))
    if link.anchor is not None and names.heading is not None:
        was, will = names.heading
        if names.before.sections(names.old).find(link.anchor) == names.before.pages[names.old].headings.index(was):
            place = will.id if link.anchor == was.id else will.text
            edits.append(Edit(link.fragment_span, filelinks.written_fragment(place, link, text)))
    for edit in edits:
        if edit.replacement != edit.span.of(text):
            kind: Kind = "html" if link.kind == "html" else "markdown"
            yield edit, Respelling(page.path, edit.span, edit.span.of(text), edit.replacement, kind)


def _path_edit(page: Page, link: FileLink, names: NameChange) -> Edit:
    """The new name in the place of the old one: a path stays a path, and an address of the site an address, because
    a renamed page stays in its folder.
    """
    text = page.source.text
    written = link.path_span.of(text).rstrip("/")
    ending = _ENDING.search(link.path.rstrip("/"))
    name = names.new.rpartition("/")[2].removesuffix(".md") + (ending[0] if ending else "")
    start = link.path_start + written.rfind("/") + 1
    return Edit(Span(start, link.path_start + len(written)), filelinks.written(name, link, text))


def frontmatter_edits(page: Page, names: NameChange) -> Iterator[tuple[Edit, Respelling]]:
    """The rewritten values of a page's frontmatter. Raises KbError where a value cannot be set."""
    if page.frontmatter is None:
        return
    if not page.references and "[[" not in page.frontmatter.span.of(page.source.text):
        return
    bare: set[Span] = set()
    text = page.source.text
    for path, entry in page.frontmatter.entries.items():
        if not entry.raw or str(path[0]).lower() in OWN_NAMES:
            continue
        if len(path) == 1 and path[0] in REFERENCES:
            value = _reference(page, entry.raw, names)
        elif "[[" in entry.raw:
            value = WIKILINK.sub(lambda m: _wikilink(page, m, names), entry.raw)
        else:
            continue
        if value == entry.raw:
            continue
        if text.startswith("[[", entry.value.start) and not (len(path) == 1 and path[0] in REFERENCES):
            # Without quotes links are no YAML, only text, and stay so. Those of a list may share their place.
            bare.add(entry.value)
            continue
        try:
            edit = set_field(text, path, value)
        except KbError as error:
            raise KbError(f"{page.path}: {error.message}", error.hint) from error
        yield edit, Respelling(page.path, entry.value, entry.raw, value, "frontmatter")
    for span in sorted(bare):
        for m in WIKILINK.finditer(text, span.start, span.end):
            if (value := _wikilink(page, m, names)) != m[0]:
                where = Span(*m.span())
                yield Edit(where, value), Respelling(page.path, where, m[0], value, "frontmatter")


def _wikilink(page: Page, m: re.Match[str], names: NameChange) -> str:
    target = m["target"].strip()
    found = names.before.resolve_name(target, page.path)
    origin = names.moved(page.path)
    if not isinstance(found, Resolved) or found.page != names.old:
        return m[0]
    rest = m["rest"]
    if names.heading is not None and (anchored := _ANCHOR.match(rest)):
        rest = f"#{_anchor(anchored[1], names)}{rest[anchored.end() :]}"
    if names.is_heading_only or names.still_names(target, origin):
        return f"[[{m['target']}{rest}]]"
    link = WikiLink(0, 0, False, target, 0)
    return f"[[{_respelled(link, origin, names)}{rest}]]"


def _reference(page: Page, raw: str, names: NameChange) -> str:
    """The value of a field that names one page: by title, file name or id, bare or as a wikilink."""
    linked = wikilink_target(raw)
    name = linked or raw.strip()
    if name.lower() in ("self", "none") or name == page.id:
        return raw
    origin = names.moved(page.path)
    if names.before.page_named(name, page.path) != names.old:
        return raw
    was, will = names.before.outlines[names.old], names.after.outlines[names.new]
    exact = page_name(name) in map(page_name, (will.stem, will.title, will.id or ""))
    if exact and names.after.page_named(name, origin) == names.new:
        return raw
    by_title = page_name(name) == page_name(was.title) or (linked is not None and names.speller.style == "title")
    renewed = names.speller.reference(names.new, origin, by_title)
    if renewed is not None:
        return with_target(raw, renewed)
    raise KbError(f"{page.path} could not name the page by its new name in its frontmatter", "choose another title")

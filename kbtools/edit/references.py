"""Finds every reference to pages that are renamed or moved, and rewrites it: wikilinks, Markdown links, frontmatter."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kbtools.edit.name_change import NameChange
from kbtools.edit.verify import OWN_NAMES, REFERENCES
from kbtools.errors import KbError
from kbtools.frontmatter import WIKILINK, set_field, wikilink_target, with_target
from kbtools.links import WikiLink, can_be_target, label_span, page_name
from kbtools.markdown import file_links as filelinks
from kbtools.markdown.file_links import FileLink
from kbtools.text.diagnostics import Edit, apply_edits
from kbtools.text.source import Span
from kbtools.vault.links.resolution import Elsewhere, FileResolution, Resolution, Resolved, target_page
from kbtools.vault.links.resolve import folder_of
from kbtools.vault.links.spelling import heading_at, words_kept
from kbtools.vault.page import Page

_PLACE = re.compile(r"\A#\^(?P<block>[A-Za-z0-9-]+)|\A#(?P<anchor>[^^|#][^|]*)|\|(?P<label>.*)", re.DOTALL)
"""What stands behind the target of a wikilink in the frontmatter."""
_ENDING = re.compile(r"\.(?:md|html)\Z", re.IGNORECASE)
"""Possible endings of a link to a page: the file's, or that of its address on a site without directory URLs."""
Kind = Literal["wikilink", "embed", "markdown", "html", "frontmatter", "title", "heading", "alias"]


@dataclass(frozen=True, slots=True)
class Respelling:
    """One replaced part of a page, before and after."""

    path: str
    span: Span
    """In the text before."""
    before: str
    after: str
    kind: Kind


Change = tuple[Edit, Respelling]


def body_edits(page: Page, names: NameChange) -> Iterator[Change]:
    """The edits of a page's links. They do not overlap."""
    held = names.before.graph.of(page)
    for link, resolution in held.wiki:
        yield from wikilink_edits(page, link, resolution, names)
    for file, found in held.files:
        yield from file_edits(page, file, found, names)


def wikilink_edits(page: Page, link: WikiLink, resolution: Resolution, names: NameChange) -> Iterator[Change]:
    """One wikilink or embed. Raises KbError where nothing means its page alone."""
    ways = (_target_edit, _place_edit, _label_edit)
    parts = [part for way in ways for part in way(page, link, resolution, names)]
    if parts:
        whole = link.span.of(page.source.text)
        after = apply_edits(whole, [Edit(part.span.shift(-link.start), part.replacement) for part in parts])
        for part in parts:
            yield part, Respelling(page.path, link.span, whole, after, "embed" if link.embed else "wikilink")


def _target_edit(page: Page, link: WikiLink, resolution: Resolution, names: NameChange) -> Iterator[Edit]:
    by_alias = names.renewed_alias(target_page(resolution) or "", link.target)
    if by_alias is not None:
        yield Edit(link.target_span, by_alias)
        return
    if not isinstance(resolution, Resolved) or resolution.how == "self":
        return
    there = resolution.page
    if not names.concerns(there, page.path) or names.still_names(link.target, page.path, there, resolution.how):
        return
    target = _respelled(link, page.path, there, names)
    yield Edit(link.target_span, target)
    heading = heading_at(page, link.start)
    if heading is not None and (page.path, heading) in names.linked_sections:
        yield from words_kept(link, target, page)


def _respelled(link: WikiLink, from_path: str, there: str, names: NameChange) -> str:
    """A path stays a path, and a file name a file name; other links get the vault's usual spelling."""
    new, origin = names.moved(there), names.moved(from_path)
    if there not in names.before.outlines:
        return _attachment(link, new, origin, names)
    stem = new.rpartition("/")[2].removesuffix(".md")
    suffix = link.target[-3:] if link.target[-3:].lower() == ".md" else ""
    folder, slash, _ = link.target.rpartition("/")
    if slash or suffix:
        name = f"{folder}{slash}{stem}{suffix}"
        if can_be_target(name) and names.after.resolve_name(name, origin) in (
            Resolved(new, "path" if slash else "exact"),
        ):
            return name
        if slash and (found := names.speller.qualified(new, origin)) is not None:
            return found
    return names.spelling(there, origin)


def _attachment(link: WikiLink, new: str, origin: str, names: NameChange) -> str:
    """The end of an attachment's path, with as many folders as the link had if they suffice."""
    segments = new.split("/")
    depths = [*range(1, len(segments) + 1)]
    least = sum(part not in ("", ".", "..") for part in link.target.split("/"))
    for depth in sorted(depths, key=lambda depth: (depth < least, depth)):
        name = "/".join(segments[-depth:])
        if names.after.resolve_name(name, origin) == Resolved(new, "attachment"):
            return name
    raise KbError(f"{origin} could not name {new} alone", "choose another name")


def _place_edit(page: Page, link: WikiLink, resolution: Resolution, names: NameChange) -> Iterator[Edit]:
    """A section or block named by the heading or id that changes."""
    there = target_page(resolution)
    if there is None:
        return
    if link.anchor is not None and names.heading_of(there) is not None:
        named, renewed = link.anchor, _anchor(link.anchor, there, names)
    else:
        named, renewed = link.block or "", names.renewed_block(there, link.block or "")
    at = page.source.text.find(named, link.target_span.end, link.span.end)
    if renewed != named and at >= 0:
        yield Edit(Span(at, at + len(named)), renewed)


def _label_edit(page: Page, link: WikiLink, resolution: Resolution, names: NameChange) -> Iterator[Edit]:
    """A label that shows the alias that changes. In a heading that a link names, words stay."""
    there, label = target_page(resolution), link.label or ""
    renewed = names.renewed_label(there, label)
    if renewed != label and (page.path, heading_at(page, link.start)) not in names.linked_sections:
        yield Edit(label_span(link, page.source.text), renewed)


def _anchor(anchor: str, there: str, names: NameChange) -> str:
    """An anchor with the new text of the heading; the anchor may name the heading alone, or as the parent of others."""
    assert names.heading is not None
    was, will = names.heading
    sections, number = names.before.sections(there), names.before.pages[there].headings.index(was)
    spelled = " ".join(re.sub(r"[:#|^\\\[\]]|%%", " ", will.text).split())
    parts = anchor.split("#")
    named = ("#".join(parts[: n + 1]) for n in range(len(parts)))
    renewed = [spelled if sections.find(up_to) == number else part for up_to, part in zip(named, parts, strict=True)]
    return "#".join(renewed) if spelled else anchor


def file_edits(page: Page, link: FileLink, found: FileResolution, names: NameChange) -> Iterator[Change]:
    """The edits of a Markdown link: its path, and its section if the heading changes with the title."""
    text = page.source.text
    edits = []
    if link.path and (path := _path_edit(page, link, found, names)) is not None:
        edits.append(path)
    there = target_page(found)
    heading = names.heading_of(there)
    if there is not None and link.anchor is not None and heading is not None:
        was, will = heading
        sections, number = names.before.sections(there), names.before.pages[there].headings.index(was)
        if sections.find(link.anchor) == number:
            after = names.after.sections(names.moved(there))
            ids = zip(sections.ids_of(number), after.ids_of(after.headings.index(will)), strict=True)
            place = next((will_be for was_id, will_be in ids if was_id == link.anchor), will.text)
            edits.append(Edit(link.fragment_span, filelinks.written_fragment(place, link, text)))
    if link.block is not None and (block := names.renewed_block(there, link.block)) != link.block:
        edits.append(Edit(link.fragment_span, filelinks.written_fragment(f"^{block}", link, text)))
    for edit in edits:
        if edit.replacement != edit.span.of(text):
            kind: Kind = "html" if link.kind == "html" else "markdown"
            yield edit, Respelling(page.path, edit.span, edit.span.of(text), edit.replacement, kind)


def _path_edit(page: Page, link: FileLink, found: FileResolution, names: NameChange) -> Edit | None:
    """The edit that makes a path resolve to the file again; None if it already does, or no path is possible."""
    text, origin = page.source.text, names.moved(page.path)
    if isinstance(found, Elsewhere) and found.is_outside and names.is_elsewhere(page.path):
        return Edit(link.path_span, filelinks.written(_outside(link.path, page.path, origin), link, text))
    if not isinstance(found, Resolved) or (found.page not in names.moves and page.path == origin):
        return None
    there, new = found.page, names.moved(found.page)
    is_called_so = there.rpartition("/")[2] == new.rpartition("/")[2]
    if is_called_so and _leads(names.after.resolve_file(link, origin), new):
        return None
    path = link.path.rstrip("/")
    ending = _ENDING.search(path)
    is_page = there in names.before.outlines
    called = new.removesuffix(".md") + (ending[0] if ending else "") if is_page else new
    if folder_of(there) == folder_of(new) and not names.is_elsewhere(page.path):
        # Only the last segment of the path changes.
        written = link.path_span.of(text).rstrip("/")
        start = link.path_start + written.rfind("/") + 1
        name = called.rpartition("/")[2]
        if _leads(_resolved(f"{path[: path.rfind('/') + 1]}{name}", link, origin, names), new):
            return Edit(Span(start, link.path_start + len(written)), filelinks.written(name, link, text))
    for way in _ways(link.path, called, new, origin):
        if _leads(_resolved(way, link, origin, names), new):
            return Edit(link.path_span, filelinks.written(way, link, text))
    return None


def _ways(path: str, called: str, new: str, origin: str) -> Iterator[str]:
    """Paths and addresses from a page to a file, in order of preference: first in the form of the existing link."""
    dot, slash = "./" if path.startswith("./") else "", "/" if path.endswith("/") else ""
    if path.startswith("/"):
        yield f"/{called}{slash}"
        yield f"/{new}"
    for named, end in ((called, slash), (new, "")):
        near = _relative(named, folder_of(origin))
        yield f"{near if near.startswith('../') else dot + near}{end}"
        yield f"{_relative(named, origin.removesuffix('.md'))}{end}"  # from the page's address, if that is a folder


def _resolved(path: str, link: FileLink, origin: str, names: NameChange) -> FileResolution:
    return names.after.resolve_file(link._replace(path=path), origin)


def _leads(found: FileResolution, path: str) -> bool:
    return isinstance(found, Resolved) and found.page == path


def _relative(path: str, folder: str) -> str:
    return posixpath.relpath(f"/{path}", f"/{folder}")


def _outside(path: str, origin: str, new_origin: str) -> str:
    """A path that leads out of the vault, from another folder of the vault."""
    top = "/_" * path.count("..")  # placeholder folders above the vault; their names do not matter
    whole = posixpath.normpath(f"{top}/{folder_of(origin)}/{path}")
    return posixpath.relpath(whole, f"{top}/{folder_of(new_origin)}") + ("/" if path.endswith("/") else "")


def frontmatter_edits(page: Page, names: NameChange) -> Iterator[Change]:
    """The changes of a page's frontmatter. Raises KbError if a value cannot be set."""
    if page.frontmatter is None:
        return
    if not page.references and "[[" not in page.frontmatter.span.of(page.source.text):
        return
    held: list[Span] = []
    text = page.source.text
    for path, entry in page.frontmatter.entries.items():
        is_reference = len(path) == 1 and path[0] in REFERENCES
        if not entry.raw:
            continue
        if str(path[0]).lower() in OWN_NAMES:
            held.append(entry.value)
            continue
        if text.startswith("[[", entry.value.start) and not is_reference:
            continue  # without quotes links are no YAML, only text, and stay so
        if is_reference:
            value = _reference(page, entry.raw, names)
        else:
            value = WIKILINK.sub(lambda m: _wikilink(page, m, names), entry.raw)
        held.append(entry.value)
        if value == entry.raw:
            continue
        try:
            edit = set_field(text, path, value)
        except KbError as error:
            raise KbError(f"{page.path}: {error.message}", error.hint) from error
        yield edit, Respelling(page.path, entry.value, entry.raw, value, "frontmatter")
    yield from _text_edits(page, page.frontmatter.span, sorted(held), names)


def _text_edits(page: Page, span: Span, held: list[Span], names: NameChange) -> Iterator[Change]:
    """The rewritten links of frontmatter outside of the values that ``held`` lists: what is no value to YAML may be a
    link to others. To Logseq, ``tags: #a, [[Page]]`` has one."""
    for m in WIKILINK.finditer(page.source.text, span.start, span.end):
        before = bisect_right(held, m.start(), key=lambda one: one.start) - 1
        if before >= 0 and m.start() < held[before].end:
            continue
        if (value := _wikilink(page, m, names)) != m[0]:
            where = Span(*m.span())
            yield Edit(where, value), Respelling(page.path, where, m[0], value, "frontmatter")


def _wikilink(page: Page, m: re.Match[str], names: NameChange) -> str:
    target = m["target"].strip()
    found = names.before.resolve_name(target, page.path)
    there = found.page if isinstance(found, Resolved) else target_page(found)
    if there is None or not names.concerns(there, page.path):
        return m[0]
    rest = _PLACE.sub(lambda place: _renewed_place(place, there, names), m["rest"])
    if (by_alias := names.renewed_alias(there, target)) is not None:
        return f"[[{by_alias}{rest}]]"
    if not isinstance(found, Resolved) or names.still_names(target, page.path, there, found.how):
        return f"[[{m['target']}{rest}]]"
    link = WikiLink(0, 0, False, target, 0)
    return f"[[{_respelled(link, page.path, there, names)}{rest}]]"


def _renewed_place(place: re.Match[str], there: str, names: NameChange) -> str:
    """A section, block or label in a wikilink of the frontmatter, as it will be."""
    if place["label"] is not None:
        return f"|{names.renewed_label(there, place['label'])}"
    if place["block"] is not None:
        return f"#^{names.renewed_block(there, place['block'])}"
    return f"#{_anchor(place['anchor'], there, names)}" if names.heading_of(there) is not None else place[0]


def _reference(page: Page, raw: str, names: NameChange) -> str:
    """The value of a field that names one page, by title, file name or id, plain or as a wikilink."""
    linked = wikilink_target(raw)
    name = linked or raw.strip()
    if name.lower() in ("self", "none") or name == page.id:
        return raw
    there = names.before.page_named(name, page.path)
    if there is None or there not in names.moves:
        return raw
    origin, new = names.moved(page.path), names.moved(there)
    was, will = names.before.outlines[there], names.after.outlines[new]
    exact = page_name(name) in map(page_name, (will.stem, will.title, will.id or ""))
    is_kept = exact or names.keeps_names(there)
    if is_kept and names.after.page_named(name, origin) == new:
        return raw
    by_title = page_name(name) == page_name(was.title) or (linked is not None and names.speller.style == "title")
    renewed = names.speller.reference(new, origin, by_title)
    if renewed is not None:
        return with_target(raw, renewed)
    raise KbError(f"{page.path} could not name the page by its new name in its frontmatter", "choose another title")

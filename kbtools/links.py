"""Wikilinks: find them in a page, fold names for comparison, rewrite a link's target."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from kbtools.markdown.headings import label_of
from kbtools.markdown.link_syntax import ADDRESS_BEHIND, WIKILINK, is_escaped
from kbtools.markdown.structure import Structure
from kbtools.text.source import Span


class WikiLink(NamedTuple):
    """``[[target#anchor|label]]`` or, as an embed, ``![[…]]``, as written.

    Spans are created on access, because a vault has many links and few of them have findings.
    """

    start: int
    """Start of the brackets, or of the ``!`` of an embed."""
    end: int
    """End of the brackets."""
    embed: bool
    target: str
    """Without surrounding blanks; empty in ``[[#Heading]]``."""
    target_start: int
    anchor: str | None = None
    """The text after ``#``: a heading, or a path of headings ``H1#H2``."""
    block: str | None = None
    """The text after ``#^``."""
    label: str | None = None
    table: bool = False
    """The pipe is written ``\\|``, as inside a table."""

    @property
    def span(self) -> Span:
        """Including the brackets, and the ``!`` of an embed."""
        return Span(self.start, self.end)

    @property
    def target_span(self) -> Span:
        return Span(self.target_start, self.target_start + len(self.target))

    @property
    def place_span(self) -> Span:
        """The text after the target, within the brackets."""
        return Span(self.target_start + len(self.target), self.end - 2)

    @property
    def name(self) -> str:
        """The target as a name to look up: NFC, without ``.md``."""
        return page_name(self.target)


# The ``!`` of an embed is checked afterwards: a pattern that begins with two fixed characters is found four times as
# fast.
_LINK = WIKILINK
MAYBE_LINK = re.compile("!?" + WIKILINK.pattern)
"""The input of ``read``, for callers that have removed code and comments themselves."""


def find(text: str, structure: Structure) -> tuple[WikiLink, ...]:
    """Every wikilink of a page, in order, except in code, comments and math."""
    if "[[" not in text:
        return ()
    opaque = structure.opaque
    if ("](" in text and any(mark in text for mark in ("([[", '"[[', "'[["))) or (
        "]:" in text and _DEFINED.search(text)
    ):
        addresses = (Span(link.address, max(link.address_end, link.end)) for link in structure.links)
        opaque = tuple(sorted((*opaque, *(span for span in addresses if span))))
    starts = [s.start for s in opaque]
    found: list[WikiLink] = []
    at = opaque[0].end if opaque and not opaque[0].start else 0
    search = _LINK.search
    while (m := search(text, at)) is not None:
        start = m.start()
        embed = start > at and text[start - 1] == "!"
        start -= embed
        at = m.end()
        i = bisect_right(starts, start) - 1
        if i >= 0 and start < opaque[i].end:
            at = max(opaque[i].end, start + 1)
            continue
        if i + 1 < len(starts) and starts[i + 1] < at and not _only_in_label(m, opaque[i + 1]):
            at = start + 2  # brackets around code are not a link, but a link may begin inside them
            continue
        if (link := _read(text, m, start, embed)) is not None:
            found.append(link)
    return tuple(found)


def read(m: re.Match[str]) -> WikiLink | None:
    """The link for a match of ``MAYBE_LINK``, or None if it is escaped, empty, or the text of an ordinary link."""
    start = m.start()
    embed = m[0].startswith("!")
    inner = _LINK.match(m.string, start + embed)
    return _read(m.string, inner, start, embed) if inner else None


def _only_in_label(m: re.Match[str], hole: Span) -> bool:
    """Whether code or math inside the brackets is completely in the label, where it is allowed."""
    return m.start(2) >= 0 and m.start(2) <= hole.start and hole.end <= m.end(2)


def _read(text: str, m: re.Match[str], start: int, embed: bool) -> WikiLink | None:
    end = m.end()
    whole, label = m.groups()
    target_start = m.start(1)
    if start and text[start - 1] == "\\" and is_escaped(text, start):
        if not embed:
            return None
        start, embed = start + 1, False  # \![[x]]: an escaped exclamation mark, then a link
    if text.startswith("(", end) and ADDRESS_BEHIND.match(text, end):
        return None  # [[x]](url) is an ordinary link whose text is [x]
    table = label is not None and whole.endswith("\\")
    if table:
        whole = whole[:-1]
    name, anchor = _split_anchor(whole) if "#" in whole else (whole, None)
    target = name.strip()
    if not target and not (anchor and anchor.strip()):
        return None
    if target and len(target) != len(name):
        target_start += len(name) - len(name.lstrip())
    block = None
    if anchor is not None:
        anchor = anchor.strip()
        if anchor.startswith("^"):
            block = anchor[1:]
            anchor = None
    return WikiLink(start, end, embed, target, target_start, anchor, block, label, table)


def _split_anchor(whole: str) -> tuple[str, str | None]:
    """Splits at the ``#`` that begins an anchor; number signs at the end (``C#``) belong to the name."""
    name, mark, anchor = whole.partition("#")
    anchor = anchor.lstrip("#")
    return (name, anchor) if mark and anchor.strip() else (whole, None)


def written(link: WikiLink, text: str) -> str:
    """The text of a link before its label: name and anchor as written."""
    end = link.target_start
    while text[end] not in "|]":
        end += 1
    return text[link.target_start : end - link.table]


def label_span(link: WikiLink, text: str) -> Span:
    """The span of a link's label: at its end, but before the target in Dendron; empty without one."""
    length = len(link.label or "")
    end = text.rfind("|", link.start, link.target_start) - link.table
    end = end if end >= 0 else link.end - 2
    return Span(end - length, end)


def shown(link: WikiLink, text: str) -> str:
    """The displayed text of a link without a label. ``link`` is as read by the wiki: see ``Index.read``."""
    if "#" not in link.target.rstrip("#"):
        return label_of(written(link, text)) or link.target
    place = label_of(link.anchor or link.block or "")
    return f"{link.target} › {place}" if place else link.target


def other_readings(link: WikiLink, text: str) -> Iterator[WikiLink]:
    """The same link with more text interpreted as the name, longest first: ``[[C# 기초]]``, ``[[C##Heading]]``. Only
    for wikis with such names; otherwise ``#`` begins an anchor."""
    whole = written(link, text)
    for cut in range(len(whole), len(link.target), -1):
        if cut < len(whole) and whole[cut] != "#":
            continue
        name, anchor = whole[:cut].rstrip(), whole[cut + 1 :].strip() or None
        block = anchor[1:] if anchor and anchor.startswith("^") else None
        heading = None if block is not None else anchor
        yield link._replace(target=name, anchor=heading, block=block)


_DEFINED = re.compile(r"\]:\s*\[\[")
"""A definition whose address is a wikilink, which the site does not support."""
_DASHES = r"_\-\u2010-\u2015\u2212\uFE58\uFE63\uFF0D"
_GAP = re.compile(rf"[\s{_DASHES}]+")
_ALONE = re.compile(rf"(?<=\s)[{_DASHES}]+(?=\s)")


def page_name(name: str) -> str:
    """A name as compared exactly: NFC, trimmed, without a trailing ``.md``."""
    name = name.strip()
    if name[-3:].lower() == ".md":
        name = name[:-3]
    return name if name.isascii() else unicodedata.normalize("NFC", name)


@lru_cache(maxsize=1 << 16)
def fold_title(name: str) -> str:
    """The one normalisation under which two spellings are the same name.

    A trailing ``.md`` is dropped; then canonical caseless matching (Unicode 3.13, D145; never NFKC, so that
    ``①`` stays itself), runs of blanks, ``_`` and dashes between words as one space, trimmed. Dashes at either end of
    the name, or between blanks, are part of it: ``Cl-``, ``_draft``, ``A - B``. So is punctuation: C, C++ and C#
    differ. Idempotent.
    """
    name = page_name(name)
    if not name.isascii():
        name = unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
        name = unicodedata.normalize("NFC", name)
    else:
        name = name.lower()
    name = _GAP.sub(_folded_gap, name).strip()
    # "x.md .md" must reach its final form in one pass.
    return fold_title(name) if name.endswith(".md") else name


def _folded_gap(gap: re.Match[str]) -> str:
    run = gap[0]
    if gap.start() == 0 or gap.end() == len(gap.string):
        return _BLANKS.sub(" ", run)
    alone = _ALONE.findall(run)
    return f" {' '.join(alone)} " if alone else " "


_BLANKS = re.compile(r"\s+")

_PLACEHOLDER = re.compile(r"\{\{|\{%|\{@|<%|\$\{|\A(?:\.{3,}|\u2026+)\Z|\A(?=.*YYYY)[YMDWQdHhmsw\W_]+\Z")


def has_placeholder(target: str) -> bool:
    """Whether a template engine (Obsidian's templates, Templater, Jinja, Javadoc, editors' snippets) or a reader has
    yet to replace part of a link's target: ``YYYY-MM-DD``, ``...``."""
    return _PLACEHOLDER.search(target) is not None


_ATTACHMENT = re.compile(
    r"(?i)\.(png|jpe?g|gif|svg|webp|avif|bmp|tiff?|ico|pdf|mp[34]|webm|ogg|wav|flac|m4a|mov|mkv|ogv|3gp"
    r"|zip|tar|gz|csv|tsv|xlsx?|docx?|pptx?|ipynb|canvas|base|excalidraw|drawio)$"
)


def is_attachment_name(target: str) -> bool:
    """Whether a target looks like a file other than a page. ``torch.compile`` does not."""
    return _ATTACHMENT.search(target.strip(), 1) is not None  # ".csv" alone is a name


def can_be_target(name: str) -> bool:
    """Whether a wikilink can contain a name unchanged."""
    return bool(name.strip()) and name == name.strip() and not set("[]|\r\n") & set(name) and not _anchored(name)


def _anchored(name: str) -> bool:
    return _split_anchor(name)[1] is not None or name.endswith("\\")

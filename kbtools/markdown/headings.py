"""Headings: plain text and ids as the table of contents has them.

Ids follow Python-Markdown's ``toc`` with ``pymdownx.slugs.slugify(case="lower")``: Hangul is kept, and a second
heading of the same name gets ``_1``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from kbtools.markdown.attribute_list import read_attributes
from kbtools.markdown.blocks.raw_html import MARK
from kbtools.markdown.inline import code_spans, math_spans
from kbtools.markdown.marks import ETX, STX

_ATTRIBUTES = re.compile(r"[ ]+\{:?[ ]*([^}\n ][^\n]*)\}[ ]*$")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()>#+\-.!|$^ =~])")
_TAG = re.compile(
    r"""<(?:/?+[a-zA-Z][^\s"'<>@]*+(?:\s+[^\s"'=<>]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'=<>]++))?+)*+\s*+/?"""
    r"""|!--(?:(?!<!--|-->).)*--)>""",
    re.DOTALL,
)
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]*+://[^<>]*+|[^<> !@]++@[^@<> ]++)>")
_LANGUAGE = re.compile(r"(?:(?:#!|:{3,})[\w#.+-]+)\s+")
_FOOTNOTE = re.compile(r"\[\^([^\]]*+)\]")
_DESTINATION = re.compile(r"\((?:[^()\\]|\\.|\([^()]*+\))*+\)")
_DELIMITERS = re.compile(r"\*+|_+|~+|=+|\^+")
_SLUG_TAG = re.compile(r"</?[^>]*>")
_NOT_SLUG = re.compile(r"[^\w\- ]")
_MARKUP = re.compile(r"[`$<&\[\\*_~=^\x02]")
_SPACE = re.compile(r"\s")
_NONE: Mapping[int, str] = MappingProxyType({})
_COUNTED = re.compile(r"(.*)_([0-9]+)$", re.DOTALL)


def slugify(text: str) -> str:
    """A heading's text as an id: ``pymdownx.slugs.slugify(case="lower")`` with ``-`` between words."""
    slug = text if text.isascii() else unicodedata.normalize("NFC", text)
    if "<" in slug:
        slug = _SLUG_TAG.sub("", slug)
    return _NOT_SLUG.sub("", slug.strip().lower()).replace(" ", "-")


class Ids:
    """Generates ids that are unique in a page, in order of the calls: Python-Markdown's ``toc.unique``."""

    def __init__(self, used: Iterable[str] = ()) -> None:
        self.used = set(used)
        self.known: dict[str, int] = {}

    def unique(self, name: str) -> str:
        if name and name not in self.used:
            self.used.add(name)
            return name
        m = _COUNTED.match(name)
        base, count = (m[1], int(m[2][-18:])) if m else (name, 0)
        # Numbers up to the known one are in use; trying them again would take quadratic time for equal headings.
        known = self.known.get(base, 0)
        steps = count <= known or name == f"{base}_{known + 1}"
        count = (max(count, known) if steps else count) + 1
        while f"{base}_{count}" in self.used:
            count += 1
        if steps:
            self.known[base] = count
        self.used.add(f"{base}_{count}")
        return f"{base}_{count}"


def split_attributes(title: str) -> tuple[str, str | None]:
    """A heading's text without its attribute list, and the id that list sets."""
    if not title.rstrip(" ").endswith("}"):
        return title, None
    begin = 0
    if "`" in title:
        begin = max((end for _, end, _ in code_spans(title)), default=0)
    m = _ATTRIBUTES.search(title, begin)
    if m is None:
        return title, None
    found, end = read_attributes(m[1])
    if "}" in m[1][end:]:
        return title, None
    name = next((value for key, value, _, _ in reversed(found) if key == "id" and value is not None), None)
    return title[: m.start()].rstrip("#").rstrip(), name


def _links(text: str) -> str:
    """Links and wikilinks as their labels, images as nothing. Brackets are paired once, so time stays linear."""
    stack: list[int] = []
    pairs: dict[int, int] = {}
    for m in re.finditer(r"[\[\]]", text):
        if m[0] == "[":
            stack.append(m.start())
        elif stack:
            pairs[stack.pop()] = m.start()
    drops: list[tuple[int, int]] = []
    shown: dict[int, str] = {}
    for start in sorted(pairs):
        end, image = pairs[start], start > 0 and text[start - 1] == "!"
        if drops and start < drops[-1][1]:
            continue
        if text.startswith("[[", start) and pairs.get(start + 1) == end - 1 and text[start + 2 : end - 1].strip():
            pipe = text.rfind("|", start + 2, end - 1)
            if pipe < 0:
                shown[start - image] = label_of(text[start + 2 : end - 1])
            drops += ((start - image, end - 1 if pipe < 0 else pipe + 1), (end - 1, end + 1))
        elif (link := _DESTINATION.match(text, end + 1)) is not None:
            drops += [(start - 1, link.end())] if image else [(start, start + 1), (end, link.end())]
    return _without(text, drops, shown)


_ANCHOR = re.compile(r"#(?=[^\s#])")


def label_of(target: str) -> str:
    """How a wikilink without a label is shown: ``T#H1#H2`` as ``T › H1 › H2``. Number signs that a blank follows, or
    nothing, are part of a name more often than the beginning of a heading: ``C# 기초`` and ``C#`` are not changed."""
    parts = (part.strip().lstrip("^") for part in _ANCHOR.split(target.rstrip("\\")))
    return " › ".join(part for part in parts if part)


def _without(text: str, drops: list[tuple[int, int]], put: Mapping[int, str] = _NONE) -> str:
    """The text without some spans; ``put`` gives the replacement at the beginning of each."""
    parts: list[str] = []
    at = 0
    for start, end in sorted(drops):
        if start >= at:
            parts += (text[at:start], put.get(start, ""))
        at = max(at, end)
    return "".join((*parts, text[at:]))


def _emphasis(text: str) -> str:
    """The text without ``*``, ``_``, ``~~``, ``==`` and ``^^`` where they are markup."""
    opened: dict[tuple[str, int], list[int]] = {}
    drops: list[tuple[int, int]] = []
    for m in _DELIMITERS.finditer(text):
        start, end = m.span()
        char = text[start]
        before, after = text[start - 1 : start], text[end : end + 1]
        can_close = bool(before) and not before.isspace()
        can_open = bool(after) and not after.isspace()
        if char == "_":
            can_close = can_close and not (after and (after.isalnum() or after == "_"))
            can_open = can_open and not (before and (before.isalnum() or before == "_"))
        if char == "=" and end - start != 2:
            continue
        waiting = opened.get((char, end - start))
        if waiting and char in "~^" and end - start == 1 and _SPACE.search(text, waiting[-1], start):
            # Sub- and superscript hold no blanks.
            waiting.clear()
        if can_close and waiting:
            begin = waiting.pop()
            drops += ((begin, begin + end - start), (start, end))
            # Delimiters opened inside the element that closes here remain text.
            for others in opened.values():
                while others and others[-1] > begin:
                    others.pop()
        elif can_open:
            opened.setdefault((char, end - start), []).append(start)
    return _without(text, drops)


def plain_text(title: str, footnotes: frozenset[str] | set[str] = frozenset()) -> str:
    """A heading's text with inline markup taken away, as a reader sees it."""
    if not _MARKUP.search(title):
        return " ".join(title.split())
    kept: list[str] = []

    def keep(piece: str) -> str:
        kept.append(piece)
        return f"{STX}{len(kept) - 1}{ETX}"

    text = MARK.sub("", title) if STX in title else title
    if "`" in text:
        parts: list[str] = []
        at = 0
        for start, end, ticks in code_spans(text):
            inner = text[start + ticks : end - ticks].strip()
            m = _LANGUAGE.match(inner)
            parts += (text[at:start], keep(inner[m.end() :] if m else inner))
            at = end
        text = "".join([*parts, text[at:]])
    if "$" in text or "\\(" in text:
        parts, at = [], 0
        for start, end in math_spans(text):
            whole, inner = text[start:end], text[start:end].strip("$")
            if not whole.startswith("$$"):
                inner = inner if whole[0] == "$" else whole[2:-2]
                whole = f"\\({inner}\\)"
            elif not (inner[0].isspace() or inner[-1].isspace()):
                # The renderer takes the inner pair of ``$$`` for math and shows the outer one.
                whole = f"$\\({inner}\\)$"
            parts += (text[at:start], keep(whole))
            at = end
        text = "".join([*parts, text[at:]])
    if "\\" in text:
        text = _ESCAPED.sub(lambda m: keep(m[1]), text)
    if footnotes and "[^" in text:
        text = _FOOTNOTE.sub(lambda m: "" if m[1] in footnotes else m[0], text)
    if "[" in text:
        text = _links(text)
    if "<" in text:
        text = _TAG.sub("", _AUTOLINK.sub(lambda m: keep(m[1]), text))
    text = _emphasis(text)
    if "&" in text:
        from html import unescape  # a table of all entities, which few headings have

        text = unescape(text)
    if kept:
        text = re.sub(f"{STX}([0-9]+){ETX}", lambda m: kept[int(m[1])], text)
    return " ".join(text.split())

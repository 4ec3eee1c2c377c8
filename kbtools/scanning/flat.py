"""Pages whose blocks stand side by side: paragraphs, headings, simple lists and fences, nothing inside another.

Most pages are such, and need no block parser: where a block ends is where a blank line is. Whatever could open a
container, define something or be raw HTML is left to ``blocks``; the tests hold the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbtools.scanning import fence_problems, fences, inlines
from kbtools.scanning.headings import Title, named
from kbtools.scanning.lines import Body
from kbtools.scanning.rows import HASH, ITEM, kinds_of
from kbtools.scanning.structure import Structure, union
from kbtools.source import Span

# Never in such a page: other line ends, tabs, Python-Markdown's own marks, raw HTML, block ids, footnotes, comments.
_NEVER = ("<", "^", "\t", "\r", "\x02", "\x03", "%%")
# What may be more than prose, from the line end before it: plain headings, with their title, and whatever begins with
# a character that means something, but for wikilinks, numbers and items of lists that go on with a letter.
_MARK = r"[>:*+\-_=|\[#!?\\$0-9]"
_SPECIAL = re.compile(
    r"\n(?:(#{1,6})([^#\\\n]*+)(?![#\\])"
    r"|(?! {0,3}(?:\[\[|\d++(?!\. )|(?:[*+-]|\d++\.) ++(?:[^\W\d_]|\[\[)))"
    rf"(?: {{0,3}}{_MARK}|    (?! *(?:\n|\Z))))"
)
_DISPLAY_MATH = ("$$", "\\[", "\\begin{")
_INLINE = ("`", "$", "\\(")
_OTHER = ("other",)
_ITEMS = (("olist",), ("ulist",))
_BLANK_LINES = re.compile(r"\n(?: *\n)+")

Stretch = tuple[int, int]


def scan(text: str, frontmatter: Span | None) -> Structure | None:
    """The structure of a page, or None for a page that is not flat."""
    begin = frontmatter.end if frontmatter else 0
    prose = text[begin:] if begin else text
    if prose[:1] == " " or (begin and prose and text[begin - 1] != "\n"):
        return None
    gaps, found = [(begin, len(text))], []
    if "```" in prose or "~~~" in prose:
        body = Body(text, begin)
        blocks = list(fences.find(body.texts))
        if any(block.end != "closed" or block.prefix for block in blocks):
            return None
        if "\t" in prose or "\r" in prose or fence_problems.is_suspicious(body, blocks, False):
            return None
        found = [fences.to_fence(body, block) for block in blocks]
        gaps = _between(body, blocks)
        prose = "\n".join([text[start:end] for start, end in gaps])
    for mark in _NEVER:
        if mark in prose:
            return None
    titles: list[Title] = []
    for start, end in gaps:
        if not _read(text, begin, start, end, titles):
            return None
    opaque = [(fence.span.start, fence.span.end) for fence in found]
    for mark in _INLINE:
        if mark in prose:
            if not _inline(text, gaps, titles, opaque):
                return None
            break
    if frontmatter:
        opaque.append((0, begin))
    return Structure(frontmatter, tuple(found), named(titles), (), (), union(opaque), ())


def _between(body: Body, blocks: list[fences.Block]) -> list[Stretch]:
    """What is not fences; each stretch begins at the start of a line and ends behind a line end or the text."""
    gaps, at, length = [], body.starts[0], len(body.source)
    for block in blocks:
        gaps.append((at, body.starts[block.first]))
        at = min(body.ends[block.last] + 1, length)
    return [*gaps, (at, length)]


def _read(text: str, begin: int, start: int, end: int, titles: list[Title]) -> bool:
    """Collect the headings of a stretch; False where a line is more than prose, a heading, an item or a rule."""
    if start == 0:
        # The expression wants a line end in front.
        stop = _line_end(text, 0, end)
        if _SPECIAL.match("\n" + text[:stop]) and not _line(text, begin, 0, stop, titles):
            return False
    for m in _SPECIAL.finditer(text, max(0, start - 1), end):
        at = m.start() + 1
        if m.lastindex:
            titles.append((m.end(1) - at, m[2].strip(), at, m.end()))
        elif not _line(text, begin, at, _line_end(text, at, end), titles):
            return False
    return True


def _line_end(text: str, at: int, end: int) -> int:
    stop = text.find("\n", at, end)
    return stop if stop >= 0 else end


def _line(text: str, begin: int, at: int, stop: int, titles: list[Title]) -> bool:
    line = text[at:stop]
    if line[0] == "#":
        title = line.lstrip("#")
        level = len(line) - len(title)
        if level > 6 or "#" in title or "\\" in title:
            m = HASH.match(line)
            if m is None:
                return True
            level, title = len(m["level"]), m["header"]
        titles.append((level, title.strip(), at, stop))
        return True
    kinds = kinds_of(line)
    if not kinds:
        return True
    if "rule" in kinds:
        # Between blank lines it underlines nothing.
        return (at == begin or text.startswith("\n\n", at - 2)) and text[stop : stop + 2] in ("\n\n", "\n", "")
    if kinds == _OTHER:
        return not line.startswith(_DISPLAY_MATH)
    if kinds not in _ITEMS:
        return False
    m = ITEM.match(line)
    rest = line[m.end() :] if m else ""
    inner = kinds_of(rest)
    return not inner or (inner == _OTHER and not rest.startswith(_DISPLAY_MATH))


def _inline(text: str, gaps: list[Stretch], titles: list[Title], opaque: list[Stretch]) -> bool:
    """Collect inline code and math; False where a text with either may go on behind a fence."""
    headings = {at for _, _, at, _ in titles}
    last = len(gaps) - 1
    carried = False
    """Whether there is some in the lines that end at the fence before."""
    for number, (start, end) in enumerate(gaps):
        pieces = _pieces(text, start, end)
        for index, (low, high, has) in enumerate(pieces):
            if has:
                if number and not index and (carried or "\n" in text[low:high]):
                    return False
                for first, after in _leaves(text, low, high, headings):
                    opaque += ((first + span.start, first + span.end) for span in inlines.opaque(text[first:after]))
        if number < last and pieces:
            carried = pieces[-1][2] or (carried and len(pieces) == 1)
    return True


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int, bool]]:
    """What stands between blank lines, and whether anything in it may be inline code or math.

    The first piece touches what is before the stretch, the last what is behind it; either may be empty.
    """
    found = []
    low = start
    for m in _BLANK_LINES.finditer(text, max(0, start - 1), end):
        found.append((low, max(low, m.start())))
        low = m.end()
    found.append((low, max(low, end - 1) if text[end - 1 : end] == "\n" else end))
    return [(low, high, any(text.find(mark, low, high) >= 0 for mark in _INLINE)) for low, high in found]


def _leaves(text: str, low: int, high: int, headings: set[int]) -> Iterator[Stretch]:
    """The texts of one block: its headings, its paragraphs, and of a list every item."""
    first, is_list = -1, False
    at = low
    while at < high:
        stop = _line_end(text, at, high)
        if at in headings:
            if first >= 0:
                yield first, at
            yield at, stop
            first = -1
        elif first < 0:
            if at < stop:
                m = ITEM.match(text, at, stop)
                first, is_list = m.end() if m else at, m is not None
        elif is_list and (m := ITEM.match(text, at, stop)):
            yield first, at
            first = m.end()
        at = stop + 1
    if first >= 0:
        yield first, high

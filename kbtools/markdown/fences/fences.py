"""Finds the fences of a page as pymdownx.superfences finds them.

The algorithm is that of ``SuperFencesBlockPreprocessor`` (pymdown-extensions 13.1): line by line, at any indentation
and behind any run of ``>``, before anything else of Markdown is looked at. A fence opens where its header is one the
extension accepts; it closes with the same characters behind the same prefix; a line that stands too far left abandons
it. Whether the block parser then shows it as code or, in an indented code block, as text is for ``blocks`` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from kbtools.markdown.attribute_list import read_attributes
from kbtools.markdown.source_lines import SourceLines
from kbtools.markdown.structure import Fence, Header, Option
from kbtools.text.source import Span

OPENER_LINE = re.compile(r"^([> ]*+)(`{3,}|~{3,})([^\n]*)", re.MULTILINE)
_LANGUAGE = re.compile(r"[ \t]*\.?([\w#.+-]+)(?=[\t ]|$)")
_KEY = re.compile(r"[ \t]*([a-zA-Z][a-zA-Z0-9_]*)")
_OPTION = re.compile(r"""([a-zA-Z][a-zA-Z0-9_]*)(?:=(?:"(.*?)"|'(.*?)'))?""")
_HL_LINES = re.compile(r"\d+(?:-\d+)?(?:[ \t]+\d+(?:-\d+)?)*+$")
_LONGEST_AMBIGUOUS = 4096
# Quarto's and knitr's cells are shown by superfences, as code without a language; MyST's cells and directives are not,
# nor are fences with options of markdown-exec unless it is there: they are fences of sites that use those tools.
_QUARTO = re.compile(r"[ \t]*\{\{?(python|r|julia|bash|sh|sql|ojs|mermaid|dot)(?=[ ,}])[^{}]*\}?\}[ \t]*\Z")
_MYST = re.compile(r"[ \t]*\{([a-zA-Z][\w:.+-]*)\}(?:[ \t]+([^{}`]*?))?[ \t]*\Z")
_CELLS = ("code-cell", "code-block", "code", "sourcecode")


class End(Enum):
    """How a fence that superfences opened, or tried to open, ends."""

    CLOSED = auto()
    REFUSED = auto()
    """Its header is not one that superfences accepts."""
    DEDENTED = auto()
    """A line stands too far left."""
    UNCLOSED = auto()


class Block(NamedTuple):
    """A run of lines that superfences sets aside, or tried to."""

    first: int
    """Row of the opening fence."""
    last: int
    """Row of the closing fence; for a fence that never closed, of the line that ended it."""
    prefix: int
    """Columns in front of the fence: what is taken off every line."""
    marks: str
    header: Header | None
    """None where the header is not one that superfences accepts."""
    end: End


def _attributes(text: str, at: int) -> tuple[str | None, list[str], list[Option], bool]:
    """The id, classes, options and whether ``hl_lines`` and ``linenums`` have values, of an attribute list."""
    name, classes, options, valued = None, [], [], True
    for key, value, start, end in read_attributes(text)[0]:
        if key == "id":
            name = value
        elif key == ".":
            classes.append(value or "")
        else:
            valued = valued and (value is not None or key not in ("hl_lines", "linenums"))
            options.append(Option(key, value or "", Span(at + start, at + end)))
    return name, classes, options, valued


def _is_options(text: str) -> bool:
    """Whether a text is a run of ``key`` and ``key="value"`` as superfences' regular expression takes it.

    That expression tries every way to pair the quotes, in exponential time; this keeps the set of places at which an
    option can end instead. Only a header with stray quotes needs more than the first way.
    """
    end = len(text.rstrip(" \t"))
    if end > _LONGEST_AMBIGUOUS:
        return False
    reachable = {0}
    opened: dict[str, int] = {}
    for at in range(end + 1):
        if at and text[at - 1] in opened and opened[text[at - 1]] < at and (at == len(text) or text[at] in " \t"):
            reachable.add(at)
        if at not in reachable:
            continue
        if at == end:
            return True
        if m := _KEY.match(text, at):
            if m.end() == len(text) or text[m.end()] in " \t":
                reachable.add(m.end())
            elif text[m.end()] == "=" and text[m.end() + 1 : m.end() + 2] in ("'", '"'):
                opened.setdefault(text[m.end() + 1], m.end() + 2)
    return False


def _valid(key: str, value: str) -> bool:
    """Whether the renderer accepts an option outside braces; with an unknown option it rejects the whole fence."""
    if key == "hl_lines":
        return bool(_HL_LINES.match(value))
    if key == "linenums":
        return value[:1].isdigit() and bool(re.match(r"\d", value))
    return key in ("title", "title_mode")


def parse_header(info: str, at: int = 0) -> Header | None:
    """Read the text behind a fence's characters; None where superfences refuses it. Spans are shifted by ``at``."""
    info = info.rstrip(" \t")
    m = _LANGUAGE.match(info)
    language, rest = (m[1], m.end()) if m else ("", 0)
    if rest == len(info):
        return Header(language)
    if (cell := _QUARTO.match(info)) is not None:
        shown = info.lstrip(" \t").startswith("{{")
        return Header(cell[1], tool="Quarto's {{…}}" if shown else "Quarto")
    if (directive := _MYST.match(info)) is not None:
        return Header((directive[2] or "") if directive[1] in _CELLS else "", tool=f"MyST's {{{directive[1]}}}")
    inner = len(info) - len(info[rest:].lstrip(" \t"))
    if info[inner] == "{" and info.endswith("}"):
        name, classes, options, valued = _attributes(info[inner + 1 : -1].replace("\t", " "), at + inner + 1)
        if not m and classes:
            language = classes.pop(0)
        if not valued and language != "mermaid":
            return None
        return Header(language, name, tuple(classes), tuple(options))
    if not _is_options(info[rest:]):
        return None
    found: dict[str, Option] = {}
    for option in _OPTION.finditer(info, rest):
        value = option[2] if option[2] is not None else option[3]
        value = option[1] if value is None else value
        found[option[1]] = Option(option[1], value, Span(at + option.start(), at + option.end()))
    if "exec" in found or all(_valid(option.key, option.value) for option in found.values()):
        return Header(language, options=tuple(found.values()))
    return None


def _split_prefix(line: str, width: int) -> tuple[str, str]:
    """A line's indentation and quote marks, at most ``width`` columns of them, and the rest."""
    at = 0
    while at < width and at < len(line) and line[at] in "> ":
        at += 1
    return line[:at], line[at:]


def close(texts: list[str], first: int, prefix: str, marks: str) -> tuple[int, End]:
    """Follow a fence from its opening row to the row that ends it, and how it ends."""
    width, quotes = len(prefix), prefix.count(">")
    was_empty = False
    for row in range(first + 1, len(texts)):
        line = texts[row]
        before, content = _split_prefix(line, width) if width else ("", line)
        depth = before.count(">")
        if quotes:
            if depth > quotes:
                return row, End.DEDENTED
            if content == "":
                was_empty = True
                continue
            if len(before) < width or (was_empty and depth < quotes):
                return row, End.DEDENTED
        else:
            if depth:
                return row, End.DEDENTED
            if not line.strip():
                continue
            if len(before) != width and content:
                return row, End.DEDENTED
        if content.startswith(marks) and not content[len(marks) :].strip(" \t"):
            return row, End.CLOSED
        was_empty = False
    return len(texts) - 1, End.UNCLOSED


def find(texts: list[str]) -> Iterator[Block]:
    """Every fence the preprocessor opens, and every opening it refuses, in order."""
    joined = "\n".join(texts)
    row, counted, resume = 0, 0, 0
    for m in OPENER_LINE.finditer(joined):
        row += joined.count("\n", counted, m.start())
        counted = m.start()
        if row < resume:
            continue
        header = parse_header(m[3])
        if header is None:
            yield Block(row, row, len(m[1]), m[2], None, End.REFUSED)
            continue
        last, end = close(texts, row, m[1], m[2])
        resume = last + 1
        yield Block(row, last, len(m[1]), m[2], header, end)


def to_fence(body: SourceLines, block: Block) -> Fence:
    """The public value of a closed block, with all places in the page's source."""
    start = body.offset(block.first, block.prefix)
    info_at = start + len(block.marks)
    raw = body.source[info_at : body.ends[block.first]]
    stripped = raw.strip(" \t")
    info = info_at + (len(raw) - len(raw.lstrip(" \t")) if stripped else 0)
    spans, code = [], []
    for row in range(block.first + 1, block.last):
        at = body.offset(row, block.prefix)
        spans.append(Span(at, body.ends[row]))
        code.append(" " * body.slack(row, block.prefix) + body.source[at : body.ends[row]])
    end = body.offset(block.last, block.prefix) + len(block.marks)
    header = parse_header(raw, info_at) or block.header or Header("")
    return Fence(
        Span(start, end), Span(info, info + len(stripped)), header, tuple(spans), "\n".join(code) + "\n" if code else ""
    )

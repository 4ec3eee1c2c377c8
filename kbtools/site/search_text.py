"""A rendered page as the text that search knows of it: sections, each with its heading's id, heading and plain text.

Read from the HTML, not from the Markdown, because that is what readers see: embeds, macros and pages that other plugins
made are in it. Not a full HTML parser: a linear scan for tags, which is all that a renderer's output needs.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

_PERMALINK = re.compile(r'<a class="headerlink"[^<>]*>[^<]*</a>')
_TAG = re.compile(
    r"""<!--.*?(?:-->|\Z)|<(/?)([a-zA-Z][a-zA-Z0-9:-]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*)>""",
    re.DOTALL,
)
_CODE = re.compile(r"<pre\b[^<>]*>(?:(?!</pre>).)*", re.DOTALL)
_IN_CODE = re.compile(r"</?(?:span|a|code)\b[^<>]*>")
_ID = re.compile(r"""\bid=(?:"([^"]*)"|'([^']*)')""")
_SPACE = re.compile(r"\s+")
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_UNREAD = frozenset(("script", "style", "template", "svg", "math", "object", "iframe", "noscript"))
_EMPTY = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "cite",
        "code",
        "del",
        "em",
        "i",
        "ins",
        "kbd",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
        "u",
        "var",
        "wbr",
    ]
)
BREAK = "\n"
"""What stands between blocks in a section's text, so that a teaser does not run from one into the next."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: from a heading to the next."""

    anchor: str
    """The heading's id; empty for what stands before the first heading, and for the page's title."""
    heading: str
    """The heading as plain text; empty where the anchor is."""
    text: str
    """The plain text, blocks divided by ``BREAK``."""


class _Sections:
    def __init__(self) -> None:
        self.done: list[Section] = []
        self.anchor = self.heading = ""
        self.parts: list[str] = []

    def close(self) -> None:
        lines = (_SPACE.sub(" ", line).strip() for line in "".join(self.parts).split(BREAK))
        text = BREAK.join(line for line in lines if line)
        if text or self.heading:
            self.done.append(Section(self.anchor, self.heading, text))
        self.parts = []


def sections(page: str) -> tuple[Section, ...]:
    """The sections of a page's HTML, in order. Elements marked ``data-search-exclude`` are left out. Total."""
    page = _CODE.sub(lambda m: _IN_CODE.sub("", m[0]), _PERMALINK.sub("", page))
    out = _Sections()
    skipping, depth = "", 0
    heading: list[str] | None = None
    level, anchor = "", ""
    at = 0
    for m in _TAG.finditer(page):
        name = (m[2] or "").lower()
        if not skipping and m.start() > at:
            (out.parts if heading is None else heading).append(html.unescape(page[at : m.start()]))
        at = m.end()
        if not name:
            continue
        closing = bool(m[1])
        if skipping:
            if name == skipping:
                depth += -1 if closing else 1
                skipping = skipping if depth else ""
        elif not closing and name not in _EMPTY and (name in _UNREAD or "data-search-exclude" in m[3]):
            if not m[3].endswith("/"):
                skipping, depth = name, 1
        elif name in _HEADINGS and heading is None and not closing:
            found = _ID.search(m[3])
            heading, level = [], name
            anchor = html.unescape(found[1] or found[2] or "") if found else ""
        elif name == level and heading is not None and closing:
            out.close()
            title = _SPACE.sub(" ", "".join(heading)).strip()
            top = level == "h1" and not out.done
            out.anchor, out.heading = ("", "") if top or not anchor else (anchor, title)
            if not anchor and not top:
                out.parts.append(title + BREAK)
            heading, level = None, ""
        elif name not in _INLINE and heading is None:
            out.parts.append(BREAK)
    if not skipping:
        (out.parts if heading is None else heading).append(html.unescape(page[at:]))
    if heading is not None:
        out.parts.extend(heading)
    out.close()
    return tuple(out.done)

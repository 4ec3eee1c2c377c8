"""Markdown links that are none: text in the form of ``[words](address)`` that its author meant otherwise."""

from __future__ import annotations

import re

from kbtools.markdown.file_links import FileLink, has_ending
from kbtools.markdown.link_syntax import WIKILINK
from kbtools.text.source import Source

_ANCHOR = re.compile(r"\{:?[ ]*#")
_FORMULA = re.compile(r"[_^]\{|\\(?:left|right|[bB]ig\w*)\b")
_IN_CODE = re.compile(r"[()=@]")
_END_OF_NAME = re.compile(r"[#|]")


def is_no_link(file: FileLink, source: Source, *, has_site: bool) -> bool:
    """Whether a link is an anchor, ``[](){#id}``, or one of those that only a site's renderer takes for links: a
    wikilink with a remark in parentheses, a link within a wikilink, a product in a formula."""
    text = source.text
    if not file.path:
        return _ANCHOR.match(text, file.end) is not None
    if has_site:
        return False
    line = source.lines.line(source.lines.line_of(file.start)).start
    is_remark = "/" not in file.path and not file.path.endswith(".md") and wikilink_at(file, text) is not None
    is_inside = text.rfind("[[", line, file.start) > text.rfind("]]", line, file.start)
    before = text[max(0, file.start - 1) : file.start]
    if before.isascii() and before.isalnum() and not has_ending(file.path) and _IN_CODE.search(file.path):
        return True  # names[index](call(x)), or the formula of a molecule
    return is_remark or is_inside or _FORMULA.search(file.path_span.of(text)) is not None


def wikilink_at(file: FileLink, text: str) -> str | None:
    """The name in ``[[Page]](words)``, which the site takes for a Markdown link."""
    m = WIKILINK.match(text, file.start)
    return _END_OF_NAME.split(m[1])[0] if m is not None else None

"""Markdown links that are none, text in the form of ``[words](address)`` that its author meant otherwise, and those of
copied web pages, which nobody wrote for the vault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kbtools.markdown.file_links import FileLink, has_ending
from kbtools.markdown.link_syntax import WIKILINK
from kbtools.text.diagnostics import Problem, Severity
from kbtools.text.source import Source
from kbtools.vault.page import Page

_ANCHOR = re.compile(r"\{:?[ ]*#")
_EMPTY = re.compile(r"[^<>]*>\s*</a\s*>", re.IGNORECASE)
_FORMULA = re.compile(r"[_^]\{|\\(?:left|right|[bB]ig\w*)\b")
_IN_CODE = re.compile(r"[()=@]")
_WEB = re.compile(r"https?://")
_ORIGIN = ("source", "source_url", "url", "link")
"""Fields in which programs that save web pages put the address."""
_BEGINS_WITH_ADDRESS = re.compile(r"\s*(?:#{1,6} [^\r\n]*\s+)?<?https?://[^\s>]+>?[ \t]*(?:\r|\n)")
"""A page whose first line, or the first below a heading, is an address."""
_END_OF_NAME = re.compile(r"[#|]")


def is_no_link(file: FileLink, source: Source, *, has_site: bool) -> bool:
    """Whether a link is an anchor, ``[](){#id}``, shows nothing, or is one of those that only a site's renderer takes
    for links: a wikilink with a remark in parentheses, a link within a wikilink, a product in a formula."""
    text = source.text
    if not file.path:
        return _ANCHOR.match(text, file.end) is not None
    if file.kind == "html" and _EMPTY.match(text, file.end) is not None:
        return True  # an anchor of GitBook's, <a href="x" id="x"></a>: there is nothing to click
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


def is_copied(page: Page) -> bool:
    """Whether a page was saved from the web, as its frontmatter or its beginning says."""
    if any(key in page.data and _WEB.match(page.scalar(key)) is not None for key in _ORIGIN):
        return True
    return _BEGINS_WITH_ADDRESS.match(page.source.text, page.body_start) is not None


def is_of_copy(problem: Problem, file: FileLink, page: Page, *, has_site: bool) -> bool:
    """Whether a link that leads nowhere is as the copied web page had it, and nothing is known to mend it."""
    return problem.fix is None and bool(file.path) and not has_site and is_copied(page)


def of_copy(problems: Sequence[Problem]) -> Iterator[Problem]:
    """One finding for all links of a copied web page that lead nowhere: they are relative to the original."""
    if problems:
        first, others = problems[0], len(problems) - 1
        more = f", nor at {others:,} other address{'es' if others > 1 else ''} on this page" if others else ""
        help_ = "the page was copied from the web: its addresses are relative to the original"
        yield first._replace(message=first.message + more, help=help_, severity=Severity.INFO)

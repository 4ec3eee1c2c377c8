"""Finds mentions of a page that a rename does not rewrite: comments, formulas, HTML, brackets around a formula, other
files."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from urllib.parse import quote

from kbtools.markdown.link_syntax import WIKILINK
from kbtools.vault.page import Page

FILES = (".canvas", ".base")
"""Attachments that may name pages: Obsidian's canvases and bases."""


def naming(page: Page) -> re.Pattern[str]:
    """A pattern for names of a page: its path, or its file name or title in brackets or quotes."""
    names = "|".join(re.escape(name) for name in dict.fromkeys((page.stem, page.title)))
    paths = "|".join(re.escape(path) for path in dict.fromkeys((page.path, quote(page.path))))
    folders = r"(?:[^\[\]|#\r\n]*/)?"
    return re.compile(
        rf"(?<![\w/.-])(?:{paths})(?!\w)|(?<=\[\[){folders}(?:{names})(?=\\?[\]|#])|(?<=\")(?:{names})(?=\")"
    )


def in_page(page: Page, pattern: re.Pattern[str]) -> Iterator[int]:
    """Mentions in a page's comments, formulas and HTML, and in brackets with a formula (which are no link). Code is
    not searched, because it shows example links."""
    text, structure = page.source.text, page.structure
    addresses = {link.address for link in structure.links}
    if (m := pattern.search(text, page.body_start)) is None:
        return
    hidden = [*structure.raw, *structure.math, *(comment.span for comment in structure.comments)]
    hidden += (span for span in structure.opaque if text.startswith("%%", span.start))
    hidden.sort()
    starts = [span.start for span in hidden]
    is_kept = page.problems_of("unreadable-page")  # renaming does not change such a file
    while m is not None:
        at = bisect_right(starts, m.start())
        is_hidden = any(m.start() < span.end for span in hidden[max(0, at - 3) : at])
        if is_kept or (is_hidden and m.start() not in addresses) or _holds_formula(page, m.start() - 2):
            yield m.start()
        m = pattern.search(text, m.end())


def _holds_formula(page: Page, at: int) -> bool:
    """Whether brackets with a formula between them begin at a position: ``[[Page#On $x$]]``, a link in Obsidian
    only."""
    m = WIKILINK.match(page.source.text, max(0, at))
    if m is None:
        return False
    before = bisect_right(page.structure.math, m.start(), key=lambda span: span.start)
    return any(span.end <= m.end() for span in page.structure.math[before : before + 1]) and not any(
        link.start in (at, at - 1) for link in page.links
    )

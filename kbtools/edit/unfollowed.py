"""Finds mentions of a page that a rename does not rewrite: comments, formulas, HTML, other files."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from urllib.parse import quote

from kbtools.vault.page import Page

FILES = (".canvas", ".base")
"""Attachments that name pages: Obsidian's canvases and bases."""


def naming(page: Page) -> re.Pattern[str]:
    """What names a page: its path, or its file name or title between brackets or quotes."""
    names = "|".join(re.escape(name) for name in dict.fromkeys((page.stem, page.title)))
    paths = "|".join(re.escape(path) for path in dict.fromkeys((page.path, quote(page.path))))
    return re.compile(rf"(?<![\w/.-])(?:{paths})(?!\w)|(?<=\[\[)(?:{names})(?=\\?[\]|#])|(?<=\")(?:{names})(?=\")")


def in_page(page: Page, pattern: re.Pattern[str]) -> Iterator[int]:
    """Where in a page's comments, formulas and HTML. Code is left out: it shows what links look like."""
    text, structure = page.source.text, page.structure
    addresses = {link.address for link in structure.links}
    if (m := pattern.search(text, page.body_start)) is None:
        return
    hidden = [*structure.raw, *structure.math, *(comment.span for comment in structure.comments)]
    hidden += (span for span in structure.opaque if text.startswith("%%", span.start))
    hidden.sort()
    starts = [span.start for span in hidden]
    while m is not None:
        at = bisect_right(starts, m.start())
        if any(m.start() < span.end for span in hidden[max(0, at - 3) : at]) and m.start() not in addresses:
            yield m.start()
        m = pattern.search(text, m.end())

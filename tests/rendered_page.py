"""What readers get of a page, to compare it before and after a rewrite, as mdformat does: its HTML, with every link
replaced by what it leads to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from renderer import Rendered

from kbtools.links import WikiLink
from kbtools.text.diagnostics import Edit, apply_edits
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Resolved, target_page


def _word(text: str) -> str:
    """Text as a word that is nothing to Markdown."""
    return "to" + "".join(c if c.isalnum() else f"x{ord(c):x}" for c in text)


def rendered_page(index: Index, path: str, moved: Mapping[str, str] | None = None) -> Rendered:
    """A page as the site's renderer shows it, without frontmatter. ``moved`` are pages by their new paths."""
    page, moved = index.pages[path], moved or {}
    text = page.source.text
    edits = []
    for link, found in (*index.links[path].wiki, *index.links[path].files):
        leads = found.page if isinstance(found, Resolved) else target_page(found)
        if leads is None:
            continue
        seen = set()
        while leads in index.redirects and leads not in seen:
            seen.add(leads)
            leads = index.redirects[leads]
        word = _word(moved.get(leads, leads))
        if isinstance(link, WikiLink):
            at = link.anchor or link.block
            edits.append(Edit(link.span, f"{word}{_word(at) if at else ''}"))
        elif link.path_span.end > link.path_span.start:
            edits.append(Edit(link.path_span, word))
    head = page.structure.frontmatter
    if head is not None:
        edits = [e for e in edits if e.span.start >= head.end]
        edits.append(Edit(Span(0, head.end), ""))
    return Rendered(apply_edits(text, edits).replace("\r\n", "\n"))


def differences(before: Rendered, after: Rendered) -> list[tuple[str, str]]:
    """Lines of the HTML that are not alike, labels of links aside."""
    lines = [re.split(r"\n", r.html) for r in (before, after)]
    assert len(lines[0]) == len(lines[1]), "another number of lines"
    return [(a, b) for a, b in zip(*lines, strict=True) if a != b]

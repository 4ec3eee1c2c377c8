"""Sets Logseq properties at the top of pages, ``title:: x`` and ``alias:: a, b``, which replace frontmatter."""

from __future__ import annotations

from kbtools.text.diagnostics import Edit
from kbtools.text.source import LINE_END, Span
from kbtools.vault.page import Page


def set_property(page: Page, key: str, value: str) -> Edit:
    """The edit that sets a property: in its line, or as a new first line."""
    text = page.source.text
    head = page.properties
    if key in head:
        return Edit(head[key], f" {value}")
    end = LINE_END.search(text)
    eol = end[0] if end else "\n"
    gap = eol if text and not head else ""
    return Edit(Span(0, 0), f"{key}:: {value}{eol}{gap}")


def with_alias(page: Page, name: str) -> Edit:
    """The edit that adds an alias to a page; a name with a comma is put in brackets."""
    held = page.properties.get("alias")
    before = held.of(page.source.text).strip() if held is not None else ""
    written = f"[[{name}]]" if "," in name else name
    return set_property(page, "alias", f"{before}, {written}" if before else written)

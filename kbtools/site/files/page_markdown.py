"""A page's Markdown for programs, with links resolved."""

from __future__ import annotations

from kbtools import links
from kbtools.links import WikiLink
from kbtools.output.json import dumps, plain
from kbtools.site.data.model import SiteModel
from kbtools.site.html.text import hidden
from kbtools.site.html.urls import Site, markdown_of, relative_url, url_of
from kbtools.text.diagnostics import Edit, apply_edits
from kbtools.text.source import Span
from kbtools.vault.links.resolution import FileResolution, Resolution, Resolved, target_page
from kbtools.vault.page import Page

FIELDS = (
    "id",
    "title",
    "aliases",
    "category",
    "status",
    "source_trust_level",
    "confidence_score",
    "verification_status",
    "last_reinforced",
    "tags",
    "raw_sources",
    "tech_stack",
    "learning_path",
)
"""The frontmatter fields shown on the site; others are not published."""


def page_markdown(page: Page, wiki: SiteModel, site: Site) -> str:
    """A page without comments, with its links as Markdown links to the Markdown of other pages."""
    text = page.source.text
    start = page.body_start
    edits = [Edit(Span(0, start), _front(page))] if start else []
    gone = hidden(page)
    for span in gone:
        inside = (f.span.of(text) for f in page.structure.fences if f.span.start in span)
        edits.append(Edit(span, "\n".join(inside)))
    here = markdown_of(site.pages[page.path])
    held = wiki.index.graph.of(page)
    for link, resolution in held.wiki:
        if not any(span.start <= link.span.start < span.end for span in gone):
            edits.append(Edit(link.span, _link(link, resolution, links.shown(link, text), here, wiki, site)))
    for file, found in held.files:
        address = _address(found, here, site) if file.path else None
        if address is not None and not any(span.start <= file.start < span.end for span in gone):
            edits.append(Edit(file.path_span, address))
    body = apply_edits(text, tuple(sorted(edits, key=lambda e: e.span)))
    return body.replace("\r\n", "\n").replace("\r", "\n").strip("\n") + "\n"


def _address(found: FileResolution, here: str, site: Site) -> str | None:
    """The address of a page's Markdown, or of an attachment; None for other links."""
    if not isinstance(found, Resolved):
        return None
    if found.how == "attachment":
        return relative_url(url_of(found.page), here)
    return relative_url(markdown_of(site.pages[found.page]), here) if found.page in site.pages else None


def _front(page: Page) -> str:
    """JSON values, which are valid YAML."""
    held = {"title": page.shown_title, **{key: page.data[key] for key in FIELDS if page.data.get(key) is not None}}
    lines = (f"{key}: {dumps(plain(value))}\n" for key, value in held.items())
    return f"---\n{''.join(lines)}---\n"


def _link(link: WikiLink, resolution: Resolution, shown: str, here: str, wiki: SiteModel, site: Site) -> str:
    label = link.label.strip() if link.label and link.label.strip() else shown
    if isinstance(resolution, Resolved) and resolution.how == "attachment":
        return f"{'!' if link.embed else ''}[{label}]({relative_url(url_of(resolution.page), here)})"
    target = target_page(resolution)
    if target is None or target not in site.pages:
        return label
    return f"[{label}]({relative_url(markdown_of(site.pages[target]), here)})"

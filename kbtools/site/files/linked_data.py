"""JSON-LD (schema.org) of a page, for search engines."""

from __future__ import annotations

import json

from kbtools.site.data.model import SiteModel, strings
from kbtools.site.generated.document import lead
from kbtools.site.html.text import clean
from kbtools.site.html.urls import Site
from kbtools.site.page.dates import changed
from kbtools.vault.page import Page

# Markup must not appear within a script element; JavaScript once treated these two as line ends.
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def linked_data(page: Page, wiki: SiteModel, site: Site) -> dict[str, object] | None:
    """The metadata of a page; None if it is neither part of the knowledge base nor a learning path nor the front
    page."""
    path = next((p for p in wiki.learning_paths if p.path == page.path), None)
    base: dict[str, object] = {"@context": "https://schema.org", "inLanguage": site.language}
    if not site.pages[page.path]:
        base |= {"@type": "WebSite", "name": site.name, "description": site.description, "url": site.url}
    elif path is not None:
        steps = [
            {"@type": "ListItem", "position": n, "name": wiki.index.pages[p].shown_title, "url": _url(p, site)}
            for n, p in enumerate((p for p in path.pages if p in site.pages), 1)
        ]
        base |= {"@type": ["LearningResource", "ItemList"], "name": page.shown_title, "numberOfItems": len(steps)}
        base |= {"itemListElement": steps, "url": _url(page.path, site)}
    elif page.path in wiki.listed_paths:
        day = changed(page)
        base |= {
            "@type": "TechArticle",
            "headline": page.shown_title,
            "description": lead(page),
            "alternateName": list(page.aliases),
            "keywords": list(strings(page.data.get("tags"))),
            "identifier": page.id,
            "dateModified": day.isoformat() if day else None,
            "url": _url(page.path, site),
            "isPartOf": {"@type": "WebSite", "name": site.name, **({"url": site.url} if site.url else {})},
        }
    else:
        return None
    return {key: value for key, value in base.items() if value not in (None, "", [])}


def _url(path: str, site: Site) -> str | None:
    return site.page(path) if site.url else None


def script(data: dict[str, object]) -> str:
    """The script element, safe for any data."""
    text = clean(json.dumps(data, ensure_ascii=False)).translate(_ESCAPES)
    return f'<script type="application/ld+json">{text}</script>'

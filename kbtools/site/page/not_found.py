"""The page for unknown addresses: Material's has only an English heading, whatever the language."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from kbtools.site.html.text import escape
from kbtools.site.words import Words

_HEADING = "<h1>404 - Not found</h1>"


def worded(html: str, words: Words, site_url: str | None, pages: Mapping[str, str], has_search: bool) -> str:
    """``404.html`` with its heading in the site's language, and links to ``pages``, addresses in the site by title.

    The search is offered where the site has ours. Unchanged where the heading is not Material's own. Links are
    absolute: the page is shown at any address.
    """
    root = urlsplit(site_url or "/").path.rstrip("/")
    links = " · ".join(f'<a href="{escape(f"{root}/{url}")}">{escape(title)}</a>' for title, url in pages.items())
    button = '<p><button type="button" class="kb-button" data-kb-search aria-haspopup="dialog">{}</button></p>'
    search = button.format(escape(words("Search"))) if has_search else ""
    heading = f"<h1>{escape(words('Page not found'))}</h1>"
    return html.replace(_HEADING, f"{heading}\n<p>{links}</p>\n{search}", 1)

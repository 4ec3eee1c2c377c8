"""Style sheets and scripts that only some pages need: given to those pages, and to no others."""

from __future__ import annotations

from dataclasses import dataclass

from kbtools.site.text import escape


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that pages may have, and the assets that it comes with."""

    mark: str
    """What stands in the HTML of pages that have it."""
    assets: tuple[str, ...]
    """Files of ``assets/``: ``.css`` or ``.js``."""


FEATURES = (Feature('class="kb-embed"', ("kb-embed.css",)),)


def equip(html: str, to_root: str) -> str:
    """A page with the assets of what it has; ``to_root`` leads from the page to the site's root."""
    sheets, scripts = [], []
    for feature in FEATURES:
        if feature.mark in html:
            for asset in feature.assets:
                address = escape(f"{to_root}assets/{asset}")
                if asset.endswith(".css"):
                    sheets.append(f'<link rel="stylesheet" href="{address}">')
                else:
                    scripts.append(f'<script src="{address}" defer></script>')
    added = "".join(sheets + scripts)
    head = html.find("</head>") if added else -1
    return f"{html[:head]}{added}{html[head:]}" if head >= 0 else html

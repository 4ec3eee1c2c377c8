"""A Content-Security-Policy for the site: scripts are its own files, and those of the theme that stand in the pages.

Which ones these are is read off the theme's 404 page, which carries nothing of a page's text: a script that got into a
page by way of its text is never allowed by its own presence.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
from collections.abc import Iterable

from kbtools.site.text import escape

_INLINE = re.compile(r"<script(?![^>]*\b(?:src|type)=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_SCOPE = re.compile(r'^(__md_scope=new URL\(")[^"]*("\s*,\s*location\))')


def inline_scripts(html: str) -> tuple[str, ...]:
    """The scripts of a page that stand in it and would run."""
    return tuple(m[1] for m in _INLINE.finditer(html))


def at_base(script: str, base: str) -> str:
    """A script of Material's as it stands in a page whose way to the site's root is ``base``."""
    return _SCOPE.sub(lambda m: f"{m[1]}{base}{m[2]}", script)


def base_of(url: str) -> str:
    """The way from a page to the site's root, as MkDocs writes it: ``.``, ``..``, ``../..``."""
    return posixpath.relpath(".", posixpath.dirname(url) or ".")


def policy(scripts: Iterable[str], *, remote_images: bool = False) -> str:
    """The policy's value. Styles may stand in pages: diagrams and the theme write some, and they run nothing."""
    hashes = sorted({base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts})
    allowed = "".join(f" 'sha256-{h}'" for h in hashes)
    return (
        f"default-src 'self'; script-src 'self'{allowed}; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:{' http: https:' if remote_images else ''}; object-src 'none'; base-uri 'none'; "
        "form-action 'none'"
    )


DIAGRAMS = (
    "img-src 'self' file: data: blob:; media-src 'self' file:; font-src 'self' file: data:; "
    "style-src 'self' file: 'unsafe-inline'; frame-src 'none'; object-src 'none'"
)
"""For pages with diagrams. Mermaid's language can name pictures and style sheets on other machines in many ways; the
browser refuses them all. ``file:`` keeps a site that is opened from disk as it is."""


def with_policy(html: str, value: str) -> str:
    """A page that carries a policy, before anything in it could run."""
    at = html.find("<head>")
    tag = f'<meta http-equiv="Content-Security-Policy" content="{escape(value)}">'
    return f"{html[: at + 6]}{tag}{html[at + 6 :]}" if at >= 0 else html

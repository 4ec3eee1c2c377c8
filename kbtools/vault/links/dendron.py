"""Reads wikilinks in Dendron's syntax: the label first, ``[[words|page#section]]``.

A page of another vault of the workspace is written ``dendron://vault/page``, and an embed may end at a second
section: ``![[page#first:#second]]``, followed by a comma and a number of lines to omit.
"""

from __future__ import annotations

import re

from kbtools.links import WikiLink

_SCHEME = re.compile(r"dendron://[^/]*/")
_BEHIND = re.compile(r"[,:]")


def read(link: WikiLink, text: str) -> WikiLink:
    """The link as Dendron interprets it."""
    start, end = link.start + link.embed + 2, link.end - 2
    bar = text.rfind("|", start, end)
    words = text[start:bar].removesuffix("\\") if bar >= 0 else None
    start = bar + 1 if bar >= 0 else start
    if (scheme := _SCHEME.match(text, start, end)) is not None:
        start = scheme.end()
    target, _, anchor = text[start:end].partition("#")
    start += len(target) - len(target.lstrip())
    anchor = _BEHIND.split(anchor, maxsplit=1)[0].strip()
    if not target.strip() and not anchor:
        return link
    block = anchor[1:] if anchor.startswith("^") else None
    heading = None if block is not None or anchor in ("", "*") else anchor
    return link._replace(target=target.strip(), target_start=start, anchor=heading, block=block, label=words)

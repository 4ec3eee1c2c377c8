"""Hover: on a link what it leads to, on a snippet what became of it."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from kbtools.adapters.lsp import results
from kbtools.adapters.lsp.navigation import place
from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.protocol import Hover
from kbtools.text.source import Span
from kbtools.vault.confidence import today as confidence_today
from kbtools.vault.links.resolution import Alias, Ambiguous, Resolved, target_page
from kbtools.vault.page import Page

if TYPE_CHECKING:
    from kbtools.adapters.lsp.open_vault import Link

_LONGEST = 400
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif")
_BLANK = re.compile(r"\n[ \t]*\n")
_MARKUP = re.compile(r"^\s*(?:#|```|~~~|>|\||!!!|\?\?\?|===|<|\$\$|[-*+] |\d+[.)] |---)")
_ID = re.compile(r"\s+\^[A-Za-z0-9-]+\Z")
_ITEM = re.compile(r"^[ \t>]*(?:[-*+]|\d+[.)])[ \t]")


def hover(space: OpenVault, page: Page, offset: int) -> Hover | None:
    at = space.positions(page.source)
    if (found := space.link_at(page, offset)) is not None:
        text = _of_link(space, found)
        return {"contents": {"kind": "markdown", "value": text}, "range": at.range(found[0].span)} if text else None
    snippet = next((s for s in page.snippets if s.fence.span.start <= offset < s.fence.span.end), None)
    if snippet is not None:
        text = results.hover(space, page, snippet)
        return {"contents": {"kind": "markdown", "value": text}, "range": at.range(snippet.fence.span)}
    return None


def _of_link(space: OpenVault, found: Link) -> str | None:
    link, meaning = found
    if (target := target_page(meaning)) is not None:
        return _card(space, target, link)
    if isinstance(meaning, Resolved):
        shown = f"file: `{meaning.page}`"
        is_picture = meaning.page.lower().endswith(_PICTURES)
        return f"{shown}\n\n![]({space.uri(meaning.page)})" if is_picture else shown
    if isinstance(meaning, (Ambiguous, Alias)):
        listed = "\n".join(f"- `{candidate}`" for candidate in meaning.candidates)
        return f"{len(meaning.candidates)} pages are called so:\n\n{listed}"
    return None


def _card(space: OpenVault, path: str, link: object) -> str:
    """A page in a few lines: title, how far to trust it, and the beginning of what the link names."""
    page = space.page(path)
    if page is None:
        return f"`{path}`"
    facts = [page.scalar(key) for key in ("status", "verification_status") if page.scalar(key)]
    if trust := page.scalar("source_trust_level"):
        facts.append(f"trust {trust}")
    score = confidence_today(page, date.today())
    if score is not None:
        facts.append(f"confidence {score:.2f}")
    heading, text = _named_part(page, place(space, page, link))
    parts = [f"**{page.title}**" + (f" · {' · '.join(facts)}" if facts else "")]
    parts += [part for part in (heading, text) if part]
    return "\n\n".join([*parts, f"`{path}`"])


def _named_part(page: Page, at: Span) -> tuple[str | None, str | None]:
    """The heading and the first paragraph of a section; a block; else the first paragraph of the page."""
    source = page.source.text
    for number, heading in enumerate(page.headings):
        if heading.span == at:
            end = page.headings[number + 1].span.start if number + 1 < len(page.headings) else len(source)
            return f"**{heading.text}**", _first_paragraph(source[heading.span.end : end])
    if any(block.span == at for block in page.structure.block_ids):
        return None, _block(page, at)
    return None, _first_paragraph(source[page.text_start :])


def _first_paragraph(text: str) -> str | None:
    """The first paragraph, as written, without the id of its block."""
    blocks = map(str.strip, _BLANK.split(text.replace("\r\n", "\n")))
    return next((_cut(_ID.sub("", block)) for block in blocks if block and not _MARKUP.match(block)), None)


def _block(page: Page, at: Span) -> str:
    """The block with an id: the item of a list, or what stands between blank lines."""
    lines, text = page.source.lines, page.source.text
    line = lines.line(lines.line_of(at.start)).of(text)
    if _ITEM.match(line):
        return _cut(line.strip().removesuffix(at.of(text)).strip())
    before = text[: at.start].replace("\r\n", "\n").rstrip()
    return _cut(_BLANK.split(before)[-1].strip())


def _cut(block: str) -> str:
    return block if len(block) <= _LONGEST else f"{block[:_LONGEST].rsplit(' ', 1)[0]} …"

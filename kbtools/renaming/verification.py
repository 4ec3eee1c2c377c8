"""Whether all links mean after a rename what they meant before: looked up in the planned texts."""

from __future__ import annotations

from dataclasses import dataclass

from kbtools.errors import KbError
from kbtools.index import Alias, Ambiguous, Index, Missing, Resolution, Resolved
from kbtools.links import WikiLink
from kbtools.page import Page
from kbtools.renaming.references import named_in


@dataclass(frozen=True, slots=True)
class Place:
    """A link that is left as it is, or would come to mean something."""

    path: str
    link: WikiLink
    candidates: tuple[str, ...] = ()


def verify(before: Index, after: Index, old: str, new: str, adopt: bool) -> tuple[Place, ...]:
    """The links that came to mean the page because its new name is theirs; none without ``adopt``.

    Raises KbError, naming the first places, when a link would mean something else than before.
    """
    adopted: list[Place] = []
    changed: list[str] = []

    def moved(path: str) -> str:
        return new if path == old else path

    for path, page in before.pages.items():
        renewed_page = after.pages[moved(path)]
        links, links_after = before.links_of(page), after.links_of(renewed_page)
        named, named_after = tuple(named_in(page)), tuple(named_in(renewed_page))
        counts = (len(links), len(named)) == (len(links_after), len(named_after))
        if not counts or (renewed_page is not page and _opaque(page) != _opaque(renewed_page)):
            # The name holds marks (a backtick, a dollar) that make code or math of the text around it.
            changed.append(path)
            continue
        for (link, was), (link_after, now) in zip(links, links_after, strict=True):
            if isinstance(was, Missing) and isinstance(now, Resolved) and now.page == new:
                adopted.append(Place(path, link))
            elif not _same(was, now, old, new) or not _same_section(before, after, link, link_after, was, now):
                changed.append(_shown(page, link))
        for name, renewed in zip(named, named_after, strict=True):
            in_front, then = before.resolve_name(name, path), after.resolve_name(renewed, moved(path))
            if isinstance(in_front, Resolved) and not _same(in_front, then, old, new):
                changed.append(f"{path} (frontmatter)")
    for path in {*before.redirects, *after.redirects}:
        if path in before.pages and moved(before.redirects.get(path, "")) != after.redirects.get(moved(path), ""):
            changed.append(f"{path} (stands aside for another page)")
    if changed:
        raise KbError(
            f"with this name {_few(changed)} would mean something else",
            "choose another title, or mend those links first",
        )
    if adopted and not adopt:
        listed = _few([_shown(before.pages[place.path], place.link) for place in adopted])
        raise KbError(
            f"{listed} leads nowhere today and would come to mean this page", "--adopt lets such links mean it"
        )
    return tuple(adopted)


def _same(was: Resolution, now: Resolution, old: str, new: str) -> bool:
    def moved(paths: tuple[str, ...]) -> set[str]:
        return {new if p == old else p for p in paths}

    if isinstance(was, Resolved):
        return isinstance(now, Resolved) and moved((was.page,)) == {now.page}
    if isinstance(was, Ambiguous):
        if old not in was.candidates:
            return isinstance(now, Ambiguous) and moved(was.candidates) == set(now.candidates)
        # The name is no longer this page's: fewer answer to it. Such links are reported.
        left = {now.page} if isinstance(now, Resolved) else set(getattr(now, "candidates", ()))
        return left <= moved(was.candidates)
    if isinstance(was, Alias):
        if was.candidates == (old,):
            return now in (Alias((new,)), Resolved(new, "exact"), Resolved(new, "variant"))
        return isinstance(now, Alias) and moved(was.candidates) == set(now.candidates)
    return isinstance(now, Missing)


def _same_section(
    before: Index, after: Index, link: WikiLink, link_after: WikiLink, was: Resolution, now: Resolution
) -> bool:
    there, here = before.target_page(was), after.target_page(now)
    if there is None or here is None:
        return True
    if before.pages[there] is after.pages[here] and link.anchor == link_after.anchor:
        return True  # most pages are as they were, and so are their sections
    if link.anchor is not None:
        return link_after.anchor is not None and (
            before.heading_number(there, link.anchor) == after.heading_number(here, link_after.anchor)
        )
    return link.block == link_after.block


def _opaque(page: Page) -> list[str]:
    """The code, math and comments of a page's body, which no rename touches."""
    text, head = page.source.text, page.structure.frontmatter
    return [span.of(text) for span in page.structure.opaque if head is None or span.start >= head.end]


def _shown(page: Page, link: WikiLink) -> str:
    at = page.source.lines.position(link.span.start)
    return f"{page.path}:{at.line}:{at.column} {link.span.of(page.source.text)}"


def _few(places: list[str]) -> str:
    return ", ".join(places[:5]) + (f" and {len(places) - 5} more" if len(places) > 5 else "")

"""What generated pages are written with: Markdown tables and lists, the order of titles, long lists over several pages.

What comes from the wiki's pages is escaped whole.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from kbtools.page import Page
from kbtools.site.elements import css_word
from kbtools.site.infobox import STATUS
from kbtools.site.text import escape, first_paragraph, visible
from kbtools.site.text import markdown_escape as md
from kbtools.site.wiki import relative

LONG = 500
"""Entries of a list on one page."""

_INITIALS = "ㄱㄱㄴㄷㄷㄹㅁㅂㅂㅅㅅㅇㅈㅈㅊㅋㅌㅍㅎ"
"""The 19 initial consonants of Unicode's Hangul syllables, doubled ones with their plain one."""


def letter_of(title: str) -> str:
    """The heading a title is listed under: an initial consonant, a Latin letter, ``0–9`` or ``기타``."""
    char = unicodedata.normalize("NFC", title.lstrip("\"'“‘([{<《「").strip())[:1].upper()
    if "가" <= char <= "힣":
        return _INITIALS[(ord(char) - 0xAC00) // 588]
    if "A" <= char <= "Z":
        return char
    if char.isdigit():
        return "0–9"
    return "기타"


def letter_rank(letter: str) -> tuple[int, str]:
    return (0 if "ㄱ" <= letter <= "ㅎ" else 1 if letter.isascii() else 2 if letter == "0–9" else 3, letter)


def sort_key(page: Page) -> tuple[str, str]:
    return unicodedata.normalize("NFC", page.title).casefold(), page.path


def link(page: Page, from_path: str) -> str:
    return f"[{md(page.title)}]({relative(page.path, from_path)})"


def lead(page: Page) -> str:
    """The first paragraph of a page's text, as plain words."""
    first = next((h for h in page.structure.headings if h.level == 1), None)
    front = page.structure.frontmatter
    return first_paragraph(visible(page), first.span.end if first else front.end if front else 0)


def status(page: Page) -> str:
    value = page._scalar("status")
    if not value:
        return ""
    return f'<span class="kb-status kb-status-{css_word(value)}">{escape(STATUS.get(value, value))}</span>'


def document(title: str, lead: str, body: Iterable[str], hide: Sequence[str] = ()) -> str:
    """A generated page. It is kept out of the search: what it lists is found by itself."""
    hidden = "".join(f"  - {name}\n" for name in hide)
    front = f"---\ntitle: {title}\n" + (f"hide:\n{hidden}" if hide else "") + "search:\n  exclude: true\n---\n\n"
    return front + f"# {title}\n\n{lead}\n\n" + "\n".join(body) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def listing(items: Iterable[str]) -> list[str]:
    return ['<div class="kb-index" markdown>', "", *items, "", "</div>", ""]


def unique(ids: Mapping[str, str]) -> dict[str, str]:
    """Ids that differ; the first tag keeps the one that links from infoboxes lead to."""
    seen: Counter[str] = Counter()
    out = {}
    for name, wanted in ids.items():
        seen[wanted] += 1
        out[name] = wanted if seen[wanted] == 1 else f"{wanted}--{seen[wanted]}"
    return out


Groups = Sequence[tuple[str, Sequence[Page]]]


def parts(groups: Groups, long: int = LONG) -> Iterator[Groups]:
    """Groups cut into parts of at most ``long`` pages each; a group that is cut goes on under its name."""
    part: list[tuple[str, Sequence[Page]]] = []
    room = long
    for name, pages in groups:
        rest = pages
        while rest:
            part.append((name, rest[:room]))
            rest = rest[room:]
            room -= len(part[-1][1])
            if room == 0:
                yield part
                part, room = [], long
    if part:
        yield part


def spread(
    path: str, title: str, lead: str, groups: Groups, show: Callable[[str, Groups], list[str]]
) -> dict[str, str]:
    """One document, or several where there is more than a page can bear: ``all.md``, ``all/2.md`` and so on.

    ``show`` writes groups for the page at a path.
    """
    cut = list(parts(groups)) or [()]
    paths = [path, *(f"{path[:-3]}/{n}.md" for n in range(2, len(cut) + 1))]
    out = {}
    for at, (own, held) in enumerate(zip(paths, cut, strict=True)):
        ways = _ways(paths, cut, at) if len(paths) > 1 else []
        name = title if at == 0 else f"{title} {at + 1}/{len(paths)}"
        out[own] = document(name, lead, [*ways, *show(own, held), *ways])
    return out


def _ways(paths: Sequence[str], cut: Sequence[Groups], here: int) -> list[str]:
    """From part to part, each named by where it begins and ends."""
    links = []
    for at, (path, held) in enumerate(zip(paths, cut, strict=True)):
        first, last = held[0][1][0].title, held[-1][1][-1].title
        words = f"{md(first[:12])} – {md(last[:12])}"
        links.append(f"**{words}**" if at == here else f"[{words}]({relative(path, paths[here])})")
    return ['<div class="kb-pages" markdown>', "", " · ".join(links), "", "</div>", ""]

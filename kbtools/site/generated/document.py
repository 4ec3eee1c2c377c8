"""Building blocks of generated pages: Markdown headings, HTML between them.

HTML is used because the site may not enable Markdown extensions. Text from pages is escaped by ``markupsafe``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from markupsafe import Markup, escape

from kbtools.site.data.model import SiteModel
from kbtools.site.html.elements import css_word
from kbtools.site.html.text import clean, filled, first_paragraph, visible
from kbtools.site.html.text import markdown_escape as md
from kbtools.site.page.infobox import label
from kbtools.site.words import Words
from kbtools.vault.page import Page

LONG = 500
"""Maximum number of list entries on one page."""


class Section(NamedTuple):
    """A part of a generated page."""

    html: Iterable[Markup]
    heading: str = ""
    """As text; empty for the part before the first heading."""
    id: str = ""
    """The heading's id, if pages link to it; by default it is derived from its text."""


class Document(NamedTuple):
    """A generated page."""

    text: str
    """Markdown."""
    ids: tuple[str, ...] = ()
    """Ids of its headings below the title, in order; for empty ones the renderer decides."""


def document(title: str, lead: str, sections: Iterable[Section], hide: Sequence[str] = ()) -> Document:
    """A generated page. It is excluded from the search index, because the pages it lists are included."""
    hidden = "".join(f"  - {name}\n" for name in hide)
    front = f"---\ntitle: {dumps(title)}\n" + (f"hide:\n{hidden}" if hide else "") + "search:\n  exclude: true\n---\n\n"
    lines = [f"# {md(title)}", "", md(lead), ""]
    ids = []
    for section in sections:
        if section.heading:
            ids.append(section.id)
            lines += [f"## {md(section.heading)}", ""]
        if html := "\n".join(one_line(part) for part in section.html):
            lines += [f'<div class="kb-generated">{html}</div>', ""]
    return Document(front + "\n".join(lines) + "\n", tuple(ids))


def dumps(text: str) -> str:
    """Text as a YAML scalar: JSON is one."""
    return json.dumps(clean(text), ensure_ascii=False)


def one_line(html: Markup) -> str:
    """HTML without empty lines, which would end an HTML block in Markdown."""
    return "\n".join(line for line in str(html).split("\n") if line.strip())


def link(page: Page, from_path: str, wiki: SiteModel, fragment: str = "") -> Markup:
    href = escape(wiki.address(page.path, from_path) + fragment)
    return Markup(f'<a class="kb-link" href="{href}">{escape(clean(page.shown_title))}</a>')


def lead(page: Page) -> str:
    """The first paragraph of a page, as plain text."""
    return first_paragraph(visible(page), page.text_start)


def day(on: date | None, words: Words, none: str = "") -> Markup:
    """A date that stays in one line, or ``none``."""
    if on is None:
        return escape(none)
    return filled('<time datetime="{}">{}</time>', on.isoformat(), words.date(on))


def status(page: Page, words: Words) -> Markup:
    value = page.scalar("status")
    if not value:
        return Markup("")
    return filled(
        '<span class="kb-status kb-status-{}">{}</span>', css_word(value), clean(label("status", value, words))
    )


def note(text: str) -> Markup:
    return filled('<small class="kb-note">{}</small>', clean(text))


def count(number: int, words: Words) -> Markup:
    return filled('<span class="kb-count">{}</span>', words.number(number))


def joined(parts: Iterable[Markup | str], between: str = " ") -> Markup:
    return Markup(between).join(parts)


def table(head: Sequence[Markup | str], rows: Iterable[Sequence[Markup | str | int]]) -> Markup:
    """A table; cells are escaped unless they are HTML. A row may begin with its ``Id``."""
    heads = joined((filled('<th scope="col">{}</th>', _shown(cell)) for cell in head), "")
    body = joined((_row(row) for row in rows), "\n")
    return filled("<table>\n<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody>\n</table>", heads, body)


class Id(str):
    """The id of a row, instead of a first cell."""

    __slots__ = ()


def _row(row: Sequence[Markup | str | int]) -> Markup:
    first, cells = (row[0], row[1:]) if row and isinstance(row[0], Id) else ("", row)
    mark = f' id="{escape(first)}"' if first else ""
    return Markup(f"<tr{mark}>{''.join(f'<td>{_shown(cell)}</td>' for cell in cells)}</tr>")


def _shown(cell: Markup | str | int) -> Markup:
    return cell if isinstance(cell, Markup) else escape(clean(str(cell)))


def listing(items: Iterable[Markup]) -> Markup:
    held = joined((filled("<li>{}</li>", item) for item in items), "\n")
    return filled('<ul class="kb-index">\n{}\n</ul>', held)


def paragraph(text: Markup | str) -> Markup:
    return filled("<p>{}</p>", text)


def unique(ids: Mapping[str, str]) -> dict[str, str]:
    """Unique ids; of equal ones, the first is unchanged, because links use it."""
    seen: Counter[str] = Counter()
    out = {}
    for name, wanted in ids.items():
        seen[wanted] += 1
        out[name] = wanted if seen[wanted] == 1 else f"{wanted}--{seen[wanted]}"
    return out


Groups = Sequence[tuple[str, Sequence[Page]]]


def parts(groups: Groups, long: int = LONG) -> Iterator[Groups]:
    """Groups cut into parts of at most ``long`` pages each; all parts of a group have its name."""
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


Show = Callable[[str, Groups], Iterable[Section]]


def spread(
    path: str, title: str, lead: str, groups: Groups, show: Show, wiki: SiteModel, long: int = LONG
) -> dict[str, Document]:
    """One document, or several if there are too many pages for one: ``all.md``, ``all/2.md`` and so on. ``show``
    writes groups for the page at a path."""
    cut = list(parts(groups, long)) or [()]
    paths = [path, *(f"{path[:-3]}/{n}.md" for n in range(2, len(cut) + 1))]
    out = {}
    for at, (own, held) in enumerate(zip(paths, cut, strict=True)):
        ways = [_ways(paths, cut, at, wiki)] if len(paths) > 1 else []
        name = title if at == 0 else f"{title} {at + 1}/{len(paths)}"
        out[own] = document(name, lead, [Section(ways), *show(own, held), Section(ways)])
    return out


def _ways(paths: Sequence[str], cut: Sequence[Groups], here: int, wiki: SiteModel) -> Markup:
    """Links between the parts, each named by its first and last entry."""
    links = []
    for at, (path, held) in enumerate(zip(paths, cut, strict=True)):
        first, last = held[0][1][0].shown_title, held[-1][1][-1].shown_title
        name = filled("{} – {}", clean(first[:12]), clean(last[:12]))
        if at == here:
            links.append(filled("<b>{}</b>", name))
        else:
            links.append(filled('<a href="{}">{}</a>', wiki.address(path, paths[here]), name))
    return filled('<p class="kb-pages">{}</p>', joined(links, " · "))

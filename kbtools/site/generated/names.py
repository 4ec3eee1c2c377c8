"""Pages about names: those that links ask for and nothing has, and those that several pages have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from kbtools.links import fold_title, has_placeholder, is_attachment_name, page_name
from kbtools.markdown.headings import slugify
from kbtools.site.data.model import SiteModel
from kbtools.site.generated.document import Document, Section, count, document, joined, link, listing, note, status
from kbtools.site.html.text import clean, first_paragraph
from kbtools.vault.links.resolution import Alias, Ambiguous, Missing

SHOWN = 20
"""Pages that are named for one missing page."""
MOST = 1000
"""Missing pages that are listed, those asked for most."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A name that several pages answer to."""

    id: str
    """Its heading's, on the page of such names."""
    name: str
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page that links ask for and nobody has written."""

    id: str | None
    """Where it stands on the page of such names; None where it is not listed."""
    name: str
    pages: tuple[str, ...]
    """Paths of those that link to it, by their titles."""


def wanted_names(wiki: SiteModel) -> Mapping[str, Wanted]:
    """Every missing page that a link of the wiki asks for, by its folded name, those asked for most first."""
    names: dict[str, str] = {}
    asked: dict[str, dict[str, None]] = defaultdict(dict)
    for path, links in wiki.index.links.items():
        for link_, resolution in links.wiki:
            is_page = not (is_attachment_name(link_.target) or has_placeholder(link_.target))
            if isinstance(resolution, Missing) and link_.target and is_page:
                key = key_of(link_.target)
                names.setdefault(key, page_name(link_.target))
                asked[key].setdefault(path)
    order = sorted(asked, key=lambda k: (-len(asked[k]), names[k].casefold(), k))
    ids = _ids({key: names[key] for key in order[:MOST]}, "wanted")
    order_of = wiki.words.order
    by_title = {path: (order_of(wiki.index.pages[path].title), path) for held in asked.values() for path in held}
    return {key: Wanted(ids.get(key), names[key], tuple(sorted(asked[key], key=by_title.__getitem__))) for key in order}


def _ids(names: Mapping[str, str], prefix: str) -> Mapping[str, str]:
    """An id of its own for each name, by its key."""
    out: dict[str, str] = {}
    used: set[str] = set()
    for key, name in names.items():
        wanted = f"{prefix}-{slugify(name) or 'x'}"
        id, n = wanted, 1
        while id in used:
            n += 1
            id = f"{wanted}--{n}"
        used.add(id)
        out[key] = id
    return out


def shared_names(wiki: SiteModel) -> Mapping[str, Shared]:
    """Every ambiguous name that a link of the wiki uses, by its folded form."""
    found: dict[str, tuple[str, set[str]]] = {}
    for links in wiki.index.links.values():
        for link_, resolution in links.wiki:
            match resolution:
                case Ambiguous(candidates):
                    pass
                case Alias(candidates) if len(candidates) > 1:
                    pass
                case _:
                    continue
            pages = {c for c in candidates if c in wiki.index.pages}
            if pages:
                found.setdefault(key_of(link_.target), (page_name(link_.target), set()))[1].update(pages)
    ids = _ids({key: found[key][0] for key in sorted(found)}, "name")
    return {key: Shared(id, found[key][0], tuple(sorted(found[key][1]))) for key, id in ids.items()}


def key_of(target: str) -> str:
    return fold_title(page_name(target))


def name_pages(wiki: SiteModel) -> Mapping[str, Document]:
    """``ambiguous.md`` and ``wanted.md``, where there is something to list."""
    made = {"ambiguous.md": _ambiguous(wiki), "wanted.md": _wanted(wiki)}
    return {path: page for path, page in made.items() if page is not None}


def _ambiguous(wiki: SiteModel) -> Document | None:
    """Where a link leads that cannot tell which page it means."""
    if not wiki.shared_names:
        return None
    words = wiki.words
    sections = []
    for shared in wiki.shared_names.values():
        items = []
        for path in shared.pages:
            page = wiki.index.pages[path]
            told = first_paragraph(page.source.text, page.text_start)
            entry = joined((link(page, "ambiguous.md", wiki), status(page, words), note(path)))
            items.append(entry + (Markup("<br>{}").format(told) if told else ""))
        sections.append(Section([listing(items)], shared.name, shared.id))
    lead = words("Several pages have the same name. Choose the one that the link meant.")
    return document(words("Shared names"), lead, sections)


def _wanted(wiki: SiteModel) -> Document | None:
    """Pages that others link to and nobody has written."""
    words = wiki.words
    items = []
    for wanted in wiki.wanted_names.values():
        if wanted.id is None:
            break
        told = joined((link(wiki.index.pages[p], "wanted.md", wiki) for p in wanted.pages[:SHOWN]), ", ")
        if (rest := len(wanted.pages) - SHOWN) > 0:
            told += " " + words.many("and {count} more", "and {count} more", rest)
        name = Markup('<b id="{}">{}</b> {}').format(wanted.id, clean(wanted.name), count(len(wanted.pages), words))
        items.append(Markup("{}<br>{}").format(name, told))
    if not items:
        return None
    lead = words.many(
        "{count} page that others link to and nobody has written yet.",
        "{count} pages that others link to and nobody has written yet, those most asked for first.",
        len(wiki.wanted_names),
    )
    return document(words("Wanted pages"), lead, [Section([listing(items)])])

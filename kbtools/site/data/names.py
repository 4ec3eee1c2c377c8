"""Names used by links: missing pages, and names that several pages share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from kbtools.links import fold_title, has_placeholder, is_attachment_name, page_name
from kbtools.markdown.headings import slugify
from kbtools.site.words import Words
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Alias, Ambiguous, Missing

MOST = 1000
"""Maximum number of missing pages listed, the most wanted ones."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A name that several pages have."""

    id: str
    """The id of its heading on the page of ambiguous names."""
    name: str
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A missing page that links name."""

    id: str | None
    """The id of its entry on the page of wanted pages; None if it is not listed."""
    name: str
    pages: tuple[str, ...]
    """Paths of the pages that link to it, sorted by title."""


def wanted_names(index: Index, words: Words) -> Mapping[str, Wanted]:
    """Every missing page that a link of the wiki names, by its folded name, the most wanted first."""
    names: dict[str, str] = {}
    asked: dict[str, dict[str, None]] = defaultdict(dict)
    for path, links in index.links.items():
        for link_, resolution in links.wiki:
            is_page = not (is_attachment_name(link_.target) or has_placeholder(link_.target))
            if isinstance(resolution, Missing) and link_.target and is_page:
                key = key_of(link_.target)
                names.setdefault(key, page_name(link_.target))
                asked[key].setdefault(path)
    order = sorted(asked, key=lambda k: (-len(asked[k]), names[k].casefold(), k))
    ids = _ids({key: names[key] for key in order[:MOST]}, "wanted")
    order_of = words.order
    by_title = {path: (order_of(index.pages[path].shown_title), path) for held in asked.values() for path in held}
    return {key: Wanted(ids.get(key), names[key], tuple(sorted(asked[key], key=by_title.__getitem__))) for key in order}


def _ids(names: Mapping[str, str], prefix: str) -> Mapping[str, str]:
    """A unique id for each name, by its key."""
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


def shared_names(index: Index) -> Mapping[str, Shared]:
    """Every ambiguous name that a link of the wiki uses, by its folded form."""
    found: dict[str, tuple[str, set[str]]] = {}
    for links in index.links.values():
        for link_, resolution in links.wiki:
            match resolution:
                case Ambiguous(candidates):
                    pass
                case Alias(candidates) if len(candidates) > 1:
                    pass
                case _:
                    continue
            pages = {c for c in candidates if c in index.pages}
            if pages:
                found.setdefault(key_of(link_.target), (page_name(link_.target), set()))[1].update(pages)
    ids = _ids({key: found[key][0] for key in sorted(found)}, "name")
    return {key: Shared(id, found[key][0], tuple(sorted(found[key][1]))) for key, id in ids.items()}


def key_of(target: str) -> str:
    return fold_title(page_name(target))

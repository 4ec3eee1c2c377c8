"""Pages about names: those that links ask for and nothing has, and those that several pages have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from kbtools.index import Alias, Ambiguous, Missing
from kbtools.links import fold_title, is_attachment_name, page_name
from kbtools.markdown.headings import slugify
from kbtools.site.page_parts import document, link, listing, sort_key, status
from kbtools.site.text import first_paragraph
from kbtools.site.text import markdown_escape as md
from kbtools.site.wiki import Wiki

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


def wanted_names(wiki: Wiki) -> Mapping[str, Wanted]:
    """Every missing page that a link of the wiki asks for, by its folded name, those asked for most first."""
    names: dict[str, str] = {}
    asked: dict[str, dict[str, None]] = defaultdict(dict)
    for path, links in wiki.index.links.items():
        for link_, resolution in links:
            if isinstance(resolution, Missing) and link_.target and not is_attachment_name(link_.target):
                key = key_of(link_.target)
                names.setdefault(key, page_name(link_.target))
                asked[key].setdefault(path)
    order = sorted(asked, key=lambda k: (-len(asked[k]), names[k].casefold(), k))
    ids = _ids({key: names[key] for key in order[:MOST]}, "wanted")
    by_title = {path: sort_key(wiki.index.pages[path]) for pages in asked.values() for path in pages}
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


def shared_names(wiki: Wiki) -> Mapping[str, Shared]:
    """Every ambiguous name that a link of the wiki uses, by its folded form."""
    found: dict[str, tuple[str, set[str]]] = {}
    for links in wiki.index.links.values():
        for link_, resolution in links:
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


def name_pages(wiki: Wiki) -> Mapping[str, str]:
    """``ambiguous.md`` and ``wanted.md``, where there is something to list."""
    made = {"ambiguous.md": _ambiguous(wiki), "wanted.md": _wanted(wiki)}
    return {path: text for path, text in made.items() if text}


def _ambiguous(wiki: Wiki) -> str:
    """Where a link leads that cannot tell which page it means."""
    if not wiki.shared_names:
        return ""
    body: list[str] = []
    for shared in wiki.shared_names.values():
        body += [f"## {md(shared.name)} {{ #{shared.id} }}", ""]
        rows = []
        for path in shared.pages:
            page = wiki.index.pages[path]
            start = page.structure.frontmatter.end if page.structure.frontmatter else 0
            told = first_paragraph(page.source.text, _behind_title(page.structure.headings, start))
            rows.append(
                f'- {link(page, "ambiguous.md")} {status(page)} <small class="kb-note">{md(path)}</small>'
                + (f"<br>{md(told)}" if told else "")
            )
        body += listing(rows)
    lead = "한 이름을 여러 문서가 쓰고 있습니다. 링크가 뜻한 문서를 고르십시오."
    return document("이름이 겹치는 문서", lead, body)


def _behind_title(headings: tuple[object, ...], start: int) -> int:
    first = next((h for h in headings if getattr(h, "level", 0) == 1), None)
    return first.span.end if first is not None else start  # type: ignore[attr-defined]


def _wanted(wiki: Wiki) -> str:
    """Pages that others link to and nobody has written."""
    rows = []
    for wanted in wiki.wanted_names.values():
        if wanted.id is None:
            break
        told = ", ".join(link(wiki.index.pages[p], "wanted.md") for p in wanted.pages[:SHOWN])
        more = f" 외 {len(wanted.pages) - SHOWN:,}편" if len(wanted.pages) > SHOWN else ""
        count = f'<span class="kb-count">{len(wanted.pages)}</span>'
        rows.append(f"- **{md(wanted.name)}**{{ #{wanted.id} }} {count}<br>{told}{more}")
    if not rows:
        return ""
    lead = f"다른 문서가 가리키지만 아직 없는 문서 {len(wiki.wanted_names):,}편입니다. 많이 찾는 것부터 보입니다."
    return document("쓰이기를 기다리는 문서", lead, listing(rows))

"""All names of the wiki, and what a wikilink means: the resolution order of the contract, nothing looser."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from kbtools.links import WikiLink, can_be_target, fold_title, is_attachment_name, other_readings, page_name
from kbtools.markdown.structure import Heading
from kbtools.page import Page
from kbtools.vault.loading import Vault
from kbtools.vault.outline import Outline
from kbtools.vault.sections import Sections

How = Literal["exact", "variant", "path", "self", "attachment"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A link that means one page, or one attachment."""

    page: str
    how: How


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A link that two or more pages answer to."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """A link spelled as an alias. One holder: the site follows it. Several: a reader must choose."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A link nothing is called."""


Resolution = Resolved | Ambiguous | Alias | Missing

PageLinks = tuple[tuple[WikiLink, Resolution], ...]


def nfc(text: str) -> str:
    """As names are compared: é typed in one piece or in two is the same."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class Index:
    """Names to pages and links to their meaning, for one state of a vault. Immutable; tables are made when needed."""

    def __init__(self, pages: Mapping[str, Page], attachments: Iterable[str] = ()) -> None:
        self.pages: Mapping[str, Page] = dict(sorted(pages.items()))
        self.outlines: Mapping[str, Outline] = self.pages
        self.attachments = frozenset(attachments)
        self._links: dict[str, PageLinks] = {}
        self._anchors: dict[str, Sections] = {}
        self._everywhere: dict[str, Resolved] = {}
        """What targets mean that mean the same from every folder."""

    @classmethod
    def build(cls, vault: Vault) -> Index:
        return cls(vault.pages, vault.attachments)

    # -- names ---------------------------------------------------------------------------------------------

    @cached_property
    def by_stem(self) -> Mapping[str, tuple[str, ...]]:
        """File names, NFC, without ``.md``."""
        return table((nfc(p.stem), p.path) for p in self.outlines.values())

    @cached_property
    def by_title(self) -> Mapping[str, tuple[str, ...]]:
        return table((page_name(p.title), p.path) for p in self.outlines.values())

    @cached_property
    def by_fold(self) -> Mapping[str, tuple[str, ...]]:
        """Folded file names and titles, together."""
        return table((fold_title(n), p.path) for p in self.outlines.values() for n in (p.stem, p.title))

    @cached_property
    def by_alias(self) -> Mapping[str, tuple[str, ...]]:
        return table((fold_title(a), p.path) for p in self.outlines.values() for a in p.aliases)

    @cached_property
    def by_id(self) -> Mapping[str, tuple[str, ...]]:
        return table((p.id, p.path) for p in self.outlines.values() if p.id)

    @cached_property
    def hashed(self) -> frozenset[str]:
        """Folded names with a ``#`` in them, which a link would otherwise read as an anchor."""
        return frozenset(n for n in self.by_fold if "#" in n)

    @cached_property
    def _files_by_name(self) -> Mapping[str, tuple[str, ...]]:
        return table((nfc(a.rpartition("/")[2]), a) for a in self.attachments)

    # -- links ---------------------------------------------------------------------------------------------

    def read(self, link: WikiLink, page: Page) -> WikiLink:
        """The link as this wiki means it: ``[[C# 기초]]`` is one name where a page is called so."""
        if (link.anchor is None and link.block is None) or not link.target or not self.hashed:
            return link
        readings = other_readings(link, page.source.text)
        return next((r for r in readings if self._is_name(r.name, page.folder)), link)

    def _is_name(self, name: str, folder: str) -> bool:
        if fold_title(name) in self.hashed:
            return True
        last = name.rpartition("/")[2]
        return last != name and fold_title(last) in self.hashed and self._by_path(name, folder) is not None

    def resolve(self, link: WikiLink, page: Page) -> Resolution:
        """What a link of a page means."""
        return self.resolve_name(link.target, page.path) if link.target else Resolved(page.path, "self")

    def resolve_name(self, target: str, from_path: str) -> Resolution:
        """What a target means, written on the page at ``from_path``: the order of rungs is the contract's."""
        known = self._everywhere.get(target)
        if known is not None:
            return known
        name = page_name(target)
        folder = from_path.rpartition("/")[0]
        if "/" in name and (hit := self._by_path(name, folder)) is not None:
            return hit
        rungs: tuple[tuple[Mapping[str, tuple[str, ...]], str, How], ...] = (
            (self.by_stem, name, "exact"),
            (self.by_title, name, "exact"),
            (self.by_fold, fold_title(name), "variant"),
        )
        for table, key, how in rungs:
            if key and (found := table.get(key)):
                if len(found) == 1 and "/" not in name:
                    known = self._everywhere[target] = Resolved(found[0], how)
                    return known
                return self._settle(found, folder, how)
        if (file := self._attachment(target, folder)) is not None:
            return file
        holders = self.by_alias.get(fold_title(name))
        return Alias(holders) if holders else Missing()

    def _settle(self, found: tuple[str, ...], folder: str, how: How) -> Resolution:
        if len(found) > 1:
            found = self._without_redirects(found)
        if len(found) > 1:
            near = tuple(p for p in found if p.rpartition("/")[0] == folder)
            if len(near) != 1:
                return Ambiguous(found)
            found = near
        return Resolved(found[0], how)

    def _without_redirects(self, found: tuple[str, ...]) -> tuple[str, ...]:
        """Pages that stand for another among the candidates do not make a name ambiguous: all lead to one page."""
        ends = {self.final(p) for p in found}
        return (next(iter(ends)),) if len(ends) == 1 and ends <= set(found) else found

    def _by_path(self, name: str, folder: str) -> Resolution | None:
        """A folder-qualified target: whole segments from the end of a page's path, exactly or else folded."""
        relative = name.startswith("./") or ".." in name.split("/")
        segments = parts_of_path(name, folder if relative else None)
        if not segments:
            return None
        hows: tuple[How, ...] = ("path", "variant")
        for how in hows:
            norm = nfc if how == "path" else fold_title
            wanted = [norm(s) for s in segments]
            table = self.by_stem if how == "path" else self.by_fold
            found = [p for p in table.get(wanted[-1], ()) if _ends_with(p, wanted, norm)]
            full = tuple(p for p in found if p.count("/") + 1 == len(wanted))
            if relative or full:
                found = list(full)
            if found:
                return self._settle(tuple(found), folder, how)
        return None

    def _attachment(self, target: str, folder: str) -> Resolution | None:
        target = nfc(target.strip())
        segments = parts_of_path(target, folder if ".." in target.split("/") else None)
        if not segments or "." not in segments[-1]:
            return None
        found = tuple(
            a
            for a in self._files_by_name.get(segments[-1], ())
            if [nfc(s) for s in a.split("/")][-len(segments) :] == segments
        )
        if not found:
            return None
        if len(found) > 1:
            full = tuple(a for a in found if nfc(a) == "/".join(segments))
            near = tuple(a for a in found if a.rpartition("/")[0] == folder)
            found = full or (near if len(near) == 1 else found)
        return Resolved(found[0], "attachment") if len(found) == 1 else Ambiguous(found)

    # -- redirects -----------------------------------------------------------------------------------------

    @cached_property
    def redirects(self) -> Mapping[str, str]:
        """Pages that name another to stand for them, with its path, where that other is one page."""
        named = ((page.path, self.redirect_of(page)) for page in self.outlines.values() if page.redirect)
        return {path: target for path, target in named if target is not None}

    def redirect_of(self, page: Outline) -> str | None:
        """The other page that stands for this one, where it names one."""
        target = self.page_named(page.redirect, page.path) if page.redirect else None
        return target if target != page.path else None

    def final(self, path: str) -> str:
        """Where a reader sent along redirects ends; a page in a loop ends where it is."""
        seen = [path]
        while (path := self.redirects.get(path, path)) != seen[-1]:
            if path in seen:
                return seen[0]
            seen.append(path)
        return path

    def page_named(self, name: str, from_path: str) -> str | None:
        """The one page called so by file name, title or id: how frontmatter names a page."""
        name = page_name(name)
        folded = fold_title(name)
        for table, key in ((self.by_stem, name), (self.by_title, name), (self.by_id, name), (self.by_fold, folded)):
            if found := table.get(key):
                others = tuple(p for p in found if p != from_path) or found
                return others[0] if len(others) == 1 else None
        return None

    def reference(self, path: str, from_path: str, by_title: bool = True) -> str | None:
        """How frontmatter on ``from_path`` names the page at ``path`` (``page_named``): by title, file name or id;
        None where all of them mean another page too."""
        page = self.outlines[path]
        names = (page.title, page.stem, page.id) if by_title else (page.stem, page.title, page.id)
        return next(
            (n for n in names if n and can_be_target(n) and self.page_named(n, from_path) == path),
            None,
        )

    # -- spelling ------------------------------------------------------------------------------------------

    def canonical(self, link: WikiLink, resolution: Resolved, page: Page, style: str = "title") -> str | None:
        """How ``kb reconcile`` spells a link that means a page only after folding; None to leave it.

        A folder the author wrote is kept. The new spelling means the same page by construction: it is resolved again.
        """
        if resolution.how != "variant" or resolution.page in self.redirects:
            return None
        if self.is_doubtful(link, page, resolution.page):
            return None
        if "/" not in link.name or fold_title(self.outlines[resolution.page].title) == fold_title(link.name):
            return self.spelling(resolution.page, page.path, style)
        depth = len(_named_segments(link.name))
        name = "/".join(resolution.page.removesuffix(".md").split("/")[-depth:])
        if can_be_target(name) and self.resolve_name(name, page.path) == Resolved(resolution.page, "path"):
            return name
        return self.qualified(resolution.page, page.path)

    def is_doubtful(self, link: WikiLink, page: Page, path: str) -> bool:
        """Whether a folded spelling that means ``path`` may be the misspelled name of a rival.

        ``[[Tensor-Ops]]`` means the ``tensor_ops`` beside it before the ``Tensor Ops`` elsewhere; but
        ``[[Tensor Ops]]`` means that other one, so nobody can say which of them was misspelled, and nothing rewrites
        it. Where a rival is spelled the same, only its folder tells it apart, and there is no doubt.
        """
        folded, segments = fold_title(link.name), _named_segments(link.name)
        rivals = [(q, n) for q in self.by_fold.get(folded, ()) for n in (self.outlines[q].stem, self.outlines[q].title)]
        if len(segments) > 1:
            wanted = [fold_title(s) for s in segments]
            for q in self.by_fold.get(wanted[-1], ()):
                if _ends_with(q, wanted, fold_title):
                    rivals.append((q, "/".join(q.removesuffix(".md").split("/")[-len(segments) :])))
        return any(
            self.final(q) != path and fold_title(n) == folded and self.resolve_name(n, page.path) in _as_written(q)
            for q, n in rivals
            if q != path
        )

    def spelling(self, path: str, from_path: str, style: str = "title") -> str | None:
        """How a link on ``from_path`` should spell the page at ``path``: its title (or file name) if that means
        this page from there and nothing else, else the other, else the shortest folder-qualified name.
        """
        page = self.outlines[path]
        names = (page.title, page.stem) if style == "title" else (page.stem, page.title)
        for name in names:
            if can_be_target(name) and self.resolve_name(name, from_path) == Resolved(path, "exact"):
                return name
        return self.qualified(path, from_path)

    def qualified(self, path: str, from_path: str) -> str | None:
        """The shortest folder-qualified spelling of a page that means it and nothing else."""
        segments = path.removesuffix(".md").split("/")
        names = ["/".join(segments[-n:]) for n in range(2, len(segments) + 1)] + ["/" + "/".join(segments)]
        for name in names:
            if can_be_target(name) and self.resolve_name(name, from_path) == Resolved(path, "path"):
                return name
        return None

    # -- places in pages -----------------------------------------------------------------------------------

    def heading(self, path: str, anchor: str) -> Heading | None:
        """The heading an anchor of a link to ``path`` names, or None."""
        at = self.heading_number(path, anchor)
        return None if at is None else self.pages[path].headings[at]

    def has_heading(self, path: str, anchor: str) -> bool:
        """Whether an anchor of a link to ``path`` names one of its headings."""
        page = self.outlines.get(path)
        if page is not None and "#" not in anchor and anchor in [h.text for h in page.headings]:
            return bool(anchor)  # most: the heading's own words
        return self.heading_number(path, anchor) is not None

    def heading_number(self, path: str, anchor: str) -> int | None:
        """Which of a page's headings, from 0, an anchor of a link to ``path`` names."""
        anchors = self._anchors.get(path)
        if anchors is None:
            page = self.outlines.get(path)
            anchors = self._anchors[path] = Sections(page.headings if page is not None else ())
        return anchors.find(anchor)

    def has_block(self, path: str, block: str) -> bool:
        """Whether a page holds the block id; Obsidian compares them without case."""
        page = self.outlines.get(path)
        name = block.strip().lower()
        return page is not None and any(b.lower() == name for b in page.block_names)

    # -- graph ---------------------------------------------------------------------------------------------

    def links_of(self, page: Page) -> PageLinks:
        """A page's links as this wiki reads them, with what they mean."""
        held = self._links.get(page.path)
        if held is None:
            held = self._links[page.path] = tuple([self._meaning(link, page) for link in page.links])
        return held

    def _meaning(self, link: WikiLink, page: Page) -> tuple[WikiLink, Resolution]:
        read = link if link.anchor is None and link.block is None else self.read(link, page)
        return read, self._everywhere.get(read.target) or self.resolve(read, page)

    @cached_property
    def links(self) -> Mapping[str, PageLinks]:
        """The links of every page."""
        return {path: self.links_of(page) for path, page in self.pages.items()}

    def target_page(self, resolution: Resolution) -> str | None:
        """The page a reader gets to by a link: alias links count where exactly one page holds the alias."""
        if isinstance(resolution, Resolved):
            return None if resolution.how == "attachment" else resolution.page
        if isinstance(resolution, Alias) and len(resolution.candidates) == 1:
            return resolution.candidates[0]
        return None

    @cached_property
    def backlinks(self) -> Mapping[str, tuple[tuple[str, WikiLink], ...]]:
        """For each page, the links of other pages that lead to it, by path and place."""
        out: dict[str, list[tuple[str, WikiLink]]] = defaultdict(list)
        for path, links in self.links.items():
            for link, resolution in links:
                target = self.target_page(resolution)
                if target is not None and target != path:
                    out[target].append((path, link))
        return {path: tuple(found) for path, found in out.items()}

    @cached_property
    def wanted(self) -> Mapping[str, tuple[tuple[str, WikiLink], ...]]:
        """Names of pages that are linked to and not written, each as most links spell it, with those links; the most
        wanted first."""
        found: dict[str, list[tuple[str, WikiLink]]] = defaultdict(list)
        for path, links in self.links.items():
            for link, resolution in links:
                if isinstance(resolution, Missing) and not is_attachment_name(link.target):
                    found[fold_title(link.target)].append((path, link))
        named = {}
        for asking in found.values():
            spellings = Counter(page_name(link.target) for _, link in asking)
            named[min(spellings, key=lambda n: (-spellings[n], n))] = tuple(asking)
        return dict(sorted(named.items(), key=lambda item: (-len(item[1]), item[0])))

    def is_linked(self, path: str) -> bool:
        """Whether another page links to this one."""
        return path in self.backlinks


def table(pairs: Iterable[tuple[str | None, str]]) -> dict[str, tuple[str, ...]]:
    """Keys to the paths that hold them, without the empty one. Pairs come sorted by path."""
    pairs = [pair for pair in pairs if pair[0]]
    alone = {key: (path,) for key, path in pairs}
    if len(alone) == len(pairs):
        return alone  # type: ignore[return-value]  # most: nobody shares a name
    out: dict[str, tuple[str, ...]] = {}
    shared: dict[str, list[str]] = {}
    for key, path in pairs:
        if not key:
            continue
        held = out.get(key)
        if held is None:
            out[key] = (path,)
        elif held[0] != path:
            paths = shared.setdefault(key, [*held])
            if paths[-1] != path:
                paths.append(path)
    out.update((key, tuple(paths)) for key, paths in shared.items())
    return out


def parts_of_path(name: str, folder: str | None = None) -> list[str]:
    """The segments of a folder-qualified name, from the vault's root if a folder is given to go out from.

    Empty when ``..`` climbs out of the vault.
    """
    segments = [s for s in name.split("/") if s not in ("", ".")]
    if folder is None:
        return segments
    out = [nfc(s) for s in folder.split("/") if s]
    for s in segments:
        if s != "..":
            out.append(s)
        elif out:
            out.pop()
        else:
            return []
    return out


def _named_segments(name: str) -> list[str]:
    return [s for s in name.split("/") if s not in ("", ".", "..")]


def _as_written(path: str) -> tuple[Resolution, Resolution]:
    return Resolved(path, "exact"), Resolved(path, "path")


def _ends_with(path: str, wanted: list[str], norm: object) -> bool:
    assert callable(norm)
    have = path.removesuffix(".md").split("/")
    return len(have) >= len(wanted) and [norm(s) for s in have[-len(wanted) : -1]] == wanted[:-1]

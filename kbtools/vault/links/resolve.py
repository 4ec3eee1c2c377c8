"""What links mean: the resolution order of the contract over the names of a vault, nothing looser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from kbtools.links import WikiLink, fold_title, has_placeholder, other_readings, page_name
from kbtools.markdown.file_links import FileLink
from kbtools.vault.links.resolution import (
    Alias,
    Ambiguous,
    Elsewhere,
    FileResolution,
    How,
    Missing,
    Resolution,
    Resolved,
)
from kbtools.vault.links.sections import Sections
from kbtools.vault.names import STRICT, Conventions, Names, nfc, parts_of_path, table
from kbtools.vault.outline import Outline

ENTRANCES = ("index", "README", "readme", "Readme", "Index")
"""Names of the page that a folder's address shows."""


class Resolver:
    """The meaning of links, for one state of a vault's names."""

    def __init__(self, names: Names, conventions: Conventions = STRICT) -> None:
        self.names = names
        self.conventions = conventions
        self._everywhere: dict[str, Resolved] = {}
        """What targets mean that mean the same from every folder."""
        self._sections: dict[str, Sections] = {}
        self._redirects: dict[str, str | None] = {}

    @property
    def outlines(self) -> Mapping[str, Outline]:
        return self.names.outlines

    # -- wikilinks -----------------------------------------------------------------------------------------

    def read(self, link: WikiLink, text: str, path: str) -> WikiLink:
        """The link as this wiki means it: ``[[C# 기초]]`` is one name where a page is called so."""
        if (link.anchor is None and link.block is None) or not link.target or not self.names.hashed:
            return link
        folder = _folder(path)
        return next((r for r in other_readings(link, text) if self._is_name(r.name, folder)), link)

    def _is_name(self, name: str, folder: str) -> bool:
        if fold_title(name) in self.names.hashed:
            return True
        last = name.rpartition("/")[2]
        return last != name and fold_title(last) in self.names.hashed and self._by_path(name, folder) is not None

    def resolve(self, link: WikiLink, path: str) -> Resolution:
        """What a link on the page at ``path`` means."""
        return self.resolve_name(link.target, path) if link.target else Resolved(path, "self")

    def resolve_name(self, target: str, from_path: str) -> Resolution:
        """What a target means, written on the page at ``from_path``: the order of rungs is the contract's."""
        known = self._everywhere.get(target)
        if known is not None:
            return known
        names = self.names
        name = page_name(target)
        folder = _folder(from_path)
        if "/" in name and (hit := self._by_path(name, folder)) is not None:
            return hit
        rungs: tuple[tuple[Mapping[str, tuple[str, ...]], str, How], ...] = (
            (names.by_stem, name, "exact"),
            (names.by_title, name, "exact"),
            (names.by_fold, fold_title(name), "variant"),
        )
        for held, key, how in rungs:
            if key and (found := held.get(key)):
                if len(found) == 1 and "/" not in name:
                    known = self._everywhere[target] = Resolved(found[0], how)
                    return known
                return self._settle(found, folder, how)
        if (file := self._attachment(target, folder)) is not None:
            return file
        holders = names.by_alias.get(fold_title(name))
        return Alias(holders) if holders else Missing()

    def _settle(self, found: tuple[str, ...], folder: str, how: How) -> Resolution:
        if len(found) > 1:
            found = self._without_redirects(found)
        if len(found) > 1:
            near = tuple(p for p in found if _folder(p) == folder)
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
            held = self.names.by_stem if how == "path" else self.names.by_fold
            found = [p for p in held.get(wanted[-1], ()) if ends_with(p, wanted, norm)]
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
        return self._settled_file(self._ending_in(segments), segments, folder)

    def _ending_in(self, segments: list[str]) -> tuple[str, ...]:
        """The attachments whose paths end in these segments; without regard to case where Obsidian's rules hold and
        none is written so."""
        exact = self._files_by_name.get(segments[-1], ())
        found = tuple(a for a in exact if [nfc(s) for s in a.split("/")][-len(segments) :] == segments)
        if found or not self.conventions.by_name:
            return found
        wanted = [s.casefold() for s in segments]
        alike = self._files_by_folded_name.get(wanted[-1], ())
        return tuple(a for a in alike if nfc(a).casefold().split("/")[-len(segments) :] == wanted)

    def _settled_file(self, found: tuple[str, ...], segments: list[str], folder: str) -> Resolution | None:
        """The one attachment that is meant: by its full path, beside the page, or in Obsidian's folder for them."""
        if len(found) > 1:
            full = tuple(a for a in found if nfc(a) == "/".join(segments))
            homes = (folder, self._attachment_folder(folder))
            near = next(
                (one for home in homes if len(one := tuple(a for a in found if _folder(a) == home)) == 1), found
            )
            found = full or near
        if not found:
            return None
        return Resolved(found[0], "attachment") if len(found) == 1 else Ambiguous(found)

    def _attachment_folder(self, folder: str) -> str:
        setting = self.conventions.attachments
        if setting == "." or setting.startswith("./"):
            return "/".join(parts_of_path(setting, folder))
        return setting.strip("/")

    @cached_property
    def _files_by_name(self) -> Mapping[str, tuple[str, ...]]:
        return table((nfc(a.rpartition("/")[2]), a) for a in sorted(self.names.attachments))

    @cached_property
    def _files_by_folded_name(self) -> Mapping[str, tuple[str, ...]]:
        return table((nfc(a.rpartition("/")[2]).casefold(), a) for a in sorted(self.names.attachments))

    # -- Markdown links ------------------------------------------------------------------------------------

    def resolve_file(self, link: FileLink, from_path: str) -> FileResolution:
        """What a Markdown link on the page at ``from_path`` leads to."""
        if not link.path:
            return Resolved(from_path, "self") if link.fragment is not None else Missing()
        if has_placeholder(link.path):
            return Elsewhere()
        path, folder = nfc(link.path), _folder(from_path)
        is_absolute, is_page = path.startswith("/"), path.lower().endswith(".md")
        if not (is_absolute or is_page) and (found := self._by_address(link, path, from_path)) is not None:
            return found
        target = joined(path, "" if is_absolute else folder)
        if target is None:
            return Elsewhere(is_outside=not self._is_generated(path, from_path))
        where = self._file_at(target) or (self._by_name(path, folder) if self.conventions.by_name else None)
        if where is None and path.lower().endswith(".html") and (hit := self._file_at(target[:-5])) is not None:
            where = Resolved(hit.page, "path") if hit.how != "attachment" else None
        if where is not None:
            return where
        return Elsewhere() if (is_absolute and not is_page) or self._is_generated(path, from_path) else Missing()

    def _file_at(self, target: str) -> Resolved | None:
        """The page or attachment at a path; failing that the page without its ending, or the one a folder shows."""
        last = target.rpartition("/")[2]
        ways = [target] if last[-3:].lower() == ".md" else [f"{target}.md"]
        ways += [f"{target}/{name}.md" if target else f"{name}.md" for name in ENTRANCES[:2]]
        if target in self.names.attachments:
            return Resolved(target, "attachment")
        for a in self._files_by_name.get(last, ()) if last else ():
            if nfc(a) == target:
                return Resolved(a, "attachment")
        for fold in (nfc, _folded):
            for way in ways:
                if (page := self._page_at(way, fold)) is not None:
                    return Resolved(page, "path" if fold is nfc else "variant")
        for way in (f"{w[:-3]}.{locale}.md" for locale in self.conventions.locales for w in ways):
            if (page := self._page_at(way, nfc)) is not None:
                return Resolved(page, "path")
        if last and self.conventions.by_name:
            for a in self._files_by_folded_name.get(last.casefold(), ()):
                if _folded(a) == _folded(target):
                    return Resolved(a, "attachment")
        return None

    def _page_at(self, path: str, fold: object) -> str | None:
        assert callable(fold)
        stem = path.rpartition("/")[2][:-3]
        wanted = fold(path)
        return next((p for p in self.names.by_fold.get(fold_title(stem), ()) if fold(p) == wanted), None)

    def _by_name(self, path: str, folder: str) -> FileResolution | None:
        """The file of a name, wherever it lies, as Obsidian finds it; of a path, the one whose own path ends so."""
        if ".." in path.split("/"):
            return None
        segments = parts_of_path(path)
        if not segments:
            return None
        wanted = [s.casefold() for s in segments]
        wanted[-1] = wanted[-1].removesuffix(".md")
        pages = tuple(
            p
            for p in self.names.by_fold.get(fold_title(segments[-1]), ())
            if _folded(p)[:-3].split("/")[-len(wanted) :] == wanted
        )
        if pages:
            settled = self._settle(pages, folder, "name")
            return settled if isinstance(settled, (Resolved, Ambiguous)) else None
        file = self._settled_file(self._ending_in(segments), segments, folder)
        return file if isinstance(file, (Resolved, Ambiguous)) else None

    def _is_generated(self, path: str, from_path: str) -> bool:
        """Whether a path or address leads to a page that only the site has."""
        ways = (joined(path, folder) for folder in (_folder(from_path), self._address_of(from_path)))
        return bool(self.conventions.generated) and any(
            way is not None and f"{way.removesuffix('.md')}.md" in self.conventions.generated for way in ways
        )

    def _address_of(self, path: str) -> str:
        """The folder that a page is on the site, where pages are folders there."""
        stem = path[:-3]
        return _folder(path) if stem.rpartition("/")[2] in ENTRANCES[:2] else stem

    def _by_address(self, link: FileLink, path: str, from_path: str) -> Resolved | None:
        """The page at an address of the site, relative to the linking page's own: MkDocs leaves those as they are; in
        raw HTML also files."""
        if not (self.conventions.on_site and self.conventions.directory_urls):
            return None
        target = joined(path, self._address_of(from_path))
        if target is None:
            return None
        if link.kind == "html" and target in self.names.attachments:
            return Resolved(target, "attachment")
        hit = self._file_at(target)
        return Resolved(hit.page, "address") if hit is not None and hit.how != "attachment" else None

    # -- redirects -----------------------------------------------------------------------------------------

    def redirect(self, path: str) -> str | None:
        """The other page that stands for the one at ``path``, where it names one page."""
        if path not in self._redirects:
            page = self.outlines.get(path)
            target = self.page_named(page.redirect, path) if page is not None and page.redirect else None
            self._redirects[path] = target if target != path else None
        return self._redirects[path]

    def final(self, path: str) -> str:
        """Where a reader sent along redirects ends; a page in a loop ends where it is."""
        seen = [path]
        while (following := self.redirect(path)) is not None:
            path = following
            if path in seen:
                return seen[0]
            seen.append(path)
        return path

    def page_named(self, name: str, from_path: str) -> str | None:
        """The one page called so by file name, title or id: how frontmatter names a page."""
        name = page_name(name)
        names = self.names
        tables = ((names.by_stem, name), (names.by_title, name), (names.by_id, name), (names.by_fold, fold_title(name)))
        for held, key in tables:
            if found := held.get(key):
                others = tuple(p for p in found if p != from_path) or found
                return others[0] if len(others) == 1 else None
        return None

    # -- places in pages -----------------------------------------------------------------------------------

    def sections(self, path: str) -> Sections:
        """The sections of a page; none where there is no page."""
        held = self._sections.get(path)
        if held is None:
            page = self.outlines.get(path)
            held = self._sections[path] = Sections(page.headings, page.ids) if page is not None else Sections(())
        return held

    def has_section(self, path: str, anchor: str) -> bool:
        """Whether an anchor of a link to ``path`` names a place there."""
        page = self.outlines.get(path)
        if page is not None and "#" not in anchor and anchor in [h.text for h in page.headings]:
            return bool(anchor)  # most: the heading's own words
        return self.sections(path).id_of(anchor) is not None

    def has_block(self, path: str, block: str) -> bool:
        """Whether a page holds the block id; Obsidian compares them without case."""
        page = self.outlines.get(path)
        name = block.strip().lower()
        return page is not None and any(b.lower() == name for b in page.block_names)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _folded(path: str) -> str:
    return nfc(path).casefold()


def joined(path: str, folder: str) -> str | None:
    """A relative path from a folder, from the vault's root; None where it climbs out."""
    out = [nfc(s) for s in folder.split("/") if s]
    for part in path.split("/"):
        if part == "..":
            if not out:
                return None
            out.pop()
        elif part not in ("", "."):
            out.append(part)
    return "/".join(out)


def ends_with(path: str, wanted: list[str], norm: object) -> bool:
    """Whether the folders of a path end in the wanted ones; its last segment is that of the table it comes from."""
    assert callable(norm)
    have = path.removesuffix(".md").split("/")
    return len(have) >= len(wanted) and [norm(s) for s in have[-len(wanted) : -1]] == wanted[:-1]


def file_keys(link: FileLink) -> Iterator[str]:
    """The folded names on whose holders the meaning of a Markdown link hangs."""
    last = link.path.rstrip("/").rpartition("/")[2]
    yield fold_title(last)
    if not last.lower().endswith(".md"):
        yield fold_title(last[:-5] if last.lower().endswith(".html") else last)
        yield from ("index", "readme")

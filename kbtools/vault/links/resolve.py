"""Resolves links to pages and attachments, in the order of the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate, dropwhile

from kbtools.config.mkdocs_file import HeadingIds, is_within
from kbtools.links import WikiLink, fold_title, has_placeholder, other_readings, page_name, written
from kbtools.markdown.file_links import FileLink
from kbtools.vault import logseq
from kbtools.vault.homonyms import Homonyms, Lookup, NameKind, Norm
from kbtools.vault.links import dendron
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
from kbtools.vault.names import ENTRANCES, STRICT, Conventions, NameTable, OutlineTable, casefolded, nfc, parts_of_path

_ASSET_OF_GRAPH = re.compile(r"(?:\.\.?)?/?assets/")
"""Where Logseq looks for a file in the graph's own folder of assets, whatever the folder of the page is
(``make-asset-url`` of its source)."""
_TO_FILL_IN = re.compile(r"<[A-Za-z][\w -]*>|\A%.*%\Z|\A\(\(", re.DOTALL)
"""A part of an address that a reader or a template engine writes, or a block of Logseq's: ``((id))``."""


class Resolver:
    """Resolves links against one state of a vault's names."""

    def __init__(self, names: NameTable, conventions: Conventions = STRICT) -> None:
        self.names = names
        self.conventions = conventions
        self._everywhere: dict[str, Resolved] = {}
        """Cached resolutions of targets that do not depend on the linking page's folder."""
        self._sections: dict[str, Sections] = {}
        self._redirects: dict[str, str | None] = {}
        self._looping: set[str] = set()
        """Pages in a redirect loop."""
        self._blocks: dict[str, frozenset[str]] = {}
        self._finals: dict[str, str] = {}
        self.lookup = Lookup(names)
        self._without_folder: dict[Homonyms, str | Ambiguous] = {}
        """Cached resolutions of shared names from folders that contain none of the pages, or more than one."""

    @property
    def outlines(self) -> OutlineTable:
        return self.names.outlines

    # -- wikilinks -----------------------------------------------------------------------------------------

    def read(self, link: WikiLink, text: str, path: str) -> WikiLink:
        """The link as the wiki means it: split into name and anchor by the wiki's names (``[[C# 기초]]`` is one name if
        a page has it), or with the words first."""
        if self.conventions.dialect == "dendron":
            return dendron.read(link, text)
        if self.conventions.dialect == "logseq" and (whole := written(link, text)) != link.target:
            return link._replace(target=whole.strip(), anchor=None, block=None)  # pages have no sections there
        if (link.anchor is None and link.block is None) or not link.target or not self.names.with_hash:
            return link
        folder = folder_of(path)
        return next((r for r in other_readings(link, text) if self._is_name(r.name, folder)), link)

    def _is_name(self, name: str, folder: str) -> bool:
        if fold_title(name) in self.names.with_hash:
            return True
        last = name.rpartition("/")[2]
        return last != name and fold_title(last) in self.names.with_hash and self._by_path(name, folder) is not None

    def resolve(self, link: WikiLink, path: str) -> Resolution:
        """Resolves a link on the page at ``path``."""
        return self.resolve_name(link.target, path) if link.target else Resolved(path, "self")

    def resolve_name(self, target: str, from_path: str) -> Resolution:
        """Resolves a target on the page at ``from_path``; the order of the steps is defined by the contract."""
        known = self._everywhere.get(target)
        if known is not None:
            return known
        names = self.names
        name = page_name(target)
        folder = folder_of(from_path)
        if self.conventions.dialect == "logseq":
            return self._logseq_page(name, folder) or self._attachment(target, folder) or Missing()
        if "/" in name and (hit := self._by_path(name, folder)) is not None:
            return hit
        if self.conventions.outermost_index and fold_title(name) == "index":
            above = accumulate(folder.split("/") if folder else (), lambda path, part: f"{path}{part}/", initial="")
            start = next((path for way in above if (path := f"{way}index.md") in self.outlines), None)
            if start is not None:
                return Resolved(start, "exact")
        rungs: tuple[tuple[NameKind, str, How], ...] = (
            ("stem", name, "exact"),
            ("title", name, "exact"),
            ("fold", fold_title(name), "variant"),
        )
        for table, key, how in rungs[:1] if self.conventions.dialect else rungs:  # Dendron knows no titles
            if key and (found := self.lookup.called(table, key)).paths:
                if len(found.paths) == 1 and "/" not in name:
                    known = self._everywhere[target] = Resolved(found.paths[0], how)
                    return known
                return self._settle(found, folder, how)
        if (file := self._attachment(target, folder)) is not None:
            return file
        holders = names.by_alias.get(fold_title(name), ())
        return Alias(holders) if holders else Missing()

    def _logseq_page(self, name: str, folder: str) -> Resolution | None:
        """The page of Logseq's with a name, without regard to case: of its file, in which ``/`` is ``___`` (in older
        graphs ``%2F`` or ``.``) and other signs are encoded, of its property ``title``, or an alias; or the journal of
        a day."""
        plain = (name.replace("/", slash) for slash in self.conventions.slashes)
        for stem in (*plain, *logseq.special_stems(name)):
            if (found := self.lookup.called("folded stem", casefolded(stem))).paths:
                return self._settle(found, folder, "exact")
        folded, outlines = fold_title(name), self.outlines
        alike = self.names.by_fold.get(folded, ())
        titled = tuple(path for path in alike if casefolded(outlines[path].title) == casefolded(name))
        for held in (titled, self.names.by_alias.get(folded, ())):
            if held:
                return Resolved(held[0], "exact") if len(held) == 1 else Ambiguous(tuple(held))
        return None

    def _settle(self, found: Homonyms, folder: str, how: How) -> Resolution:
        """The only match; of several, the one in the linking page's own folder."""
        if len(found.paths) == 1:
            return Resolved(found.paths[0], how)
        if found not in self._without_folder:
            self._without_folder[found] = self._without_redirects(found.paths)
        lone = self._without_folder[found]
        if isinstance(lone, str):
            return Resolved(lone, how)
        near = found.in_folder(folder)
        return Resolved(near, how) if near is not None else lone

    def _without_redirects(self, found: tuple[str, ...]) -> str | Ambiguous:
        """Removes candidates that redirect to another candidate, so that they do not make a name ambiguous."""
        ends = {self.final(p) for p in found}
        return next(iter(ends)) if len(ends) == 1 and ends <= set(found) else Ambiguous(found)

    def _by_path(self, name: str, folder: str) -> Resolution | None:
        """A folder-qualified target: whole segments from the end of a page's path, exactly or else folded."""
        relative = name.startswith("./") or ".." in name.split("/")
        if name.endswith("/"):  # a folder: the page that shows it
            return next((hit for e in ENTRANCES if (hit := self._by_path(f"{name}{e}", folder)) is not None), None)
        segments = parts_of_path(name, folder if relative else None)
        if not segments:
            return None
        ways: tuple[tuple[NameKind, How, Norm], ...] = (("stem", "path", nfc), ("fold", "variant", fold_title))
        for table, how, norm in ways:
            *folders, last = [norm(s) for s in segments]
            found = self.lookup.called(table, last).below(folders, norm)
            if found.paths and not (relative and found.paths[0].count("/") > len(folders)):
                return self._settle(found, folder, how)
        return None

    def _attachment(self, target: str, folder: str) -> Resolution | None:
        target = nfc(target.strip())
        segments = parts_of_path(target, folder if ".." in target.split("/") else None)
        if not segments or "." not in segments[-1]:
            return None
        return self._settled_file(segments, folder)

    def _settled_file(self, segments: list[str], folder: str) -> Resolved | Ambiguous | None:
        """The one attachment whose path ends in these segments: the one with just this path, beside the page, or in
        Obsidian's folder for them. Without regard to case where Obsidian's rules hold and none is written so."""
        *folders, last = segments
        found = self.lookup.called("file", last).below(folders, nfc)
        if not found.paths and self.conventions.by_name:
            found = self.lookup.called("folded file", last.casefold()).below(
                [s.casefold() for s in folders], casefolded
            )
        if len(found.paths) < 2:
            return Resolved(found.paths[0], "attachment") if found.paths else None
        if found not in self._without_folder:
            self._without_folder[found] = found.at("/".join(segments), nfc) or Ambiguous(found.paths)
        lone = self._without_folder[found]
        if isinstance(lone, str):
            return Resolved(lone, "attachment")
        homes = (found.in_folder(home) for home in (folder, self._attachment_folder(folder)))
        near = next((home for home in homes if home is not None), None)
        return Resolved(near, "attachment") if near is not None else lone

    def _attachment_folder(self, folder: str) -> str:
        setting = self.conventions.attachments
        if setting == "." or setting.startswith("./"):
            return "/".join(parts_of_path(setting, folder))
        return setting.strip("/")

    # -- Markdown links ------------------------------------------------------------------------------------

    def resolve_file(self, link: FileLink, from_path: str) -> FileResolution:
        """Resolves a Markdown link on the page at ``from_path``."""
        if not link.path:
            return Resolved(from_path, "self") if link.fragment is not None else Missing()
        if self.conventions.dialect == "logseq" and link.kind == "link" and "." not in link.path:
            return Elsewhere()  # the name of a page there, which need not be written: [words](A/B)
        if has_placeholder(link.path) or _TO_FILL_IN.search(link.path):
            return Elsewhere()
        path, folder = nfc(link.path), folder_of(from_path)
        is_absolute, is_page = path.startswith("/"), path.lower().endswith(".md")
        if link.kind == "html" and is_within(from_path, self.conventions.posts):
            return Elsewhere()  # relative to an address that the post's date decides
        if not (is_absolute or is_page) and (found := self._by_address(link, path, from_path)) is not None:
            return found
        of_graph = _ASSET_OF_GRAPH.match(path) if self.conventions.dialect == "logseq" else None
        if of_graph is not None and (asset := self._file_at(path[of_graph.end() - len("assets/") :])) is not None:
            return asset
        target = joined(path, "" if is_absolute else folder)
        if is_absolute and not target and self.conventions.depth != 0:
            return Elsewhere()  # the start of the host, which need not be that of these pages
        if target is None:
            on_host = link.kind == "html" and bool(self.conventions.depth)  # what else the site's host has
            return Elsewhere(is_outside=not on_host and not self._is_generated(path, from_path))
        if not self.conventions.on_site and any(part.startswith(".") for part in target.split("/")):
            return Elsewhere()  # what has such a name is not read, so nothing is known of it
        where = self._file_at(target) or (self._by_name(path, folder) if self.conventions.by_name else None)
        if where is None and path.lower().endswith(".html"):
            where = self._page_shown_at(target)
        if where is not None:
            return where
        return Elsewhere() if (is_absolute and not is_page) or self._is_generated(path, from_path) else Missing()

    def _page_shown_at(self, target: str) -> Resolved | None:
        """The page that a site shows at ``x.html``; at ``x/index.html``, also the folder's readme."""
        stem = target[:-5]
        hit = self._file_at(stem)
        if hit is None and (stem == "index" or stem.endswith("/index")):
            hit = self._file_at(stem[: -len("/index")])
        return Resolved(hit.page, "path") if hit is not None and hit.how != "attachment" else None

    def _file_at(self, target: str) -> Resolved | None:
        """The page or attachment at a path; failing that the page without its ending, or the one a folder shows."""
        last = target.rpartition("/")[2]
        ways = [target] if last[-3:].lower() == ".md" else [f"{target}.md"]
        ways += [f"{target}/{name}.md" if target else f"{name}.md" for name in ENTRANCES[:2]]
        if target in self.names.files.paths:
            return Resolved(target, "attachment")
        if last and (file := self.lookup.called("file", last).at(target, nfc)) is not None:
            return Resolved(file, "attachment")
        for fold in (nfc, casefolded):
            for way in ways:
                if (page := self._page_at(way, fold)) is not None:
                    return Resolved(page, "path" if fold is nfc else "variant")
        for way in (f"{w[:-3]}.{locale}.md" for locale in self.conventions.locales for w in ways):
            if (page := self._page_at(way, nfc)) is not None:
                return Resolved(page, "path")
        if last and self.conventions.by_name:
            file = self.lookup.called("folded file", last.casefold()).at(casefolded(target), casefolded)
            return Resolved(file, "attachment") if file is not None else None
        return None

    def _page_at(self, path: str, norm: Norm) -> str | None:
        return self.lookup.called("fold", fold_title(path.rpartition("/")[2][:-3])).at(norm(path), norm)

    def _by_name(self, path: str, folder: str) -> FileResolution | None:
        """The file with a name, in any folder, as in Obsidian; for a path, the file whose path ends with it."""
        if ".." in path.split("/"):
            return None
        segments = parts_of_path(path)
        if not segments:
            return None
        *folders, last = [s.casefold() for s in segments]
        pages = self.lookup.called("folded stem", last.removesuffix(".md")).below(folders, casefolded)
        if pages.paths:
            settled = self._settle(pages, folder, "name")
            return settled if isinstance(settled, (Resolved, Ambiguous)) else None
        return self._settled_file(segments, folder)

    def _is_generated(self, path: str, from_path: str) -> bool:
        """Whether a path or address is that of a page that exists only on the site."""
        ways = (joined(path, folder) for folder in (folder_of(from_path), self._address_of(from_path)))
        return bool(self.conventions.generated) and any(
            way is not None and f"{way.removesuffix('.md')}.md" in self.conventions.generated for way in ways
        )

    def _address_of(self, path: str) -> str:
        """The folder that a page is on the site, where pages are folders there."""
        stem = path[:-3]
        return folder_of(path) if stem.rpartition("/")[2] in ENTRANCES[:2] else stem

    def _by_address(self, link: FileLink, path: str, from_path: str) -> Resolved | None:
        """The page at an address of the site, relative to the linking page's own: MkDocs leaves those as they are; in
        raw HTML also files."""
        if not (self.conventions.on_site and self.conventions.directory_urls):
            return None
        address = self._address_of(from_path)
        target = joined(path, address)
        if target is None and self.conventions.depth == 0:
            target = joined(path, address, above=True)
        if target is None:
            return None
        if link.kind == "html" and target in self.names.files.paths:
            return Resolved(target, "attachment")
        hit = self._file_at(target)
        return Resolved(hit.page, "address") if hit is not None and hit.how != "attachment" else None

    # -- redirects -----------------------------------------------------------------------------------------

    def redirect(self, path: str) -> str | None:
        """The page to which the one at ``path`` redirects, if its name resolves to one page."""
        if path not in self._redirects:
            page = self.outlines.get(path)
            target = self.page_named(page.redirect, path) if page is not None and page.redirect else None
            self._redirects[path] = target if target != path else None
        return self._redirects[path]

    def final(self, path: str) -> str:
        """The final target after following redirects; the page itself if it is in a loop or redirects into one."""
        way: dict[str, None] = {}
        at = path
        while at not in self._finals and at not in way:
            way[at] = None
            at = self.redirect(at) or at
        known = self._finals.get(at)
        if known is None and self.redirect(at) is None:
            known = at
        elif known is None:
            self._looping.update(dropwhile(lambda p: p != at, way))
        # Pages in a loop, and pages that redirect into one, are their own final target.
        end = known if known is not None and self.redirect(known) is None else None
        self._finals.update((p, end or p) for p in way)
        return self._finals[path]

    def leads_to(self, start: str, path: str) -> bool:
        """Whether the chain of redirects from one page contains another."""
        following = self.redirect(path)
        if following is None:
            return self.final(start) == path
        if following == start:
            self.final(path)
            return path in self._looping
        at: str | None = start
        seen: set[str] = set()
        while at is not None and at != path and at not in seen:
            seen.add(at)
            at = self.redirect(at)
        return at == path

    def page_named(self, name: str, from_path: str) -> str | None:
        """The only page with this file name, title or id, as frontmatter refers to pages."""
        name = page_name(name)
        names = self.names
        tables = ((names.by_stem, name), (names.by_title, name), (names.by_id, name), (names.by_fold, fold_title(name)))
        for held, key in tables:
            if found := held.get(key, ()):
                if len(found) > 2:
                    return None
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
        """Whether an anchor of a link to ``path`` names a place there, as far as it can be known."""
        page = self.outlines.get(path)
        sections = self.sections(path)
        if "#" not in anchor and anchor in sections.texts:
            return bool(anchor)  # the usual case: the heading's own text
        return sections.id_of(anchor) is not None or (page is not None and page.has_includes)

    def has_address(self, path: str, fragment: str, made: HeadingIds) -> bool:
        """Whether an element of the page that the site makes of ``path`` has this id, as far as it can be known."""
        page = self.outlines.get(path)
        return self.sections(path).has_address(fragment, made) or (page is not None and page.has_includes)

    def has_block(self, path: str, block: str) -> bool:
        """Whether a page holds the block id; Obsidian compares them without case."""
        held = self._blocks.get(path)
        if held is None:
            page = self.outlines.get(path)
            held = self._blocks[path] = (
                frozenset(b.lower() for b in page.block_names) if page is not None else frozenset()
            )
        return block.strip().lower() in held


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def joined(path: str, folder: str, *, above: bool = False) -> str | None:
    """A path relative to a folder, made relative to the vault's root; None when it leads out of the vault. With
    ``above`` nothing does: at the root ``..`` is the root itself, as in the addresses of a host (RFC 3986, 5.2.4)."""
    out = [nfc(s) for s in folder.split("/") if s]
    for part in path.split("/"):
        if part == "..":
            if not out and not above:
                return None
            del out[-1:]
        elif part not in ("", "."):
            out.append(part)
    return "/".join(out)


def file_keys(link: FileLink) -> Iterator[str]:
    """The folded names on which the resolution of a Markdown link depends."""
    last = link.path.rstrip("/").rpartition("/")[2]
    yield fold_title(last)
    if not last.lower().endswith(".md"):
        yield fold_title(last[:-5] if last.lower().endswith(".html") else last)
        yield from ("index", "readme")

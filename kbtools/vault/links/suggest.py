"""Suggests corrections for links that lead nowhere ("did you mean").

Only what is very likely to be right is offered: a guess that is wrong half of the time costs readers more than it
gives, and ``kb fix --unsafe`` writes what is offered.
"""

from __future__ import annotations

import html
import posixpath
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from kbtools.config.mkdocs_file import HeadingIds
from kbtools.links import WikiLink, fold_title, is_attachment_name
from kbtools.markdown.file_links import FileLink, has_ending, written
from kbtools.markdown.structure import Heading
from kbtools.text.diagnostics import Applicability, Edit, Fix
from kbtools.text.near_names import NearNames
from kbtools.text.source import Span, is_invisible
from kbtools.vault.homonyms import Homonyms
from kbtools.vault.links.resolution import Alias, Ambiguous, Resolved
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.links.spelling import Speller
from kbtools.vault.links.suggestion_tables import SuggestionTables, is_long_alias
from kbtools.vault.names import nfc
from kbtools.vault.page import Page

# Postpositions that get caught inside the brackets, longest first.
_PARTICLES = """
은 는 이 가 을 를 의 에 와 과 도 만 로 으로 에서 에게 한테 께 까지 부터 처럼 보다 마다
조차 밖에 이나 나 이란 란 이라는 라는 이며 며 이고 라고 이라고 에는 에도 에서는 에서의
으로는 로는 으로의 로의 와의 과의 들 들은 들의 들을 들이
"""
PARTICLES = tuple(sorted(_PARTICLES.split(), key=len, reverse=True))
AFTER_NOUNS = frozenset((*PARTICLES, "이다", "입니다", "인", "일", "임", "과는", "과의", "와는", "만의", "고", "란"))
"""Korean endings that may be attached to a noun: particles, and forms of the copula."""

_SCHEME = re.compile(r"(?:https?|ftp|file)://|mailto:", re.IGNORECASE)
_COMMONMARK_ADDRESS = re.compile(r"(?:[^\s()<>]|\((?:[^\s()<>]|\([^\s()<>]*\))*\))+")
"""An address without angle brackets; its parentheses are balanced."""
_ADDRESS = re.compile(
    r"(?:\./)?(?P<scheme>https?://)(?P<rest>.+)"
    r"|(?P<host>(?:www\.[\w.-]+|[\w.-]+\.(?:com|org|net|edu|gov|io|dev|kr|jp|de|uk))(?:/.*)?)\Z",
    re.IGNORECASE,
)
"""An address of the web, behind a folder or without its scheme."""
_DATE = re.compile(r"\A\d{4} \d{1,2} \d{1,2}\Z")
_OTHER_ENDING = re.compile(r"\.(?:html?|markdown|mdx?)$", re.IGNORECASE)
_KINDS = {
    ending: kind
    for kind, endings in (
        ("picture", "png jpg jpeg gif webp avif svg bmp tif tiff heic"),
        ("sound", "mp3 m4a wav ogg flac opus"),
        ("film", "mp4 webm mov mkv avi ogv"),
        ("document", "pdf doc docx odt"),
    )
    for ending in endings.split()
}
"""Endings of files that show readers the same. A source (``tex``, ``typ``) does not: what it makes is missing."""
_SHORTEST_HEADING = 10
"""Letters of a single word that leads to the page with this first heading: *Problem* heads too many."""
_ENTRANCES = frozenset(("index", "readme"))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested spelling, and the reason for it."""

    target: str | None
    """The suggested target; None when there is only an explanation (``why``)."""
    page: str | None
    why: str
    words: str | None = None
    """Label for a link without one, when its displayed text should differ from the target."""


def _kind(name: str) -> str:
    """What kind of file it is, by its ending in lower case."""
    ending = name.rpartition(".")[2]
    return _KINDS.get(ending, ending)


class Suggester:
    """Suggestions in one state of a vault."""

    def __init__(self, resolver: Resolver, speller: Speller, tables: SuggestionTables) -> None:
        self.resolver = resolver
        self.speller = speller
        self._tables = tables
        self._homonyms: dict[str, Homonyms] = {}
        self._ends: dict[Homonyms, str | None] = {}
        self._stems: dict[str, str | None] = {}
        self._aliases: dict[str, Mapping[str, str]] = {}
        self._folders: dict[str, Homonyms] = {}
        self._near_sections: dict[str, tuple[NearNames, Mapping[str, str], str]] = {}
        self._linked: tuple[Page, frozenset[str | None]] | None = None
        """The page asked about last, and the pages it links to."""
        self._headings: tuple[Page, Mapping[str, Heading]] | None = None
        """The page asked about last, and its headings by their folded texts."""
        self._files = resolver.names.files

    # -- wikilinks

    def suggest(self, link: WikiLink, page: Page) -> Suggestion | None:
        """The best suggestion for a link to a missing page; None when there is no good one."""
        if _SCHEME.match(link.target):
            return Suggestion(None, None, f"an address is written [text]({link.target}), or <{link.target}>")
        if self.resolver.conventions.dialect is not None:
            return None  # names are whole paths there: one that differs is another page, not written yet
        if (sure := self._respelled(link, page) or self._particle(link, page)) is not None:
            return sure
        guesses = (self._folder, self._index, self._near, self._heading)
        found = next((s for guess in guesses if (s := guess(link, page)) is not None), None)
        if found is None or found.page is None or link.anchor is None:
            return found
        if self.resolver.has_section(found.page, link.anchor):
            return found
        why = f'did you mean [[{found.target}]]? it has no section "{link.anchor}"'
        return replace(found, target=None, why=why)

    def choices(self, resolution: Ambiguous, from_path: str, most: int) -> tuple[str, ...]:
        """Unambiguous spellings for the first candidates of an ambiguous link."""
        named = (
            self.speller.qualified(c, from_path) or self.speller.spelling(c, from_path)
            for c in resolution.candidates[:most]
            if c in self.resolver.outlines
        )
        return tuple(n for n in named if n)

    def _to(self, path: str, page: Page, why: str) -> Suggestion | None:
        final = self.resolver.final(path)
        target = self.speller.spelling(final, page.path) if final != page.path else None
        return Suggestion(target, final, why) if target else None

    def _page(self, name: str, page: Page) -> str | None:
        """The only page that matches a name, including aliases."""
        hit = self.resolver.resolve_name(name, page.path)
        if isinstance(hit, Alias) and len(hit.candidates) == 1:
            return hit.candidates[0]
        return hit.page if isinstance(hit, Resolved) and hit.page in self.resolver.outlines else None

    def _respelled(self, link: WikiLink, page: Page) -> Suggestion | None:
        """The name after decoding, without backslashes and invisible characters."""
        seen = "".join(c for c in link.target if not is_invisible(c))
        spaced = "".join(" " if is_invisible(c) else c for c in link.target)
        ways = (
            (unquote(link.target), f'"{link.target}" is written as in an address'),
            (html.unescape(link.target), f'"{link.target}" is written as in HTML'),
            (_OTHER_ENDING.sub("", link.target), "a page is called without its ending"),
            (link.target.replace("\\", "/"), "folders are divided by /"),
            (seen, "an invisible character stands in the name"),
            (spaced, "an invisible character stands in the name"),
        )
        for name, why in ways:
            if name == link.target or (path := self._page(name, page)) is None:
                continue
            found = self._to(path, page, why)
            return replace(found, words=name.rpartition("/")[2]) if found is not None else None
        return None

    def _particle(self, link: WikiLink, page: Page) -> Suggestion | None:
        name = link.name
        for particle in PARTICLES if not name.isascii() else ():
            if not name.endswith(particle) or len(name) == len(particle):
                continue
            if (path := self._page(name[: -len(particle)], page)) is not None:
                return self._to(path, page, f'the particle "{particle}" belongs behind the brackets')
        return None

    def _folder(self, link: WikiLink, page: Page) -> Suggestion | None:
        head, slash, last = link.name.rpartition("/")
        if not slash or fold_title(last) in _ENTRANCES:
            return None
        *above, folder = [fold_title(s) for s in head.split("/")]
        is_numbered = not any(c.isalpha() for c in last)
        if is_numbered and self._folders_called(folder).below(above, fold_title).paths:
            return None  # a date or number: one of each may be in every folder
        path = self._page(last, page)
        found = self._to(path, page, f'there is no "{last}" in a folder "{head}"') if path is not None else None
        return replace(found, words=last) if found is not None else None

    def _index(self, link: WikiLink, page: Page) -> Suggestion | None:
        """A folder: the page that shows it, or what is in it."""
        *above, last = [fold_title(s) for s in link.name.strip("/").split("/")]
        folders = self._folders_called(last).below(above, fold_title).paths
        if len(folders) != 1:
            return None
        folder = folders[0]
        for entrance in ("index", "README", "readme", folder.rpartition("/")[2]):
            if (path := f"{folder}/{entrance}.md") in self.resolver.outlines:
                return self._to(path, page, f'"{folder}" is a folder, and this is its page')
        return Suggestion(None, None, f'"{folder}" is a folder: link to a page in it')

    def _near(self, link: WikiLink, page: Page) -> Suggestion | None:
        head, _, last = link.name.rpartition("/")
        folders = [fold_title(s) for s in head.split("/") if s not in ("", ".", "..")]
        found = {name: self._called(name) for name in self._tables.near_names.nearest(fold_title(last))}
        if folders:  # of a link whose folder is wrong too, nothing is sure
            below = {name: held.below(folders, fold_title) for name, held in found.items()}
            found = {name: held for name, held in below.items() if held.paths}
        meant = {name: path for name, held in found.items() if (path := self._one_of(held, page.folder)) is not None}
        if len(set(meant.values())) != 1 or len(meant) < len(found):
            return None
        name, path = next(iter(meant.items()))
        outline = self.resolver.outlines[path]
        alias = self._alias_of(path, name)
        own = name in (fold_title(outline.stem), fold_title(outline.title))
        why = "the spelling is close" if own or alias is None else f'its alias "{alias}" is close'
        return self._to(path, page, why)

    def _called(self, name: str) -> Homonyms:
        """The pages that a misspelled link with this name may mean."""
        held = self._homonyms.get(name)
        if held is None:
            names = self.resolver.names
            aliased = names.by_alias.get(name, ()) if is_long_alias(name) else ()
            held = self._homonyms[name] = Homonyms(tuple(dict.fromkeys((*names.by_fold.get(name, ()), *aliased))))
        return held

    def _folders_called(self, name: str) -> Homonyms:
        """The folders that hold pages, by their folded last name."""
        held = self._folders.get(name)
        if held is None:
            held = self._folders[name] = Homonyms(tuple(sorted(self._tables.folders[name])))
        return held

    def _one_of(self, called: Homonyms, folder: str) -> str | None:
        """The page to which all pages of a name redirect; failing that, the one in a folder."""
        if called not in self._ends:
            ends = {self.resolver.final(p) for p in called.paths}
            self._ends[called] = next(iter(ends)) if len(ends) == 1 else None
        return self._ends[called] or called.in_folder(folder)

    def _alias_of(self, path: str, name: str) -> str | None:
        """The alias of a page that equals this name after folding."""
        held = self._aliases.get(path)
        if held is None:
            held = self._aliases[path] = {fold_title(a): a for a in self.resolver.outlines[path].aliases[::-1]}
        return held.get(name)

    def _heading(self, link: WikiLink, page: Page) -> Suggestion | None:
        """A page whose first heading is this name, or the only section of that name."""
        name = fold_title(link.name)
        own = self._headings_of(page).get(name)
        if _DATE.search(name):
            return None  # a daily note that is not written
        if own is not None:
            number = bisect_right(page.headings, link.start, key=lambda h: h.start)
            if own.start <= link.start < own.end or (own.level > 1 and number and page.headings[number - 1] is own):
                return None  # the link stands in that heading, or in its section
            if own.level == 1 or set("[]|#^") & set(own.text):
                way = f'the page is called "{page.title}"'
            else:
                way = f"[[#{own.text}]] leads there"
            return Suggestion(None, None, f"a heading of this page says so; {way}")
        called = self._tables.first_headings[name]
        is_telling = " " in name or len(name) >= _SHORTEST_HEADING or not name.isascii()
        if len(called) == 1 and is_telling:
            return self._to(called[0], page, "its first heading says so")
        found = self._tables.headings[name]
        if len(called) > 1 or len(found) != 1 or " " not in name or is_attachment_name(link.target):
            return None
        path, text = found[0]
        if path.rpartition("/")[0] != page.folder or path not in self._linked_from(page):
            return None  # of a page that is not linked to, it is about something else half of the time
        target = self.speller.spelling(path, page.path)
        if target is None or set("[]|#^") & set(text):
            return None
        return Suggestion(f"{target}#{text}", path, "it is a section there")

    def _headings_of(self, page: Page) -> Mapping[str, Heading]:
        """The headings of a page by their folded texts; the first of those that are equal."""
        if self._headings is None or self._headings[0] is not page:
            self._headings = page, {fold_title(h.text): h for h in reversed(page.headings)}
        return self._headings[1]

    def _linked_from(self, page: Page) -> frozenset[str | None]:
        """The pages that the wikilinks of a page name."""
        if self._linked is None or self._linked[0] is not page:
            self._linked = page, frozenset(self._page(other.name, page) for other in page.links)
        return self._linked[1]

    # -- sections

    def section(self, path: str, anchor: str) -> str | None:
        """The section of a page that is most similar to an anchor; failing that, the existing sections."""
        held = self._near_sections.get(path)
        if held is None:
            headings = self.resolver.outlines[path].headings
            texts = {fold_title(h.text): h.text for h in reversed(headings)}
            named = [h.text for h in headings if h.text.strip()]
            more = f" and {len(named) - 8:,} more" if len(named) > 8 else ""
            overview = f"its sections: {', '.join(named[:8])}{more}" if named else "it has no sections"
            held = self._near_sections[path] = NearNames(texts), texts, overview
        near, known, overview = held
        name = fold_title(anchor.rpartition("#")[2])
        close = (name,) if name in known else near.nearest(name)
        if len(close) == 1:
            return f'did you mean "{known[close[0]]}"?'
        return overview

    def address(self, path: str, anchor: str, made: HeadingIds) -> str | None:
        """The id on the site of the heading that an anchor names; None if it names no heading."""
        sections = self.resolver.sections(path)
        at = sections.find(anchor)
        return sections.address(at, made) if at is not None else None

    # -- files

    def attachment(self, target: str) -> tuple[str | None, str | None]:
        """The message for a missing file, and the name of the intended one if it is certain."""
        name = nfc(target).rpartition("/")[2]
        plain = nfc(unquote(target)).rpartition("/")[2]
        if plain != name and len(found := self._files.by_folded_name.get(plain.casefold(), ())) == 1:
            return f'"{target}" is written as in an address', found[0].rpartition("/")[2]
        return self._alike(name, nfc(target).rpartition("/")[0]), None

    def file(self, link: FileLink, page: Page) -> tuple[str | None, Fix | None]:
        """The message for a broken Markdown link, and the fix if the intended file is certain."""
        if not link.path:
            return "write an address between the parentheses", None
        if (whole := self.whole_address(link, page)) is not None:
            return f"its address ends at the quote or bracket: `kb fix --unsafe` writes {whole.replacement}", Fix(
                f"write {whole.replacement}", Applicability.UNSAFE, (whole,)
            )
        name = nfc(link.path.replace("\\", "/")).rstrip("/").rpartition("/")[2]
        meant = self._meant(name, page) if not (link.path.endswith("/") and self.is_folder(link, page)) else None
        if meant is None:
            if (address := _ADDRESS.match(link.path)) is not None:
                return f"write {address['scheme'] or 'https://'}{address['rest'] or address['host']}", None
            folder = self._folder_called(link)
            alike = self._alike(name, posixpath.normpath(posixpath.join(page.folder, posixpath.dirname(link.path))))
            return alike or (f'"{folder}" is a folder: link to a page in it' if folder else None), None
        path = posixpath.relpath(meant, page.folder or ".")
        edit = Edit(link.path_span, written(path, link, page.source.text))
        help_ = f"there is {meant}: `kb fix --unsafe` writes {edit.replacement}"
        return help_, Fix(f"write {edit.replacement}", Applicability.UNSAFE, (edit,))

    def whole_address(self, link: FileLink, page: Page) -> Edit | None:
        """An address with quotes or brackets that Python-Markdown cuts short and CommonMark does not, put between angle
        brackets; None where it leads nowhere."""
        m = _COMMONMARK_ADDRESS.match(page.source.text, link.path_start)
        if link.kind not in ("link", "image") or link.pointed or m is None or m.end() <= link.path_end:
            return None
        path = unquote(m[0].partition("#")[0])
        found = self.resolver.resolve_file(link._replace(path=path, path_end=m.end(), fragment=None), page.path)
        return Edit(Span(*m.span()), f"<{m[0]}>") if isinstance(found, Resolved) else None

    def has_folder(self, path: str) -> bool:
        """Whether pages lie at or below a path from the vault."""
        path = path.strip("/")
        return path in self._folders_called(fold_title(path.rpartition("/")[2])).paths

    def is_folder(self, link: FileLink, page: Page) -> bool:
        """Whether the address of a link is that of a folder with pages or other files."""
        if not set(link.path) - {".", "/"}:
            return True  # the page's own folder, or one above it
        path = posixpath.normpath(posixpath.join(page.folder, link.path))
        return path in self._files.folders or self._folder_called(link) is not None

    def _folder_called(self, link: FileLink) -> str | None:
        *above, last = [fold_title(s) for s in link.path.strip("/").split("/") if s not in ("", ".", "..")] or [""]
        folders = self._folders_called(last).below(above, fold_title).paths
        return folders[0] if len(folders) == 1 else None

    def _meant(self, name: str, page: Page) -> str | None:
        """The only page or file with a name, ignoring case, in any folder."""
        if fold_title(name) in _ENTRANCES:
            return None
        if has_ending(name) and name[-3:].lower() != ".md":
            found = self._files.by_folded_name.get(name.casefold(), ())
        else:
            meant = self._stem(fold_title(name))
            return meant if meant != page.path else None
        return found[0] if len(found) == 1 else None

    def _stem(self, folded: str) -> str | None:
        """The one page whose file is called so."""
        if folded not in self._stems:
            outlines = self.resolver.outlines
            found = [p for p in self.resolver.names.by_fold.get(folded, ()) if fold_title(outlines[p].stem) == folded]
            self._stems[folded] = found[0] if len(found) == 1 else None
        return self._stems[folded]

    def _alike(self, name: str, folder: str) -> str | None:
        """The only file of the same name but for case and folder; failing that, the only one in the folder that differs
        in its ending, or anywhere if the link says nothing of folders."""
        folded = name.casefold()
        found = tuple(self._files.by_folded_name.get(folded, ()))
        if not found:
            named = self._files.by_folded_stem.get(folded.rpartition(".")[0], ())
            kind = _kind(folded)
            found = tuple(f for f in named if folder in ("", f.rpartition("/")[0]) and _kind(f.casefold()) == kind)
        return f"there is {found[0]}" if len(found) == 1 else None

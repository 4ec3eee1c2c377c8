"""A page of the vault, parsed: structure, frontmatter, links and snippets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kbtools import frontmatter, links
from kbtools.config.snippet_policy import CHECK, DEFAULT, RUN, SHOW, Policy
from kbtools.frontmatter import Frontmatter
from kbtools.links import WikiLink
from kbtools.markdown import file_links as filelinks
from kbtools.markdown.file_links import FileLink
from kbtools.markdown.headings import slugify
from kbtools.markdown.scanner import scan
from kbtools.markdown.structure import Heading, Structure
from kbtools.text.diagnostics import Problem
from kbtools.text.source import Source, Span

if TYPE_CHECKING:
    from kbtools.snippets import Snippet


LEARNING_PATH = "learning_path"
"""The frontmatter field that makes a page a learning path, when it is ``true``."""
_BETWEEN_NAMES = re.compile(r"[,\n]")
_PROPERTIES = re.compile(r"(?:[\w-]+::(?:[ \t][^\r\n]*)?(?:\r?\n|\Z))+")
_PROPERTY = re.compile(r"^(?P<key>[\w-]+)::(?P<value>[^\r\n]*)", re.MULTILINE)
_PARTED = re.compile(r",(?![^\[\]]*\]\])")
"""A comma that is not within ``[[ ]]``."""
_COMMENT = re.compile(r"%%.*?%%")
"""A comment of Obsidian, which no site shows."""
_INCLUDES = re.compile(
    r"^[ \t]*(?:;?-{1,}8<-{1,}(?:[ \t]|$)|\{%-?[ \t]*include|\{!|\{\{[^{}\n]*\}\}[ \t]*$)"
    r"|^[ \t]*::: ?[\w-]+(?:\.[\w.]+|[ \t]*\n(?: {4,}|[ \t]*\t):?\w)",
    re.MULTILINE,
)
"""Lines of pymdownx.snippets, include-markdown, markdown-include, macros; blocks of mkdocstrings and mkdocs-click."""


@dataclass(frozen=True)
class Page:
    """A page as a value. Snippets, which need a Python parser, are extracted on first access."""

    source: Source
    structure: Structure
    frontmatter: Frontmatter | None
    links: tuple[WikiLink, ...]
    file_problems: tuple[Problem, ...] = ()
    """Problems of the file itself: encoding, NUL."""
    policy: Policy = DEFAULT
    """How its code is handled."""

    @classmethod
    def parse(cls, source: Source, file_problems: tuple[Problem, ...] = (), policy: Policy = DEFAULT) -> Page:
        structure = scan(source.text)
        return cls(
            source=source,
            structure=structure,
            frontmatter=frontmatter.parse(source.text, structure.frontmatter),
            links=links.find(source.text, structure),
            file_problems=file_problems,
            policy=policy,
        )

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def stem(self) -> str:
        """The file's name without ``.md``, as it is on disk."""
        return self.path.rpartition("/")[2].removesuffix(".md")

    @cached_property
    def files(self) -> tuple[FileLink, ...]:
        """Its Markdown links to files and sections."""
        return filelinks.find(self.source.text, self.structure)

    @cached_property
    def data(self) -> Mapping[str, object]:
        return self.frontmatter.data if self.frontmatter else {}

    @cached_property
    def title(self) -> str:
        """The frontmatter's title as written, else the file's name. A first heading is a heading, not a title."""
        return self._scalar("title") or self._property("title") or self.stem

    @cached_property
    def shown_title(self) -> str:
        """What a site shows as its title, by MkDocs' rule: the frontmatter's, else the heading it begins with, else the
        file's name. Only ``title`` is a name that links are resolved by."""
        if self.has_title or not self.begins_with_heading or self.headings[0].level != 1:
            return self.title
        return " ".join(_COMMENT.sub(" ", self.headings[0].text).split()) or self.title

    @property
    def has_title(self) -> bool:
        """Whether the page says what it is called: in its frontmatter, or in a property of Logseq's."""
        return bool(self._scalar("title") or self._property("title"))

    @cached_property
    def id(self) -> str | None:
        return self._scalar("id") or None

    @cached_property
    def alias_field(self) -> str:
        """The name of its field with aliases, as written on the page. Obsidian accepts ``aliases`` and ``alias``, in
        any case."""
        return next((key for key in self.data if key.lower() in ("aliases", "alias")), "aliases")

    @cached_property
    def aliases(self) -> tuple[str, ...]:
        """Other names readers use. Nulls count as none.

        A text instead of a list is read as older versions of Obsidian and Quartz do: names between commas.
        """
        if self.frontmatter is None:
            named = _PARTED.split(self._property("alias"))
            return tuple(dict.fromkeys(a for name in named if (a := name.strip().removeprefix("#").strip("[] "))))
        field = self.alias_field
        value = self.data.get(field)
        if isinstance(value, list):
            named = [item.strip() if type(item) is str else self._scalar(field, i) for i, item in enumerate(value)]
        else:
            named = [name.strip() for name in _BETWEEN_NAMES.split(self._scalar(field))]
        return tuple(dict.fromkeys(a for a in named if a))

    @cached_property
    def properties(self) -> Mapping[str, Span]:
        """The properties with which a page of Logseq's begins, in place of frontmatter, and where their values stand:
        ``alias:: A, [[B]]``."""
        head = _PROPERTIES.match(self.source.text) if self.frontmatter is None else None
        lines = _PROPERTY.finditer(head[0]) if head is not None else ()
        return {m["key"].lower(): Span(*m.span("value")) for m in lines}

    def _property(self, key: str) -> str:
        span = self.properties.get(key)
        return span.of(self.source.text).strip() if span is not None else ""

    @cached_property
    def redirect(self) -> str | None:
        """The name of the page to which this one redirects (``duplicate_of``, ``redirect_to``), or None."""
        return next((name for key, name in self.references if key != "canonical_id"), None)

    @cached_property
    def references(self) -> tuple[tuple[str, str], ...]:
        """The fields by which this page redirects to another, with the name they contain."""
        out = []
        for key, own in (("redirect_to", "none"), ("duplicate_of", "none"), ("canonical_id", "self")):
            name = self._scalar(key)
            if name and "\n" not in name and name.lower() not in (own, "none", "self") and name != self.id:
                out.append((key, frontmatter.wikilink_target(name) or name))
        return tuple(out)

    @property
    def is_published(self) -> bool:
        """Whether the site shows it: not with ``draft: true``, nor with Obsidian Publish's ``publish: false``."""
        return self.data.get("draft") is not True and self.data.get("publish") is not False

    @property
    def is_learning_path(self) -> bool:
        """Whether it is a learning path (``kbtools.vault.learning``)."""
        return self.data.get(LEARNING_PATH) is True

    @property
    def headings(self) -> tuple[Heading, ...]:
        return self.structure.headings

    @property
    def begins_with_heading(self) -> bool:
        """Whether nothing stands above its first heading."""
        headings = self.headings
        return bool(headings) and not self.source.text[self.body_start : headings[0].span.start].strip()

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids that the page itself gives to headings and other elements."""
        return self.structure.ids

    @cached_property
    def has_includes(self) -> bool:
        """Whether parts of it come from elsewhere: included files, macros, documentation of code (``::: package``)."""
        text = self.source.text
        if not ("8<" in text or "::: " in text or "{%" in text or "{!" in text or "{{" in text):
            return False
        opaque = self.structure.opaque
        return any(not any(m.start() in span for span in opaque) for m in _INCLUDES.finditer(text, self.body_start))

    @property
    def has_refused_fences(self) -> bool:
        """Whether a site refuses one of its fences, and may so take headings for code that other programs show."""
        return bool(self.structure.problems)

    @property
    def block_names(self) -> tuple[str, ...]:
        return tuple(b.name for b in self.structure.block_ids)

    def field_span(self, key: str) -> Span:
        """Where a field's value stands; the page's beginning when it has none."""
        entry = self.frontmatter.entries.get((key,)) if self.frontmatter else None
        return entry.value if entry else Span(0, 0)

    def alias_span(self, alias: str) -> Span:
        """Where an alias stands."""
        return self._alias_spans.get(alias) or self.field_span(self.alias_field)

    @cached_property
    def _alias_spans(self) -> Mapping[str, Span]:
        found: dict[str, Span] = {}
        for path, entry in self.frontmatter.entries.items() if self.frontmatter else ():
            if path[0] == self.alias_field:
                found.setdefault(entry.raw.strip(), entry.value)
        several = self.properties.get("alias") or self.field_span(self.alias_field)
        start = several.start
        for alias in self.aliases:  # names in one text, in order
            at = self.source.text.find(alias, start, several.end) if alias not in found else -1
            if at >= 0:
                found[alias] = Span(at, start := at + len(alias))
        return found

    def problems_of(self, *rules: str) -> bool:
        """Whether the parsers found one of these problems; does not parse the snippets."""
        found = (*self.file_problems, *(self.frontmatter.problems if self.frontmatter else ()))
        return any(p.rule in rules for p in found)

    def scalar(self, *path: str | int) -> str:
        """A scalar as the author wrote it (``001`` stays ``001``); "" when there is none."""
        if self.frontmatter is None:
            return ""
        value: object = self.frontmatter.data
        if len(path) == 1 and type(plain := self.frontmatter.data.get(str(path[0]))) is str:
            return plain.strip()
        for key in path:
            value = value.get(key) if isinstance(value, dict) else value[key]  # type: ignore[index]
        if value is None or isinstance(value, (list, dict)):
            return ""
        if isinstance(value, str):
            return value.strip()
        entry = self.frontmatter.entries.get(tuple(path))
        return (entry.raw if entry else str(value)).strip()

    _scalar = scalar

    @property
    def body_start(self) -> int:
        """Where the body begins, behind the frontmatter."""
        return self.structure.frontmatter.end if self.structure.frontmatter else 0

    @property
    def text_start(self) -> int:
        """Where the text begins, behind the first heading of level 1 if there is one."""
        first = next((h for h in self.structure.headings if h.level == 1), None)
        return first.span.end if first is not None else self.body_start

    @cached_property
    def _extracted(self) -> tuple[tuple[Snippet, ...], tuple[Problem, ...]]:
        defaults = self.data.get("snippets")
        if not (self.structure.fences or self.structure.comments or defaults):
            return (), ()  # the usual case: no setting or comment concerns code
        from kbtools import snippets

        return snippets.extract(
            self.source.text,
            self.structure,
            defaults={**self.policy.defaults(), **(defaults if isinstance(defaults, dict) else {})},
            page_slug=slugify(self.stem) or "page",
        )

    @property
    def _undefined_names(self) -> tuple[Problem, ...]:
        if not self._extracted[0]:
            return ()
        from kbtools.snippets import undefined_names

        return tuple(undefined_names(self._extracted[0]))

    @cached_property
    def snippets(self) -> tuple[Snippet, ...]:
        """Every fence the site renders as code, in order. None is executable if the page's policy turns execution
        off."""
        found = self._extracted[0]
        if self.policy.mode == RUN or not found:
            return found
        from kbtools.snippets import not_run

        return not_run(found, _NOT_RUN[self.policy.mode])

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Problems found by the parsers, without knowledge of other pages."""
        return (
            *self.file_problems,
            *(self.frontmatter.problems if self.frontmatter else frontmatter.unclosed(self.source.text)),
            *self.structure.problems,
            *self._extracted[1],
            *self._undefined_names,
        )


_NOT_RUN = {CHECK: "checked, not run: [tool.kb.snippets]", SHOW: "shown: [tool.kb.snippets]"}
NO_STRUCTURE = Structure(None, (), (), (), (), (), ())


def unreadable(source: Source, problem: Problem) -> Page:
    """A page whose text cannot be trusted: it is reported, and nothing in it is read."""
    return Page(source, NO_STRUCTURE, None, (), (problem,))


def decode(path: str, data: bytes, policy: Policy = DEFAULT) -> Page:
    """A page from a file's bytes. Bytes that are not text give an unreadable page, never an exception."""
    try:
        source = Source.decode(path, data)
    except UnicodeDecodeError as e:
        shown = Source(path, data.decode("utf-8", "replace"))
        at = shown.text.find("\ufffd")
        problem = Problem(
            "unreadable-page",
            Span(at, at + 1),
            f"the page is not UTF-8: byte 0x{data[e.start]:02x} at offset {e.start}",
            _encoding_help(data),
        )
        return unreadable(shown, problem)
    file_problems: tuple[Problem, ...] = ()
    if (nul := source.text.find("\x00")) >= 0:
        message = "the page holds a NUL byte, which editors, git and browsers do not show"
        file_problems = (Problem("unreadable-page", Span(nul, nul + 1), message, "delete the character"),)
    return Page.parse(source, file_problems, policy)


def _encoding_help(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "it begins like UTF-16: convert it, iconv -f UTF-16 -t UTF-8"
    try:
        data.decode("cp949")
    except UnicodeDecodeError:
        return "save it as UTF-8"
    return "it reads as CP949: convert it, iconv -f CP949 -t UTF-8"

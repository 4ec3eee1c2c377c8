"""Registry of rules, one a file. A rule's docstring is its documentation and its first test.

A rule module sets ``SEVERITY`` and ``GROUP``, and either has ``check(page, context)`` yielding problems, or stands
for problems that a parser finds while it reads the page. Nothing else needs to be edited to add one. A rule whose
findings come with time says when in ``expires_on(page, context)``; one that does less harm in a vault of which no site
is made sets ``WITHOUT_SITE``.

What is found on a page is kept until its text, or an answer that ``Context`` gave a rule, is another. So a rule asks
nothing but its page and the context: it is given no other page's text, and no list of all pages.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kbtools.config.mkdocs_file import HeadingIds
from kbtools.config.project import Config
from kbtools.links import WikiLink, fold_title, page_name
from kbtools.markdown.file_links import FileLink
from kbtools.text.diagnostics import Edit, Problem, Severity
from kbtools.vault.links.addresses import is_no_link, wikilink_at
from kbtools.vault.links.graph import PageLinks, links_of
from kbtools.vault.links.linking import Linking
from kbtools.vault.links.resolution import Missing, Resolution, Resolved
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.names import reference_keys, target_keys
from kbtools.vault.outline import Outline
from kbtools.vault.page import Page

if TYPE_CHECKING:
    from kbtools.vault.links.suggest import Suggester


T = TypeVar("T")
MOST = 5
"""Maximum number of pages that a message names."""
ANY_FILE = "\n*"
"""Recorded among the names if an answer depends on the list of all files."""


@dataclass(frozen=True)
class VaultAccess:
    """Data shared by all pages of one check."""

    linking: Linking
    config: Config
    today: date
    is_linked: Callable[[str], bool]
    """Whether another page, or the navigation, links to a page."""
    schemas: Mapping[str, Any]
    """The schema of each page that has one, by path."""
    shell: Mapping[tuple[str, str], tuple[int, str]]
    """Syntax errors found by a shell, by fence (language in lower case, code): the line in the code, from 1, and the
    message."""
    links: Callable[[Page], PageLinks] | None = None
    """Returns the links of a page, if they are already resolved."""

    namesakes: dict[tuple[object, str], Any] = field(default_factory=dict)
    """Cached results of ``Context.namesakes``."""

    first_choices: dict[tuple[str, str, str], str | None] = field(default_factory=dict)
    """Cached results of ``Context.first_choice``, by folder, name and first candidate."""

    @cached_property
    def resolver(self) -> Resolver:
        return self.linking.resolver


class Context:
    """The interface of rules to the vault, for one page. It records the names that a rule looks up: the page is
    checked again when pages gain or lose them."""

    def __init__(self, page: Page, around: VaultAccess) -> None:
        self.config, self.today = around.config, around.today
        self.asked: set[str] = set()
        """Folded names, and ids with a line end before them, on which the answers depend."""
        self._page, self._around = page, around

    # -- the page

    @cached_property
    def links(self) -> PageLinks:
        """Its links with their resolution."""
        found = self._around.links
        return found(self._page) if found is not None else links_of(self._page, self._around.resolver)

    @property
    def is_linked(self) -> bool:
        """Whether another page, or the navigation, links to it."""
        return self._around.is_linked(self._page.path)

    @property
    def schema(self) -> Any:
        """The schema of its frontmatter, if there is one."""
        return self._around.schemas.get(self._page.path)

    def unless_hook(
        self, does: str, help_: str | None, severity: Severity | None = None
    ) -> tuple[str | None, Severity | None]:
        """The help and severity of a problem that a hook of ``mkdocs.yml``, which may change pages, can correct."""
        if self.config.mkdocs is None or not self.config.mkdocs.has_hooks:
            return help_, severity
        return f"unless a hook of mkdocs.yml {does}" + (f"; {help_}" if help_ else ""), Severity.INFO

    def shell_fault(self, language: str, code: str) -> tuple[int, str] | None:
        """The syntax error that a shell found in a fence: the line in the code, from 1, and the message; None
        without one."""
        return self._around.shell.get((language.lower(), code)) if self._around.shell else None

    # -- names

    def holders(self, name: str) -> tuple[str, ...]:
        """Pages with this file name or title, after folding."""
        key = fold_title(name)
        self.asked.add(key)
        return self._around.resolver.names.by_fold.get(key, ())

    def namesakes(self, name: str, make: Callable[[Sequence[Outline], Resolver], T]) -> T:
        """The result of ``make`` for the pages of ``holders``: computed once for each name, not for each page."""
        paths = self.holders(name)
        key = make, fold_title(name)
        held = self._around.namesakes
        if key not in held:
            resolver = self._around.resolver
            held[key] = make([resolver.outlines[p] for p in paths], resolver)
        found: T = held[key]
        return found

    def holders_of_id(self, id_: str) -> tuple[str, ...]:
        self.asked.add(f"\n{id_}")
        return self._around.resolver.names.by_id.get(id_, ())

    def page(self, path: str) -> Outline | None:
        """The outline of another page."""
        found = self._around.resolver.outlines.get(path)
        if found is not None:
            # A changed outline concerns all who asked for any of its names: the file's is one that stays.
            self.asked.add(fold_title(found.stem) or fold_title(found.title))
        return found

    def resolve(self, target: str) -> Resolution:
        """The resolution of a wikilink with this target on this page."""
        self.asked |= target_keys(target, self._page.folder, self.config.dialect)
        return self._around.resolver.resolve_name(target, self._page.path)

    def is_no_link(self, file: FileLink) -> bool:
        """Whether text in the form of a Markdown link is not meant as one, or is ``[[Page]](words)``, which
        unrendered-link reports."""
        source = self._page.source
        if is_no_link(file, source, has_site=self.config.has_site):
            return True
        name = wikilink_at(file, source.text)
        return name is not None and not isinstance(self.resolve(name), Missing)

    def page_named(self, name: str) -> str | None:
        """The one page with this file name, title or id, as frontmatter refers to pages."""
        self.asked.update(reference_keys((name,)))
        return self._around.resolver.page_named(name, self._page.path)

    def redirect(self, path: str) -> str | None:
        """The page to which another one redirects, or None."""
        self.page(path)
        return self._around.resolver.redirect(path)

    def final(self, path: str) -> str:
        """The final target after following redirects."""
        self.page(path)  # pages between need no record: a change of them affects the pages that refer to them
        return self._around.resolver.final(path)

    def leads_here(self, path: str) -> bool:
        """Whether the chain of redirects from another page contains this one."""
        self.page(path)
        return self._around.resolver.leads_to(path, self._page.path)

    def has_section(self, path: str, anchor: str) -> bool:
        self.page(path)
        return self._around.resolver.has_section(path, anchor)

    def has_address(self, path: str, fragment: str, made: HeadingIds) -> bool:
        """Whether an element of a page has this id on the site."""
        self.page(path)
        return self._around.resolver.has_address(path, fragment, made)

    def has_block(self, path: str, block: str) -> bool:
        self.page(path)
        return self._around.resolver.has_block(path, block)

    def first_choice(self, name: str, candidates: Sequence[str]) -> str | None:
        """Which of several files with one name Obsidian opens from this page, if its rules apply; None for titles,
        which it does not resolve."""
        if self.config.obsidian is None:
            return None
        held, folder = self._around.first_choices, self._page.folder
        key = (folder, name, candidates[0])
        if key not in held:
            held[key] = _first_choice(page_name(name).casefold(), candidates, f"{folder}/" if folder else "")
        return held[key]

    # -- files

    @property
    def files(self) -> frozenset[str]:
        """The paths of all files that are not pages. A page whose rules use them is checked again whenever a file or
        page is added or removed."""
        self.asked.add(ANY_FILE)
        return self._around.resolver.names.files.paths

    def is_page(self, path: str) -> bool:
        """Whether there is a page with this path."""
        self.asked.add(ANY_FILE)
        return path in self._around.resolver.outlines

    # -- spelling

    def spelling(self, path: str) -> str | None:
        """How a link on this page should spell a page."""
        self.page(path)
        return self._around.linking.speller.spelling(path, self._page.path)

    def canonical(self, link: WikiLink, resolution: Resolved) -> str | None:
        """The spelling that ``kb reconcile`` gives to a link; None if it is not changed."""
        self.page(resolution.page)
        return self._around.linking.speller.canonical(link, resolution, self._page.path)

    def is_misspelled(self, link: WikiLink, path: str) -> bool:
        """Whether to report the spelling of a link that resolves only after folding."""
        self.page(path)
        return self._around.linking.speller.is_misspelled(link, path, self._page.path)

    def respelled(self, link: WikiLink, target: str) -> tuple[Edit, ...]:
        """The edits that respell a link and keep the displayed text where required."""
        return self._around.linking.speller.respelled(link, target, self._page)

    def reference(self, path: str, *, by_title: bool) -> str | None:
        """How frontmatter on this page should name a page."""
        self.page(path)
        return self._around.linking.speller.reference(path, self._page.path, by_title)

    @property
    def suggester(self) -> Suggester:
        """Suggestions for broken links. They may name any page, so a page with broken links is checked again
        whenever any name changes."""
        return self._around.linking.suggester


def _first_choice(name: str, candidates: Sequence[str], below: str) -> str | None:
    if not all(path.removesuffix(".md").casefold().endswith(name) for path in candidates):
        return None
    return min(candidates, key=lambda path: ("/" in path, not path.startswith(below), len(path), path))


def listed(paths: Sequence[str], count: int | None = None) -> str:
    """Paths for a message: the first few of ``count``."""
    more = (len(paths) if count is None else count) - MOST
    return ", ".join(paths[:MOST]) + (f" and {more:,} more" if more > 0 else "")


Check = Callable[[Page, Context], Iterable[Problem]]
ExpiresOn = Callable[[Page, Context], date | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding."""

    name: str
    severity: Severity
    group: str
    doc: str
    """Markdown: a one-line summary, why it matters, ``## Reported`` and ``## Instead`` examples."""
    check: Check | None
    expires_on: ExpiresOn | None = None
    """The next day on which the findings of an unchanged page change; None if they do not depend on the date."""
    without_site: Severity | None = None
    """The severity if no site is built from the vault, if it differs."""

    @property
    def summary(self) -> str:
        return self.doc.partition("\n")[0]


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule, by name."""
    rules = {}
    for file in sorted(Path(__file__).parent.glob("[!_]*.py")):  # pkgutil would import inspect
        module = importlib.import_module(f"{__name__}.{file.stem}")
        name = file.stem.replace("_", "-")
        doc = (module.__doc__ or "").strip()
        check, expires_on = getattr(module, "check", None), getattr(module, "expires_on", None)
        without_site = getattr(module, "WITHOUT_SITE", None)
        rules[name] = Rule(name, module.SEVERITY, module.GROUP, doc, check, expires_on, without_site)
    return rules

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

from kbtools.config.project import Config
from kbtools.links import WikiLink, fold_title, page_name
from kbtools.markdown.file_links import FileLink
from kbtools.text.diagnostics import Edit, Problem, Severity
from kbtools.vault.links.addresses import is_no_link, wikilink_at
from kbtools.vault.links.graph import PageLinks, links_of
from kbtools.vault.links.linking import Linking
from kbtools.vault.links.resolution import Missing, Resolution, Resolved
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.names import NameRecord, name_keys, reference_keys, target_keys
from kbtools.vault.outline import Outline
from kbtools.vault.page import Page

if TYPE_CHECKING:
    from kbtools.vault.links.suggest import Suggester


T = TypeVar("T")
MOST = 5
"""Pages that a message names."""
ANY_FILE = "\n*"
"""Stands among the names that were asked for when the answer hangs on all files there are."""


@dataclass(frozen=True)
class VaultAccess:
    """What is the same for all pages of one check."""

    linking: Linking
    config: Config
    today: date
    is_linked: Callable[[str], bool]
    """Whether any other page, or the navigation, leads to a page."""
    schemas: Mapping[str, Any]
    """The schema of each page that has one, by path."""
    shell: Mapping[tuple[str, str], tuple[int, str]]
    """What a shell says is wrong with a fence (language in lower case, code): the code's line, from 1, and why."""
    links: Callable[[Page], PageLinks] | None = None
    """The links of a page, where somebody has resolved them already."""

    namesakes: dict[tuple[object, str], Any] = field(default_factory=dict)
    """What has been found out of all pages of a name (``Context.namesakes``)."""

    first_choices: dict[tuple[str, str, str], str | None] = field(default_factory=dict)
    """``Context.first_choice`` by folder, name and first candidate: many links may have one ambiguous name."""

    @cached_property
    def resolver(self) -> Resolver:
        return self.linking.resolver


class Context:
    """What a rule may ask about one page. Which names it asked for is recorded: the page is checked again when other
    pages come to hold them, or cease to.
    """

    def __init__(self, page: Page, around: VaultAccess) -> None:
        self.config, self.today = around.config, around.today
        self.asked: set[str] = set()
        """Folded names, and ids behind a line end, on whose holders the answers hang."""
        self._page, self._around = page, around

    # -- the page

    @cached_property
    def links(self) -> PageLinks:
        """Its links as the wiki reads them, with what they mean."""
        found = self._around.links
        return found(self._page) if found is not None else links_of(self._page, self._around.resolver)

    @property
    def is_linked(self) -> bool:
        """Whether any other page, or the navigation, leads to it."""
        return self._around.is_linked(self._page.path)

    @property
    def schema(self) -> Any:
        """The schema of its frontmatter, if it has one."""
        return self._around.schemas.get(self._page.path)

    def unless_hook(
        self, does: str, help_: str | None, severity: Severity | None = None
    ) -> tuple[str | None, Severity | None]:
        """The help and severity of a problem that a hook of ``mkdocs.yml``, which may change pages, can correct."""
        if self.config.mkdocs is None or not self.config.mkdocs.has_hooks:
            return help_, severity
        return f"unless a hook of mkdocs.yml {does}" + (f"; {help_}" if help_ else ""), Severity.INFO

    def shell_fault(self, language: str, code: str) -> tuple[int, str] | None:
        """What a shell says is wrong with a fence: the code's line, from 1, and why."""
        return self._around.shell.get((language.lower(), code)) if self._around.shell else None

    # -- names

    def holders(self, name: str) -> tuple[str, ...]:
        """The pages called so by file name or title, once folded."""
        key = fold_title(name)
        self.asked.add(key)
        return self._around.resolver.names.by_fold.get(key, ())

    def namesakes(self, name: str, make: Callable[[Sequence[Outline], Resolver], T]) -> T:
        """What ``make`` finds of all pages that ``holders`` finds: made once, and not for each of them."""
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
        """What other pages may know of a page."""
        found = self._around.resolver.outlines.get(path)
        self.asked.update(name_keys(NameRecord.of(found)) if found is not None else ())
        return found

    def resolve(self, target: str) -> Resolution:
        """What a wikilink with this target would mean here."""
        self.asked |= target_keys(target, self._page.folder, self.config.dialect)
        return self._around.resolver.resolve_name(target, self._page.path)

    def is_no_link(self, file: FileLink) -> bool:
        """Whether a Markdown link is none, or ``[[Page]](words)``: of that unrendered-link has better to say."""
        source = self._page.source
        if is_no_link(file, source, has_site=self.config.has_site):
            return True
        name = wikilink_at(file, source.text)
        return name is not None and not isinstance(self.resolve(name), Missing)

    def page_named(self, name: str) -> str | None:
        """The one page called so by file name, title or id: how frontmatter names a page."""
        self.asked.update(reference_keys((name,)))
        return self._around.resolver.page_named(name, self._page.path)

    def redirect(self, path: str) -> str | None:
        """The page that stands for another, where that names one."""
        self.page(path)
        return self._around.resolver.redirect(path)

    def final(self, path: str) -> str:
        """Where a reader sent along redirects ends."""
        self.page(path)  # whom it concerns that a page on the way is otherwise is known by who refers to whom
        return self._around.resolver.final(path)

    def leads_here(self, path: str) -> bool:
        """Whether a reader sent along redirects from another page comes by this one."""
        self.page(path)
        return self._around.resolver.leads_to(path, self._page.path)

    def has_section(self, path: str, anchor: str) -> bool:
        self.page(path)
        return self._around.resolver.has_section(path, anchor)

    def has_block(self, path: str, block: str) -> bool:
        self.page(path)
        return self._around.resolver.has_block(path, block)

    def first_choice(self, name: str, candidates: Sequence[str]) -> str | None:
        """Which of several files of one name Obsidian opens from this page, where its rules hold; None for titles, of
        which it knows nothing."""
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
        """The paths of all files that are not pages. A page whose rules ask for them is checked again whenever any file
        or page comes or goes."""
        self.asked.add(ANY_FILE)
        return self._around.resolver.names.files.paths

    def is_page(self, path: str) -> bool:
        """Whether there is a page at a path."""
        self.asked.add(ANY_FILE)
        return path in self._around.resolver.outlines

    # -- spelling

    def spelling(self, path: str) -> str | None:
        """How a link here spells a page."""
        self.page(path)
        return self._around.linking.speller.spelling(path, self._page.path)

    def canonical(self, link: WikiLink, resolution: Resolved) -> str | None:
        """The spelling ``kb reconcile`` gives a link; None where it leaves it."""
        self.page(resolution.page)
        return self._around.linking.speller.canonical(link, resolution, self._page.path)

    def is_misspelled(self, link: WikiLink, path: str) -> bool:
        """Whether the spelling of a link that means a page after folding is to be called wrong."""
        self.page(path)
        return self._around.linking.speller.is_misspelled(link, path, self._page.path)

    def respelled(self, link: WikiLink, target: str) -> tuple[Edit, ...]:
        """The edits that spell a link so and keep the words a reader saw, where they are to be kept."""
        return self._around.linking.speller.respelled(link, target, self._page)

    def reference(self, path: str, *, by_title: bool) -> str | None:
        """How frontmatter here names a page."""
        self.page(path)
        return self._around.linking.speller.reference(path, self._page.path, by_title)

    @property
    def suggester(self) -> Suggester:
        """What links that lead nowhere were meant to say. It may name any page: a page with such links is checked again
        whenever any name is another."""
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
    """The day on which an unchanged page comes to be found, or ceases to be; None when time changes nothing."""
    without_site: Severity | None = None
    """The severity where no site is made of the vault, if that is another."""

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

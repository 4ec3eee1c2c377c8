"""Runs the rules over a vault: takes pages and an index, returns sorted diagnostics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from kbtools.check.link_totals import link_totals
from kbtools.config.globs import matches
from kbtools.config.project import Config
from kbtools.config.selection import EVERYTHING, Selection
from kbtools.config.setting_types import did_you_mean
from kbtools.config.snippet_policy import SHOW, not_looked_at
from kbtools.errors import KbError
from kbtools.fields.schema import Schema, validate
from kbtools.links import has_placeholder
from kbtools.rules import Context, VaultAccess, all_rules
from kbtools.text.diagnostics import Applicability, Diagnostic, Edit, Fix, Problem, Severity
from kbtools.text.source import Span, visible
from kbtools.vault.index import Index
from kbtools.vault.links.graph import PageLinks
from kbtools.vault.links.linking import Linking
from kbtools.vault.loading import Vault
from kbtools.vault.page import Page


class Report(NamedTuple):
    """What a check found. ``pages`` and ``links`` count the whole vault, ``diagnostics`` only the selected pages and
    rules."""

    diagnostics: tuple[Diagnostic, ...]
    pages: int
    links: int
    broken: int
    ambiguous: int

    def count(self, severity: Severity) -> int:
        return sum(d.severity is severity for d in self.diagnostics)


def require_rules(names: Iterable[str], where: str) -> None:
    """Raises KbError for unknown rule names."""
    rules = all_rules()
    for name in names:
        if name not in rules:
            raise KbError(f'{where}: there is no rule "{name}"', did_you_mean(name, rules) or "`kb rule` lists them")


def severities(config: Config) -> Mapping[str, Severity]:
    """The severity of each rule that is not off. Raises KbError for an unknown rule."""
    require_rules(config.rules, "rules")
    levels = {name: config.rules.get(name, rule.severity.value) for name, rule in all_rules().items()}
    return {name: Severity(level) for name, level in levels.items() if level != "off"}


def schemas(pages: Iterable[str], config: Config) -> Mapping[str, Schema]:
    """The schema of each page that the configuration assigns one to. Raises KbError for an unreadable schema."""
    loaded: dict[str, Schema] = {}
    out = {}
    for path in pages:
        name = next((s for glob, s in config.schema if matches(path, (glob,))), "none")
        if name != "none":
            if name not in loaded:
                loaded[name] = Schema.load(name)
            out[path] = loaded[name]
    return out


class Checker:
    """Runs the enabled rules over the pages of one index. Raises KbError for unknown rules or invalid schemas in the
    configuration."""

    def __init__(
        self,
        linking: Linking,
        config: Config,
        today: date,
        pages: Iterable[str],
        is_linked: Callable[[str], bool],
        shell: Mapping[tuple[str, str], tuple[int, str]] | None = None,
        links: Callable[[Page], PageLinks] | None = None,
    ) -> None:
        self.active = severities(config)
        self.rules = tuple(r for r in all_rules().values() if r.name in self.active)
        self.around = VaultAccess(linking, config, today, is_linked, schemas(pages, config), shell or {}, links)
        self._expiries = tuple(r.expires_on for r in self.rules if r.expires_on is not None)
        self._checks = tuple(r.check for r in self.rules if r.check is not None)

    def context(self, page: Page) -> Context:
        """The context that rules receive with a page."""
        return Context(page, self.around)

    def findings(self, page: Page, context: Context | None = None) -> list[Diagnostic]:
        """All problems of a page, by position and rule, except those that the page ignores."""
        problems = self._problems(page, context or self.context(page))
        if self._is_template(page.path):
            problems = [p for p in problems if not (_is_of_notes(p.rule) or self._is_of_folder(p, page))]
        if problems and "{%" in page.source.text and not self.around.config.has_site:
            problems = _without_liquid(problems, page)
        if problems:
            shown = page.policy.mode == SHOW
            wanted = (p for p in problems if p.rule in self.active and not (shown and not_looked_at(p.rule)))
            problems = _unique(wanted)
        if not problems and not page.structure.comments:
            return []  # most pages
        found = [
            Diagnostic(
                p.rule,
                self._severity(p),
                page.path,
                p.span,
                visible(p.message),
                visible(p.help) if p.help is not None else None,
                p.fix,
                p.about,
            )
            for p in suppress(page, problems, "unused-ignore" in self.active)
            if not self._is_of_no_site(p, page)
        ]
        found.sort(key=lambda d: (d.span.start, d.rule, d.span.end, d.message))
        return found

    def _is_template(self, path: str) -> bool:
        if self.around.config.obsidian is None:
            return False
        folders = path.lower().split("/")[:-1]
        return self._is_set_as_template(path) or any(map(_TEMPLATES.fullmatch, folders))

    def _is_set_as_template(self, path: str) -> bool:
        """Whether a page lies in a folder that Obsidian's settings declare as template folder."""
        obsidian = self.around.config.obsidian
        return obsidian is not None and any(path.startswith(f"{f}/") for f in obsidian.templates)

    def _is_of_folder(self, problem: Problem, page: Page) -> bool:
        """Whether a problem is about a Markdown link of a template: its address is relative to the notes made from the
        template."""
        if all_rules()[problem.rule].group != "links":
            return False
        if not (self._is_set_as_template(page.path) or has_placeholder(page.source.text)):
            return False
        return not any(link.start <= problem.span.start < link.end for link in page.links)

    def _is_unwritten(self, problem: Problem, page: Page) -> bool:
        """Whether a problem is about a frontmatter value that a template engine of Obsidian fills in later."""
        head = page.structure.frontmatter
        if self.around.config.obsidian is None or head is None or problem.span.start >= head.end:
            return False
        lines = page.source.lines
        return has_placeholder(lines.line(lines.line_of(problem.span.start)).of(page.source.text))

    def _is_of_no_site(self, problem: Problem, page: Page) -> bool:
        """Whether a problem would only occur on a site, and neither is a site built from the vault nor its code run
        (running requires that fences are found as on a site)."""
        config = self.around.config
        if config.has_site or problem.rule in config.rules:
            return False
        if config.dialect == "logseq" and problem.rule in _NOT_OF_LOGSEQ:
            return True
        if problem.rule == "irregular-fence" and _DRAWING in page.data:
            return True
        return problem.site_only and (page.policy.mode == SHOW or all_rules()[problem.rule].group != "snippets")

    def _severity(self, problem: Problem) -> Severity:
        if problem.rule in self.around.config.rules:
            return self.active[problem.rule]
        own = problem.severity
        if not self.around.config.has_site:
            own = Severity.INFO if problem.site_only else own or all_rules()[problem.rule].without_site
        return own or self.active[problem.rule]

    def expires_on(self, page: Page, context: Context | None = None) -> date | None:
        """The first day on which the findings of an unchanged page may change."""
        context = context or self.context(page)
        days = [day for expiry in self._expiries if (day := expiry(page, context)) is not None]
        return min(days, default=None)

    def _problems(self, page: Page, context: Context) -> list[Problem]:
        """What the parsers and the rules report for one page."""
        schema = context.schema
        found = [p for p in page.problems if schema is not None or not self._is_unwritten(p, page)]
        if page.path not in self.around.resolver.outlines:
            return found
        if schema is not None and page.frontmatter is not None:
            found += validate(page.frontmatter, schema)
        for check in self._checks:
            found += check(page, context)
        return found


_TEMPLATES = re.compile(r"[\W\d_]*templates?")
"""Names of template folders; a number in front may sort them."""
_HIGHLIGHTED = re.compile(r"\{%-?\s*(highlight|comment)\b[^%]*%\}.*?\{%-?\s*end\1\s*-?%\}", re.DOTALL)
"""Code blocks and comments of Liquid, as in Jekyll."""
_CLOSED_BEHIND_TAG = re.compile(r"^.*%\}[ \t]*(?:```|~~~)", re.MULTILINE)
"""A fence whose closing line follows a Liquid tag, which is removed before Markdown is parsed."""
_DRAWING = "excalidraw-plugin"
"""The field of a page that holds a drawing, in a fence that this program of Obsidian's closes in its own way."""
_NOT_OF_LOGSEQ = frozenset(("duplicate-key", "irregular-fence", "invalid-yaml", "truncated-value", "unquoted-wikilink"))
"""Rules of YAML and CommonMark that Logseq does not follow: a property may be ``tags: #a, [[b]]``, and a fence ends
with its block."""


def _is_of_notes(rule: str) -> bool:
    """Whether a rule applies to finished notes only, and not to templates, whose frontmatter is not filled in yet."""
    return rule in ("orphan-page", "duplicate-title") or all_rules()[rule].group == "frontmatter"


def _without_liquid(problems: list[Problem], page: Page) -> list[Problem]:
    """The problems outside of Liquid code and comments."""
    text = page.source.text
    hidden = [Span(*m.span()) for m in _HIGHLIGHTED.finditer(text)]
    has_fence = _CLOSED_BEHIND_TAG.search(text) is not None
    return [
        p
        for p in problems
        if not (has_fence and p.rule == "irregular-fence") and not any(p.span.start in span for span in hidden)
    ]


def of_index(
    index: Index, config: Config, today: date, shell: Mapping[tuple[str, str], tuple[int, str]] | None = None
) -> Checker:
    """A checker of a whole vault in memory."""
    return Checker(Linking(index, config), config, today, index.pages, index.is_linked, shell, index.graph.of)


def findings_of(index: Index, config: Config, today: date, rules: Iterable[str]) -> dict[str, list[str]]:
    """The pages on which each of these rules has findings, with any configured severity."""
    checker = of_index(index, config, today)
    checks = {name: all_rules()[name].check for name in rules}
    found: dict[str, list[str]] = {name: [] for name in checks}
    for path, page in index.pages.items():
        context = checker.context(page)
        problems = [problem for check in checks.values() if check is not None for problem in check(page, context)]
        for rule in dict.fromkeys(p.rule for p in suppress(page, problems, report_unused=False)):
            found[rule].append(path)
    return found


def check(
    vault: Vault,
    index: Index,
    config: Config,
    selection: Selection = EVERYTHING,
    today: date | None = None,
    shell: Mapping[tuple[str, str], tuple[int, str]] | None = None,
) -> Report:
    """The findings of all rules in a vault, sorted by path, position and rule; the same input gives the same output.

    ``shell`` contains the results of syntax checks by shells (``Context.shell_fault``), which the caller runs as
    processes. Raises KbError for unknown rules or invalid schemas in the configuration.
    """
    require_rules((*selection.select, *selection.ignore), "--select/--ignore")
    checker = of_index(index, config, today or date.today(), shell)
    pages = {**index.pages, **vault.unread}
    all_found = {path: checker.findings(pages[path]) for path in sorted(pages)}
    found = [held for path, held in all_found.items() if selection.covers(path)]
    broken, ambiguous = link_totals(d.rule for held in all_found.values() for d in held)
    return Report(
        diagnostics=tuple(d for held in found for d in held if selection.wants(d.rule)),
        pages=len(index.pages),
        links=sum(1 for held in index.links.values() for _ in (*held.wiki, *held.shown_files)),
        broken=broken,
        ambiguous=ambiguous,
    )


def _unique(problems: Iterable[Problem]) -> list[Problem]:
    """Removes duplicates: one finding per rule and position."""
    return list({(p.rule, p.span, p.message): p for p in problems}.values())


FOUND_LATER = frozenset({"failing-snippet", "broken-url", "moved-url", "unreachable-url"})
"""Rules whose findings come from running snippets or from HTTP requests: a static check cannot decide whether a comment
that ignores one of them is unused."""

_IGNORE = re.compile(r"^\s*kb:\s*ignore\[([^\]]*)\]\s*$")


class _Ignore(NamedTuple):
    span: Span
    name: str
    lines: range


def suppress(page: Page, problems: Iterable[Problem], report_unused: bool = True) -> Iterator[Problem]:
    """Removes problems that ``<!-- kb: ignore[rule] -->`` comments ignore, and reports comments that ignore nothing.

    A comment covers the next line, or the whole fence that begins there; before the first text of a page and followed
    by a blank line, it covers the whole page.
    """
    ignores = tuple(_ignores(page))
    if not ignores:
        yield from problems
        return
    used: set[_Ignore] = set()
    whole = len(page.source.lines) + 1
    by_line: dict[int, list[_Ignore]] = {}
    for ignore in ignores:
        for number in ignore.lines if len(ignore.lines) < whole else (0,):
            by_line.setdefault(number, []).append(ignore)
    for p in problems:
        line = page.source.lines.line_of(p.span.start)
        hits = [i for number in (line, 0) for i in by_line.get(number, ()) if i.name == p.rule]
        used.update(hits)
        if not hits:
            yield p
    if not report_unused:
        return
    for ignore in ignores:
        if ignore not in used and ignore.name not in FOUND_LATER:
            known = ignore.name in all_rules()
            message = f'nothing here is reported by "{ignore.name}"' if known else f'there is no rule "{ignore.name}"'
            fix = Fix("remove the comment", Applicability.UNSAFE, (Edit(ignore.span, ""),))
            yield Problem(
                "unused-ignore",
                ignore.span,
                message,
                did_you_mean(ignore.name, all_rules()) if not known else "remove the comment",
                fix if known else None,
            )


def _ignores(page: Page) -> Iterator[_Ignore]:
    lines = page.source.lines
    head = page.structure.frontmatter.end if page.structure.frontmatter else 0
    fences: dict[int, int] | None = None
    for comment in page.structure.comments:
        at_top = not page.source.text[head : comment.span.start].strip()
        if at_top:
            head = comment.span.end
        if not (m := _IGNORE.match(comment.text)):
            continue
        first, last = lines.line_of(comment.span.start), lines.line_of(comment.span.end)
        apart = last == len(lines) or not lines.line(last + 1).of(page.source.text).strip()
        if fences is None:
            fences = {lines.line_of(f.span.start): lines.line_of(f.span.end - 1) for f in page.structure.fences}
        covered = range(len(lines) + 1) if at_top and apart else range(first, fences.get(last + 1, last + 1) + 1)
        for name in m[1].split(","):
            if name.strip():
                yield _Ignore(comment.span, name.strip(), covered)

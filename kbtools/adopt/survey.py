"""Surveys a folder of Markdown without changing it: kind of vault, links, code, frontmatter, findings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kbtools.adopt.interpreter import Packages
from kbtools.check.checker import check
from kbtools.check.summarized import ORPHANS, summarized
from kbtools.config.globs import matches
from kbtools.config.mkdocs_file import MkDocs
from kbtools.config.mkdocs_file import find as find_mkdocs
from kbtools.config.mkdocs_file import read as read_mkdocs
from kbtools.config.obsidian import FOLDER as OBSIDIAN
from kbtools.config.obsidian import Obsidian
from kbtools.config.obsidian import read as read_settings
from kbtools.config.project import LinkStyle, Project, foreign_vault
from kbtools.config.snippet_policy import RUN, SHOW, not_looked_at
from kbtools.edit.reconcile import plan_reconcile
from kbtools.external.urls import find as find_urls
from kbtools.external.urls import host_of
from kbtools.run.job import ANY
from kbtools.run.results.keys import imported
from kbtools.text.diagnostics import Applicability, Severity
from kbtools.vault.index import Index
from kbtools.vault.links.spelling import Speller
from kbtools.vault.loading import load as load_vault
from kbtools.vault.page import Page

START = ("index.md", "README.md")
"""Pages that MkDocs shows at the site's address."""
RUNS = 0.8
"""Share of a folder's fences without syntax errors and missing names from which its code is run."""
_CODE_RULES = ("syntax-error", "undefined-name")
_CENTRAL = 15
_SAMPLE = 200_000
"""Number of characters from which the language is detected."""


@dataclass(slots=True)
class FolderCode:
    """The Python fences of one folder at the top of the vault."""

    fences: int = 0
    alone: int = 0
    """Those that can run: no syntax error, no undefined name, and all imports installed."""


@dataclass(slots=True)
class Survey:
    """The result of a survey."""

    root: Path
    docs: str
    """The vault, relative to the root; ``.`` is the root itself."""
    kind: str
    """``obsidian``, ``mkdocs``, ``foam`` or ``markdown``."""
    mkdocs: Path | None = None
    obsidian: Obsidian = field(default_factory=Obsidian)
    pages: int = 0
    links: int = 0
    """Links, and the broken and ambiguous ones of them, counted as ``kb check`` counts them."""
    broken: int = 0
    ambiguous: int = 0
    respelled: int = 0
    """Wikilinks that ``kb reconcile`` respells."""
    code: dict[str, FolderCode] = field(default_factory=dict)
    absent: Counter[str] = field(default_factory=Counter)
    """Packages that fences import and that are not installed, with the number of fences."""
    picture_hosts: Counter[str] = field(default_factory=Counter)
    """Other hosts whose pictures pages show."""
    html: list[str] = field(default_factory=list)
    """Of an existing MkDocs site, the pages' texts that may hold HTML, without code, comments and addresses."""
    with_frontmatter: int = 0
    fits_topic: int = 0
    """Pages whose frontmatter fits the schema ``topic``."""
    findings: Counter[tuple[Severity, str]] = field(default_factory=Counter)
    fixable: int = 0
    start_page: str | None = None
    central: tuple[str, ...] = ()
    """The most linked pages, each as a link on a start page is spelled."""
    language: str = "en"
    drawings: int = 0
    """Pages that hold the data of a drawing program."""

    @property
    def vault(self) -> Path:
        return self.root / self.docs


def survey(root: Path, exclude: Iterable[str] = (), *, site: bool = True) -> Survey:
    """Reads a folder; writes nothing into it. ``site`` is whether kb's plugin will take part in the site that an
    existing ``mkdocs.yml`` builds. Raises KbError when there are no pages."""
    root = root.resolve()
    found = Survey(root, *_where(root))
    found.mkdocs = find_mkdocs(root)
    if found.kind == "obsidian":
        found.obsidian = read_settings(found.vault)
    project = as_proposed(found, exclude, site=site)
    vault = load_vault(project)
    index = Index.build(vault)
    found.pages = len(index.pages)
    speller = Speller(index, project.config.link_style, project.config.keep_words)
    found.respelled = len(plan_reconcile(index, speller).changes)
    packages = Packages(root)
    for path, page in index.pages.items():
        _count_code(found, path, page, packages)
        found.picture_hosts.update(_picture_hosts(page))
        if found.mkdocs is not None and "<" in page.source.text:
            found.html.append(_with_html(page))
        found.with_frontmatter += page.frontmatter is not None and bool(page.frontmatter.data)
        found.drawings += path.endswith(".excalidraw.md")
    found.fits_topic = _fitting(index.pages.values())
    report = check(vault, index, project.config)
    found.links, found.broken, found.ambiguous = report.links, report.broken, report.ambiguous
    found.start_page = next((name for name in START if name in index.pages), None)
    central = _central(index)
    found.central = tuple(central.values())
    linked = central if site and found.mkdocs is None and found.start_page is None else {}
    modes = tuple(code_modes(found))
    for d in summarized(project, report.diagnostics)[0]:
        mode = next((mode for glob, mode in modes if matches(d.path, (glob,))), RUN)
        if mode == SHOW and not_looked_at(d.rule, d.severity.value):
            continue
        if d.rule == ORPHANS and d.path in linked:
            continue  # from the start page, which is written with the other files
        found.findings[d.severity, d.rule] += 1
        found.fixable += d.fix is not None and d.fix.applicability is Applicability.SAFE
    found.language = _language(index.pages.values())
    return found


def code_modes(found: Survey) -> Iterator[tuple[str, str]]:
    """How each folder's code is treated: run where nearly all of it parses and all names are defined, else only shown.
    The first matching glob counts."""
    modes = {folder: "run" if c.alone >= RUNS * c.fences else "show" for folder, c in sorted(found.code.items())}
    if not modes:
        return
    runs = [folder for folder, mode in modes.items() if mode == "run"]
    if len(runs) == len(modes):
        yield "**", "run"
        return
    yield from ((f"{folder}/**", "run") for folder in runs if folder)
    yield "**", "show"


def as_proposed(found: Survey, exclude: Iterable[str] = (), *, site: bool = True) -> Project:
    """The folder as a project with the proposed settings, but for the modes of code; its state is in the user's
    cache."""
    project = foreign_vault(found.vault)
    mkdocs = read_mkdocs(found.mkdocs) if found.mkdocs is not None else MkDocs(docs_dir=found.docs) if site else None
    if mkdocs is not None:
        mkdocs = mkdocs.with_kb() if site else mkdocs.without_kb()
    noted = next((folder for folder in (found.vault, found.root) if (folder / OBSIDIAN).is_dir()), None)
    style: LinkStyle = "title" if found.kind == "mkdocs" else "filename"
    config = project.config._replace(
        exclude=(*exclude, *project.config.exclude),
        link_style=style,
        mkdocs=mkdocs,
        generator=project.config.generator if mkdocs is None else None,
        obsidian=read_settings(noted) if noted is not None else None,
    )
    return project._replace(config=config)


def _where(root: Path) -> tuple[str, str]:
    """The vault below a root, and what kind of folder it is."""
    if (file := find_mkdocs(root)) is not None:
        return read_mkdocs(file).docs_dir, "mkdocs"
    if (root / OBSIDIAN).is_dir():
        return ".", "obsidian"
    inner = [f for f in sorted(root.iterdir()) if f.is_dir() and not f.name.startswith(".") and (f / OBSIDIAN).is_dir()]
    if len(inner) == 1:
        return inner[0].name, "obsidian"
    kind = "foam" if (root / ".foam").is_dir() or _names_foam(root / ".vscode" / "settings.json") else "markdown"
    for name in ("docs", "content", "notes", "wiki"):
        folder = root / name
        if folder.is_dir() and next(folder.rglob("*.md"), None) is not None:
            outside = sum(1 for f in root.glob("*.md"))
            if sum(1 for _ in zip(folder.rglob("*.md"), range(1000), strict=False)) > outside:
                return name, kind
    return ".", kind


def _central(index: Index) -> Mapping[str, str]:
    """The most linked pages, each with a link to it as a start page spells it."""
    ranked = sorted(index.pages, key=lambda path: (-len(index.graph.backlinks.get(path, ())), path))
    speller = Speller(index, "filename")
    spelled = ((path, speller.spelling(path, START[0])) for path in ranked[:_CENTRAL])
    return {path: name for path, name in spelled if name}


def _names_foam(file: Path) -> bool:
    try:
        return "foam." in file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


_TAG = re.compile(r"\s*</?[a-zA-Z]")
_ADDRESS = re.compile(r"<(?:[a-zA-Z][a-zA-Z0-9+.-]+:[^\s<>]*|[^\s<>@/]+@[^\s<>]+)>")


def _with_html(page: Page) -> str:
    """The text of a page without what is opaque and not HTML, and without addresses in angle brackets."""
    text, at = page.source.text, 0
    parts: list[str] = []
    for span in page.structure.opaque:
        if not _TAG.match(text, span.start):
            parts.append(text[at : span.start])
            at = span.end
    return _ADDRESS.sub(" ", " ".join((*parts, text[at:])))


_PICTURE = re.compile(r"""!\[[^\]\n]*\]\(\s*<?$|<(?:img|source)\b[^<>]*\bsrc\s*=\s*["']?$""", re.IGNORECASE)


def _picture_hosts(page: Page) -> Iterator[str]:
    text = page.source.text
    for url in find_urls(page):
        if _PICTURE.search(text, max(0, url.span.start - 200), url.span.start):
            yield host_of(url.address) or url.address


def _count_code(found: Survey, path: str, page: Page, packages: Packages) -> None:
    python = [s for s in page.snippets if s.executable and s.language.lower() in ("python", "py", "python3")]
    if not python:
        return
    folder = path.partition("/")[0] if "/" in path else ""
    here = found.code.setdefault(folder, FolderCode())
    lines = page.source.lines
    amiss = {lines.line_of(p.span.start) for p in page.problems if p.rule in _CODE_RULES}
    here.fences += len(python)
    bound: dict[str, set[str]] = {}  # by session; fences that are only shown bind no names at run time
    for snippet in python:
        absent = {name for name in imported(snippet.code, snippet.language) if name != ANY and not packages.has(name)}
        found.absent.update(absent)
        names = bound.setdefault(snippet.session or "", set())
        absent |= {r.name for r in snippet.names.reads if not (r.builtin or r.guarded or r.late or r.name in names)}
        names.update(snippet.names.defines)
        here.alone += not absent and not any(snippet.line <= line <= snippet.end_line for line in amiss)


def _fitting(pages: Iterable[Page]) -> int:
    from kbtools.fields.schema import Schema, validate

    schema = Schema.load("topic")
    return sum(
        page.frontmatter is not None and bool(page.frontmatter.data) and not list(validate(page.frontmatter, schema))
        for page in pages
    )


def _language(pages: Iterable[Page]) -> str:
    """The language of the text, detected by its script; used for the site's texts."""
    counts: Counter[str] = Counter()
    left = _SAMPLE
    for page in pages:
        text = page.source.text[: min(left, 4000)]
        left -= len(text)
        counts["ko"] += len(re.findall(r"[\uac00-\ud7a3]", text))
        counts["ja"] += len(re.findall(r"[\u3040-\u30ff]", text)) * 2
        counts["zh"] += len(re.findall(r"[\u4e00-\u9fff]", text))
        counts["ru"] += len(re.findall(r"[\u0400-\u04ff]", text)) // 3
        counts["en"] += len(re.findall(r"[A-Za-z]", text)) // 5
        if left <= 0:
            break
    best, n = max(counts.items(), key=lambda c: c[1], default=("en", 0))
    return best if n else "en"

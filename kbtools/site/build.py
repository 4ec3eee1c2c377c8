"""Builds the site in a temporary folder and swaps it in when the build succeeds; serves a preview."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kbtools.config.mkdocs_file import chain, config_file
from kbtools.config.project import Project
from kbtools.errors import KbError
from kbtools.site.data.model import SiteModel, load
from kbtools.site.data.results import Results, obstacles, refusal
from kbtools.site.data.stored import stored
from kbtools.site.files.redirects import emptied
from kbtools.site.mkdocs import vault_at_top
from kbtools.site.mkdocs.site_folder import SiteFile, SiteFolder, digest_of
from kbtools.site.mkdocs.work_folder import work_folder
from kbtools.site.reuse import kept_snippets
from kbtools.site.reuse.manifest import MadeFrom, Manifest, content_of, files_in, remember, results_of
from kbtools.site.words import words_of
from kbtools.state.memo import consult

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

    from kbtools.site.reuse.engine import Engine
    from kbtools.site.reuse.report import BuildReport, Step
    from kbtools.state.memo import Memo


class Heard(logging.Handler):
    """Records messages of MkDocs and its plugins."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.warnings: list[str] = []
        self.notes: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.levelno >= logging.WARNING:
            self.warnings.append(message)
        elif record.name.endswith(".kbtools"):
            self.notes.append(message)

    def told(self) -> list[str]:
        """All messages, as lines."""
        return [*(f"warning: {text}" for text in self.warnings), *(f"note: {text}" for text in self.notes)]


@contextmanager
def _listening() -> Iterator[Heard]:
    heard = Heard()
    loggers = [logging.getLogger("mkdocs"), logging.getLogger("kbtools"), logging.getLogger("mkdocs.plugins.kbtools")]
    levels = [logger.level for logger in loggers]
    loggers[0].addHandler(heard)
    loggers[0].setLevel(logging.INFO)
    try:
        yield heard
    finally:
        loggers[0].removeHandler(heard)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def load_mkdocs(project: Project, *, strict: bool = False) -> MkDocsConfig:
    """The project's MkDocs configuration, as MkDocs reads it; ``docs`` of kb's own configuration replaces its
    ``docs_dir``. Raises KbError if it cannot be used."""
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort, ConfigurationError

    file = config_file(project.root)
    options: dict[str, Any] = {"strict": True} if strict else {}
    if project.config.docs is not None:
        options["docs_dir"] = str(project.vault)
    with _listening() as heard, vault_at_top.allowed():
        try:
            return load_config(str(file), **options)
        except (ConfigurationError, Abort) as e:
            told = "; ".join(filter(None, [str(e), *heard.warnings]))
            raise KbError(f"{file}: {told}", "mkdocs.yml cannot be used as it is") from e


def assets(project: Project) -> dict[str, bytes]:
    """Style sheet and script of kb's parts by name, for builders that do not run MkDocs plugins."""
    from importlib import resources

    language = str(load_mkdocs(project).theme.get("language") or "en")
    folder = resources.files("kbtools.site") / "assets"
    sheets = b"\n".join((folder / name).read_bytes() for name in ("kb.css", "kb-embed.css"))
    script = words_of(language).script((folder / "kb.js").read_text(encoding="utf-8"))
    return {"kb.css": sheets, "kb.js": script.encode()}


def build(
    project: Project,
    *,
    strict: bool = False,
    results: Results | None = None,
    wiki: SiteModel | None = None,
    keep: bool = True,
    paranoid: bool = False,
    made_from: MadeFrom | None = None,
    report: BuildReport | None = None,
    step: Step = lambda *_: None,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Build the site and return its folder: ``<root>/site``, or what ``site_dir`` says.

    ``wiki`` has the pages that were checked: their text is published, even if files are saved meanwhile; None reads
    pages now. ``results`` are those of a run just made; None reads what runs have stored. With ``strict``, here or in
    ``mkdocs.yml``, warnings refuse the site. Pages that would come out as last time are kept; ``keep=False`` renders
    all, and remembers nothing; ``paranoid`` renders all once more, beside it, and raises KbError where the two differ.
    ``made_from`` are fingerprints of what was read: under them the finished site is remembered (``reuse.manifest``).
    ``report`` gets the counts of the build, ``step`` is told how far it is, and ``say`` the warnings of MkDocs and its
    plugins. Raises KbError when the site cannot be built; the old one stands untouched then.
    """
    if wiki is None:
        wiki = load(project)
    pages = wiki.index.pages.values()
    mark = made_from.results if made_from is not None else ""
    if results is None:
        mark = results_of(project, ())
        results = stored(project, pages)
    if found := obstacles(pages, results, project.config.publish):
        raise KbError(refusal(found), "or accept them for now: kb baseline")
    read = _Read(project, wiki, results, strict, mark)
    config = read.config()
    target = Path(config.site_dir)
    _refuse_foreign(target, project)

    notes: list[str] = []

    def work(memo: Memo | None) -> tuple[Heard, BuildReport]:
        heard, made, files = _build(read, config, target, memo, step)
        if memo is not None:
            with memo.transaction():
                kept_snippets.remember(memo, wiki.index.pages.values())
        if memo is not None and made_from is not None:
            remember(memo, made_from, _manifest(config, target, files, made, made_from, heard.told()))
        return heard, made

    heard, made = (consult(project.state, work, notes) if keep else None) or work(None)
    if paranoid:
        _compare(read, target)
    if report is not None:
        vars(report).update(vars(made))
    for message in (*heard.told(), *(f"note: {note}" for note in notes)):
        say(message)
    return target


def _manifest(
    config: MkDocsConfig,
    target: Path,
    files: Mapping[str, SiteFile],
    made: BuildReport,
    made_from: MadeFrom,
    told: Sequence[str],
) -> Manifest | None:
    """What a site that was just finished was made from; None where the next build may make another from the same."""
    from kbtools.site.mkdocs.owner_code import has_own_tags
    from kbtools.site.reuse.fingerprints import places_read

    own = [file for file, _ in chain(Path(config.config_file_path))]
    if not made.is_lasting or any(map(has_own_tags, own)):
        return None
    places = {str(place): content_of(place) for place in (*own, *places_read(config), *map(Path, config.watch))}
    kept = len(made.rendered) + len(made.templated) + len(made.kept)
    recent, results = made_from.vault.recent, made_from.results
    return Manifest(recent, str(target), files_in(target, files), results, places, made.pages, kept, list(told))


class _Read(NamedTuple):
    """What a site is built of."""

    project: Project
    wiki: SiteModel
    results: Results
    strict: bool
    mark: str
    """A fingerprint of the results; "" where there is none."""

    def config(self) -> MkDocsConfig:
        """MkDocs' configuration, for one build: plugins keep what they have seen."""
        config = load_mkdocs(self.project, strict=self.strict)
        plugin = config.plugins.get("kbtools")
        if plugin is None:
            raise KbError(f"{config.config_file_path}: the plugin kbtools is not on", "add kbtools to its plugins")
        plugin.results, plugin.read = self.results, self.wiki
        return config


def _build(
    read: _Read, config: MkDocsConfig, target: Path, memo: Memo | None, step: Step = lambda *_: None
) -> tuple[Heard, BuildReport, Mapping[str, SiteFile]]:
    heard, engine = render(config, target, memo, read.mark, strict=read.strict, step=step)
    return heard, engine.report, engine.site


def render(
    config: MkDocsConfig,
    target: Path,
    memo: Memo | None,
    results: str,
    *,
    strict: bool = False,
    serve_url: str | None = None,
    step: Step = lambda *_: None,
) -> tuple[Heard, Engine]:
    """Builds a site from a configuration whose plugin has the pages. ``results`` is a fingerprint of the results that
    it has too, "" where there is none. With ``serve_url`` it is a preview. ``step`` is told of each page; what it
    raises ends the build.

    Raises KbError when it cannot be built; the old one stands untouched then.
    """
    try:
        with work_folder(target) as folder:
            return _render(config, target, folder / "new", memo, results, strict, serve_url, step)
    except OSError as e:
        raise KbError(f"the site cannot be written: {e.strerror}: {e.filename}", "free the disk or the file") from e


def _render(
    config: MkDocsConfig,
    target: Path,
    fresh: Path,
    memo: Memo | None,
    results: str,
    strict: bool,
    serve_url: str | None,
    step: Step,
) -> tuple[Heard, Engine]:
    from mkdocs.exceptions import Abort, BuildError, ConfigurationError

    from kbtools.site.mkdocs import mkdocs_seam
    from kbtools.site.reuse.engine import Engine

    fresh.mkdir()
    folder = SiteFolder(fresh, target)
    plugin: Any = config.plugins["kbtools"]
    engine = plugin.engine = Engine(memo, folder, results, step)
    plugin.folder = folder
    started = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal started
        now = time.perf_counter()
        engine.report.seconds[stage], started = now - started, now

    try:
        config.site_dir = str(fresh)
        with _listening() as heard:
            try:
                config.plugins.on_startup(command="serve" if serve_url else "build", dirty=False)
                mkdocs_seam.build_site(config, serve_url)
            except (BuildError, Abort, ConfigurationError) as e:
                raise KbError(_refused(heard.warnings, str(e)), "mkdocs build -v says where it comes from") from e
            finally:
                config.plugins.on_shutdown()
        if strict and heard.warnings:
            raise KbError(_refused(heard.warnings, ""), "build without --strict to see the site")
        lap("templates, lists and search")
        engine.report.seconds["templates, lists and search"] -= engine.report.seconds.get("pages", 0.0)
        files = folder.finish()
        asides = folder.redirects | emptied(plugin.wiki, plugin.site)
        engine.report.pages = sum(path.endswith(".html") and path not in asides for path in files)
        lap("files put in their place")
    finally:
        # MkDocs may hand the same plugin to the next build, of other pages.
        plugin.folder = plugin.engine = plugin.results = plugin.read = None
    engine.remember(files)
    lap("memo")
    return heard, engine


def _compare(read: _Read, target: Path) -> None:
    """Build all from scratch beside a site. Raises KbError where the two differ: a bug in kb, never in a page."""
    with work_folder(target) as folder:
        scratch = folder / "scratch" / "site"  # below a folder of its own: this one is locked as long as it is used
        _build(read, read.config(), scratch, None)
        kept, fresh = _digests(target), _digests(scratch)
    differ = sorted(path for path in kept.keys() | fresh.keys() if kept.get(path) != fresh.get(path))
    if differ:
        raise KbError(
            f"the site says otherwise than one built from scratch, in {differ[0]} and {len(differ) - 1} more",
            "this is a bug in kb: please report it; without .kb/memo.sqlite the next build renders every page",
        )


def _digests(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): digest_of(file.read_bytes())
        for file in folder.rglob("*")
        if file.is_file()
    }


_MOST = 20


def _refused(warnings: list[str], error: str) -> str:
    """Why MkDocs gave up, or what it warned of."""
    if not warnings:
        return error
    shown = "".join(f"\n  {text}" for text in warnings[:_MOST])
    more = f"\n  … and {len(warnings) - _MOST} more" if len(warnings) > _MOST else ""
    return f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''} of mkdocs:{shown}{more}"


def _refuse_foreign(target: Path, project: Project) -> None:
    """``site_dir`` is replaced whole: never a folder that holds the project or its pages, nor one that is no site."""
    resolved = target.resolve()
    for kept in (project.root.resolve(), project.vault.resolve()):
        if kept == resolved or resolved in kept.parents:
            raise KbError(f"site_dir is {target}, which holds the project itself", "give the site a folder of its own")
    if (
        target.is_dir()
        and any(target.iterdir())
        and not (target / "index.html").is_file()
        and not (target / "sitemap.xml").is_file()
    ):
        raise KbError(f"{target} already exists and is not a built site", "remove it, or set another site_dir")

"""Finds a project and reads its configuration (``[tool.kb]``, ``kb.toml`` or ``mkdocs.yml``) into a frozen value."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kbtools.config import mkdocs_file, obsidian
from kbtools.config.dialects import SETTINGS_OF_LOGSEQ, Dialect, Generator, dialect_of, generator_of, slashes_of, unread
from kbtools.config.mkdocs_file import MkDocs
from kbtools.config.obsidian import Obsidian
from kbtools.config.setting_types import SettingError
from kbtools.config.settings import MAX_PAGE_SIZE, SETTINGS, Setting, line_of, read_settings
from kbtools.config.snippet_policy import SHOW, Policies, Policy
from kbtools.errors import KbError

LinkStyle = Literal["title", "filename"]
Publish = Literal["proven", "failing", "any"]
Level = Literal["error", "warning", "info", "off"]

SCHEMAS = ("topic", "none")
"""Names of built-in schemas; other values are files."""

PROJECT_FILES = ("pyproject.toml", "kb.toml", *mkdocs_file.FILES)
"""Files that may make their folder a project."""

NEVER_READ = frozenset({"_link_reconcile_backup", "node_modules"})
"""Names of folders that are never read: nothing in them is a page or a link target. The same holds for names that begin
with a dot."""


class RunConfig(NamedTuple):
    """Default limits of snippets."""

    timeout: float = 60.0
    """Seconds."""
    memory: int = 4 * 1024**3
    """Bytes."""


class ExternalConfig(NamedTuple):
    """How ``kb check --external`` requests addresses."""

    ignore: tuple[str, ...] = ()
    """Patterns of addresses that are not requested."""
    allow_private: bool = False
    """Whether addresses in private networks and on this machine are requested."""
    archive: bool = True
    """Whether a web archive is searched for copies of broken links."""
    timeout: float = 20.0
    """Seconds for one address."""
    keep_days: float = 7.0
    """Days for which a successful answer is reused."""


class Config(NamedTuple):
    """The settings of one project. The defaults suit an unknown folder."""

    docs: str | None = None
    """The vault, relative to the project's root; None: from ``mkdocs.yml``."""
    exclude: tuple[str, ...] = ()
    """Globs, relative to the vault, of files that are not pages."""
    link_style: LinkStyle = "title"
    """How reconciled links are spelled."""
    keep_words: bool = False
    """Whether a reconciled link keeps its displayed text as a label; always so if links are spelled as file names."""
    obsidian: Obsidian | None = None
    """Set if Obsidian's link rules apply: in its vaults, and with ``--vault``."""
    dialect: Dialect | None = None
    """The program whose wikilink syntax applies, if it is not Obsidian's."""
    slashes: tuple[str, ...] = ()
    """What stands for ``/`` in the names of Logseq's files, where its settings say so."""
    generator: Generator | None = None
    """The site generator, if it is not MkDocs."""
    mkdocs: MkDocs | None = None
    """What ``mkdocs.yml`` says about pages, if there is one."""
    schema: tuple[tuple[str, str], ...] = ()
    """The frontmatter schema (``topic``, ``none`` or a file) by glob of pages; the first match counts."""
    snippets: tuple[tuple[str, Policy], ...] = ()
    """How code is treated, by glob; the first match counts."""
    rules: Mapping[str, Level] = {}
    """Severities of rules that differ from the rule's default."""
    terms: Mapping[str, str] = {}
    """Discouraged words, each with its replacement; ``*`` ends a word with varying endings."""
    stale_after: int = 365
    """Days after ``last_reinforced`` at which a page is stale."""
    max_page_size: int = MAX_PAGE_SIZE
    """Bytes; a larger page is reported and not read."""
    publish: Publish = "proven"
    """What must be known about the code before a site is built."""
    rules_url: str | None = None
    """Where the documentation of rules is published, with ``{rule}`` for a rule's name."""
    external: ExternalConfig = ExternalConfig()
    run: RunConfig = RunConfig()

    @property
    def has_site(self) -> bool:
        """Whether a site is built from the vault, as far as is known: not if it is notes without ``mkdocs.yml``."""
        return self.mkdocs is not None or not self.is_garden

    @property
    def has_navigation(self) -> bool:
        """Whether a site generator lists the pages in files of its own, and links are addresses."""
        return self.mkdocs is None and self.generator not in (None, "quartz")

    @property
    def is_garden(self) -> bool:
        """Whether the pages are notes of Obsidian or a similar program, in which links to pages that do not exist yet
        are common."""
        return self.obsidian is not None or self.dialect is not None


class Project(NamedTuple):
    """A vault on disk, its state folder, and its settings."""

    root: Path
    """The folder of the configuration file; the vault itself under ``--vault``."""
    vault: Path
    state: Path
    """The folder of index and results: ``.kb`` in the root, or a folder in the user's cache for a foreign vault."""
    config: Config
    file: Path | None = None
    """The file that the configuration was read from, for messages."""
    foreign: bool = False
    """True with ``--vault``: nothing is written there without an explicit option."""
    held_to: str | None = None
    """How the command line says all code is treated: ``run``, ``check`` or ``show``."""
    python: str | None = None
    """The interpreter that the command line names for all code."""

    @property
    def policies(self) -> Policies:
        """The policies for the code of pages."""
        return Policies(self.config.snippets, self.held_to, self.python)

    @property
    def settings_files(self) -> tuple[Path, ...]:
        """Files outside the vault that affect the findings, whether they exist or not."""
        own = (self.root / name for name in (*PROJECT_FILES, "kb-baseline.json"))
        schemas = (Path(name) for _, name in self.config.schema if name not in SCHEMAS)
        return (*own, *schemas, self.vault / ".obsidian" / "app.json", self.vault / SETTINGS_OF_LOGSEQ)

    @property
    def backups(self) -> Path:
        return self.root / "_link_reconcile_backup"


def from_mapping(data: Mapping[str, object], where: str = "kb.toml") -> Config:
    """The configuration in a TOML table. Raises KbError for unknown keys and for values of a wrong type; ``where``
    names the source in messages."""
    values = read_settings(data, where)
    tables: dict[str, dict[str, Any]] = {"external": {}, "run": {}}
    for key, value in values.items():
        table, _, name = key.rpartition(".")
        if table:
            tables[table][name] = value
    top: dict[str, Any] = {key: value for key, value in values.items() if "." not in key}
    for name in ("schema", "snippets"):
        if name in top:
            top[name] = tuple(top[name].items())
    return Config(**top, external=ExternalConfig(**tables["external"]), run=RunConfig(**tables["run"]))


def _table(file: Path) -> Mapping[str, object] | None:
    """The kb settings in a TOML file, or None if a ``pyproject.toml`` has none."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise KbError(f"{file}: not readable as TOML: {e}", 'values of TOML are quoted: docs = "wiki"') from e
    if file.name == "kb.toml":
        return data
    tool = data.get("tool")
    table = tool.get("kb") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


def _read(table: Mapping[str, object], file: Path) -> Config:
    """The settings in a file. Raises KbError, with the line where it can be determined."""
    inside = "tool.kb" if file.name == "pyproject.toml" else ""
    where = f"{file} [{inside}]" if inside else str(file)
    try:
        return from_mapping(table, where)
    except SettingError as e:
        line = line_of(file.read_text(encoding="utf-8"), e.key, inside)
        if line is None:
            raise
        raise KbError(f"{file}:{line}{e.message.removeprefix(str(file))}", e.hint) from e


def _project_at(root: Path) -> Project | None:
    file: Path | None = None
    table: Mapping[str, object] | None = None
    for name in ("pyproject.toml", "kb.toml"):
        if (root / name).is_file() and (table := _table(root / name)) is not None:
            file = root / name
            break
    site = mkdocs_file.find(root)
    if table is None:
        if site is None:
            return None
        file, table = site, {}
    assert file is not None
    config = _read(table, file)
    mkdocs = mkdocs_file.read(site) if site is not None else None
    if mkdocs is not None and file != site:
        mkdocs = mkdocs.without_kb()
    vault = root / (config.docs or (mkdocs.docs_dir if mkdocs else "docs"))
    dialect, generator = dialect_of(vault), generator_of(vault) if mkdocs is None else None
    noted = next((folder for folder in (vault, root) if (folder / obsidian.FOLDER).is_dir()), None)
    if not vault.is_dir():
        raise KbError(f"{file}: there is no folder {vault}", 'set docs = "…" to the folder that holds the pages')
    config = config._replace(
        exclude=(*config.exclude, *unread(dialect, generator, vault)),
        schema=tuple((glob, _schema(name, root)) for glob, name in config.schema),
        link_style="filename" if noted is not None and "link_style" not in table else config.link_style,
        obsidian=obsidian.read(noted) if noted is not None else None,
        dialect=dialect,
        slashes=slashes_of(vault) if dialect == "logseq" else (),
        generator=generator,
        mkdocs=mkdocs,
        publish="any" if mkdocs is not None and mkdocs.lenient else config.publish,
    )
    return Project(root, vault, root / ".kb", config, file)


class NoProject(KbError):
    """There is no project in a folder or above it."""


def project_or_folder(path: Path) -> Project:
    """The project that contains ``path``; if there is none, the folder as a vault, whose code is only shown."""
    try:
        return find_project(path)
    except NoProject:
        return foreign_vault(path)._replace(held_to=SHOW)


def find_project(start: Path) -> Project:
    """The project that contains ``start``, searched upwards. Raises NoProject if there is none, and KbError if its
    configuration is not valid."""
    start = start.resolve()
    if not start.is_dir():
        raise KbError(f"there is no folder {start}", "--root takes a folder in which, or above which, a project lies")
    for folder in (start, *start.parents):
        if project := _project_at(folder):
            return project
    raise NoProject(
        f"no wiki in {start} or above: no [tool.kb] in pyproject.toml, no kb.toml, no mkdocs.yml",
        "try any folder of Markdown as it is: kb check --vault DIR",
    )


def foreign_vault(folder: Path, schema: str = "none", exclude: Iterable[str] = ()) -> Project:
    """Any folder as a vault, with default configuration and its state in the user's cache.

    Links are resolved and spelled as in Obsidian; if a ``mkdocs.yml`` above builds a site from the folder, its settings
    of pages and navigation apply too. ``exclude`` are globs of files that are not pages. Raises KbError if the folder
    does not exist.
    """
    if not folder.is_dir():
        raise KbError(f"there is no folder {folder}", "--vault takes a folder of Markdown")
    folder = folder.resolve()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    import hashlib

    key = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    dialect, generator = dialect_of(folder), generator_of(folder)
    config = Config(
        exclude=(*exclude, *unread(dialect, generator, folder)),
        link_style="filename",
        schema=(("**", _schema(schema, Path.cwd())),),
        obsidian=obsidian.read(folder),
        dialect=dialect,
        slashes=slashes_of(folder) if dialect == "logseq" else (),
        generator=generator,
        mkdocs=_site_of(folder),
    )
    return Project(folder, folder, cache / "kbtools" / key, config, foreign=True)


def _site_of(folder: Path) -> MkDocs | None:
    """The nearest site above whose ``docs_dir`` is this very folder. A configuration that cannot be read is ignored."""
    file = next((file for above in folder.parents if (file := mkdocs_file.find(above)) is not None), None)
    if file is None:
        return None
    try:
        site = mkdocs_file.read(file)
        return site if (file.parent / site.docs_dir).resolve() == folder else None
    except (KbError, OSError):
        return None


def _schema(name: str, base: Path) -> str:
    """The name of a built-in schema, or the full path of a file relative to the setting's file."""
    return name if name in SCHEMAS else str((base / name).resolve())


class Explained(NamedTuple):
    """The effective value of a setting."""

    setting: Setting
    written: object
    """The value in TOML; None if it is not set and has no default."""
    origin: str
    """Where the value comes from: a file and line, or ``default``."""


def explain(project: Project) -> list[Explained]:
    """Every setting with its value and origin, in the order of ``SETTINGS``."""
    table: Mapping[str, object] = {}
    text, inside = "", ""
    file = project.file
    if file is not None and file.suffix == ".toml":
        table = _table(file) or {}
        text, inside = file.read_text(encoding="utf-8"), "tool.kb" if file.name == "pyproject.toml" else ""
    out = []
    for setting in SETTINGS:
        value: object = table
        for part in setting.key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            line = line_of(text, setting.key, inside)
            out.append(Explained(setting, value, f"{file.name}:{line}" if file and line else str(file and file.name)))
        elif setting.key == "docs":
            shown = os.path.relpath(project.vault, project.root).replace(os.sep, "/")
            site = mkdocs_file.find(project.root)
            origin = f"docs_dir of {site.name}" if site else "--vault" if project.foreign else "default"
            out.append(Explained(setting, shown, origin))
        elif setting.key == "link_style" and project.config.obsidian is not None:
            origin = "--vault" if project.foreign else f"default in a vault with {obsidian.FOLDER}"
            out.append(Explained(setting, project.config.link_style, origin))
        else:
            out.append(Explained(setting, setting.default, "default"))
    return out

"""What a project asks of kb: ``[tool.kb]``, ``kb.toml`` or a bare ``mkdocs.yml``, as one frozen value."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from kbtools.errors import KbError

LinkStyle = Literal["title", "filename"]
Level = Literal["error", "warning", "info", "off"]

SCHEMAS = ("topic", "none")
"""Schemas that are named, not files."""

ALWAYS_IGNORED = frozenset({".git", ".obsidian", ".kb", "_link_reconcile_backup", "node_modules"})

MAX_PAGE_SIZE = 4 * 1024**2
"""Bytes. Nobody writes a longer page by hand, and reading one takes seconds."""


class RunConfig(NamedTuple):
    """Limits of a snippet that does not name its own."""

    timeout: float = 60.0
    """Seconds."""
    memory: int = 4 * 1024**3
    """Bytes."""


class Config(NamedTuple):
    """The settings of one project. Every field has a default that suits a folder never seen before."""

    docs: str | None = None
    """The vault, relative to the project's root; None asks ``mkdocs.yml``."""
    exclude: tuple[str, ...] = ()
    """Globs, relative to the vault, of files that are no pages."""
    link_style: LinkStyle = "title"
    """What a reconciled link is spelled as."""
    schema: tuple[tuple[str, str], ...] = ()
    """Which pages (glob) follow which frontmatter schema (``topic``, ``none`` or a file); the first match counts."""
    rules: Mapping[str, Level] = {}
    """Severity of rules, where it is not the rule's own."""
    terms: Mapping[str, str] = {}
    """Words to avoid, and what to write for each; ``*`` ends a word whose endings vary."""
    stale_after: int = 365
    """Days after ``last_reinforced`` at which a page is stale."""
    max_page_size: int = MAX_PAGE_SIZE
    """Bytes; a larger page is reported and not read."""
    run: RunConfig = RunConfig()


class Project(NamedTuple):
    """A vault on disk, where kb keeps what it knows about it, and its settings."""

    root: Path
    """The folder of the configuration file; the vault itself under ``--vault``."""
    vault: Path
    state: Path
    """Index and results: ``.kb`` in the root, or a folder of the user's cache for a foreign vault."""
    config: Config
    file: Path | None = None
    """Where the configuration was read, for messages."""
    foreign: bool = False
    """True under ``--vault``: nothing is written there unless asked."""

    @property
    def backups(self) -> Path:
        return self.root / "_link_reconcile_backup"


_SIZE = re.compile(r"(?i)^\s*(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|kB|MB|GB)?\s*$")
_UNITS = {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def parse_size(text: str) -> int | None:
    """Bytes of ``4GiB``, ``512 MB`` or ``1000``; None when it is no size."""
    m = _SIZE.match(text)
    return int(float(m[1]) * _UNITS[(m[2] or "B").lower()]) if m else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """``did you mean "x"?`` for the closest known word, if one is close."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else None


class _Reader:
    """Takes keys out of a mapping with their types checked, and refuses what is left."""

    def __init__(self, data: Mapping[str, object], where: str) -> None:
        self.data = dict(data)
        self.where = where
        self.known: list[str] = []

    def take(self, key: str, kind: type | tuple[type, ...], default: object, what: str) -> object:
        self.known.append(key)
        if key not in self.data:
            return default
        value = self.data.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise KbError(f"{self.where}: {key} must be {what}, not {value!r}")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        value = self.take(key, list, [], "a list of strings")
        assert isinstance(value, list)
        if not all(isinstance(v, str) for v in value):
            raise KbError(f"{self.where}: {key} must be a list of strings")
        return tuple(value)

    def done(self) -> None:
        for key in self.data:
            hint = did_you_mean(key, self.known) or f"known keys: {', '.join(sorted(self.known))}"
            raise KbError(f'{self.where}: unknown key "{key}"', hint)


def _take_size(r: _Reader, key: str, default: int, example: str, where: str) -> int:
    value = r.take(key, (str, int), default, f'a size such as "{example}"')
    size = parse_size(str(value))
    if size is None:
        raise KbError(f'{where} must be a size such as "{example}", not "{value}"')
    return size


def from_mapping(data: Mapping[str, object], where: str = "kb.toml") -> Config:
    """The configuration a TOML table means.

    Raises KbError for unknown keys and values of a wrong type, naming ``where`` they stand.
    """
    r = _Reader(data, where)
    docs = r.take("docs", str, None, "a folder")
    style = r.take("link_style", str, "title", '"title" or "filename"')
    if style not in get_args(LinkStyle):
        raise KbError(f'{where}: link_style must be "title" or "filename", not "{style}"')
    schema = r.take("schema", dict, {}, "a table of glob = schema")
    rules = r.take("rules", dict, {}, "a table of rule = severity")
    terms = r.take("terms", dict, {}, "a table of word to avoid = word to write")
    stale = r.take("stale_after", int, 365, "a number of days")
    run = _Reader(r.take("run", dict, {}, "a table"), f"{where}: run")  # type: ignore[arg-type]
    timeout = run.take("timeout", (int, float), 60.0, "a number of seconds")
    memory = _take_size(run, "memory", 4 * 2**30, "4GiB", f"{where}: run.memory")
    run.done()
    largest = _take_size(r, "max_page_size", MAX_PAGE_SIZE, "4MiB", f"{where}: max_page_size")
    assert isinstance(schema, dict)
    assert isinstance(rules, dict)
    assert isinstance(timeout, (int, float))
    assert isinstance(stale, int)
    for glob, name in schema.items():
        if not isinstance(name, str):
            raise KbError(f'{where}: schema."{glob}" must name a schema, not {name!r}')
    for rule, level in rules.items():
        if level not in get_args(Level):
            raise KbError(f'{where}: rules.{rule} must be one of {", ".join(get_args(Level))}, not "{level}"')
    assert isinstance(terms, dict)
    for term, preferred in terms.items():
        if not term.removesuffix("*").strip() or not isinstance(preferred, str) or not preferred.strip():
            raise KbError(f'{where}: terms."{term}" must name what to write instead, not {preferred!r}')
    config = Config(
        docs=docs if isinstance(docs, str) else None,
        exclude=r.strings("exclude"),
        link_style=style,  # type: ignore[arg-type]
        schema=tuple(schema.items()),
        rules=dict(rules),
        terms=dict(terms),
        stale_after=stale,
        max_page_size=largest,
        run=RunConfig(float(timeout), memory),
    )
    r.done()
    return config


def _table(file: Path) -> Mapping[str, object] | None:
    """The kb settings in a TOML file, or None when a ``pyproject.toml`` has none."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise KbError(f"{file}: not readable as TOML: {e}") from e
    if file.name == "kb.toml":
        return data
    tool = data.get("tool")
    table = tool.get("kb") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


_DOCS_DIR = re.compile(r"(?m)^docs_dir:[ \t]*[\"']?([^\"'#\r\n]+?)[\"']?[ \t]*(?:#.*)?$")


def _docs_dir(root: Path) -> str:
    """``docs_dir`` of the ``mkdocs.yml`` beside, which may hold tags only MkDocs can read."""
    for name in ("mkdocs.yml", "mkdocs.yaml"):
        file = root / name
        if file.is_file():
            m = _DOCS_DIR.search(file.read_text(encoding="utf-8", errors="replace"))
            return m[1] if m else "docs"
    return "docs"


def _project_at(root: Path) -> Project | None:
    file: Path | None = None
    table: Mapping[str, object] | None = None
    for name in ("pyproject.toml", "kb.toml"):
        if (root / name).is_file() and (table := _table(root / name)) is not None:
            file = root / name
            break
    if table is None:
        file = next((f for f in (root / "mkdocs.yml", root / "mkdocs.yaml") if f.is_file()), None)
        if file is None:
            return None
        table = {}
    where = f"{file} [tool.kb]" if file and file.name == "pyproject.toml" else str(file)
    config = from_mapping(table, where)
    config = config._replace(schema=tuple((glob, _schema(name, root)) for glob, name in config.schema))
    vault = root / (config.docs or _docs_dir(root))
    if not vault.is_dir():
        raise KbError(f"{file}: there is no folder {vault}", 'set docs = "…" to the folder that holds the pages')
    return Project(root, vault, root / ".kb", config, file)


def find_project(start: Path) -> Project:
    """The project that ``start`` lies in, looking upwards. Raises KbError when there is none."""
    start = start.resolve()
    if not start.is_dir():
        raise KbError(f"there is no folder {start}")
    for folder in (start, *start.parents):
        if project := _project_at(folder):
            return project
    raise KbError(
        f"no wiki in {start} or above: no [tool.kb] in pyproject.toml, no kb.toml, no mkdocs.yml",
        "try any folder of Markdown as it is: kb check --vault DIR",
    )


def foreign_vault(folder: Path, schema: str = "none") -> Project:
    """Any folder as a vault, with default configuration and its state in the user's cache.

    Raises KbError when there is no such folder.
    """
    if not folder.is_dir():
        raise KbError(f"there is no folder {folder}")
    folder = folder.resolve()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    import hashlib

    key = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    config = Config(schema=(("**", _schema(schema, Path.cwd())),))
    return Project(folder, folder, cache / "kbtools" / key, config, foreign=True)


def _schema(name: str, base: Path) -> str:
    """A schema's name, or the full path of a file named from where the setting stands."""
    return name if name in SCHEMAS else str((base / name).resolve())

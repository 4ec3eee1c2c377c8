"""Reads from ``mkdocs.yml`` what concerns pages: folder, exclusions, navigation, plugins that generate pages.

Nothing is constructed: tags such as ``!!python/name:`` and ``!ENV`` are ignored, so that a file that only MkDocs can
load is still readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from kbtools.errors import KbError
from kbtools.text.yaml_events import event_parser, event_types, yaml_errors

FILES = ("mkdocs.yml", "mkdocs.yaml")
GENERATED = (
    "all.md",
    "tags.md",
    "categories.md",
    "recent.md",
    "paths.md",
    "health.md",
    "runs.md",
    "wanted.md",
    "ambiguous.md",
)
"""Pages that kb's plugin generates for every wiki; the last two only if they are not empty."""
GRAPH = "graph.md"
"""The generated page that draws the link graph."""
_MAKERS = frozenset(
    (
        "api-autonav",
        "blog",
        "gallery",
        "gen-files",
        "mkdocs-jupyter",
        "mkdocs-simple-hooks",
        "mkdoxy",
        "mknotebooks",
        "monorepo",
        "multirepo",
        "tags",
        "techdocs-core",
    )
)
"""Plugins that add pages that no file of the vault contains."""
_API_PLUGINS = frozenset(("mkdocstrings", "api-autonav", "mkdoxy", "mkapi"))
"""Plugins that document code: each object gets an id, its qualified name."""
_READING_WIKILINKS = frozenset(
    ("ezlinks", "kbtools", "obsidian-bridge", "obsidian-support", "roamlinks", "simple-autolinks", "wikilinks")
)
"""Plugins, and extensions of Markdown by the last part of their names, that make links of ``[[x]]``."""
_NAVIGATORS = frozenset(("awesome-nav", "awesome-pages", "literate-nav", "mkdocs-nav-weight", "monorepo", "multirepo"))
"""Plugins that make the navigation by files of their own, or of all files."""
HeadingIds = Literal["ascii", "unicode"]
"""How ids of headings are made: by Python-Markdown's own ``slugify``, or as kb makes them, by
``pymdownx.slugs.slugify(case="lower")``."""
_QUALIFIED = re.compile(r"\w+(?:\.\w+)+(?:\(\w*\))?(?:--[\w-]+)?|\w+--[\w-]+")
_DEEPEST = 60


class MkDocs(NamedTuple):
    """The settings of MkDocs that decide which pages a site has."""

    docs_dir: str = "docs"
    exclude_docs: str = ""
    """Patterns as in ``.gitignore``, one a line: files that are not published."""
    draft_docs: str = ""
    """The same, for files that only the preview shows."""
    nav: tuple[str, ...] = ()
    """The paths in the navigation; empty if MkDocs generates the navigation from all pages."""
    use_directory_urls: bool = True
    """Whether ``A.md`` becomes ``A/`` and not ``A.html``."""
    plugins: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()
    """Languages of the plugin ``i18n``: with them ``a.en.md`` answers to links to ``a.md``."""
    lenient: bool = False
    """The option of kb's plugin that publishes a site whatever the results of its snippets are."""
    posts: str | None = None
    """The folder of the posts of Material's blog, whose addresses depend on their dates; None without a blog."""
    depth: int = 0
    """The depth of the site below the root of its host."""
    theme_dir: str | None = None
    """The folder of the owner's own templates (``custom_dir``)."""
    has_hooks: bool = False
    """Whether the project's own scripts (``hooks``) take part in the build."""
    has_wikilinks: bool = True
    """Whether a plugin or extension turns ``[[x]]`` into links; otherwise it is text on the site."""
    heading_ids: HeadingIds | None = None
    """How ids of headings are made, where links to sections must name them; None where kb, another plugin or a hook
    leads such links, and where it is not known."""

    def with_kb(self) -> MkDocs:
        """The site once kb's plugin takes part in it."""
        plugins = self.plugins if "kbtools" in self.plugins else (*self.plugins, "kbtools")
        return self.without_kb()._replace(plugins=plugins)

    def without_kb(self) -> MkDocs:
        """The site of a project of kb's that does not use its plugin yet: once it does, it makes links of ``[[x]]`` and
        leads links to sections."""
        return self._replace(has_wikilinks=True, heading_ids=None)

    @property
    def makes_pages(self) -> str | None:
        """What may add pages to the site that no file contains, as text; without kb's own plugin."""
        named = next((p for p in self.plugins if p.rpartition("/")[2] in _MAKERS), None)
        return f"the plugin {named}" if named else "a hook of mkdocs.yml" if self.has_hooks else None

    @property
    def lists_pages(self) -> bool:
        """Whether the navigation has pages that ``nav`` does not name: all of them where there is none, or those that a
        plugin finds. In a wiki of kb's, whose pages readers reach by links, that is no way in."""
        is_found = not self.nav or any(p.rpartition("/")[2] in _NAVIGATORS for p in self.plugins)
        return is_found and "kbtools" not in self.plugins

    def is_post(self, path: str) -> bool:
        """Whether a page is a blog post; the blog's index lists them all."""
        return is_within(path, self.posts)

    def is_translation(self, path: str) -> bool:
        """Whether a page is one translation among several (the plugin ``i18n``): ``a.ko.md`` or ``ko/a.md``. The
        navigation contains the page, not its translations."""
        first, _, rest = path.partition("/")
        return (bool(rest) and first in self.locales) or path.removesuffix(".md").rpartition(".")[2] in self.locales

    def names(self, path: str) -> bool:
        """Whether the navigation names a page, or all of its folder (``folder/`` and ``folder/*``, for plugins)."""
        for entry in self.nav:
            named = entry.removeprefix("../")
            if path == named or (named.endswith(("/", "*")) and path.startswith(named.rstrip("*"))):
                return True
        return False

    def documents(self, anchor: str) -> bool:
        """Whether an anchor has the form of those that API documentation plugins generate."""
        return any(p in _API_PLUGINS for p in self.plugins) and _QUALIFIED.fullmatch(anchor) is not None

    @property
    def generated(self) -> frozenset[str]:
        """Pages that kb's own plugin adds."""
        return frozenset((*GENERATED, GRAPH)) if "kbtools" in self.plugins else frozenset()


def is_within(path: str, folder: str | None) -> bool:
    """Whether a vault path is below a folder: always for "", never for None."""
    return folder is not None and path.startswith(f"{folder}/" if folder else "")


def find(root: Path) -> Path | None:
    """The MkDocs configuration file of a folder."""
    return next((file for name in FILES if (file := root / name).is_file()), None)


def read(file: Path) -> MkDocs:
    """Reads a configuration. Raises KbError for a file that is not YAML."""
    data = _inherited(file)
    nav = data.get("nav")
    has_wikilinks = bool(data.get("hooks")) or not _READING_WIKILINKS.isdisjoint(_parts(data))
    return MkDocs(
        docs_dir=_text(data.get("docs_dir")) or "docs",
        exclude_docs=_text(data.get("exclude_docs")),
        draft_docs=_text(data.get("draft_docs")),
        nav=tuple(_paths(nav)) if isinstance(nav, list) else (),
        use_directory_urls=_text(data.get("use_directory_urls")).lower() not in ("false", "no", "off"),
        plugins=tuple(_names(data.get("plugins"))),
        locales=tuple(_locales(data.get("plugins"))),
        lenient=_text(_options(data.get("plugins"), "kbtools").get("lenient")).lower() in ("true", "yes", "on"),
        posts=_posts(data.get("plugins")),
        depth=len([part for part in _path_of(_text(data.get("site_url"))).split("/") if part]),
        theme_dir=_text(theme.get("custom_dir")) or None if isinstance(theme := data.get("theme"), dict) else None,
        has_hooks=bool(data.get("hooks")),
        has_wikilinks=has_wikilinks,
        heading_ids=None if has_wikilinks else _heading_ids(data),
    )


def _heading_ids(data: Mapping[str, object]) -> HeadingIds | None:
    extensions = data.get("markdown_extensions")
    options = {**_options(extensions, "markdown.extensions.toc"), **_options(extensions, "toc")}
    if options.get("separator", "-") != "-":
        return None
    if options.get("slugify") is None:
        return "ascii"
    return "unicode" if options["slugify"] == {"kwds": {"case": "lower"}} else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _names(plugins: object) -> Iterator[str]:
    """The names of plugins: a list of names and of mappings with one key, or one mapping."""
    for entry in plugins if isinstance(plugins, list) else (plugins,):
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict):
            yield from (key for key in entry if isinstance(key, str))


def _parts(data: Mapping[str, object]) -> Iterator[str]:
    """The plugins and the extensions of Markdown that a site uses, the latter by the last part of their names."""
    yield from _names(data.get("plugins"))
    yield from (re.split(r"[.:]", name)[-1] for name in _names(data.get("markdown_extensions")))


def _options(plugins: object, name: str) -> Mapping[str, object]:
    """The options of a plugin or an extension of Markdown."""
    entries = plugins if isinstance(plugins, list) else [plugins]
    options = next((entry[name] for entry in entries if isinstance(entry, dict) and name in entry), None)
    return options if isinstance(options, dict) else {}


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _posts(plugins: object) -> str | None:
    """The folder of the posts of a blog (the plugin's options ``blog_dir`` and ``post_dir``)."""
    if not any(name.rpartition("/")[2] == "blog" for name in _names(plugins)):
        return None
    options = _options(plugins, "blog") or _options(plugins, "material/blog")
    blog = _text(options.get("blog_dir")) or "blog"
    folder = (_text(options.get("post_dir")) or "{blog}/posts").replace("{blog}", blog)
    return "/".join(part for part in folder.split("/") if part not in ("", "."))


def _locales(plugins: object) -> Iterator[str]:
    languages = _options(plugins, "i18n").get("languages")
    if isinstance(languages, dict):
        yield from (key for key in languages if isinstance(key, str))
    for language in languages if isinstance(languages, list) else ():
        if isinstance(language, dict) and isinstance(language.get("locale"), str):
            yield language["locale"]


def _paths(nav: object) -> Iterator[str]:
    """The entries of a navigation: ``Title: path`` or a bare path, in lists at any depth."""
    if isinstance(nav, str):
        yield nav
    for part in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from _paths(part)


def config_file(root: Path) -> Path:
    """The MkDocs configuration of a project. Raises KbError when it has none."""
    if (file := find(root)) is None:
        raise KbError(f"there is no mkdocs.yml in {root}", "a site needs one; `kb check` and `kb run` do not")
    return file


def chain(file: Path) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """A file with its top-level keys, followed by the files it inherits from (``INHERIT``), transitively."""
    seen: set[Path] = set()
    waiting: Path | None = file
    while waiting is not None and waiting.resolve() not in seen:
        seen.add(waiting.resolve())
        data = _load(waiting)
        yield waiting, data
        base = waiting.parent / _text(data.get("INHERIT"))
        waiting = base if base != waiting.parent and base.is_file() else None


def _inherited(file: Path) -> Mapping[str, object]:
    """The top-level keys of a file, merged over those of the files it inherits from."""
    merged: dict[str, object] = {}
    for _, data in chain(file):
        merged = {**data, **merged}
    return merged


def _load(file: Path) -> Mapping[str, object]:
    try:
        value = _Values(file.read_text(encoding="utf-8-sig")).document()
    except UnicodeDecodeError as e:
        raise KbError(f"{file}: not UTF-8 at byte {e.start}", "save it as UTF-8") from e
    except OSError as e:
        raise KbError(f"{file} cannot be read: {e.strerror}", "let this user read it") from e
    except yaml_errors() as e:
        mark = getattr(e, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise KbError(
            f"{file}{where}: not YAML: {getattr(e, 'problem', None) or e}", "mkdocs build says the same"
        ) from e
    return value if isinstance(value, dict) else {}


class _Values:
    """The text, list and mapping values of a YAML document; tags are ignored, and a scalar is its text."""

    def __init__(self, text: str) -> None:
        self._next: Any = event_parser()(text).get_event
        self._anchors: dict[str, object] = {}

    def document(self) -> object:
        scalar, mapping_start, sequence_start, *_ = event_types()
        while (event := self._next()) is not None:
            if type(event) in (scalar, mapping_start, sequence_start):
                return self._value(event, 0)
        return None

    def _value(self, event: Any, depth: int) -> object:
        scalar, mapping_start, sequence_start, mapping_end, sequence_end, _ = event_types()
        if depth > _DEEPEST:
            raise KbError(
                f"mkdocs.yml:{event.start_mark.line + 1}: nested more than {_DEEPEST} deep", "nest its values less"
            )
        kind = type(event)
        value: object
        if kind is scalar:
            plain_null = event.implicit[0] and event.value in ("", "~", "null")
            value = None if plain_null else event.value
        elif kind is sequence_start:
            items = []
            while type(event_ := self._next()) is not sequence_end:
                items.append(self._value(event_, depth + 1))
            value = items
        elif kind is mapping_start:
            fields: dict[object, object] = {}
            while type(event_ := self._next()) is not mapping_end:
                key = self._value(event_, depth + 1)
                held = self._value(self._next(), depth + 1)
                fields[key if isinstance(key, str) else None] = held
            value = fields
        else:
            return self._anchors.get(event.anchor)  # an alias
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

"""Finds what makes every build render every page: plugins, hooks, extensions and templates with unknown inputs.

The owner can declare of each that it depends on one page at a time (``per_page`` on the plugin kbtools)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from mkdocs.config.defaults import MkDocsConfig

_SITE_EVENTS = frozenset(
    "startup shutdown serve config pre_build files nav pre_template template_context post_template build_error".split()  # noqa: SIM905
)
"""Events of MkDocs in which a plugin sees no page: files and navigation, which it may change, are looked at behind
them."""
_KNOWN = ("markdown.extensions.", "pymdownx.", "material.extensions.", "kbtools.")
_READING = frozenset(("pymdownx.b64", "b64"))
"""Extensions that read files of their own accord."""
_BUILTIN = frozenset(
    """
    abbr admonition attr_list codehilite def_list extra fenced_code footnotes legacy_attrs legacy_em md_in_html meta
    nl2br sane_lists smarty tables toc wikilinks
    """.split()  # noqa: SIM905
)
_THEMES = frozenset(("material", "mkdocs", "readthedocs"))
"""Themes whose templates are known to show a page, the navigation, and nothing else."""
_OF_PAGES = frozenset(("content", "toc", "markdown"))
_OF_THE_SITE = frozenset(("pages", "build_date_utc", "now"))


def collecting(config: MkDocsConfig) -> list[Any]:
    """Search plugins. They take what a page shows, and nothing else; kept pages are shown to them too."""
    modules = ("mkdocs.contrib.search", "material.plugins.search.plugin")
    return [plugin for plugin in config.plugins.values() if type(plugin).__module__ in modules]


def reasons(config: MkDocsConfig, per_page: Iterable[str]) -> list[str]:
    """What needs every page, in words; nothing when pages can be kept."""
    allowed = frozenset(per_page)
    return [f"{kind} {name}" for kind, name in _found(config) if name not in allowed]


def _found(config: MkDocsConfig) -> Iterator[tuple[str, str]]:
    events: dict[str, set[str]] = {}
    for event, methods in config.plugins.events.items():
        for method in methods:
            origin = config.plugins._event_origins.get(method, "")
            events.setdefault(origin, set()).add(event)
    known = [*collecting(config), *(p for p in config.plugins.values() if type(p).__module__.startswith("kbtools."))]
    own = {name for name, plugin in config.plugins.items() if plugin in known}
    hooks = {str(name) for name in config.hooks}
    for name, seen in sorted(events.items()):
        if name not in own and not seen <= _SITE_EVENTS:
            yield ("the hook" if name in hooks else "the plugin"), name
    for extension in config.markdown_extensions:
        name = _name_of(extension)
        if not _is_known(name):
            yield "the Markdown extension", name
    if config.theme.name is not None and config.theme.name not in _THEMES:
        yield "the theme", config.theme.name
    if config.theme.custom_dir:
        for template in sorted(Path(config.theme.custom_dir).rglob("*.html")):
            if _shows_other_pages(template):
                yield "the template", template.relative_to(config.theme.custom_dir).as_posix()


def _name_of(extension: object) -> str:
    """The name of an extension; of an object that a plugin has added, that of its class and its package."""
    if isinstance(extension, str):
        return extension
    kind = type(extension)
    return f"{kind.__module__.partition('._')[0]}.{kind.__qualname__}"


def _is_known(extension: str) -> bool:
    name = extension.partition(":")[0]
    if name in _READING or name.rpartition(".")[0] in _READING:
        return False
    if name in _BUILTIN or f"{name}.".startswith(_KNOWN):
        return True
    found = [entry for entry in entry_points(group="markdown.extensions") if entry.name == extension]
    return bool(found) and all(
        f"{entry.module}.".startswith(_KNOWN) and entry.module not in _READING for entry in found
    )


def _shows_other_pages(template: Path) -> bool:
    """Whether a template uses more than its own page and the navigation, or cannot be parsed."""
    text = template.read_text("utf-8", "replace")
    try:
        tree = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]).parse(text)
    except jinja2.TemplateError:
        return True
    names: set[Any] = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"}
    if names & _OF_THE_SITE:
        return True
    others = (n for n in tree.find_all(nodes.Getattr) if n.attr in _OF_PAGES)
    return any(not (isinstance(n.node, nodes.Name) and n.node.name == "page") for n in others)


INCLUDE = re.compile(r"-{1,}8<-{1,}")
"""How ``pymdownx.snippets`` names a file to put into a page."""

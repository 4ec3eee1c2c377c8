"""Detects code that a ``mkdocs.yml`` would run during a build, without running it.

Hooks, Python tags, templates and some plugins run code of the project with all rights of the user who builds. In a
contribution from outside, that code is not trusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from kbtools.errors import KbError

_HARMLESS = re.compile(
    r"tag:yaml\.org,2002:python/(?:name|object/apply|object/new|object):"
    r"(?:pymdownx\.|material\.extensions\.|materialx\.|zensical\.extensions\.|mermaid2\.fence_mermaid)[\w.]*\Z"
)
_RUNNING = {
    "macros": "runs the project's own module and the templates in pages",
    "gen-files": "runs scripts of the project",
    "mkdocs-simple-hooks": "runs functions of the project",
    "simple-hooks": "runs functions of the project",
    "exec": "runs code of pages",
    "markdown-exec": "runs code of pages",
    "markdown_exec": "runs code of pages",
    "mkdocs-jupyter": "can run notebooks",
    "coverage": "runs commands",
    "build-plantuml": "runs commands",
}
_OWN_EXTENSIONS = ("markdown.", "pymdownx.", "material.", "mdx_", "mkdocs", "kbtools", "zensical.", "markdown_")


def running_code(file: Path) -> Iterator[str]:
    """The parts of a ``mkdocs.yml``, and of files it inherits from, that run code of the project when the site is
    built: as text, with file and line. Raises KbError for a file that cannot be read."""
    node = _composed(file)
    yield from (f"{file.name}:{line}: {what}" for line, what in _tags(node))
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        line, name = key.start_mark.line + 1, key.value
        if name == "INHERIT" and isinstance(value, yaml.ScalarNode):
            yield from running_code((file.parent / str(value.value)).resolve())
        elif name == "hooks" and value.value:
            yield f"{file.name}:{line}: hooks run Python files of the project"
        elif name == "theme" and isinstance(value, yaml.MappingNode):
            for option, given in value.value:
                if option.value == "custom_dir" and given.value:
                    yield f"{file.name}:{option.start_mark.line + 1}: templates in custom_dir run code"
        elif name == "plugins":
            for plugin, at in _names(value):
                if plugin.rpartition("/")[2] in _RUNNING:
                    yield f"{file.name}:{at}: the plugin {plugin} {_RUNNING[plugin.rpartition('/')[2]]}"
        elif name == "markdown_extensions":
            for extension, at in _names(value):
                if ("." in extension and not extension.startswith(_OWN_EXTENSIONS)) or ":" in extension:
                    yield f"{file.name}:{at}: the Markdown extension {extension} is a module of its own"


def _composed(file: Path) -> yaml.Node | None:
    try:
        return yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as e:
        raise KbError(f"{file}: not readable as YAML: {e}", "correct it; mkdocs build reports the same error") from e


def _names(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Plugins or extensions in a list or mapping, with their lines."""
    for entry in node.value if isinstance(node, (yaml.SequenceNode, yaml.MappingNode)) else ():
        key = entry[0] if isinstance(entry, tuple) else entry
        if isinstance(key, yaml.MappingNode):
            key = key.value[0][0] if key.value else key
        if isinstance(key, yaml.ScalarNode):
            yield str(key.value), key.start_mark.line + 1


def _tags(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    waiting, seen = [node], set[int]()
    while waiting:
        at = waiting.pop()
        if at is None or id(at) in seen:
            continue
        seen.add(id(at))
        if "python" in at.tag and not _HARMLESS.match(at.tag):
            yield at.start_mark.line + 1, f"the tag !!{at.tag.rpartition(',2002:')[2] or at.tag} runs Python"
        if isinstance(at, yaml.SequenceNode):
            waiting += at.value
        elif isinstance(at, yaml.MappingNode):
            waiting += (part for pair in at.value for part in pair)


def has_own_tags(file: Path) -> bool:
    """Whether a ``mkdocs.yml`` contains Python tags for code of unknown origin. Raises KbError."""
    return any(_tags(_composed(file)))


def refuse(file: Path) -> None:
    """Raises KbError if building a site would run code of the project outside of the sandbox."""
    found = list(running_code(file))
    if found:
        shown = "\n".join(f"  {what}" for what in found[:10])
        raise KbError(
            f"under --sandbox strict no site is built with a mkdocs.yml that runs code outside of it:\n{shown}",
            "build it without --sandbox strict once you have read that code; `kb run --sandbox strict` runs the pages'",
        )

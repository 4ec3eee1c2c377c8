"""Adds a plugin entry to an existing ``mkdocs.yml`` and keeps every other byte.

The text is edited, not written anew, since comments, tags and layout are the owner's. The result is read again and must
differ from the old reading in that one entry; where it would not, the error says which line to add by hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import yaml

from kbtools.errors import KbError

PLUGIN = "kbtools"
NO_OPTIONS: Mapping[str, object] = MappingProxyType({})


class _Tagged(str):
    """A value with a tag that only MkDocs can construct, kept as text."""


class _Loader(yaml.SafeLoader):
    """Reads any tag as plain data."""


def _any_tag(loader: _Loader, suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return _Tagged(f"!{suffix} {node.value}")
    if isinstance(node, yaml.SequenceNode):
        return [f"!{suffix}", *loader.construct_sequence(node, deep=True)]
    assert isinstance(node, yaml.MappingNode)
    return {f"!{suffix}": loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _any_tag)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _any_tag)


def load(text: str, where: str = "mkdocs.yml") -> dict[str, Any]:
    """The settings, with tagged values as text. Raises KbError if the file is not a YAML mapping."""
    try:
        data = yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError, ValueError) as e:
        raise KbError(
            f"{where} cannot be read: {' '.join(str(e).split())[:200]}",
            "correct it; mkdocs build reports the same error",
        ) from e
    if not isinstance(data, dict):
        raise KbError(f"{where} holds no settings", 'a site needs at least "site_name: …"')
    return data


def plugins_of(settings: dict[str, Any]) -> list[str] | None:
    """The names of the plugins; None if the file does not list any (MkDocs then uses ``search``)."""
    plugins = settings.get("plugins")
    if plugins is None:
        return None
    entries = (
        plugins
        if isinstance(plugins, list)
        else [{name: value} for name, value in plugins.items()]
        if isinstance(plugins, dict)
        else []
    )
    return [next(iter(entry)) if isinstance(entry, dict) and entry else str(entry) for entry in entries]


def with_plugin(text: str, where: str = "mkdocs.yml", options: Mapping[str, object] = NO_OPTIONS) -> str:
    """The file with ``kbtools`` added to its plugins; unchanged if it is listed already. Raises KbError, naming the
    line to add by hand, when the file cannot be edited safely."""
    before = load(text, where)
    named = plugins_of(before)
    if named is not None and PLUGIN in named:
        return text
    new = _edited(text, before, options)
    wanted = dict(before)
    plugins = before.get("plugins")
    if isinstance(plugins, dict):
        wanted["plugins"] = {**plugins, PLUGIN: dict(options)}
    else:
        entry = {PLUGIN: dict(options)} if options else PLUGIN
        wanted["plugins"] = [*(plugins if isinstance(plugins, list) else ["search"]), entry]
    if new is None or load(new, where) != wanted:
        raise KbError(
            f"{where} is written in a way that cannot be edited safely", f"add {PLUGIN} to its plugins by hand"
        )
    return new


def _edited(text: str, settings: dict[str, Any], options: Mapping[str, object]) -> str | None:
    end = "\r\n" if "\r\n" in text else "\n"
    node = _plugins_node(text)
    if node is None:
        if "plugins" in settings and settings["plugins"] is not None:
            return None  # through a merge key or an anchor
        if "plugins" in settings:  # an empty entry
            return re.sub(
                r"(?m)^plugins:[ \t]*(?=#|\r?$)", lambda m: f"plugins: [search, {_flow_entry(options)}]", text, count=1
            )
        gap = "" if not text or text.endswith("\n") else end
        return f"{text}{gap}{end if text.strip() else ''}plugins:{end}  - search{end}{_entry(options, 2, end)}"
    if node.start_mark.line == node.end_mark.line or node.flow_style:
        return _flow(text, node, options)
    if not node.value:
        return None
    last = node.value[-1]
    first = node.value[0]
    column = (first[0] if isinstance(node, yaml.MappingNode) else first).start_mark.column
    tail = last[1] if isinstance(node, yaml.MappingNode) else last
    at = _behind(text, tail)
    if isinstance(node, yaml.MappingNode):
        lines = [f"{PLUGIN}:", *(f"  {line}" for line in _lines(options))] if options else [f"{PLUGIN}: {{}}"]
        added = "".join(f"{' ' * column}{line}{end}" for line in lines)
        return f"{text[:at]}{_gap(text, at, end)}{added}{text[at:]}"
    dash = _dash_column(text, first)
    if dash is None:
        return None
    return f"{text[:at]}{_gap(text, at, end)}{_entry(options, dash, end)}{text[at:]}"


def _entry(options: Mapping[str, object], column: int, end: str) -> str:
    """An entry of a list in block style."""
    lines = [f"- {PLUGIN}:", *(f"    {line}" for line in _lines(options))] if options else [f"- {PLUGIN}"]
    return "".join(f"{' ' * column}{line}{end}" for line in lines)


def _lines(options: Mapping[str, object]) -> list[str]:
    return [f"{name}: {_flow_value(value)}" for name, value in options.items()]


def _flow_entry(options: Mapping[str, object]) -> str:
    return f"{PLUGIN}: {_flow_value(dict(options))}" if options else PLUGIN


def _flow_value(value: object) -> str:
    return (
        yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)
        .removesuffix("...\n")
        .strip()
    )


def _gap(text: str, at: int, end: str) -> str:
    return "" if at == 0 or text[at - 1] == "\n" else end


def _plugins_node(text: str) -> Any:
    """The node of the value of the top-level key ``plugins``."""
    root = yaml.compose(text, _Loader)
    if not isinstance(root, yaml.MappingNode):
        return None
    for key, value in root.value:
        if isinstance(key, yaml.ScalarNode) and key.value == "plugins":
            return value if isinstance(value, (yaml.SequenceNode, yaml.MappingNode)) else None
    return None


def _flow(text: str, node: Any, options: Mapping[str, object]) -> str | None:
    """``[a, b]`` and ``{a: {}}``."""
    at = node.end_mark.index - 1
    if at < 0 or text[at] not in "]}":
        return None
    entry = _flow_entry(options) if text[at] == "]" else f"{PLUGIN}: {_flow_value(dict(options))}"
    before = text[:at].rstrip()
    comma = "" if before.endswith(("[", "{", ",")) else ","
    space = " " if comma or before.endswith(",") else ""
    return f"{before}{comma}{space}{entry}{text[len(before) : at]}{text[at:]}"


def _behind(text: str, node: Any) -> int:
    """The start of the line behind a node's last line of content (PyYAML ends a block where the next token begins)."""
    last = _last_content(node)
    newline = text.find("\n", last)
    return len(text) if newline < 0 else newline + 1


def _last_content(node: Any) -> int:
    if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", False) or not node.value:
        return int(max(node.start_mark.index, node.end_mark.index - 1))
    tail = node.value[-1]
    return _last_content(tail[1] if isinstance(node, yaml.MappingNode) else tail)


def _dash_column(text: str, first: Any) -> int | None:
    start = text.rfind("\n", 0, first.start_mark.index) + 1
    m = re.match(r"([ \t]*)-[ \t]", text[start:])
    if m is None:
        m = re.search(r"(?m)^([ \t]*)-[ \t]*(?:#.*)?\r?\n(?:.*\r?\n)*?\Z", text[: first.start_mark.index])
    return len(m[1]) if m else None

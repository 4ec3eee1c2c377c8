"""The table of all settings, used to read configuration, to write its JSON Schema and for ``kb config``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from kbtools.config.setting_types import (
    POLICY_SCHEMA,
    Read,
    SettingError,
    choice_type,
    did_you_mean,
    flag_type,
    number_type,
    read_address,
    read_policy,
    read_terms,
    refuse,
    size_type,
    table_type,
    text_type,
    texts_type,
)
from kbtools.errors import KbError

MAX_PAGE_SIZE = 4 * 1024**2
"""Bytes. Longer pages take seconds to parse."""

LINK_STYLES = ("title", "filename")
LEVELS = ("error", "warning", "info", "off")


class Setting(NamedTuple):
    """One key of the configuration."""

    key: str
    """With its table before a dot: ``run.timeout``."""
    meaning: str
    """One sentence, in Markdown."""
    default: object
    """The value in TOML; None if there is no default."""
    read: Read
    schema: Mapping[str, Any]
    """The JSON Schema of the value."""
    example: object = None
    """A value other than the default."""

    @property
    def table(self) -> str:
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        return self.key.rpartition(".")[2]


SETTINGS: tuple[Setting, ...] = (
    Setting("docs", "The vault: the folder of pages, relative to the root.", None, *text_type("a folder"), "wiki"),
    Setting(
        "exclude",
        "Globs, relative to the vault, of files that are not pages. "
        "`**` spans folders; the name of a folder covers all in it.",
        [],
        *texts_type(),
        ["templates/**"],
    ),
    Setting(
        "link_style",
        'What a reconciled link is spelled as: `"title"` or `"filename"`. '
        'In an Obsidian vault the default is `"filename"`: Obsidian finds notes by that only.',
        "title",
        *choice_type(*LINK_STYLES),
        "filename",
    ),
    Setting(
        "keep_words",
        "Whether a reconciled link goes on showing the words it showed. Where links are file names it always does.",
        False,
        *flag_type(),
        True,
    ),
    Setting(
        "schema",
        "Which pages (a glob) follow which frontmatter schema: `topic`, `none` or a file. "
        "The first glob that fits counts.",
        {},
        *table_type("a table of glob = schema", text_type("the name of a schema")),
        {"topics/**": "topic"},
    ),
    Setting(
        "snippets",
        'What code is held to, by glob: `"run"`, `"check"` (read, not run) or `"show"` (not looked at), or a '
        "[table](#snippets). The first glob that fits counts.",
        {},
        *table_type('a table of glob = "run", "check" or "show"', (read_policy, POLICY_SCHEMA)),
        {"notes/**": "show"},
    ),
    Setting(
        "rules",
        "Severities of rules, where they are not the rule's own.",
        {},
        *table_type("a table of rule = severity", choice_type(*LEVELS)),
        {"orphan-page": "off"},
    ),
    Setting(
        "terms",
        "Words to avoid, and what to write for each; `*` ends a word whose endings vary.",
        {},
        read_terms,
        {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
        {"learning speed": "learning rate"},
    ),
    Setting(
        "stale_after",
        "Days after `last_reinforced` at which a page is reported as stale.",
        365,
        *number_type("a number of days", whole=True),
        180,
    ),
    Setting(
        "max_page_size",
        "A larger page is reported as unreadable and not read: it is an export or a log, not a page.",
        "4MiB",
        *size_type("4MiB"),
        "1MiB",
    ),
    Setting(
        "publish",
        'What is to be known of code before a site is built: `"proven"` (it ran and did what its page says, or the '
        'baseline accepts that it fails), `"failing"` (it ran; what failed is published as failed), or `"any"` '
        "(also what has not run since it was changed). The same for `kb build`, `kb gate` and `mkdocs build`.",
        "proven",
        *choice_type("proven", "failing", "any"),
        "failing",
    ),
    Setting(
        "rules_url",
        "Where the documentation of rules is published, with `{rule}` in place of a rule's name. "
        "SARIF and Markdown output link to it.",
        None,
        read_address,
        {"type": "string", "pattern": r"^https?://.*\{rule\}"},
        "https://example.org/rules/{rule}/",
    ),
    Setting(
        "external.ignore",
        "Patterns of addresses that `kb check --external` leaves alone; `*` stands for anything.",
        [],
        *texts_type(),
        ["https://intranet.example/*"],
    ),
    Setting(
        "external.allow_private",
        "Whether addresses in private networks and on this machine are asked for.",
        False,
        *flag_type(),
        True,
    ),
    Setting(
        "external.archive",
        "Whether a web archive (archive.org) is asked for copies of what is gone.",
        True,
        *flag_type(),
        False,
    ),
    Setting(
        "external.timeout",
        "Seconds for one external address, redirects and further attempts included.",
        20,
        *number_type("a number of seconds", whole=False),
        60,
    ),
    Setting(
        "external.keep_days",
        "Days for which an external address that was there is not asked for again.",
        7,
        *number_type("a number of days", whole=False),
        30,
    ),
    Setting(
        "run.timeout",
        "Seconds a snippet may take, unless its fence says otherwise.",
        60,
        *number_type("a number of seconds", whole=False),
        120,
    ),
    Setting(
        "run.memory",
        "Private memory of a session's process, unless a fence says otherwise.",
        "4GiB",
        *size_type("4GiB"),
        "8GiB",
    ),
)


def read_settings(data: Mapping[str, object], where: str) -> dict[str, object]:
    """The value of every setting in a TOML table, by key. ``where`` names the file in messages.

    Raises KbError for unknown keys, with the most similar known one, and for values of a wrong type.
    """
    by_key = {s.key: s for s in SETTINGS}
    tables = {s.table for s in SETTINGS if s.table}
    values: dict[str, object] = {}

    def take(part: Mapping[str, object], table: str) -> None:
        for name, value in part.items():
            key = f"{table}.{name}" if table else name
            if key in by_key:
                try:
                    values[key] = by_key[key].read(value, f"{where}: {key}")
                except KbError as e:
                    raise SettingError(e.message, e.hint, key) from e
            elif key in tables:
                if not isinstance(value, dict):
                    raise SettingError(refuse(f"{where}: {key}", "a table", value).message, None, key)
                take(value, key)
            else:
                raise _unknown(key, table, where)

    take(data, "")
    return values


def _unknown(key: str, table: str, where: str) -> SettingError:
    name = key.rpartition(".")[2]
    inside = f"{table}." if table else ""
    known = sorted(
        {rest.partition(".")[0] for s in SETTINGS if s.key.startswith(inside) and (rest := s.key[len(inside) :])}
    )
    elsewhere = [f'"{s.key}"' for s in SETTINGS if s.name == name]
    hint = (
        f"did you mean {' or '.join(elsewhere)}?"
        if elsewhere
        else did_you_mean(name, known) or did_you_mean(key, [s.key for s in SETTINGS])
    )
    return SettingError(f'{where}: unknown key "{key}"', hint or f"known keys: {', '.join(known)}", key)


def default(key: str) -> object:
    """The default of a setting. Raises KeyError for an unknown key."""
    setting = next((s for s in SETTINGS if s.key == key), None)
    if setting is None:
        raise KeyError(key)
    return None if setting.default is None else setting.read(setting.default, key)


def json_schema(rules: Mapping[str, str]) -> dict[str, Any]:
    """The JSON Schema (draft 7, which TOML editors support) of ``kb.toml``. ``rules`` maps rules to their summaries."""
    root: dict[str, Any] = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of kb",
        "type": "object",
        "additionalProperties": False,
        "properties": {},
    }
    for setting in SETTINGS:
        holder = root
        if setting.table:
            empty = {"type": "object", "additionalProperties": False, "properties": {}}
            holder = root["properties"].setdefault(setting.table, empty)
        schema = {"description": setting.meaning, **setting.schema}
        if setting.default is not None:
            schema["default"] = setting.default
        if setting.example is not None:
            schema["examples"] = [setting.example]
        if setting.key == "rules":
            schema["additionalProperties"] = False
            schema["properties"] = {
                name: {**setting.schema["additionalProperties"], "description": summary}
                for name, summary in rules.items()
            }
        holder["properties"][setting.name] = schema
    return root


def pyproject_schema(rules: Mapping[str, str]) -> dict[str, Any]:
    """The JSON Schema of the table ``[tool.kb]`` of ``pyproject.toml``."""
    inner = json_schema(rules)
    head = {"$schema": inner.pop("$schema"), "title": "pyproject.toml with [tool.kb]", "type": "object"}
    tool = {"type": "object", "properties": {"kb": inner}}
    return {**head, "properties": {"tool": tool}}


def line_of(text: str, key: str, prefix: str = "") -> int | None:
    """The line (from 1) of a TOML text on which a key is set or its table begins; None if it cannot be determined.

    ``prefix`` is the table that contains all settings, such as ``tool.kb``. Used for messages about texts that are
    valid TOML: keys in unusual notation are not found and have no line.
    """
    wanted = f"{prefix}.{key}" if prefix else key
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        head = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line)
        if head:
            table = _plain(head[1])
            if table == wanted:
                return number
            continue
        m = re.match(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_.\s-])+?)\s*=""", line)
        if m and (f"{table}." if table else "") + _plain(m[1]) == wanted:
            return number
    return None


def _plain(key: str) -> str:
    """A dotted key without quotes and blanks: ``tool . "kb"`` is ``tool.kb``."""
    parts = re.findall(r"""\s*(?:"([^"]*)"|'([^']*)'|([^.\s"']+))\s*\.?""", key)
    return ".".join(a or b or c for a, b, c in parts)

"""The table of all settings, used to read configuration, to write its JSON Schema and for ``kb config``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from kbtools.config.snippet_policy import MODES, SESSIONS, Policy
from kbtools.errors import KbError

MAX_PAGE_SIZE = 4 * 1024**2
"""Bytes. Parsing a longer page takes seconds."""

LINK_STYLES = ("title", "filename")
LEVELS = ("error", "warning", "info", "off")

Read = Callable[[object, str], object]
"""Turns a TOML value into the value of a setting, or raises KbError; the second argument says where it stands."""


class SettingError(KbError):
    """A key that is unknown or has a wrong value."""

    def __init__(self, message: str, hint: str | None, key: str) -> None:
        super().__init__(message, hint)
        self.key = key


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


_SIZE = re.compile(r"(?i)^\s*(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|kB|MB|GB)?\s*$")
_UNITS = {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def parse_size(text: str) -> int | None:
    """Bytes of ``4GiB``, ``512 MB`` or ``1000``; None if it is not a size."""
    m = _SIZE.match(text)
    return int(float(m[1]) * _UNITS[(m[2] or "B").lower()]) if m else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """``did you mean "x"?`` for the closest known word, if one is close."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else None


def _refuse(where: str, what: str, value: object) -> KbError:
    shown = f'"{value}"' if isinstance(value, str) else repr(value)
    key = where.rpartition(": ")[2]
    return KbError(f"{where} must be {what}, not {shown}", f"kb config {key} shows an example")


def _text(what: str) -> tuple[Read, dict[str, Any]]:
    def read(value: object, where: str) -> object:
        if not isinstance(value, str):
            raise _refuse(where, what, value)
        return value

    return read, {"type": "string"}


def _choice(*options: str) -> tuple[Read, dict[str, Any]]:
    listed = " or ".join(f'"{o}"' for o in options) if len(options) == 2 else f"one of {', '.join(options)}"

    def read(value: object, where: str) -> object:
        if not isinstance(value, str) or value not in options:
            error = _refuse(where, listed, value)
            error.hint = (did_you_mean(value, options) if isinstance(value, str) else None) or error.hint
            raise error
        return value

    return read, {"type": "string", "enum": list(options)}


def _flag() -> tuple[Read, dict[str, Any]]:
    def read(value: object, where: str) -> object:
        if not isinstance(value, bool):
            raise _refuse(where, "true or false", value)
        return value

    return read, {"type": "boolean"}


def _number(what: str, *, whole: bool) -> tuple[Read, dict[str, Any]]:
    def read(value: object, where: str) -> object:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise _refuse(where, what, value)
        return value if whole else float(value)

    return read, {"type": "integer" if whole else "number"}


def _size(example: str) -> tuple[Read, dict[str, Any]]:
    def read(value: object, where: str) -> object:
        given = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        size = parse_size(given)
        if size is None:
            raise _refuse(where, f'a size such as "{example}"', value)
        return size

    pattern = r"^\s*\d+(\.\d+)?\s*([Bb]|[KkMmGg][Ii]?[Bb])?\s*$"
    return read, {"anyOf": [{"type": "string", "pattern": pattern}, {"type": "integer", "minimum": 0}]}


def _texts(what: str = "a list of strings") -> tuple[Read, dict[str, Any]]:
    def read(value: object, where: str) -> object:
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise _refuse(where, what, value)
        return tuple(value)

    return read, {"type": "array", "items": {"type": "string"}}


def _table(
    what: str, of: tuple[Read, dict[str, Any]], names: Mapping[str, Any] | None = None
) -> tuple[Read, dict[str, Any]]:
    """A table whose keys the user chooses; ``names`` is the JSON Schema of those."""
    read_value, schema = of

    def read(value: object, where: str) -> object:
        if not isinstance(value, dict):
            raise _refuse(where, what, value)
        return {
            key: read_value(item, f'{where}."{key}"' if not _BARE.match(key) else f"{where}.{key}")
            for key, item in value.items()
        }

    return read, {"type": "object", "additionalProperties": schema, **({"propertyNames": names} if names else {})}


_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def _term(value: object, where: str) -> object:
    if not isinstance(value, str) or not value.strip():
        raise KbError(
            f"{where} must name what to write instead, not {value!r}", 'as in "learning speed" = "learning rate"'
        )
    return value


def _terms(value: object, where: str) -> object:
    read, _ = _table("a table of word to avoid = word to write", (_term, {}))
    found = read(value, where)
    assert isinstance(found, dict)
    for word in found:
        if not word.removesuffix("*").strip():
            raise KbError(f'{where}."{word}" is no word to avoid', 'as in "learning speed" = "learning rate"')
    return found


def _address(value: object, where: str) -> object:
    if not isinstance(value, str) or not re.match(r"https?://", value) or "{rule}" not in value:
        raise _refuse(
            where, 'an address with {rule} in place of the name, such as "https://example.org/rules/{rule}/"', value
        )
    return value


_POLICY: dict[str, tuple[Read, dict[str, Any]]] = {
    "mode": _choice(*MODES),
    "session": _choice(*SESSIONS),
    "network": _flag(),
    "timeout": _number("a number of seconds", whole=False),
    "memory": _size("4GiB"),
    "files": _texts("a list of globs"),
    "cwd": _text("a folder"),
    "environment": _texts("a list of names"),
    "python": _text("the path of an interpreter"),
}


def _policy(value: object, where: str) -> object:
    """A mode, or a table with the fields of ``Policy``."""
    if isinstance(value, str):
        return Policy(mode=str(_POLICY["mode"][0](value, where)))
    if not isinstance(value, dict):
        raise _refuse(where, f"{' or '.join(MODES)}, or a table", value)
    read: dict[str, Any] = {}
    for name, item in value.items():
        if name not in _POLICY:
            hint = did_you_mean(name, _POLICY) or "known keys: " + ", ".join(_POLICY)
            raise KbError(f'{where}: there is no key "{name}"', hint)
        read[name] = _POLICY[name][0](item, f"{where}.{name}")
    cwd = PurePosixPath(read.get("cwd", ""))
    if cwd.is_absolute() or ".." in cwd.parts:
        raise KbError(f"{where}.cwd must lie in the session's folder, not {cwd}", 'as in cwd = "work"')
    return Policy(**read)


_POLICY_SCHEMA: dict[str, Any] = {
    "anyOf": [
        _POLICY["mode"][1],
        {
            "type": "object",
            "properties": {name: schema for name, (_, schema) in _POLICY.items()},
            "additionalProperties": False,
        },
    ]
}


SETTINGS: tuple[Setting, ...] = (
    Setting("docs", "The vault: the folder of pages, relative to the root.", None, *_text("a folder"), "wiki"),
    Setting(
        "exclude",
        "Globs, relative to the vault, of files that are no pages. "
        "`**` spans folders; the name of a folder covers all in it.",
        [],
        *_texts(),
        ["templates/**"],
    ),
    Setting(
        "link_style",
        'What a reconciled link is spelled as: `"title"` or `"filename"`. '
        'In an Obsidian vault the default is `"filename"`: Obsidian finds notes by that only.',
        "title",
        *_choice(*LINK_STYLES),
        "filename",
    ),
    Setting(
        "keep_words",
        "Whether a reconciled link goes on showing the words it showed. Where links are file names it always does.",
        False,
        *_flag(),
        True,
    ),
    Setting(
        "schema",
        "Which pages (a glob) follow which frontmatter schema: `topic`, `none` or a file. "
        "The first glob that fits counts.",
        {},
        *_table("a table of glob = schema", _text("the name of a schema")),
        {"topics/**": "topic"},
    ),
    Setting(
        "snippets",
        'What code is held to, by glob: `"run"`, `"check"` (read, not run) or `"show"` (not looked at), or a '
        "[table](#snippets). The first glob that fits counts.",
        {},
        *_table('a table of glob = "run", "check" or "show"', (_policy, _POLICY_SCHEMA)),
        {"notes/**": "show"},
    ),
    Setting(
        "rules",
        "Severities of rules, where they are not the rule's own.",
        {},
        *_table("a table of rule = severity", _choice(*LEVELS)),
        {"orphan-page": "off"},
    ),
    Setting(
        "terms",
        "Words to avoid, and what to write for each; `*` ends a word whose endings vary.",
        {},
        _terms,
        {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
        {"learning speed": "learning rate"},
    ),
    Setting(
        "stale_after",
        "Days after `last_reinforced` at which a page is reported as stale.",
        365,
        *_number("a number of days", whole=True),
        180,
    ),
    Setting(
        "max_page_size",
        "A larger page is reported as unreadable and not read: it is an export or a log, not a page.",
        "4MiB",
        *_size("4MiB"),
        "1MiB",
    ),
    Setting(
        "publish",
        'What is to be known of code before a site is built: `"proven"` (it ran and did what its page says, or the '
        'baseline accepts that it fails), `"failing"` (it ran; what failed is published as failed), or `"any"` '
        "(also what has not run since it was changed). The same for `kb build`, `kb gate` and `mkdocs build`.",
        "proven",
        *_choice("proven", "failing", "any"),
        "failing",
    ),
    Setting(
        "rules_url",
        "Where the documentation of rules is published, with `{rule}` in place of a rule's name. "
        "SARIF and Markdown output link to it.",
        None,
        _address,
        {"type": "string", "pattern": r"^https?://.*\{rule\}"},
        "https://example.org/rules/{rule}/",
    ),
    Setting(
        "external.ignore",
        "Patterns of addresses that `kb check --external` leaves alone; `*` stands for anything.",
        [],
        *_texts(),
        ["https://intranet.example/*"],
    ),
    Setting(
        "external.allow_private",
        "Whether addresses in private networks and on this machine are asked for.",
        False,
        *_flag(),
        True,
    ),
    Setting(
        "external.archive",
        "Whether a web archive (archive.org) is asked for copies of what is gone.",
        True,
        *_flag(),
        False,
    ),
    Setting(
        "external.timeout",
        "Seconds for one external address, redirects and further attempts included.",
        20,
        *_number("a number of seconds", whole=False),
        60,
    ),
    Setting(
        "external.keep_days",
        "Days for which an external address that was there is not asked for again.",
        7,
        *_number("a number of days", whole=False),
        30,
    ),
    Setting(
        "run.timeout",
        "Seconds a snippet may take, unless its fence says otherwise.",
        60,
        *_number("a number of seconds", whole=False),
        120,
    ),
    Setting(
        "run.memory",
        "Private memory of a session's process, unless a fence says otherwise.",
        "4GiB",
        *_size("4GiB"),
        "8GiB",
    ),
)


def read_settings(data: Mapping[str, object], where: str) -> dict[str, object]:
    """The value of every setting that a TOML table gives, by key.

    ``where`` names the file in messages. Raises KbError for unknown keys, with the nearest known one, and for values of
    a wrong type.
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
                    raise SettingError(_refuse(f"{where}: {key}", "a table", value).message, None, key)
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
    """The value that a setting has when nothing is said. Raises KeyError for an unknown key."""
    setting = next((s for s in SETTINGS if s.key == key), None)
    if setting is None:
        raise KeyError(key)
    return None if setting.default is None else setting.read(setting.default, key)


def json_schema(rules: Mapping[str, str]) -> dict[str, Any]:
    """The JSON Schema (draft 7, which TOML editors support) of ``kb.toml``. ``rules`` gives each rule's summary."""
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
    """The JSON Schema of a ``pyproject.toml`` as far as kb is concerned: its ``[tool.kb]``."""
    inner = json_schema(rules)
    head = {"$schema": inner.pop("$schema"), "title": "pyproject.toml with [tool.kb]", "type": "object"}
    tool = {"type": "object", "properties": {"kb": inner}}
    return {**head, "properties": {"tool": tool}}


def line_of(text: str, key: str, prefix: str = "") -> int | None:
    """The line (from 1) of a TOML text on which a key is set or its table begins; None where that is not plain to see.

    ``prefix`` is the table that all settings stand in, such as ``tool.kb``. For messages: a text that TOML itself has
    accepted is searched, and a key written in a way that is not recognised merely has no line.
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

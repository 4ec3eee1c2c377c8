"""``kb config``: lists every setting with its value, its origin and its meaning."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit, project, say
from kbtools.config.project import Explained, explain
from kbtools.config.setting_types import did_you_mean
from kbtools.errors import KbError


def configure(arguments: Arguments) -> None:
    arguments.add_argument("key", nargs="?", metavar="KEY", help="show only this setting, with an example")
    arguments.add_argument("--format", choices=["toml", "json"], default="toml", help="output format (default: toml)")


def run(args: SimpleNamespace) -> int:
    found = project(args)
    settings = explain(found)
    if args.key is not None:
        keys = [s.setting.key for s in settings]
        settings = [s for s in settings if args.key in (s.setting.key, s.setting.table)]
        if not settings:
            raise KbError(f'there is no setting "{args.key}"', did_you_mean(args.key, keys) or "kb config lists them")
    if args.format == "json":
        from kbtools.output.json import dumps

        rows = [
            {
                "key": s.setting.key,
                "value": s.written,
                "default": s.setting.default,
                "origin": s.origin,
                "meaning": s.setting.meaning,
            }
            for s in settings
        ]
        emit((dumps(rows, indent=1),))
        return 0
    if args.key is not None:
        emit(_explained(settings))
        return 0
    emit(_listed(settings))
    say(f"vault: {found.vault}")
    say(f"settings: {found.file or 'none: every value is the default'}")
    say("kb config KEY explains one")
    return 0


def _listed(settings: list[Explained]) -> Iterator[str]:
    """As TOML, each line with its origin as a comment."""
    table = ""
    lines = []
    for s in settings:
        if s.setting.table != table:
            table = s.setting.table
            lines.append(("", ""))
            lines.append((f"[{table}]", ""))
        value = toml(s.written)
        lines.append((f"{s.setting.name} = {value}" if s.written is not None else f"# {s.setting.name} =", s.origin))
    width = min(48, max(len(line) for line, _ in lines))
    for line, origin in lines:
        yield f"{line:<{width}}  # {origin}" if origin else line


def _explained(settings: list[Explained]) -> Iterator[str]:
    for number, s in enumerate(settings):
        if number:
            yield ""
        yield f"{s.setting.key} = {toml(s.written)}" if s.written is not None else f"{s.setting.key} is not set"
        yield f"  from: {s.origin}"
        yield f"  {s.setting.meaning}"
        if s.setting.default is not None:
            yield f"  default: {toml(s.setting.default)}"
        if s.setting.example is not None:
            yield f"  example: {s.setting.key} = {toml(s.setting.example)}"


def toml(value: object) -> str:
    """A value as TOML writes it in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(str(k))} = {toml(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (int, float)):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _key(name: str) -> str:
    import re

    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)

"""Whether the data of a json, yaml or toml fence reads as what it says it is."""

from __future__ import annotations

import json
import re

from kbtools.codefence.pycode import Places
from kbtools.diagnostics import Problem
from kbtools.source import Span

LANGUAGES = {"json": "JSON", "yaml": "YAML", "yml": "YAML", "toml": "TOML"}
MAX_SIZE = 200_000
"""Code points; a longer fence is data nobody reads, and is not checked."""
MAX_NESTING = 200
"""Deeper data is refused before a parser sees it: libyaml's and json's recursion end the process or raise."""

_OPT_OUT = 'for an excerpt that is not whole, call the fence `text`, or mark it `.skip reason="…"`'


def check(language: str, places: Places) -> Problem | None:
    """An ``invalid-data`` problem at the place where the data stops making sense, or None."""
    kind = LANGUAGES.get(language)
    code = "\n".join(places.lines)
    if kind is None or not code.strip() or len(code) > MAX_SIZE:
        return None
    if kind != "TOML" and _nesting(code) > MAX_NESTING:
        return Problem("invalid-data", places.line(1), f"this {kind} is nested more than {MAX_NESTING} levels deep")
    found = {"JSON": _json, "YAML": _yaml, "TOML": _toml}[kind](code)
    if found is None:
        return None
    offset, message = found
    line = code.count("\n", 0, offset) + 1
    column = offset - (code.rfind("\n", 0, offset) + 1)
    span = places.span(line, column, line, column + 1)
    if not len(span):
        span = places.line(line)
    return Problem(
        "invalid-data", span if len(span) else Span(span.start, span.start), f"not {kind}: {message}", _OPT_OUT
    )


def _nesting(code: str) -> int:
    depth = deepest = 0
    for bracket in re.finditer(r"[\[\]{}]", code):
        depth += 1 if bracket[0] in "[{" else -1
        deepest = max(deepest, depth)
        depth = max(depth, 0)
    return deepest


def _json(code: str) -> tuple[int, str] | None:
    try:
        json.loads(code, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        return error.pos, error.msg[:1].lower() + error.msg[1:]
    except RecursionError:
        return 0, "nested too deeply"
    return None


def _yaml(code: str) -> tuple[int, str] | None:
    import yaml

    try:
        # Events are syntax alone: no tags, no aliases expanded, no values built.
        for _ in yaml.parse(code, Loader=yaml.SafeLoader):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return (min(mark.index, len(code)) if mark else 0), _first_line(error.problem or error.context or "unreadable")
    except yaml.reader.ReaderError as error:
        return min(max(error.position, 0), len(code)), "it holds a character YAML does not allow"
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return 0, _first_line(str(error))
    return None


def _toml(code: str) -> tuple[int, str] | None:
    import tomllib

    try:
        tomllib.loads(code)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = re.search(r" \(at line ([0-9]+), column ([0-9]+)\)$", message)
        if place is None:
            return len(code.rstrip()) - 1, message.removesuffix(" (at end of document)")
        starts = [0, *(m.end() for m in re.finditer("\n", code))]
        line = min(int(place[1]), len(starts))
        return min(starts[line - 1] + int(place[2]) - 1, len(code)), message[: place.start()]
    except RecursionError:
        return 0, "nested too deeply"
    except (ValueError, OverflowError) as error:
        return 0, _first_line(str(error))
    return None


def _first_line(message: str) -> str:
    return message.partition("\n")[0]

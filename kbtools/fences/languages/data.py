"""JSON, YAML and TOML fences: parsed for syntax errors, never run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from kbtools.fences.annotations import Options
from kbtools.fences.languages.protocol import Language, Reading
from kbtools.fences.python.pycode import Fault, Places

MAX_SIZE = 200_000
"""Characters; longer fences are not checked."""
MAX_NESTING = 200
"""Maximum nesting: deeper data would make the recursive parsers of libyaml and json crash or raise."""

_OPT_OUT = 'for an excerpt that is not whole, call the fence `text`, or mark it `.skip reason="…"`'


class Data(Language):
    """Data of one format. ``find`` returns the position and reason of an error, or None."""

    rule = "invalid-data"
    deep = False
    """Its parser supports any nesting."""

    def __init__(self, title: str, find: Callable[[str], tuple[int, str] | None]) -> None:
        self.title, self.find = title, find
        self.why_not = f"{title} is data: it is read, not run"

    def read(self, places: Places, options: Options) -> Reading:
        code = places.text
        if not code.strip() or len(code) > MAX_SIZE:
            return Reading()
        if not self.deep and _nesting(code) > MAX_NESTING:
            message = f"this {self.title} is nested more than {MAX_NESTING} levels deep"
            return Reading((Fault(places.line(1), message),))
        found = self.find(code)
        if found is None:
            return Reading()
        offset, message = found
        is_excerpt = _is_excerpt(code, self.find)
        line = code.count("\n", 0, offset) + 1
        column = offset - (code.rfind("\n", 0, offset) + 1)
        span = places.span(line, column, line, column + 1) or places.line(line)
        message = f"an excerpt, not whole {self.title}: {message}" if is_excerpt else f"not {self.title}: {message}"
        return Reading((Fault(span, message, _OPT_OUT, is_excerpt=is_excerpt),))


class Json(Data):
    """``json``."""

    def __init__(self) -> None:
        super().__init__("JSON", _json)


class Yaml(Data):
    """``yaml`` and ``yml``."""

    def __init__(self) -> None:
        super().__init__("YAML", _yaml)


class Toml(Data):
    """``toml``."""

    deep = True

    def __init__(self) -> None:
        super().__init__("TOML", _toml)


_ELLIPSIS = re.compile(r"(?m)(?:^|[\s,\[{:(])(?:\.\.\.|…)(?=$|[\s,\]})])")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{\w+\}|<[\w -]{2,}>", re.DOTALL)
_COMMENT = re.compile(r"(?m)(?:^|[\s,\[{])(?://|/\*)")
_MARKDOWN = re.compile(r"\s*(?:```|~~~|---\n)")


def _is_excerpt(code: str, find: Callable[[str], tuple[int, str] | None]) -> bool:
    """Whether data that does not parse is obviously incomplete: it has omissions, placeholders or comments, or is a
    fence or frontmatter; for JSON also if it would be valid in brackets, like members of an object, or line by line."""
    if any(sign.search(code) for sign in (_ELLIPSIS, _TEMPLATE, _COMMENT)) or _MARKDOWN.match(code):
        return True
    inner = code.strip().rstrip(",")
    if find is not _json:
        return False
    lines = [line.strip().rstrip(",") for line in inner.split("\n") if line.strip()]
    are_members = all(line.startswith('"') and _json(f"{{{line}}}") is None for line in lines)
    return are_members or any(_json(whole) is None for whole in (f"{{{inner}}}", f"[{inner}]"))


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
        # Events check the syntax only: no tags are interpreted, no aliases expanded, no values built.
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

"""Formats exceptions with line numbers of the page, and compares them with what the page expects."""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

_OUT_OF_MEMORY = re.compile(
    r"can't allocate memory|not enough memory|out of memory|Cannot allocate memory", re.IGNORECASE
)
_SUMMARY = 200
_BLANKET = ("Exception", "BaseException")


def described(
    error: BaseException, path: str, modules: Mapping[str, int], values: Sequence[str] = ()
) -> dict[str, Any]:
    """The traceback with lines of the page ``path``, the page's line that raised, and whether memory was exhausted.
    ``modules`` are the files written by the page, each with the page line before its first; ``values`` are those of
    a failed assertion."""
    line = None
    if isinstance(error, SyntaxError) and error.filename == path:
        line = error.lineno
    for frame, number in traceback.walk_tb(error.__traceback__):
        line = _page_line(frame, number, path, modules) or line
    try:
        text = _traceback(error, path, modules)
    except Exception as broken:  # noqa: BLE001 - an exception whose own __str__ fails
        text = f"{type(error).__name__} (its message cannot be shown: {type(broken).__name__})"
    short = summary(error)
    if values:
        text += "\n\n" + "\n".join(values)
        if not message(error):
            short = f"{short}: {', '.join(values)}"[:_SUMMARY]
    memory = isinstance(error, MemoryError) or (
        isinstance(error, (RuntimeError, OSError)) and _OUT_OF_MEMORY.search(message(error)) is not None
    )
    return {"message": text, "line": line, "memory": memory, "summary": short}


def names(error: BaseException) -> list[str]:
    """The names of its class and base classes, with their modules."""
    return [f"{cls.__module__}.{cls.__qualname__}" for cls in type(error).__mro__ if cls is not object]


def message(error: BaseException) -> str:
    """The message of an exception; "" if it raises."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a snippet's exception class may do anything
        return ""


def summary(error: BaseException) -> str:
    """Its class and the first line of its message."""
    first = message(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def unlike(error: BaseException, raises: str, match: str | None) -> str | None:
    """Why an exception is not the expected one, or None."""
    wanted = [name.strip() for name in raises.split(",") if name.strip()]
    own, *bases = names(error)
    # Nearly every exception derives from these, failed assertions too: without a pattern only their own class matches.
    narrow = match is not None and not _says_nothing(match)
    bases = [name for name in bases if narrow or name.rpartition(".")[2] not in _BLANKET]
    if not any(have == want or have.endswith("." + want) for have in (own, *bases) for want in wanted):
        return f"{raises} was expected, {type(error).__name__} was raised"
    if match is not None:
        try:
            found = re.search(match, message(error))
        except re.error as broken:
            return f"match={match!r} is not a regular expression: {broken}"
        if found is None:
            return f"{raises} was raised, but its message does not match {match!r}"
    return None


def _says_nothing(match: str) -> bool:
    """Whether a pattern matches every message."""
    try:
        return re.search(match, "") is not None
    except re.error:
        return False


def _page_line(frame: FrameType, number: int, path: str, modules: Mapping[str, int]) -> int | None:
    name = frame.f_code.co_filename
    if name == path:
        return number
    return number + modules[name] if name in modules else None


def _traceback(error: BaseException, path: str, modules: Mapping[str, int]) -> str:
    whole = traceback.TracebackException.from_exception(error, compact=True)
    _trim(whole, path, modules, set())
    return "".join(whole.format()).rstrip("\n")


def _trim(whole: traceback.TracebackException, path: str, modules: Mapping[str, int], seen: set[int]) -> None:
    """Keeps the page's frames only, with the page's lines, in the whole chain of causes."""
    if id(whole) in seen:
        return
    seen.add(id(whole))
    frames = []
    for frame in whole.stack:
        if frame.filename == path:
            frames.append(frame)
        elif frame.filename in modules:
            frames.append(_moved(frame, path, modules[frame.filename]))
    whole.stack = traceback.StackSummary.from_list(frames)
    for other in (whole.__cause__, whole.__context__, *(getattr(whole, "exceptions", None) or ())):
        if other is not None:
            _trim(other, path, modules, seen)


def _moved(frame: traceback.FrameSummary, path: str, by: int) -> traceback.FrameSummary:
    return traceback.FrameSummary(path, (frame.lineno or 0) + by, frame.name, lookup_line=False, line=frame.line)

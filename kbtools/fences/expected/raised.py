"""Exceptions as displayed in a session at the prompt: below a traceback, or by their last line only."""

from __future__ import annotations

import re
from typing import NamedTuple

TRACEBACK = "Traceback (most recent call last):"
_HEADER = re.compile(r"(?m)^[ \t]*Traceback \((?:most recent call last|innermost last)\):?[ \t]*$")
_FILE = re.compile(r"(?m)^[ \t]*File [\"'<~\w](?:[^\n]*?\bline \d+,?(?: in \S+)?|[^\n]*?:\d+)[ \t]*")
_NAME = r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Iteration|Group|Warning)"
_LAST = re.compile(rf"(?m)^{_NAME}(?=:[ \t]|:?[ \t]*$)")


class Raised(NamedTuple):
    """An exception displayed in a text."""

    before: str
    """The output before it."""
    message: str
    """``ValueError: no``, and the lines that follow."""
    has_header: bool
    """A traceback header precedes it; otherwise only its last line is shown, which may also be ordinary text."""

    @property
    def name(self) -> str:
        """The name of its class, without modules."""
        return self.message.partition("\n")[0].partition(":")[0].strip().rpartition(".")[2]


def raised(text: str) -> Raised | None:
    """The exception that a text ends with, or None."""
    headers = list(_HEADER.finditer(text))
    if headers:
        message = _below(text[headers[-1].end() :])
        return Raised(text[: headers[0].start()], message, has_header=True)
    file = _FILE.search(text)
    if file is not None:
        message = _below(text[file.start() :])
        if _LAST.match(message):
            return Raised(text[: file.start()], message, has_header=True)
    last = _LAST.search(text)
    return Raised(text[: last.start()], text[last.start() :], has_header=False) if last else None


def _below(text: str) -> str:
    """The message below the lines of a traceback: unindented lines, else the last line."""
    lines = text.rstrip().split("\n")
    for at, line in enumerate(lines):
        file = _FILE.match(line)
        rest = line[file.end() :] if file else line
        if at == len(lines) - 1 or (rest.strip() not in ("", "...", "…") and rest[0] not in " \t"):
            return "\n".join([rest.lstrip(), *lines[at + 1 :]])
    return ""

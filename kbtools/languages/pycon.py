"""Sessions at Python's prompt (``>>>`` and ``...``), run as doctest runs them.

The format is doctest's (docs.python.org/3/library/doctest.html), with one difference: in a fence there is no prose, so
a blank line ends no output; output ends at the next prompt.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from kbtools.codefence import device_needs, names, pycode
from kbtools.codefence.annotations import Options
from kbtools.codefence.pycode import Fault, Places
from kbtools.languages.protocol import Interior, Language, Reading, Session, Shown
from kbtools.languages.python import without_underscore

TRACEBACK = "Traceback (most recent call last):"
_PROMPT = re.compile(r"([ \t]*)>>>(?:( )|$)?")
_OPTION = re.compile(r"#[ \t]*doctest:[ \t]*([^\n'\"]*)$", re.M)
_KNOWN = frozenset(
    """
    SKIP ELLIPSIS NORMALIZE_WHITESPACE IGNORE_EXCEPTION_DETAIL DONT_ACCEPT_BLANKLINE DONT_ACCEPT_TRUE_FOR_1 FAIL_FAST
    REPORT_UDIFF REPORT_CDIFF REPORT_NDIFF REPORT_ONLY_FIRST_FAILURE NUMBER ALLOW_UNICODE ALLOW_BYTES
    """.split()  # noqa: SIM905
)
"""doctest's and pytest's options. Those that make the comparison looser are always on here."""
_ERRORS = ("SyntaxError", "IndentationError", "TabError")


@dataclass(frozen=True, slots=True)
class Example:
    """What is typed at one ``>>>``, and what the page says comes back."""

    line: int
    """1-based line of the code with the ``>>>``."""
    source: str
    """Without prompts; its lines are the code's lines from ``line`` on."""
    indent: int
    """Blanks before the prompt."""
    want: str
    """The output as written, without the indentation; "" for none."""
    end: int
    """The last line of the code that belongs to it, output included."""
    options: frozenset[str]
    """doctest's options that are on: ``SKIP``."""
    unknown: tuple[str, ...] = ()
    """Words of a doctest comment that mean nothing."""

    @property
    def source_end(self) -> int:
        return self.line + self.source.count("\n")

    @property
    def raises(self) -> bool:
        """Whether the output is a traceback."""
        first = self.want.partition("\n")[0].strip()
        return first in (TRACEBACK, "Traceback (innermost last):")

    @property
    def text(self) -> str:
        """The output as it is compared: of a traceback what was raised, since the stack is another everywhere."""
        if not self.raises:
            return re.sub(r"(?m)^<BLANKLINE>[ \t]*$", "", self.want)
        lines = self.want.split("\n")[1:]
        while lines and (not lines[0].strip() or lines[0][0] in " \t"):
            del lines[0]
        raised = "\n".join(lines)
        if "IGNORE_EXCEPTION_DETAIL" in self.options:
            name = raised.partition("\n")[0].partition(":")[0].strip()
            raised = f"...{name.rpartition('.')[2]}..."
        return f"{TRACEBACK}\n...\n{raised}"


def examples(lines: Sequence[str]) -> tuple[tuple[Example, ...], tuple[int, ...]]:
    """The examples of a session, and the lines (from 1) whose prompt no blank follows. Text before is passed over."""
    found: list[Example] = []
    glued: list[int] = []
    at = 0
    while at < len(lines):
        prompt = _PROMPT.match(lines[at])
        if prompt is None:
            at += 1
            continue
        indent, first = len(prompt[1]), at
        if prompt[2] is None and prompt.end() < len(lines[at]):
            glued.append(at + 1)
        source = [lines[at][indent + 4 :]]
        at += 1
        while at < len(lines) and lines[at].startswith("...", indent) and not lines[at][:indent].strip():
            if lines[at][indent + 3 : indent + 4] not in ("", " "):
                glued.append(at + 1)
            source.append(lines[at][indent + 4 :])
            at += 1
        start = at
        while at < len(lines) and _PROMPT.match(lines[at]) is None:
            at += 1
        end = at
        while end > start and not lines[end - 1].strip():
            end -= 1
        want = "\n".join(line[indent:] if not line[:indent].strip() else line for line in lines[start:end])
        options, unknown = _options("\n".join(source))
        found.append(Example(first + 1, "\n".join(source), indent, want, end, options, unknown))
    return tuple(found), tuple(glued)


def _options(source: str) -> tuple[frozenset[str], tuple[str, ...]]:
    on: set[str] = set()
    unknown = []
    for comment in _OPTION.finditer(source) if "doctest" in source else ():
        for word in comment[1].replace(",", " ").split():
            if word[0] not in "+-" or word[1:] not in _KNOWN:
                unknown.append(word)
            elif word[0] == "+":
                on.add(word[1:])
            else:
                on.discard(word[1:])
    return frozenset(on), tuple(unknown)


def sources(lines: Sequence[str], found: Sequence[Example]) -> list[str]:
    """The lines with what is typed alone, without prompts, each at its place."""
    out = [""] * len(lines)
    for example in found:
        typed = example.source.split("\n")
        out[example.line - 1 : example.line - 1 + len(typed)] = typed
    return out


class Pycon(Language):
    """``pycon``."""

    title = "pycon"
    runs = "always"
    portable = True

    def read(self, places: Places, options: Options) -> Reading:
        found, glued = examples(places.lines)
        if not found:
            return Reading(why_not="no line begins with the prompt >>>")
        faults = [Fault(places.line(line), "the prompt is not followed by a blank", "write `>>> `") for line in glued]
        shifts = {line: example.indent + 4 for example in found for line in range(example.line, example.source_end + 1)}
        typed = places.behind(sources(places.lines, found), shifts)
        module = ast.Module([], [])
        unknown = False
        for example in found:
            faults += [
                Fault(places.line(example.line), f"doctest has no option {word}", "such as +SKIP or +ELLIPSIS")
                for word in example.unknown
            ]
            if "SKIP" in example.options:
                continue
            if any(example.line <= line <= example.source_end for line in glued):
                unknown = True
                continue
            parsed = pycode.parse(typed, example.line, example.source_end)
            if not isinstance(parsed, Fault):
                module.body += parsed.tree.body
            elif not (example.raises and any(name in example.want for name in _ERRORS)):
                faults.append(parsed)
                unknown = True
        shown = []
        if options.compare:
            for example in found:
                if "SKIP" not in example.options:
                    last = example.source_end
                    start = len(places.lines[last - 1])
                    span = places.span(last, start, example.end, len(places.lines[example.end - 1]))
                    shown.append(Shown(span, example.text, example.line, block=True))
        own = names.UNKNOWN if unknown else without_underscore(names.analyse(module, typed.name))
        return Reading(tuple(faults), own, device_needs.needs(module), tuple(shown))

    def run(self, code: str, session: Session) -> None:
        cast(Interior, session).converse()

"""Interactive Python sessions (``>>>`` and ``...``), run as doctest runs them.

The format is doctest's (docs.python.org/3/library/doctest.html), with one difference: in a fence there is no prose, so
a blank line ends no output; output ends at the next prompt.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from kbtools.fences import value_forms
from kbtools.fences.annotations import Options
from kbtools.fences.expected import expected_output
from kbtools.fences.expected.expected_output import Shown
from kbtools.fences.languages.protocol import Interior, Language, Reading, Session
from kbtools.fences.python import device_needs, names, pycode
from kbtools.fences.python.pycode import Fault, Places

TRACEBACK = "Traceback (most recent call last):"
_PROMPT = re.compile(r"([ \t]*)>>>(?:( )|$)?")
_BANNER = re.compile(r"(?m)^Python [23]\.\d+.*\n(?:\[|Type )|^Type \"help\", \"copyright\"")
_COMMENT = re.compile(r"[ \t]*#[ ]?")
_OPTION = re.compile(r"#[ \t]*doctest:[ \t]*([^\n'\"]*)$", re.M)
_KNOWN = frozenset(
    """
    SKIP ELLIPSIS NORMALIZE_WHITESPACE IGNORE_EXCEPTION_DETAIL DONT_ACCEPT_BLANKLINE DONT_ACCEPT_TRUE_FOR_1 FAIL_FAST
    REPORT_UDIFF REPORT_CDIFF REPORT_NDIFF REPORT_ONLY_FIRST_FAILURE NUMBER ALLOW_UNICODE ALLOW_BYTES
    """.split()  # noqa: SIM905
)
"""doctest's and pytest's options. Those that make the comparison looser are always on here."""


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
    commented: bool = False
    """The output is written as comments; ``want`` is without their ``#``."""

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
        """The output as it is compared: of a traceback only the exception, because the stack is always different."""
        if not self.raises:
            return re.sub(r"(?m)^<BLANKLINE>[ \t]*$", "", self.want)
        lines = self.want.split("\n")[1:]
        while lines and (not lines[0].strip() or lines[0][0] in " \t"):
            del lines[0]
        raised = "\n".join(lines).removeprefix("__main__.")
        if "IGNORE_EXCEPTION_DETAIL" in self.options:
            name = raised.partition("\n")[0].partition(":")[0].strip()
            raised = f"...{name.rpartition('.')[2]}..."
        return f"{TRACEBACK}\n...\n{raised}"


def has_prompts(code: str) -> bool:
    """Whether Python code is a session at the prompt: it begins with one, comments and Python's banner aside."""
    if ">>>" not in code:
        return False
    for line in map(str.strip, code.split("\n")):
        if line.startswith(">>>"):
            return True
        if line and line[0] != "#":
            # Python's banner, perhaps below the command that started it.
            return _BANNER.search(code) is not None and re.search(r"(?m)^[ \t]*>>>", code) is not None
    return False


def examples(lines: Sequence[str], *, loose: bool = False) -> tuple[tuple[Example, ...], tuple[int, ...]]:
    """The examples of a session, and the lines (from 1) whose prompt no blank follows. Text before is passed over.

    ``loose`` is for prompts in a fence called ``python``: there a blank line ends the output, as in doctest, and the
    output may be written as comments.
    """
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
        while at < len(lines) and _PROMPT.match(lines[at]) is None and not (loose and not lines[at].strip()):
            at += 1
        end = at
        while end > start and not lines[end - 1].strip():
            end -= 1
        shown = [line[indent:] if not line[:indent].strip() else line for line in lines[start:end]]
        commented = loose and bool(shown) and all(map(_COMMENT.match, shown))
        while loose and not commented and shown and _COMMENT.match(shown[-1]):  # about what comes next
            del shown[-1]
            end -= 1
        while loose and not commented and shown and _COMMENT.match(shown[0]):  # about what is shown
            del shown[0]
        want = "\n".join(_COMMENT.sub("", line, count=1) if commented else line for line in shown)
        options, unknown = _options("\n".join(source))
        if loose:  # what Python's own messages say changes with its version
            options |= {"IGNORE_EXCEPTION_DETAIL"}
        found.append(Example(first + 1, "\n".join(source), indent, want, end, options, unknown, commented))
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
        return read(places, loose=False)

    def run(self, code: str, session: Session) -> None:
        cast(Interior, session).converse()


def read(places: Places, *, loose: bool) -> Reading:
    """What can be said of a session without running it; ``loose`` as in ``examples``."""
    found, glued = examples(places.lines, loose=loose)
    if not found:
        return Reading(why_not="no line begins with the prompt >>>")
    if all("SKIP" in example.options for example in found):
        return Reading(why_not="every example says +SKIP")
    faults = [Fault(places.line(line), "the prompt is not followed by a blank", "write `>>> `") for line in glued]
    shifts = {line: example.indent + 4 for example in found for line in range(example.line, example.source_end + 1)}
    typed = places.behind(sources(places.lines, found), shifts)
    module = ast.Module([], [])
    shown: list[Shown] = []
    unknown = False
    silent = not any(example.want.strip() for example in found)
    for example in found:
        faults += [
            Fault(places.line(example.line), f"doctest has no option {word}", "such as +SKIP or +ELLIPSIS")
            for word in example.unknown
        ]
        if "SKIP" in example.options:
            continue
        body: list[ast.stmt] = []
        if any(example.line <= line <= example.source_end for line in glued):
            unknown = True
        else:
            parsed = pycode.parse(typed, example.line, example.source_end)
            if not isinstance(parsed, Fault):
                body = parsed.tree.body
                module.body += body
            elif not (example.raises and any(name in example.want for name in pycode.SYNTAX_ERRORS)):
                faults.append(parsed)
                unknown = True
        # If a fence shows no output at all, or is not strict, missing output is not compared.
        if example.want.strip() or not (silent or loose):
            one = _shown(places, example, body, loose=loose)
            if one is not None:
                shown.append(one)
    own = names.UNKNOWN if unknown else names.without_underscore(names.analyse(module, typed.name))
    devices = device_needs.analyse(module) if pycode.depth_within(module, pycode.MAX_DEPTH) else device_needs.NOTHING
    return Reading(
        faults=tuple(faults), names=own, needs=devices.needs, ordinals=devices.ordinals, tree=module, shown=tuple(shown)
    )


def _shown(places: Places, example: Example, body: Sequence[ast.stmt], *, loose: bool) -> Shown | None:
    """The output of an example, if it is one: a comment shows what an expression is worth, or what ``print`` writes."""
    text, short, last = _bare(example.text) if loose else example.text, None, example.source_end
    single = loose and not example.raises and "\n" not in text
    value = value_forms.find(text) if single or example.commented else None
    if example.commented and not example.raises:
        prints = any(map(expected_output.is_print, body))
        if not body or not isinstance(body[-1], ast.Expr) or (value is None and not prints):
            return None
    if value is not None:
        short = None if value.short is None else value.short - value.start
        text = text[value.start : value.end]
    worth = single and bool(body) and not expected_output.is_print(body[-1])
    if not example.commented:
        end = len(places.lines[example.end - 1])
        span = places.span(last, len(places.lines[last - 1]), example.end, end)
        return Shown(span, text, example.line, block=True, marked=not single, value=worth, short=short)
    first = places.lines[last]
    at = len(first) - len(first.lstrip())
    span = places.span(last + 1, at, example.end, len(places.lines[example.end - 1]))
    marked = example.raises
    return Shown(span, text, example.line, marked=marked, value=worth, short=short, comment=span)


def _bare(text: str) -> str:
    """A value over several lines, without remarks after its lines."""
    bare = "\n".join(line.partition("#")[0].rstrip() for line in text.split("\n"))
    return bare if "\n" in text and value_forms.is_value(bare) else text

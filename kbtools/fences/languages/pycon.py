"""Interactive Python sessions (``>>>`` and ``...``), run as doctest runs them.

The format is doctest's (docs.python.org/3/library/doctest.html), with one difference: in a fence there is no prose, so
a blank line ends no output; output ends at the next prompt.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from kbtools.fences import value_forms
from kbtools.fences.annotations import Options
from kbtools.fences.expected import expected_output
from kbtools.fences.expected.expected_output import Shown
from kbtools.fences.expected.form import Form
from kbtools.fences.expected.raised import TRACEBACK, Raised, raised
from kbtools.fences.languages.protocol import Interior, Language, Reading, Session
from kbtools.fences.python import device_needs, names, pycode
from kbtools.fences.python.pycode import Fault, Places
from kbtools.text.source import Span

_PROMPT = re.compile(r"([ \t]*)>>>(?:( )|$)?")
_BANNER = re.compile(r"(?m)^Python [23]\.\d+.*\n(?:\[|Type )|^Type \"help\", \"copyright\"")
_COMMENT = re.compile(r"[ \t]*#[ ]?")
_NO_OUTPUT = re.compile(r"(?m)^[ \t]*(?:#|>>)")
_OPTION = re.compile(r"#[ \t]*doctest:[ \t]*([^\n'\"]*)$", re.M)
_KNOWN = frozenset(
    """
    SKIP ELLIPSIS NORMALIZE_WHITESPACE IGNORE_EXCEPTION_DETAIL DONT_ACCEPT_BLANKLINE DONT_ACCEPT_TRUE_FOR_1 FAIL_FAST
    REPORT_UDIFF REPORT_CDIFF REPORT_NDIFF REPORT_ONLY_FIRST_FAILURE NUMBER ALLOW_UNICODE ALLOW_BYTES
    """.split()  # noqa: SIM905
)
"""Options of doctest and pytest. Those that make the comparison less strict are always enabled here."""
_TRACEBACK = re.compile(r"[ \t]*(?:File [\"'<]|Traceback \()")
_DEFINES = ("def ", "class ", "async def ", "@")
_MOST_UNPROMPTED = 100
_SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.Import, ast.ImportFrom)
"""Statements without output or with a value: text below an assignment is not compared."""


@dataclass(frozen=True, slots=True)
class Example:
    """The input at one ``>>>``, and the output stated by the page."""

    line: int
    """1-based line of the code with the ``>>>``."""
    source: str
    """Without prompts; its lines are those of the code from ``line`` on."""
    indent: int
    """Blanks before the prompt."""
    want: str
    """The stated output as written, without indentation; "" if none is stated."""
    end: int
    """The last line of the code that belongs to it, including output."""
    options: frozenset[str] = frozenset()
    """Enabled doctest options: ``SKIP``."""
    unknown: tuple[str, ...] = ()
    """Unknown words of a doctest comment."""
    commented: bool = False
    """The output is written as comments; ``want`` is without their ``#``."""
    loose: bool = False
    """The fence's language is not ``pycon``."""
    cut: int = 0
    """Blanks removed from source lines without a prompt, the last ``unprompted`` lines."""
    unprompted: int = 0

    @property
    def source_end(self) -> int:
        return self.line + self.source.count("\n")

    @property
    def shifts(self) -> dict[int, int]:
        """The number of characters removed from each line of source."""
        bare = self.source_end - self.unprompted
        return {n: self.indent + 4 if n <= bare else self.cut for n in range(self.line, self.source_end + 1)}

    @property
    def error(self) -> Raised | None:
        """The exception it may raise, because its output shows one."""
        found = raised(self.want)
        return found if found is not None and (self.loose or found.has_header) else None

    @property
    def text(self) -> str:
        """The output in the form used for comparison: for a traceback only the exception, because the stack always
        differs."""
        text, error = self.want, self.error
        if error is not None and (not self.loose or "IGNORE_EXCEPTION_DETAIL" in self.options):
            message = f"...{error.name}..." if "IGNORE_EXCEPTION_DETAIL" in self.options else error.message
            text = f"{error.before}{TRACEBACK}\n...\n{message}"
        return re.sub(r"(?m)^<BLANKLINE>[ \t]*$", "", text)


def has_prompts(code: str) -> bool:
    """Whether Python code is a session at the prompt: it begins with one, apart from comments and Python's banner."""
    if ">>>" not in code:
        return False
    for line in map(str.strip, code.split("\n")):
        if line.startswith(">>>"):
            return True
        if line and line[0] != "#":
            # Python's banner, possibly below the command that started it.
            return _BANNER.search(code) is not None and re.search(r"(?m)^[ \t]*>>>", code) is not None
    return False


def examples(lines: Sequence[str], *, loose: bool = False) -> tuple[tuple[Example, ...], tuple[int, ...]]:
    """The examples of a session, and the lines (from 1) whose prompt is not followed by a blank. Text before the
    first prompt is skipped.

    ``loose`` is for prompts in a ``python`` fence: there a blank line ends the output, as in doctest, if code or a
    comment follows it, the output may be written as comments, and the lines of a statement may lack ``...``, as in
    IDLE.
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
        while (more_at := _continued(lines, at, indent)) is not None:
            source += [""] * (more_at - at)
            at = more_at
            if lines[at][indent + 3 : indent + 4] not in ("", " "):
                glued.append(at + 1)
            source.append(lines[at][indent + 4 :])
            at += 1
        cut, more = _unprompted(lines, at, indent, source) if loose else (0, [])
        source += more
        at += len(more)
        start = at
        while at < len(lines) and _PROMPT.match(lines[at]) is None:
            at += 1
        runs = bool(more) and not source[0].startswith(_DEFINES)
        end = _end_of_output(lines, start, at, after_blank=runs) if loose else at
        while end > start and not lines[end - 1].strip():
            end -= 1
        shown = [line[indent:] if not line[:indent].strip() else line for line in lines[start:end]]
        if shown and shown[-1].rstrip().endswith(">>>"):
            shown[-1] = shown[-1].rstrip().removesuffix(">>>")  # the next prompt, behind output without a line break
        commented = loose and bool(shown) and all(map(_COMMENT.match, shown))
        while loose and not commented and shown and _COMMENT.match(shown[-1]):  # about the following line
            del shown[-1]
            end -= 1
        while loose and not commented and shown and _COMMENT.match(shown[0]):  # about the output
            del shown[0]
        want = "\n".join(_COMMENT.sub("", line, count=1) if commented else line for line in shown)
        options, unknown = _options("\n".join(source))
        typed = "\n".join(source)
        found.append(Example(first + 1, typed, indent, want, end, options, unknown, commented, loose, cut, len(more)))
        pasted = _pasted(lines, end, at, indent) if commented else None
        if pasted is not None:
            found.append(pasted)
    return tuple(found), tuple(glued)


def _continued(lines: Sequence[str], at: int, indent: int) -> int | None:
    """The line with the prompt ``...`` that goes on with a statement, perhaps behind lines left empty in a block."""
    further = at
    while further < len(lines) and not lines[further].strip():
        further += 1
    if further == len(lines) or lines[further][:indent].strip() or not lines[further].startswith("...", indent):
        return None
    in_block = lines[further].startswith("...  ", indent) and lines[further][indent + 3 :].strip() != ""
    return further if further == at or in_block else None


def _pasted(lines: Sequence[str], start: int, stop: int, indent: int) -> Example | None:
    """Code without prompts after output that is written as comments: lines that are no comments are code there."""
    while start < stop and not lines[start].strip():
        start += 1
    while start < stop and not lines[stop - 1].strip():
        stop -= 1
    if any(line[:indent].strip() for line in lines[start:stop]):
        return None
    source = "\n".join(line[indent:] for line in lines[start:stop])
    try:
        does = bool(ast.parse(source).body)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    count = stop - start
    return Example(start + 1, source, indent, "", stop, loose=True, cut=indent, unprompted=count) if does else None


def _unprompted(lines: Sequence[str], at: int, indent: int, source: list[str]) -> tuple[int, list[str]]:
    """Lines that continue a statement without ``...``, and the number of characters removed from each."""
    cut, found = indent, list[str]()
    while at < len(lines) and len(found) < _MOST_UNPROMPTED and lines[at].strip() and not _PROMPT.match(lines[at]):
        line = lines[at]
        if _TRACEBACK.match(line) or not _is_open("\n".join([*source, *found])):
            break
        if not found and len(line) - len(line.lstrip()) > indent + 4:
            cut = indent + 4
        is_block = source[0].partition("#")[0].rstrip().endswith(":")
        if line[:cut].strip() or (is_block and line[indent : indent + 1] not in (" ", "\t")):
            break
        found.append(line[cut:])
        at += 1
    return cut, found


def _is_open(source: str) -> bool:
    """Whether Python's prompt would expect more lines."""
    import codeop

    try:
        return codeop.compile_command(source) is None
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError):
        return False


def _end_of_output(lines: Sequence[str], start: int, stop: int, *, after_blank: bool) -> int:
    """The end of the output that begins at a line, in a fence where code and comments may follow it.
    ``after_blank``: it may begin after a blank line, which ends a statement without prompts."""
    if start < stop and lines[start].lstrip().startswith("Help on "):
        return stop  # a blank line and a signature follow, which looks like a call
    end = start
    while end < stop and lines[end].strip():
        end += 1
    rest = textwrap.dedent("\n".join(lines[end:stop])).strip("\n")
    if _NO_OUTPUT.search(rest) or not rest or (end == start and not after_blank and raised(rest) is None):
        return end
    try:
        code = ast.parse(rest)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return stop
    # A single word or value is also valid Python.
    does = any(not isinstance(node, ast.Expr) or isinstance(node.value, (ast.Call, ast.Await)) for node in code.body)
    return end if does and not value_forms.is_value(rest) else stop


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
    """The lines with only the input, without prompts, each at its line number."""
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
    """Static analysis of a session; ``loose`` as in ``examples``."""
    found, glued = examples(places.lines, loose=loose)
    if not found:
        return Reading(why_not="no line begins with the prompt >>>")
    if all("SKIP" in example.options for example in found):
        return Reading(why_not="every example says +SKIP")
    faults = [Fault(places.line(line), "the prompt is not followed by a blank", "write `>>> `") for line in glued]
    shifts = {line: cut for example in found for line, cut in example.shifts.items()}
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
            elif not (example.error and any(name in example.want for name in pycode.SYNTAX_ERRORS)):
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
    """The output of an example, if there is any: a comment states the value of an expression, or the output of
    ``print``."""
    text, short, form = example.text, None, Form.OUTPUT
    if example.commented and example.error is None:
        form = Form.COMMENT
        value = value_forms.find(text)
        prints = any(map(expected_output.is_print, body))
        if not body or not isinstance(body[-1], ast.Expr) or (value is None and not prints):
            return None
        if value is not None:
            short = None if value.short is None else value.short - value.start
            text = text[value.start : value.end]
    elif loose:
        form, text = Form.TRANSCRIPT, _bare(text)
    span = _span(places, example)
    return Shown(
        span,
        text,
        example.line,
        block=not example.commented,
        form=form,
        value=loose and bool(body) and isinstance(body[-1], _SIMPLE) and not expected_output.is_print(body[-1]),
        short=short,
        comment=span if example.commented else None,
        why_not=_why_not(example, body) if loose else None,
    )


def _span(places: Places, example: Example) -> Span:
    """The span that ``--update`` replaces: from the end of the input, or from the ``#``."""
    last = example.source_end
    column = len(places.lines[last - 1])
    if example.commented:
        last += 1
        column = len(places.lines[last - 1]) - len(places.lines[last - 1].lstrip())
    return places.span(last, column, example.end, len(places.lines[example.end - 1]))


def _why_not(example: Example, body: Sequence[ast.stmt]) -> str | None:
    if all(not line.strip() or line.lstrip().startswith("#") for line in example.source.split("\n")):
        return "only a comment is typed"
    return expected_output.why_not(body[-1]) if body else None


def _bare(text: str) -> str:
    """A value over several lines, without remarks after its lines."""
    bare = "\n".join(line.partition("#")[0].rstrip() for line in text.split("\n"))
    return bare if "\n" in text and value_forms.is_value(bare) else text

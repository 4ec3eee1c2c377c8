"""Extracts snippets from the fences of a page: annotations, ids, languages, devices, expected output."""

from __future__ import annotations

import ast
import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from types import MappingProxyType
from typing import NamedTuple

from kbtools.fences import dialects
from kbtools.fences.annotations import (
    CLASSES,
    Mark,
    Options,
    Settings,
    check,
    comment_marks,
    default_marks,
    header_marks,
    settle,
)
from kbtools.fences.bad_value import cut
from kbtools.fences.expected.expected_output import is_print
from kbtools.fences.fence_kinds import (
    is_executable,
    is_output,
    is_renderer_option,
    is_text,
    needs_other_python,
    not_run_reason,
)
from kbtools.fences.languages.protocol import Language, Reading
from kbtools.fences.languages.registry import PYTHON, BrokenLanguage, find
from kbtools.fences.languages.shell import Script
from kbtools.fences.option_values import DEVICES, KEYS
from kbtools.fences.python.device_needs import Guards, gpus, guards_of, unguarded
from kbtools.fences.python.names import UNKNOWN
from kbtools.fences.python.pycode import Places
from kbtools.fences.snippet import Expectation, Snippet
from kbtools.fences.snippet_ids import Wish, assign
from kbtools.markdown.structure import Comment, Fence, Structure
from kbtools.text.diagnostics import Problem, Severity
from kbtools.text.reason import Reason
from kbtools.text.source import LINE_END, LineIndex, Span

_LAUNCHED = 'show the whole output in an ```output fence behind it, or write expect="off"'
_OFF = 'expect="off"'
_OWNER = "put it behind the snippet that prints it, or call the fence `text`"
_APART = "the fence before it stands under another heading"
_SECOND = "another output fence stands between it and the snippet"
_RUN_IT = '`.run` on that fence runs it; expect="off" on this one says that it is only shown'
_STRAY = "put it behind the statement that prints it, or on the next line"
_PROGRAM_FAILED = ("CalledProcessError", "subprocess.CalledProcessError")
_RAISES = 'write raises="CalledProcessError" for any code but 0, and match="…" for what it writes to standard error'
_ADJACENT = "put it on the line directly before a fence, nothing between"


class _Read(NamedTuple):
    """A fence as its language reads it."""

    language: Language | BrokenLanguage | None
    options: Options
    executable: bool
    reading: Reading


class Extraction:
    """Extracts the snippets of one page, and collects problems."""

    def __init__(self, text: str, structure: Structure, defaults: Mapping[str, object], page_slug: str) -> None:
        self.text = text
        self.structure = structure
        self.index = LineIndex(text)
        self.page_slug = page_slug
        self.problems: dict[Problem, None] = {}
        marks, problems = default_marks(text, defaults, structure.frontmatter)
        self.report(problems)
        self.defaults = self.sound(marks)
        self.comments: dict[int, tuple[Comment, Span]] = {}
        """Annotation comments by the line they end on; the span is what stands after ``kb:``."""
        for comment in structure.comments:
            body = _annotation(text, comment.span)
            if body is not None:
                self.comments[self.index.line_of(max(comment.span.start, comment.span.end - 1))] = (comment, body)

    def report(self, problems: Iterable[Problem]) -> None:
        self.problems.update(dict.fromkeys(problems))

    def sound(self, marks: Iterable[Mark]) -> list[Mark]:
        """The annotations nothing is wrong with; the others are reported."""
        good = []
        for mark in marks:
            problem = check(mark)
            if problem is None:
                good.append(mark)
            else:
                self.report([problem])
        return good

    def run(self) -> tuple[tuple[Snippet, ...], tuple[Problem, ...]]:
        fences = self.structure.fences
        starts: list[int] = []
        settings: list[Settings] = []
        for fence in fences:
            start, marks = self.before(fence)
            marks += [m for m in header_marks(self.text, fence) if not is_renderer_option(m, fence)]
            settled, problems = settle([*self.defaults, *self.sound(marks)])
            self.report(problems)
            starts.append(start)
            settings.append(settled)
        self.strays()
        owners = self.owners(starts, settings)
        ids = self.ids(settings, owners)
        read = [self.read_fence(fence, settled) for fence, settled in zip(fences, settings, strict=True)]
        guards = self.guards(settings, ids, read)
        snippets: list[Snippet] = []
        for at, fence in enumerate(fences):
            shown = at + 1 if at + 1 < len(fences) and owners[at + 1] == at else None
            output = None
            if shown is not None:
                compared = settings[at].options.compare and settings[shown].options.compare
                output = self.output(fences[shown], None if compared else _OFF, read[at])
            why_not = not_run_reason(fence, settings[at], owners[at] is not None)
            snippets.append(self.snippet(fence, settings[at], ids[at], read[at], guards, why_not, output))
        problems = sorted(self.problems, key=lambda p: (p.span, p.rule, p.message))
        return tuple(_with_rebound(snippets)), tuple(problems)

    def guards(self, settings: list[Settings], ids: Sequence[str], read: list[_Read]) -> dict[str, tuple[Guards, ...]]:
        """By session, if it matters: names by which its fences test for devices."""
        found: dict[str, list[_Read]] = {}
        for settled, id, one in zip(settings, ids, read, strict=True):
            if one.executable:
                found.setdefault(_session(settled, id), []).append(one)
        return {
            session: tuple(guards_of(one.reading.tree) for one in members if one.reading.tree is not None)
            for session, members in found.items()
            if any(need.under for one in members for need in one.reading.needs)
        }

    # --- annotations before a fence

    def before(self, fence: Fence) -> tuple[int, list[Mark]]:
        """Where the comments directly before a fence begin (else the fence itself), and what they say."""
        start, groups = fence.span.start, []
        while (found := self.comments.get(self.index.line_of(start) - 1)) is not None:
            comment, body = found
            if not _only_prefix(self.text, comment.span.end, start):
                break
            start = comment.span.start
            marks, problems = comment_marks(self.text, body)
            self.report(problems)
            groups.append(marks)
            del self.comments[self.index.line_of(comment.span.end - 1)]
        return start, [mark for group in reversed(groups) for mark in group]

    def strays(self) -> None:
        """Annotation comments that belong to no fence would be lost without a word."""
        for comment, body in self.comments.values():
            marks, _ = comment_marks(self.text, body)
            known = any(m.key in KEYS or (m.value in CLASSES and m.key[0] == ".") for m in marks)
            if known:
                self.report([Problem("invalid-option", comment.span, "this annotation belongs to no fence", _ADJACENT)])

    # --- output fences

    def owners(self, starts: list[int], settings: list[Settings]) -> list[int | None]:
        """For each fence the one whose output it shows, or None."""
        owners: list[int | None] = []
        fences, headings = self.structure.fences, [heading.span.start for heading in self.structure.headings]
        for at, fence in enumerate(fences):
            owner = None
            if is_output(fence, settings[at]):
                last = fences[at - 1] if at else None
                section = bisect(headings, fence.span.start)
                apart = last is None or bisect(headings, last.span.start) != section
                if last is not None and not apart and is_executable(last, settings[at - 1]):
                    owner = at - 1
                elif settings[at].options.compare:
                    above = list(zip(fences[:at], settings, strict=False))
                    same = [pair for pair in above if bisect(headings, pair[0].span.start) == section]
                    self.not_owned(fence, above, same)
            owners.append(owner)
        return owners

    def not_owned(
        self, fence: Fence, above: Sequence[tuple[Fence, Settings]], same: Sequence[tuple[Fence, Settings]]
    ) -> None:
        """Report an output fence that shows the output of no snippet: ``above`` are the fences before it, ``same``
        those under its heading. Of code that kb has no runner for nothing is said."""
        if not above:
            self.uncompared(fence.info, "no snippet stands before it", _OWNER)
        elif not same:
            self.uncompared(fence.info, _APART, _OWNER)
        elif is_output(*same[-1]):
            self.uncompared(fence.info, _SECOND, _OWNER)
        elif isinstance(find(same[-1][0].header.language), Script):
            self.uncompared(fence.info, f"the {same[-1][0].header.language} fence before it is not run", _RUN_IT)
        elif is_executable(*next((pair for pair in reversed(same) if not is_text(pair[0])), same[-1])):
            self.uncompared(fence.info, "another fence stands between it and the snippet", _OWNER)

    # --- ids

    def ids(self, settings: list[Settings], owners: list[int | None]) -> tuple[str, ...]:
        headings, passed = self.structure.headings, 0
        wishes = []
        for fence, settled, owner in zip(self.structure.fences, settings, owners, strict=True):
            while passed < len(headings) and headings[passed].span.start < fence.span.start:
                passed += 1
            slug = headings[passed - 1].id if passed else ""
            wishes.append(Wish(settled.id.value if settled.id else None, slug or self.page_slug, owner))
        ids, clashes = assign(wishes)
        for first, later in clashes:
            one, other = settings[first].id, settings[later].id
            assert one is not None
            assert other is not None
            message = f'the id "{cut(other.value)}" is taken by line {self.index.line_of(one.span.start)}'
            self.report([Problem("duplicate-snippet-id", other.span, message, "give one of them another id")])
        return ids

    # --- one fence

    def read_fence(self, fence: Fence, settings: Settings) -> _Read:
        """What the language of a fence says of it, and whether it runs."""
        options, executable = settings.options, is_executable(fence, settings)
        language = None if is_output(fence, settings) else find(fence.header.language)
        other = dialects.RUN
        if executable and fence.header.language.lower() in PYTHON:
            other = dialects.read(fence.code)
        if fence.header.tool.endswith("}}"):
            other = dialects.Reading(f"another tool's: {fence.header.tool} is shown")
        if other.shown is not None:
            return _Read(language, options, False, Reading(names=UNKNOWN, why_not=other.shown))
        if other.file is not None:
            options = replace(options, file=options.file or other.file, write_only=True)
            return _Read(language, options, True, Reading())
        reading = Reading()
        if isinstance(language, BrokenLanguage):
            self.report([Problem("broken-language", fence.info, language.message, language.help)])
        elif language is not None and (executable or options.skip is None):
            reading = self.read(language, fence, settings)
        executable = executable and reading.why_not is None
        if reading.raises is not None and options.raises is None and options.launch is None:
            stated = reading.raises
            options = replace(options, raises=stated.name, match=stated.match, may_raise=not stated.is_certain)
        if not executable and options.file is not None and not is_output(fence, settings):
            return _Read(language, replace(options, write_only=True), True, reading)
        if isinstance(language, Script) and executable and options.raises not in (None, *_PROGRAM_FAILED):
            message = f"a script raises no {cut(options.raises or '')}: it ends with an exit code"
            self.report([Problem("invalid-option", fence.info, message, _RAISES)])
        return _Read(language, options, executable, reading)

    def snippet(
        self,
        fence: Fence,
        settings: Settings,
        id: str,
        read: _Read,
        guards: Mapping[str, tuple[Guards, ...]],
        why_not: str,
        output: Expectation | None,
    ) -> Snippet:
        options, reading, executable = read.options, read.reading, read.executable
        session = _session(settings, id)
        known_guards = guards.get(session, ())
        devices, reason = self.devices(fence, settings, read, known_guards) if executable else ((), None)
        expects = self.expected(fence, options, reading) if executable and not options.write_only else []
        if executable and output is not None:
            expects.append(output)
        found = reading.names
        return Snippet(
            fence=fence,
            id=id,
            session=session,
            language=fence.header.language,
            code=fence.code,
            line=self.index.line_of(fence.span.start),
            end_line=self.index.line_of(max(fence.span.start, fence.span.end - 1)),
            options=options,
            declared=MappingProxyType(dict(settings.declared)),
            executable=executable,
            why_not=None if executable else reading.why_not or why_not,
            devices=devices,
            device_reason=reason,
            gpus=gpus(reading.ordinals, known_guards, options.launch),
            expects=tuple(expects),
            defines=found.defines,
            uses=tuple(dict.fromkeys(read.name for read in found.reads if not read.builtin)),
            names=found,
        )

    def read(self, language: Language, fence: Fence, settings: Settings) -> Reading:
        """What the language says of the code; its faults are reported unless the page means them."""
        options = settings.options
        try:
            reading = language.read(Places(fence, self.index.line_of(fence.span.start)), options)
            faults = [
                Problem(
                    language.rule,
                    fault.span,
                    fault.message,
                    fault.help,
                    severity=Severity.INFO if fault.is_excerpt else None,
                )
                for fault in reading.faults
                if not fault.is_meant(options.raises)
            ]
        except Exception as error:
            if type(language).__module__.startswith("kbtools."):
                raise
            message = (
                f'the language "{cut(fence.header.language)}" failed on this fence: {type(error).__name__}: {error}'
            )
            where = f"{type(language).__module__}.{type(language).__qualname__}"
            self.report([Problem("broken-language", fence.info, " ".join(message.split()), f"report it to {where}")])
            return Reading()
        if options.skip is None and not needs_other_python(options):
            self.report(faults)
        return reading

    def line_of_code(self, fence: Fence, line: int) -> int:
        """The page's line of a code line."""
        if not fence.lines:
            return self.index.line_of(fence.span.start)
        return self.index.line_of(fence.lines[min(line, len(fence.lines)) - 1].start)

    def devices(
        self, fence: Fence, settings: Settings, read: _Read, guards: tuple[Guards, ...]
    ) -> tuple[tuple[str, ...], str | None]:
        """Where a fence can run, and why not everywhere."""
        language = read.language
        if read.options.write_only:
            return DEVICES, None
        if isinstance(language, Language) and not language.portable:
            return settings.devices or ("cpu",), Reason(
                "a {language} fence", language=language.title or fence.header.language
            )
        if settings.devices:
            asked = f'device="{cut(settings.declared.get("device", ""))}"'
            return settings.devices, Reason("asked for by {option}", option=asked)
        needs = unguarded(read.reading.needs, guards)
        if not needs:
            return DEVICES, None
        lines = [(str(self.line_of_code(fence, need.line)), need.what) for need in needs]
        reasons = [Reason("line {line} {what}", line=line, what=what) for line, what in lines]
        reason = reduce(lambda one, other: Reason("{one} and {other}", one=one, other=other), reasons)
        wanted = {need.device for need in needs}
        return tuple(device for device in DEVICES if device in wanted), reason

    def expected(self, fence: Fence, options: Options, reading: Reading) -> list[Expectation]:
        """The output the code itself shows."""
        why_not = None if options.compare else _OFF
        if options.launch is not None:
            why_not = "the output of a launched script is not assigned to lines"
            if reading.shown and options.compare:
                what = "what a launched script prints is not tied to its lines"
                self.uncompared(reading.shown[0].span, what, _LAUNCHED)
        for span in reading.stray if options.compare else ():
            self.uncompared(span, "no statement ends on the line above", _STRAY)
        found = []
        for shown in reading.shown:
            below = shown.block and bool(shown.text)
            found.append(
                Expectation(
                    span=shown.span,
                    line=self.index.line_of(shown.span.start) + below,
                    text=shown.text,
                    of_line=self.line_of_code(fence, shown.line),
                    block=shown.block,
                    statement=(shown.line, shown.column),
                    form=shown.form,
                    value=shown.value,
                    short=shown.short,
                    comment=shown.comment,
                    why_not=shown.why_not or why_not or (_TYPED if _OTHER_PROMPT.search(shown.text) else None),
                )
            )
        return found

    def uncompared(self, span: Span, what: str, help: str) -> None:
        self.report([Problem("uncompared-output", span, f"this output is compared with nothing: {what}", help)])

    def output(self, fence: Fence, why_not: str | None, owner: _Read) -> Expectation:
        """The expectation that an output fence is."""
        if fence.lines:
            span = Span(fence.lines[0].start, max(fence.lines[0].start, fence.lines[-1].end))
        else:
            end = LINE_END.search(self.text, fence.info.end)
            at = min(end.end() if end else fence.info.end, fence.span.end)
            span = Span(at, at)
        line, body = self.index.line_of(span.start), _body(owner)
        return Expectation(span, line, fence.code, None, why_not=why_not, last=_last(body), shows=_shows(body))


def _annotation(text: str, span: Span) -> Span | None:
    """What stands after ``kb:`` in an annotation comment; None for other comments, ``kb: ignore[…]`` among them."""
    start, end = span.start + 4, span.end - 3
    if not text.startswith("<!--", span.start) or text[end : span.end] != "-->" or end < start:
        return None
    found = re.compile(r"\s*kb:\s*").match(text, start, end)
    if found is None or text.startswith("ignore", found.end()):
        return None
    return Span(found.end(), end)


_OTHER_PROMPT = re.compile(r"(?m)^(?:help>|\(Pdb\)|ipdb>)")
_TYPED = "it shows what is typed at a prompt of the program"
_SILENT = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
"""Statements of which the prompt shows nothing."""
_PREFIX = re.compile(r"[ \t]*(?:\r\n|\r|\n)[ \t>]*")


def _only_prefix(text: str, start: int, end: int) -> bool:
    return _PREFIX.fullmatch(text, start, end) is not None


def _session(settings: Settings, id: str) -> str:
    return f"alone:{id}" if settings.alone else settings.session or ""


def _body(read: _Read) -> list[ast.stmt]:
    """The statements of a snippet of Python that runs in its session."""
    plain = read.options.launch is None and not read.options.repl and read.options.file is None
    return read.reading.tree.body if plain and read.reading.tree is not None else []


def _last(body: list[ast.stmt]) -> tuple[int, int] | None:
    """Where the expression begins that ends a snippet, whose value a notebook shows."""
    is_value = bool(body) and isinstance(body[-1], ast.Expr) and not is_print(body[-1])
    return (body[-1].lineno, body[-1].col_offset) if is_value else None


def _run_once(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run once, in order: not those of loops and functions."""
    for node in body:
        yield node
        if isinstance(node, (ast.With, ast.AsyncWith, ast.Try, ast.If)):
            blocks = [node.body, *(handler.body for handler in getattr(node, "handlers", ()))]
            for block in (*blocks, getattr(node, "orelse", []), getattr(node, "finalbody", [])):
                yield from _run_once(block)


def _shows(body: list[ast.stmt]) -> tuple[tuple[int, int], ...] | None:
    """Where the expressions begin, if the prompt shows the value of one that is not the last; empty if there is
    nothing to show."""
    if body and all(isinstance(node, _SILENT) for node in body):
        return ()
    shown = [node for node in _run_once(body) if isinstance(node, ast.Expr)]
    has_value = any(not is_print(node) for node in shown if node is not body[-1])
    return tuple((node.lineno, node.col_offset) for node in shown) if has_value else None


def _with_rebound(snippets: list[Snippet]) -> Iterable[Snippet]:
    """A read of ``input`` is a read of the session's where an earlier snippet has bound that name."""
    bound: dict[str, set[str]] = {}
    for snippet in snippets:
        here = bound.setdefault(snippet.session, set())
        if any(read.builtin and read.name in here for read in snippet.names.reads):
            reads = (read.name for read in snippet.names.reads if not read.builtin or read.name in here)
            yield replace(snippet, uses=tuple(dict.fromkeys(reads)))
        else:
            yield snippet
        here.update(snippet.defines)

"""Recovers from broken YAML: reports the error with a fix, and parses the rest of the block.

Frontmatter mostly has one field per line, so a block that is not valid YAML is repaired field by field. Either the
repair of a fix is applied to a copy (then the field has the intended value), or the field is removed (then it has an
entry and no value). The rest is parsed, and every span is mapped to the original text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from kbtools.fields.compose import MAX_NODES, BrokenYaml, ComposedBlock, Duplicate, LimitExceeded, read
from kbtools.fields.explain import diagnose, forbidden, line_at
from kbtools.fields.model import Path, Row
from kbtools.text.diagnostics import Edit, Problem, apply_edits
from kbtools.text.source import Span

_ROUNDS = 100
MAX_FINDINGS = 20
"""The number of errors that are repaired; after that, the rest of the block is not parsed."""

_FIELD = re.compile(
    r"""(?:\A|(?<=[\r\n\x85\u2028\u2029]))
    ("[^"\r\n]*+"|'[^'\r\n]*+'|[^\s"'\#\[\]{},&*!|>%@`?:-][^:\r\n\x85\u2028\u2029]*+):(?=\s|\Z)""",
    re.VERBOSE,
)


class _Edited:
    """A text with edits applied, and the mapping of its offsets to the original's."""

    def __init__(self, original: str, edits: list[Edit]) -> None:
        self.text = apply_edits(original, edits)
        # Parallel lists: the start of a stretch in the new text and in the old, and its length in both.
        self.new: list[int] = [0]
        self.stretches: list[tuple[int, int, int]] = []
        at = 0
        for edit in sorted(edits):
            self._add(at, edit.span.start, edit.span.start - at)
            self._add(edit.span.start, edit.span.end, len(edit.replacement))
            at = edit.span.end
        self._add(at, len(original), len(original) - at)
        self.new.pop()

    def _add(self, start: int, end: int, length: int) -> None:
        self.stretches.append((start, end, length))
        self.new.append(self.new[-1] + length)

    def start(self, offset: int) -> int:
        """The original's offset of the start of something at ``offset``."""
        i = bisect_right(self.new, offset) - 1
        start, end, length = self.stretches[i]
        inside = offset - self.new[i]
        return start + inside if end - start == length else start if inside < length else end

    def end(self, offset: int) -> int:
        """The original's offset of the end of something at ``offset``."""
        i = bisect_right(self.new, offset) - 1
        while i > 0 and self.new[i] == offset:
            i -= 1
        start, end, length = self.stretches[i]
        inside = offset - self.new[i]
        return start + inside if end - start == length else end if inside > 0 else start


def recover(text: str, error: BrokenYaml | LimitExceeded) -> tuple[ComposedBlock, bool]:
    """The readable part of a text that ``read`` rejected, and whether that is all of it."""
    if isinstance(error, LimitExceeded):
        return _stopped(text, error.at), False
    bad = forbidden(text)
    if bad is None:
        return _Recovery(text).run()
    if not bad.repair:
        return ComposedBlock(problems=[bad.problem]), False
    # Parsed without the forbidden characters; other errors are found in that text, and mapped to the original.
    edited = _Edited(text, list(bad.repair))
    try:
        reading, complete = read(edited.text), True
    except LimitExceeded as much:
        reading, complete = _stopped(edited.text, much.at), False
    except BrokenYaml:
        reading, complete = _Recovery(edited.text).run()
    reading = _brought_back(reading, edited)
    reading.problems.insert(0, bad.problem)
    return reading, complete


def _stopped(text: str, at: int) -> ComposedBlock:
    line = line_at(text, at)
    message = f"this frontmatter holds more than {MAX_NODES:,} values; none of it is read"
    problem = Problem("invalid-yaml", line, message, "keep metadata small: move data into files of its own")
    return ComposedBlock(problems=[problem])


@dataclass(slots=True)
class _Broken:
    """The finding at one position, and what was done about it in the copy."""

    problem: Problem
    edits: tuple[Edit, ...]
    chunk: Span
    line: Span


class _Recovery:
    def __init__(self, text: str) -> None:
        self.text = text
        self.fields = list(_FIELD.finditer(text))
        self.starts = sorted({0, *(m.start() for m in self.fields)})
        self.done: list[_Broken] = []
        self.dropped: dict[str, Row] = {}
        self.cuts: list[Edit] = []

    def chunk(self, at: int) -> Span:
        """The field that contains an offset: from its key to the next field's."""
        i = bisect_right(self.starts, at) - 1
        return Span(self.starts[i], self.starts[i + 1] if i + 1 < len(self.starts) else len(self.text))

    def edits(self, since: int = 0) -> list[Edit]:
        made = [e for b in self.done for e in b.edits] + self.cuts
        return [e for e in made if e.span.start >= since]

    def run(self) -> tuple[ComposedBlock, bool]:
        since = 0
        complete = True
        for _ in range(_ROUNDS):
            edited = _Edited(self.text[since:], [_shift(e, -since) for e in self.edits(since)])
            try:
                read(edited.text)
                if not since:
                    break
                since = 0  # a bracket above may contain the text that was repaired below it
                continue
            except LimitExceeded as much:
                return _stopped(self.text, edited.start(much.at) + since), False
            except BrokenYaml as broken:
                at, start, last = (
                    edited.start(min(max(o, 0), len(edited.text))) + since
                    for o in (broken.at, broken.since, broken.last)
                )
                error = BrokenYaml(broken.reason, at, start, last if broken.last >= 0 else -1)
            if len(self.done) >= MAX_FINDINGS:
                rest = self.chunk(self._culprit(error)).start
                self._cut(Span(max(rest, since), len(self.text)))
                complete = False
                break
            since = max(since, self._handle(error))
        edited = _Edited(self.text, self.edits())
        try:
            reading = read(edited.text)
        except (BrokenYaml, LimitExceeded):
            reading, complete = ComposedBlock(), False
        reading = _brought_back(reading, edited)
        for name, row in self.dropped.items():
            reading.rows.setdefault((name,), row)
        in_order = sorted(reading.rows.items(), key=lambda item: item[1][0] if item[1][0] >= 0 else item[1][2])
        reading.rows = dict(in_order)
        reading.problems += (b.problem for b in self.done)
        return reading, complete

    def _culprit(self, error: BrokenYaml) -> int:
        return diagnose(self.text, error).line.start

    def _handle(self, error: BrokenYaml) -> int:
        """Repairs or removes what is broken; returns the offset from which the text must be parsed again."""
        finding = diagnose(self.text, error)
        chunk = self.chunk(finding.line.start)
        mine = [b for b in self.done if b.chunk == chunk]
        again = any(finding.line.start <= b.line.start for b in mine)
        if not again and finding.repair:
            self.done.append(_Broken(finding.problem, finding.repair, chunk, finding.line))
            return chunk.start
        # There is no repair, or it did not help: the field's other repairs are discarded, with fixes that do not apply.
        for b in mine:
            b.edits = ()
            b.problem = b.problem._replace(fix=None)
        if not mine:
            self.done.append(_Broken(finding.problem._replace(fix=None), (), chunk, finding.line))
        self._cut(chunk)
        return chunk.end

    def _cut(self, span: Span) -> None:
        for m in self.fields:
            if span.start <= m.start() < span.end:
                key = m[1].strip().strip("\"'")
                start, end = m.end(), line_at(self.text, m.end()).end
                shown = self.text[start:end]
                start += len(shown) - len(shown.lstrip(" \t"))
                self.dropped[key] = (m.start(1), m.end(1), start, max(start, end), shown.strip())
        self.cuts = [e for e in self.cuts if not e.span.overlaps(span)] + [Edit(span, "")]
        for b in self.done:
            b.edits = tuple(e for e in b.edits if not span.start <= e.span.start < span.end)


def _brought_back(reading: ComposedBlock, edited: _Edited) -> ComposedBlock:
    """The parsed values of an edited text, with positions in the original."""

    def span(s: Span) -> Span:
        start = edited.start(s.start)
        return Span(start, max(start, edited.end(s.end)))

    rows: dict[Path, Row] = {}
    for path, (key_start, key_end, start, end, raw) in reading.rows.items():
        key = span(Span(key_start, key_end)) if key_start >= 0 else Span(-1, -1)
        value = span(Span(start, end))
        rows[path] = (key.start, key.end, value.start, value.end, raw)
    problems = []
    for p in reading.problems:
        fix = p.fix
        if fix:
            fix = fix._replace(edits=tuple(Edit(span(e.span), e.replacement) for e in fix.edits))
        problems.append(p._replace(span=span(p.span), fix=fix))
    duplicates = [Duplicate(d.name, span(d.key), edited.start(d.first)) for d in reading.duplicates]
    return ComposedBlock(reading.data, rows, problems, duplicates, reading.mapping)


def _shift(edit: Edit, by: int) -> Edit:
    return Edit(edit.span.shift(by), edit.replacement)

"""Reports fences that the site does not render as meant: one finding for each cause.

A fence that superfences refuses is plain text, and its closing line then opens a fence of its own that swallows the
next one. So the page is read a second time, as the author meant it: every line that looks like an opening opens, the
next bare line of at least as many of its characters closes. Where the renderer disagrees, that is the cause.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from kbtools.markdown.fences import fences, headers
from kbtools.markdown.source_lines import SourceLines
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem
from kbtools.text.source import Span

RULE = "irregular-fence"
_ITEM = re.compile(r"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+")
_QUOTE = re.compile(r" {0,3}> ?")
_ABOVE = 200
"""Number of lines above a fence that are searched for the list item it may belong to."""
# A fence after the bullet or number of a list item, on the same line.
_ITEM_FENCE = re.compile(r"^([> ]*+(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)(`{3,}|~{3,})((?:(?!\2)[^\n`])*)$", re.MULTILINE)
_LONGEST = 16  # longer fences are treated as if they had this length


def _next(indices: list[int], at: int, otherwise: int) -> int:
    """The first of the sorted indices behind ``at``."""
    where = bisect_right(indices, at)
    return indices[where] if where < len(indices) else otherwise


class Candidate(NamedTuple):
    """A line that looks like the start or the end of a fence."""

    row: int
    prefix: str
    marks: str
    info: str
    item: bool = False
    """It directly follows the bullet or number of a list item; the renderer does not support such fences."""

    @property
    def bare(self) -> bool:
        return not self.item and not self.info.strip()

    def may_close(self, other: Candidate) -> bool:
        return self.bare and self.marks[0] == other.marks[0] and len(self.marks) >= len(other.marks)


def _quoted_alike(opener: Candidate, closer: Candidate) -> bool:
    """Whether two lines are in a quotation and differ only in the blanks around its markers."""
    return ">" in opener.prefix and _divided(opener.prefix) == _divided(closer.prefix)


def _divided(prefix: str) -> tuple[int, int]:
    """The number of quotation markers before a fence, and its indentation after the last one."""
    indent = prefix.rpartition(">")[2]
    return prefix.count(">"), len(indent.removeprefix(" ") if ">" in prefix else indent)


def _unquoted(text: str, depth: int) -> str | None:
    """A line without this many quotation markers; None if it has fewer."""
    for _ in range(depth):
        if (m := _QUOTE.match(text)) is None:
            return None
        text = text[m.end() :]
    return text


def _column(text: str) -> int:
    """The column at which the text of a line begins, in CommonMark's columns."""
    return len(text[: len(text) - len(text.lstrip())].expandtabs(4))


class FenceProblems(NamedTuple):
    """The problems, and spans that are meant as code although the site shows them otherwise."""

    problems: tuple[Problem, ...] = ()
    broken: tuple[Span, ...] = ()


def is_suspicious(body: SourceLines, blocks: list[fences.Block], literal: bool) -> bool:
    """Whether a page with these fences needs the second parse."""
    return (
        literal
        or any(map(_ITEM_FENCE.match, body.texts))
        or any(
            block.end is not fences.End.CLOSED
            or any(body.texts[row].lstrip("> ").startswith(block.marks) for row in range(block.first + 1, block.last))
            for block in blocks
        )
    )


def check(body: SourceLines, quiet: list[tuple[int, int]], literal_rows: frozenset[int]) -> FenceProblems:
    """Parses a page as its author meant it. Nothing is reported in the ``quiet`` spans (sorted)."""
    return _Reading(body, quiet, literal_rows).run()


class _Reading:
    def __init__(self, body: SourceLines, quiet: list[tuple[int, int]], literal_rows: frozenset[int]) -> None:
        self.body = body
        self.quiet, self.quiet_starts = quiet, [start for start, _ in quiet]
        self.literal_rows = literal_rows
        self.problems: list[Problem] = []
        self.broken: list[Span] = []
        self.candidates = self.find_candidates()
        self.rows = [candidate.row for candidate in self.candidates]
        self.ends: dict[tuple[str, str], tuple[int, fences.End]] = {}
        self.bare: dict[tuple[str, int], list[int]] = {}
        self.openings: dict[tuple[str, str], list[int]] = {}
        for index, candidate in enumerate(self.candidates):
            if candidate.bare:
                key = candidate.marks[0], min(len(candidate.marks), _LONGEST)
                self.bare.setdefault(key, []).append(index)
            else:
                self.openings.setdefault((candidate.marks, candidate.prefix), []).append(index)

    def find_candidates(self) -> list[Candidate]:
        joined = "\n".join(self.body.texts)
        found, row, counted = [], 0, 0
        for m in fences.OPENER_LINE.finditer(joined):
            row += joined.count("\n", counted, m.start())
            counted = m.start()
            # In a header after backticks, a backtick makes the line inline code, unless the header is valid.
            if m[2][0] == "`" and "`" in m[3] and fences.parse_header(m[3]) is None:
                continue
            found.append(Candidate(row, m[1], m[2], m[3]))
        row = counted = 0
        for m in _ITEM_FENCE.finditer(joined):
            row += joined.count("\n", counted, m.start())
            counted = m.start()
            found.append(Candidate(row, m[1], m[2], m[3], item=True))
        return sorted(found, key=lambda candidate: candidate.row)

    def run(self) -> FenceProblems:
        at = 0
        while at < len(self.candidates):
            at = self.read(at)
        return FenceProblems(tuple(self.problems), tuple(self.broken))

    def read(self, at: int) -> int:
        """Examines the fence that begins with this candidate; returns the index of the next candidate."""
        opener = self.candidates[at]
        if self.is_quiet(self.mark_span(opener).start):
            return at + 1
        closer = self.meant_closer(at)
        if opener.item:
            return self.in_item(opener, at, closer)
        if fences.parse_header(opener.info) is None:
            self.refused(opener)
            return self.skip(opener, at, closer)
        if closer is not None and self.is_of_other_quotation(opener, closer):
            self.report(self.mark_span(opener), *_open_in_quotation(opener), site_only=False)
            return at + 1
        last, end = self.close(opener)
        if end is fences.End.CLOSED:
            return self.closed(opener, at, closer, last)
        if closer is None:
            self.unclosed(opener, at, last, end)
            return at + 1
        found = self.candidates[closer]
        if end is fences.End.DEDENTED and last < found.row:
            self.dedented(opener, last, found)
        else:
            self.wrong_closer(opener, found)
        return self.skip(opener, at, closer)

    def meant_closer(self, at: int) -> int | None:
        """The next bare line that could close this fence, unless a similar fence opens before it."""
        opener = self.candidates[at]
        least = min(len(opener.marks), _LONGEST)
        closer = len(self.candidates)
        for length in range(least, _LONGEST + 1):
            closer = min(closer, _next(self.bare.get((opener.marks[0], length), []), at, closer))
        opening = self.next_opening(opener, at)
        if opener.item:
            opening = next((n for n in range(at + 1, closer) if not self.candidates[n].bare), closer)
        if closer == len(self.candidates) or opening < closer:
            return None
        return closer if self.candidates[closer].may_close(opener) else None

    def next_opening(self, opener: Candidate, at: int) -> int:
        """The index of the next line with an info string that opens the same kind of fence."""
        return _next(self.openings.get((opener.marks, opener.prefix), []), at, len(self.candidates))

    def close(self, opener: Candidate) -> tuple[int, fences.End]:
        """Where and how the renderer ends this fence. A fence of the same kind that is still open ends there too."""
        key = opener.marks, opener.prefix
        until, end = self.ends.get(key, (-1, fences.End.UNCLOSED))
        if opener.row >= until:
            until, end = self.ends[key] = fences.close(self.body.texts, opener.row, opener.prefix, opener.marks)
        return until, end

    def skip(self, opener: Candidate, at: int, closer: int | None) -> int:
        end = self.mark_span(self.candidates[closer]).end if closer is not None else self.body.ends[opener.row]
        self.broken.append(Span(self.mark_span(opener).start, end))
        return at + 1 if closer is None else closer + 1

    def is_quiet(self, offset: int) -> bool:
        index = bisect_right(self.quiet_starts, offset) - 1
        return index >= 0 and offset < self.quiet[index][1]

    def mark_span(self, candidate: Candidate) -> Span:
        start = self.body.offset(candidate.row, len(candidate.prefix))
        return Span(start, start + len(candidate.marks))

    def report(self, span: Span, message: str, help_: str, fix: Fix | None = None, site_only: bool = True) -> None:
        self.problems.append(Problem(RULE, span, message, help_, fix, site_only=site_only))

    # -- the causes

    def in_item(self, opener: Candidate, at: int, closer: int | None) -> int:
        """A fence that begins on the line of its list item; without an end it is text in backticks."""
        if closer is None:
            return at + 1
        self.report(
            self.mark_span(opener),
            "the site does not render this fence: it begins on its list item's own line",
            "begin it on a line of its own below, the whole fence indented by four columns, with an empty line before",
        )
        return self.skip(opener, at, closer)

    def refused(self, opener: Candidate) -> None:
        at = self.mark_span(opener).end
        info = self.body.source[at : self.body.ends[opener.row]]
        where = headers.offence(info)
        part = info[where.start : where.end]
        better = headers.suggest(info)
        message = f"the site does not render this fence: it does not understand `{part}` behind the language"
        if not part.strip():
            span = Span(at, at + len(info))
            fix = Fix("delete it", Applicability.SAFE, (Edit(span, ""),))
            character = ord(info.strip(" \t")[0])
            message = f"the site does not render this fence: U+{character:04X} stands behind it"
            self.report(span, message, "delete it", fix)
            return
        if better is None:
            self.report(
                where.shift(at), message, f'write options in braces: {opener.marks}python {{#id .class key="value"}}'
            )
            return
        written, certain = better
        whole = Span(at, at + len(info.rstrip(" \t")))
        self.report(
            where.shift(at),
            message,
            f"write {opener.marks}{written} (options go in braces, with quoted values)",
            Fix(
                f"write {opener.marks}{written}",
                Applicability.SAFE if certain else Applicability.UNSAFE,
                (Edit(whole, written),),
            ),
        )

    def wrong_closer(self, opener: Candidate, closer: Candidate) -> None:
        span, first = self.mark_span(closer), self.mark_span(opener)
        line = self.body.source[self.body.starts[opener.row] : first.start]
        edit = Edit(Span(self.body.starts[closer.row], span.end), line + opener.marks)
        longer = len(closer.marks) > len(opener.marks)
        message = (
            f"this does not close the fence: it has {len(closer.marks)} characters, the opening {len(opener.marks)}"
            if longer
            else "this does not close the fence: it is not indented like the opening"
        )
        help_ = f"write {opener.marks}, indented like the opening line"
        fix = Fix(f"write {opener.marks}", Applicability.SAFE, (edit,))
        self.report(span, message, help_, fix, site_only=self.closes_elsewhere(opener, closer))

    def dedented(self, opener: Candidate, row: int, closer: Candidate) -> None:
        """The renderer ends the fence at ``row``. Other programs end a fence before its closing line only at the end
        of its quotation or list item."""
        ends_early = self.leaving(opener, closer.row)
        row = row if ends_early is None else ends_early
        start = self.body.starts[row]
        text = self.body.source[start : self.body.ends[row]]
        blank = len(text) - len(text.lstrip())
        where = Span(start + blank, start + len(text.rstrip())) if text.strip() else self.mark_span(opener)
        if ">" not in opener.prefix or text.lstrip().startswith(">"):
            message = "this line stands further left than the line that opens the fence, and ends it"
            way = f"indent it by at least {len(opener.prefix)} columns, like the opening line"
        elif text.strip():
            message = "this line stands outside the quotation in which the fence is opened, and ends it"
            way = "begin it with > like the opening line"
        else:
            message, way = _open_in_quotation(opener)
        self.report(where, message, way, site_only=ends_early is None)

    def is_of_other_quotation(self, opener: Candidate, closer: int) -> bool:
        """Whether the line that could close a fence opens another one in another quotation, which the next such line
        closes."""
        if ">" not in opener.prefix or closer + 1 >= len(self.candidates):
            return False
        found, following = self.candidates[closer : closer + 2]
        return (
            following.may_close(found)
            and _quoted_alike(found, following)
            and self.leaving(opener, found.row) is not None
            and self.leaving(found, following.row) is None
        )

    def closes_elsewhere(self, opener: Candidate, closer: Candidate) -> bool:
        """Whether CommonMark, and so GitHub and Obsidian, accepts a line as the end of a fence: it may be longer
        than the opening line, and indented by up to three columns in its quotation or item."""
        depth = opener.prefix.count(">")
        text = _unquoted(self.body.texts[closer.row], depth)
        if text is None or closer.prefix.count(">") != depth or self.leaving(opener, closer.row) is not None:
            return False
        return _column(text) - self.content_column(opener, depth) <= 3

    def leaving(self, opener: Candidate, last: int) -> int | None:
        """The first row up to ``last`` that is outside of the quotation or list item of a fence."""
        depth = opener.prefix.count(">")
        content = self.content_column(opener, depth)
        for row in range(opener.row + 1, last + 1):
            text = _unquoted(self.body.texts[row], depth)
            if text is None or (text.strip() and _column(text) < content):
                return row
        return None

    def content_column(self, opener: Candidate, depth: int) -> int:
        """The column of the text of the list item that contains a fence; 0 outside of lists."""
        least = _column(_unquoted(self.body.texts[opener.row], depth) or "")
        for row in range(opener.row - 1, max(-1, opener.row - _ABOVE), -1):
            text = _unquoted(self.body.texts[row], depth)
            if text is None or not least:
                return 0
            item = _ITEM.match(text)
            if item is not None and (content := len(item[0].expandtabs(4))) <= least:
                return content
            least = min(least, _column(text)) if text.strip() else least
        return 0

    def unclosed(self, opener: Candidate, at: int, last: int, end: fences.End) -> None:
        span = self.mark_span(opener)
        if self.body.texts[opener.row + 1 : opener.row + 2] == ["*/"]:
            return  # a script of Obsidian's Excalidraw, whose description is a comment in it
        following = self.rows[at + 1] if at + 1 < len(self.rows) else len(self.body.texts) - 1
        until = min(following, last if end is fences.End.DEDENTED else following)
        self.broken.append(Span(span.start, max(span.end, self.body.ends[max(opener.row, until - 1)])))
        way = f"close it with {opener.marks} on a line of its own, indented like this one"
        if not any(map(str.strip, self.body.texts[opener.row + 1 :])):
            way = "remove the line: there is no code below it"
        self.report(span, "this fence is never closed", way, site_only=False)

    def closed(self, opener: Candidate, at: int, closer: int | None, last: int) -> int:
        """A fence that the renderer closes, possibly later than intended."""
        behind = bisect_left(self.rows, last + 1)
        if opener.row in self.literal_rows:
            start = self.body.starts[opener.row]
            self.broken.append(Span(start, self.body.ends[last]))
            self.report(
                self.mark_span(opener),
                "the site does not render this fence: it stands directly below indented code",
                "put an empty line before it",
                Fix("put an empty line before it", Applicability.SAFE, (Edit(Span(start, start), "\n"),))
                if not opener.prefix.strip()
                else None,
            )
            return behind
        if closer is not None and self.rows[closer] < last:
            found = self.candidates[closer]
            if self.next_opening(opener, closer) < behind or _quoted_alike(opener, found):
                self.wrong_closer(opener, found)
                return closer + 1
        following = self.candidates[at + 1] if at + 1 < behind else opener
        if (following.marks, following.prefix) == (opener.marks, opener.prefix) and not following.bare:
            message = "this fence takes in the next one: it is not closed before that opens"
            way = f"close it with {opener.marks}, or open it with a longer fence if it is meant to show the other"
            if ">" in opener.prefix and self.leaving(opener, following.row) is not None:
                # The site merges quotations separated only by blank lines; CommonMark does not.
                message, way = _open_in_quotation(opener)
            self.report(self.mark_span(opener), message, way, site_only=False)
        return behind


def _open_in_quotation(opener: Candidate) -> tuple[str, str]:
    return "this fence is not closed before its quotation ends", f"close it with {opener.marks} in the quotation"

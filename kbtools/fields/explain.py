"""Explains YAML errors: a table from parser messages and lines to a cause and a fix."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kbtools.fields.compose import WIKILINK, BrokenYaml
from kbtools.fields.scalars import double_quoted, is_plain, quoted
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem
from kbtools.text.source import Span

SAFE, UNSAFE = Applicability.SAFE, Applicability.UNSAFE

MAX_RUNS = 1_000
"""Sequences of forbidden characters that are removed by separate edits."""

# What libyaml's reader refuses (yaml.reader.Reader.NON_PRINTABLE), and a BOM at the start, which it would skip over.
_FORBIDDEN = re.compile("\\A\ufeff+|[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_BREAK = re.compile("[\r\n\x85\u2028\u2029]")
_PARTS = re.compile(
    r"""(?P<indent>[ \t]*+)(?P<dash>(?:-[ \t]++)*+)
    (?:(?P<key>"[^"]*+"|'[^']*+'|[^\s"'\#\[\]{},&*!|>%@`-][^:]*+):(?=[ \t]|\Z))?
    [ \t]*+(?P<value>.*+)""",
    re.VERBOSE | re.DOTALL,
)
_GLUED = re.compile(r"(?<=[\w-])\[\[|\]\](?=[\w-])")
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_PLAINLY = {
    "did not find expected node content": "a value is missing here",
    "found character that cannot start any token": "no value without quotes can begin like this",
}
_DASH = re.compile(r"(?:\A|(?<=\s))-(?=\s)")
_ITEM_END = re.compile(r"[,\]}\r\n]|\Z")
_NO_SPACE = re.compile(r"([\w.-]++):(?!//)(\S.*+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Finding:
    """One error; ``repair`` turns it into valid YAML, whether or not it is also offered as a fix."""

    problem: Problem
    repair: tuple[Edit, ...]
    line: Span


@dataclass(frozen=True, slots=True)
class _Value:
    """A value on the line of its key or dash."""

    text: str
    span: Span
    line: Span
    lead: str
    """The text before it, for messages: ``title: `` or ``- ``."""

    @property
    def whole(self) -> str:
        return quoted(self.text)

    def finding(
        self,
        message: str,
        new: str | None,
        applicability: Applicability = SAFE,
        help: str | None = None,
        rule: str = "invalid-yaml",
    ) -> Finding:
        """The finding about this value, and the repair that replaces it by ``new``."""
        if new is None:
            return Finding(Problem(rule, self.span, message, help), (), self.line)
        edit = Edit(self.span, new)
        fix = Fix("put it in quotes" if new == self.whole else f"write {_show(new)}", applicability, (edit,))
        return Finding(Problem(rule, self.span, message, help or self.write(new), fix), (edit,), self.line)

    def write(self, new: str) -> str:
        return f"write `{self.lead}{_show(new)}`"


def line_at(text: str, at: int) -> Span:
    """The line that contains an offset, without its line end, as YAML counts lines."""
    at = min(at, len(text))
    start = at
    while start > 0 and text[start - 1] not in "\r\n\x85\u2028\u2029":
        start -= 1
    end = _BREAK.search(text, at)
    return Span(start, end.start() if end else len(text))


def forbidden(text: str) -> Finding | None:
    """Control characters and lone surrogates, which YAML does not allow, as one finding. No repair is offered if
    there are too many."""
    runs = [Span(*m.span()) for m in _FORBIDDEN.finditer(text)]
    if not runs:
        return None
    count = sum(map(len, runs))
    more = f", and {count - 1:,} more like it" if count > 1 else ""
    message = f"the character U+{ord(text[runs[0].start]):04X}{more}: YAML allows no such characters"
    first = Span(runs[0].start, runs[0].start + 1)
    if len(runs) > MAX_RUNS:
        help = "write the frontmatter again: this does not look like text"
        return Finding(Problem("invalid-yaml", first, message, help), (), Span(0, 0))
    edits = tuple(Edit(run, "") for run in runs)
    fix = Fix("delete it" if count == 1 else f"delete all {count:,}", SAFE, edits)
    return Finding(Problem("invalid-yaml", first, message, "delete it", fix), edits, Span(0, 0))


def diagnose(text: str, error: BrokenYaml) -> Finding:
    """Explains the error at which ``read`` stopped. Returns a finding for every message of the parser."""
    reason = error.reason
    at = min(error.at, len(text))
    line = line_at(text, at)
    blank = line.of(text)[: len(line.of(text)) - len(line.of(text).lstrip(" \t"))]
    if "\t" in blank and ("tab" in reason or "cannot start any token" in reason):
        return _tab(text, line, blank)
    if "<document start>" in reason:
        directive = re.compile(r"^%", re.MULTILINE).search(text)
        line = line_at(text, directive.start() if directive else at)
        return _stray(text, line, "a YAML directive is not read here", "delete the line")
    if reason == "a second document":
        return _stray(text, line, "a line that begins with `---` ends the YAML here", "delete the line")
    if reason.startswith("nested more"):
        span = Span(at, min(line.end, at + 1))
        return Finding(Problem("invalid-yaml", span, reason, "flatten it: metadata is fields and lists"), (), line)
    if any(part in reason for part in ("quoted scalar", "flow", "block scalar", "anchor", "alias", "a tag")):
        seen = error.since < len(text.rstrip())
        line = line_at(text, error.since if seen or error.last < 0 else error.last)
    elif "could not find expected ':'" in reason:
        return _stray(text, line_at(text, error.since))
    elif "mapping values are not allowed" in reason and 0 <= error.last < line.start:
        return _below(text, line, line_at(text, error.last))
    return _value(text, line, at, reason)


def _tab(text: str, line: Span, blank: str) -> Finding:
    first = line.start + blank.index("\t")
    span = Span(first, line.start + len(blank))
    edit = Edit(Span(line.start, line.start + len(blank)), blank.replace("\t", "  "))
    fix = Fix("indent with spaces", UNSAFE, (edit,))
    message = "a tab cannot indent YAML"
    return Finding(Problem("invalid-yaml", span, message, "indent with two spaces instead", fix), (edit,), line)


def _stray(
    text: str,
    line: Span,
    message: str = "this line is neither `key: value` nor a list item",
    help: str = "write `key: value`; indent the line by two spaces if it continues the value above",
) -> Finding:
    shown = line.of(text)
    start = line.start + len(shown) - len(shown.lstrip())
    span = Span(start, max(start, line.start + len(shown.rstrip())))
    glued = _NO_SPACE.fullmatch(span.of(text))
    if glued:
        at = span.start + glued.end(1) + 1
        edit = Edit(Span(at, at), " ")
        problem = Problem(
            "invalid-yaml",
            Span(at - 1, at),
            f"a blank is missing after `{_show(glued[1])}:`",
            f"write `{_show(glued[1])}: {_show(glued[2])}`",
            Fix("add a blank after the colon", UNSAFE, (edit,)),
        )
        return Finding(problem, (edit,), line)
    return Finding(Problem("invalid-yaml", span, message, help), (Edit(line, ""),), line)


def no_mapping(text: str) -> Problem:
    """The problem of a block that is valid YAML, but no ``key: value`` lines."""
    begin = re.compile(r"^[^\s#]", re.MULTILINE).search(text)
    line = line_at(text, begin.start() if begin else 0)
    if _NO_SPACE.fullmatch(line.of(text)):
        return _stray(text, line).problem
    message = "frontmatter holds `key: value` lines; this is none"
    help = "write `key: value`; if the `---` lines are rules, write `***` instead"
    return Problem("invalid-yaml", line, message, help)


def _below(text: str, line: Span, above: Span) -> Finding:
    """A `key:` line that YAML interprets as the continuation of the line above."""
    parts = _PARTS.fullmatch(above.of(text))
    if parts is None or parts["key"] is None:
        return _stray(text, above)
    shown = line.of(text)
    start = line.start + len(shown) - len(shown.lstrip(" \t"))
    edit = Edit(Span(line.start, start), parts["indent"] + " " * len(parts["dash"]))
    message = f"this line is indented under `{_show(parts['key'])}`, which already has a value"
    fix = Fix("remove the indentation", UNSAFE, (edit,))
    span = Span(start, line.start + len(shown.rstrip()))
    return Finding(Problem("invalid-yaml", span, message, "remove the indentation", fix), (edit,), line)


def _value(text: str, line: Span, at: int, reason: str) -> Finding:
    parts = _PARTS.fullmatch(line.of(text))
    if parts is None or not (parts["key"] or parts["dash"]):
        return _other(text, line, at, reason)
    value = _without_comment(parts["value"])
    span = Span(line.start + parts.start("value"), line.start + parts.start("value") + len(value))
    lead = f"{_show(parts['key'])}: " if parts["key"] else "- "
    here = _Value(value, span, line, lead)
    first = value[:1]
    if not value:
        return _other(text, line, at, reason)
    if value.startswith("{{"):
        help = f'write the value itself; text of this kind needs quotes: `{lead}"{_show(value)}"`'
        return here.finding(f"a template placeholder that was never filled in: {_show(value)}", None, help=help)
    if first == "-" and value[1:2] in (" ", ""):
        new = "[" + ", ".join(_item(i) for i in value[1:].split(" - ")) + "]"
        help = f"begin each item on a line of its own, or {here.write(new)}"
        return here.finding("a list does not begin on the line of its key", new, UNSAFE, help)
    if first not in "\"'{" and not value.startswith("[[[") and WIKILINK.search(value):
        return _links(here)
    if first in "\"'":
        return _quotes(here, at, text, reason)
    if first in "[{":
        return _brackets(here, at, text, reason)
    if first in "@`%*&!|>,]}?":
        return here.finding(f"a value without quotes cannot begin with {_character(first)}", here.whole)
    if "mapping values" in reason:
        return here.finding("a colon and a blank inside a value without quotes begin a second value", here.whole)
    return _other(text, line, at, reason)


def _links(here: _Value) -> Finding:
    value, shown = here.text, _show(here.text)
    if _GLUED.search(value):
        label = WIKILINK.sub(lambda m: m[1].rpartition("|")[2].strip(), value)
        new = label if is_plain(label) else quoted(label)
        return here.finding(f"a link inside a word, as automatic linking leaves them: {shown}", new, UNSAFE)
    between = WIKILINK.sub("", value)
    if "," in between and not between.strip(", \t"):
        new = "[" + ", ".join(quoted(m[0]) for m in WIKILINK.finditer(value)) + "]"
        return here.finding(f"links without quotes are no YAML list: {shown}", new, rule="unquoted-wikilink")
    message = f"without quotes, YAML takes the brackets of {shown} for lists"
    return here.finding(message, here.whole, rule="unquoted-wikilink")


_INNER_QUOTES = re.compile(r"""[^"]*(?<!\S)"\S.*""")
"""The text between the outer quotes of ``"about "this" title"``; does not match ``"this" and "that"``."""


def _quotes(here: _Value, at: int, text: str, reason: str) -> Finding:
    value, first = here.text, here.text[0]
    if "escape" in reason:
        message = f"`{text[at : at + 2]}` means nothing between double quotes"
        if value[-1] == '"' and len(value) > 1:
            return here.finding(message, quoted(value[1:-1], "'"), UNSAFE)
        return here.finding(message, None, help="use single quotes, or write `\\\\` for a backslash")
    if "quoted scalar" in reason:
        closed = quoted(value[1:].rstrip(first), first)
        return here.finding(f"the quote `{first}` opened here is never closed", closed, UNSAFE)
    inner = value[1:-1]
    if first == value[-1] == "'" and "'" in inner and "'" not in _APOSTROPHE.sub("", inner):
        return here.finding(f"the apostrophe in {_show(value)} ends the quotes", double_quoted(inner))
    message = f"there is text after the closing quote of {_show(value)}"
    is_around = value[-1] == first == '"' and _INNER_QUOTES.fullmatch(inner) is not None
    return here.finding(message, quoted(inner, "'") if is_around else here.whole)


def _brackets(here: _Value, at: int, text: str, reason: str) -> Finding:
    value, line = here.text, here.line
    if value.startswith(("[-", "[ -")) and value.endswith("]"):
        items = [i for i in _DASH.split(value[1:-1].strip()) if i.strip(" ,")]
        new = "[" + ", ".join(_item(i) for i in items) + "]"
        return here.finding("dashes and brackets are two ways to write a list; this mixes them", new, UNSAFE)
    if "expected key" in reason or "expected <block end>" in reason:
        return here.finding(f"there is text after the closing bracket of {_show(value)}", here.whole)
    if "cannot start any token" in reason and line.start <= at < line.end:
        before = text[here.span.start : at]
        if all(before.count(opening) == before.count(closing) for opening, closing in ("[]", "{}")):
            return here.finding(f"there is text after the closing bracket of {_show(value)}", here.whole)
        end = _ITEM_END.search(text, at, line.end)
        item = Span(at, at + len(text[at : end.start() if end else line.end].rstrip()))
        edit = Edit(item, quoted(item.of(text)))
        message = f"a value without quotes cannot begin with {_character(text[at])}"
        fix = Fix("put it in quotes", SAFE, (edit,))
        problem = Problem("invalid-yaml", item, message, f"write `{_show(edit.replacement)}`", fix)
        return Finding(problem, (edit,), line)
    closing = "]" if value[0] == "[" else "}"
    if (cut := _cut_by_comment(here, text, closing)) is not None:
        return cut
    if not value.endswith(closing):
        help = f"close it with `{closing}`, or put the value in quotes"
        return here.finding(f"the bracket `{value[0]}` opened here is never closed", None, help=help)
    return _other(text, line, at, reason)


def _cut_by_comment(here: _Value, text: str, closing: str) -> Finding | None:
    """A list on one line whose end is in a comment: ``[draft, #loss]``."""
    line = here.line
    rest = text[here.span.end : line.end].rstrip()
    if not rest.endswith(closing) or (m := re.match(r"[ \t]*(?=#)", rest)) is None:
        return None
    at = here.span.end + m.end()
    end = here.span.end + len(rest)
    whole = text[here.span.start : end]
    items = [i.strip() for i in re.split(r",(?=(?:[^\"']|\"[^\"]*\"|'[^']*')*$)", whole[1:-1]) if i.strip()]
    plain = closing == "]" and not any("[" in i or "{" in i for i in items)
    new = f"[{', '.join(_item(i) for i in items)}]" if plain else None
    message = "` #` begins a comment here: the bracket before it is never closed"
    if new is None:
        problem = Problem("invalid-yaml", Span(at, end), message, "put what begins with `#` in quotes")
        return Finding(problem, (), line)
    edit = Edit(Span(here.span.start, end), new)
    fix = Fix("put it in quotes", SAFE, (edit,))
    problem = Problem("invalid-yaml", Span(at, end), message, f"write `{here.lead}{_show(new)}`", fix)
    return Finding(problem, (edit,), line)


def _other(text: str, line: Span, at: int, reason: str) -> Finding:
    shown = line.of(text)
    start = line.start + len(shown) - len(shown.lstrip(" \t"))
    end = max(start, line.start + len(shown.rstrip()))
    if at <= start and ("expected key" in reason or "expected '-'" in reason or "expected <block end>" in reason):
        message, help = "the indentation of this line fits nothing above it", "align it with the lines it belongs to"
        return Finding(Problem("invalid-yaml", Span(start, end), message, help), (), line)
    if reason == "a key that is not text":
        message, help = "a key is plain text; this is a list, a mapping or an alias", "put it in quotes if it is text"
        return Finding(Problem("invalid-yaml", Span(start, end), message, help), (), line)
    span = Span(at, end) if start <= at < end else Span(start, end)
    words = reason.rpartition(": ")[2] or reason
    message = f"this is no YAML: {_PLAINLY.get(words, words)}"
    help = "write `key: value`, and put values with special characters in quotes"
    return Finding(Problem("invalid-yaml", span, message, help), (), line)


def _without_comment(value: str) -> str:
    """The value up to a ` #`; inside quotes or a link it does not begin a comment."""
    since = max(value.rfind("]]"), value.rfind(value[0], 1) if value[:1] in ('"', "'") else -1, 0)
    comment = re.compile(r"(?<=[ \t])#").search(value, since)
    return (value[: comment.start()] if comment else value).rstrip()


def _item(text: str) -> str:
    text = text.strip(" \t,")
    return text if is_plain(text) else text if text[:1] in ("'", '"') else quoted(text)


def _show(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def _character(character: str) -> str:
    return "a backtick" if character == "`" else f"`{character}`"

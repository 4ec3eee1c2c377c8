"""Parses annotations of fences: page defaults, a comment before the fence, its info string; later ones win."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from kbtools.fences import dialects
from kbtools.fences.bad_value import BadValue, cut
from kbtools.fences.option_values import DEVICES, KEYS, RENDERERS_KEYS, VALUES, suggest
from kbtools.markdown.structure import Fence
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem
from kbtools.text.source import Span

CLASSES = ("skip", "hidden", "alone", "run", "repl", "output")
NO_REASON = "no reason given"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Options:
    """The annotations of contract section 6, parsed and with defaults applied."""

    skip: str | None = None
    """The reason not to run, or None."""
    hidden: bool = False
    run: bool = False
    repl: bool = False
    """Values of expressions are shown, as at Python's prompt."""
    raises: str | None = None
    match: str | None = None
    may_raise: bool = False
    """The exception need not be raised: a comment behind an expression may name it, or be its output."""
    requires: tuple[str, ...] = ()
    timeout: float | None = None
    """Seconds; None: the configured default."""
    memory: int | None = None
    """Bytes; None: the configured default."""
    network: bool = False
    launch: str | None = None
    file: str | None = None
    files: tuple[str, ...] = ()
    """Files of the vault that are available when it runs."""
    write_only: bool = False
    """The fence is only written to a file, not run: ``%%writefile``, data with ``file=``."""
    compare: bool = True
    """False for ``expect="off"``."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One annotation as written: ``.hidden``, ``#id`` (key ``#``) or ``key="value"`` (key without a dot)."""

    key: str
    value: str
    span: Span
    """The whole annotation; in page defaults the line of the key, if it is found."""
    at: Span
    """The value, or the name of a class or id: the position of problems about it."""
    explicit: bool = True
    """False for page defaults, which apply to fences they were not written for."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The combined annotations of one fence."""

    options: Options = Options()
    id: Mark | None = None
    session: str | None = None
    """None: not specified."""
    alone: bool = False
    devices: tuple[str, ...] = ()
    """Empty: not specified."""
    output: bool = False
    declared: Mapping[str, str] = field(default_factory=dict)


# Each alternative begins differently and contains no nested repetition: linear on any text.
_TOKEN = re.compile(
    r"""(?P<blank>[\s{},]+)|(?P<quoted>"[^"]*"|'[^']*')|(?P<dot>[.\#][^\s{}=,"']*)|(?P<key>[^\s{}=,"'.\#][^\s{}=,"']*)|(?P<other>.)""",
    re.S,
)


def comment_marks(text: str, body: Span) -> tuple[list[Mark], list[Problem]]:
    """The annotations in a ``kb:`` comment; ``body`` is the text between ``kb:`` and ``-->``."""
    marks: list[Mark] = []
    problems: list[Problem] = []
    tokens = [m for m in _TOKEN.finditer(text, body.start, body.end) if m.lastgroup != "blank"]
    at = 0
    while at < len(tokens):
        token = tokens[at]
        span = Span(*token.span())
        at += 1
        if token.lastgroup == "dot" and len(token[0]) > 1:
            key = "#" if token[0][0] == "#" else token[0]
            marks.append(Mark(key, token[0][1:], span, span))
            continue
        follows = tokens[at] if at < len(tokens) else None
        if token.lastgroup == "key" and follows is not None and follows[0] == "=":
            value = tokens[at + 1] if at + 1 < len(tokens) else None
            if value is not None and value.lastgroup in ("quoted", "key", "dot"):
                quoted = value.lastgroup == "quoted"
                place = Span(value.start() + quoted, value.end() - quoted)
                marks.append(Mark(token[0], place.of(text), Span(span.start, value.end()), place))
                at += 2
                continue
            whole = Span(span.start, follows.end())
            problems.append(
                Problem("invalid-option", whole, f"{cut(token[0])} has no value", f'write {cut(token[0])}="…"')
            )
            at += 1
            continue
        word = token[0]
        hint = f"write .{word}" if word in CLASSES else 'annotations are .class, #id and key="value"'
        if word in ('"', "'"):  # the words after it cannot be separated
            problems.append(Problem("invalid-option", span, "this quote is never closed", "close it before the `-->`"))
            break
        problems.append(Problem("unknown-option", span, f'"{cut(word)}" is no annotation', hint))
    return marks, problems


def header_marks(text: str, fence: Fence) -> list[Mark]:
    """The annotations of a fence's info string, with their places."""
    header = fence.header
    places: dict[str, Span] = {}
    for token in _TOKEN.finditer(text, fence.info.start, fence.info.end):
        if token.lastgroup == "dot":
            places.setdefault(token[0], Span(*token.span()))
    marks = []
    if header.id is not None:
        span = places.get("#" + header.id, fence.info)
        marks.append(Mark("#", header.id, span, span))
    for name in header.classes:
        span = places.get("." + name, fence.info)
        marks.append(Mark("." + name, name, span, span))
    for option in header.options:
        raw = option.span.of(text)
        start = raw.find("=") + 1
        start += len(raw) - start - len(raw[start:].lstrip())
        quoted = int(len(raw) - start >= 2 and raw[start] in "\"'" and raw[-1] == raw[start])
        at = Span(option.span.start + start + quoted, option.span.end - quoted) if 0 < start < len(raw) else option.span
        marks.append(Mark(option.key, option.value, option.span, at))
    return marks


def default_marks(
    text: str, defaults: Mapping[str, object], frontmatter: Span | None
) -> tuple[list[Mark], list[Problem]]:
    """The annotations of a page's ``snippets:`` mapping; lists are joined, ``true`` sets a class."""
    marks: list[Mark] = []
    problems: list[Problem] = []
    for name, value in defaults.items():
        key = str(name)
        span = _default_place(text, key, frontmatter)
        if key[:1] in ("#", ".", ""):
            problems.append(Problem("unknown-option", span, f'"{cut(key)}" cannot be a default', "write option: value"))
            continue
        if key in CLASSES and key != "output":
            if key == "skip" and isinstance(value, str):
                marks.append(Mark("reason", value, span, span, explicit=False))
            elif not isinstance(value, bool):
                problems.append(Problem("invalid-option", span, f"{key} is on or off", f"write {key}: true"))
                continue
            if value:
                marks.append(Mark("." + key, key, span, span, explicit=False))
            continue
        if isinstance(value, bool):
            said = "yes" if value else "no"
        elif isinstance(value, (list, tuple)):
            said = ", ".join(str(item) for item in value)
        elif value is None or isinstance(value, Mapping):
            problems.append(Problem("invalid-option", span, f"{cut(key)} needs a value", f"write {cut(key)}: …"))
            continue
        else:
            said = str(value)
        marks.append(Mark(key, said, span, span, explicit=False))
    return marks, problems


def _default_place(text: str, key: str, frontmatter: Span | None) -> Span:
    if frontmatter is None:
        return Span(0, 0)
    block = re.compile(r"^snippets[ \t]*:", re.M).search(text, frontmatter.start, frontmatter.end)
    start = block.end() if block else frontmatter.start
    found = re.compile(rf"(?<![\w-]){re.escape(key)}(?=[\"']?[ \t]*:)").search(text, start, frontmatter.end)
    if found:
        return Span(*found.span())
    return Span(*block.span()) if block else Span(frontmatter.start, frontmatter.start)


def check(mark: Mark) -> Problem | None:
    """The error of a single annotation, or None."""
    if mark.key.startswith("."):
        return _check_class(mark)
    read = VALUES.get(mark.key)
    if read is None:
        known = mark.key in RENDERERS_KEYS or mark.key in dialects.OPTIONS or mark.key.startswith("data-")
        return None if known else _unknown_key(mark)
    try:
        read(mark.value)
    except BadValue as bad:
        name = "id" if mark.key == "#" else mark.key
        return Problem("invalid-option", mark.at, f"{name}: {bad.args[0]}", bad.args[1])
    return None


def _check_class(mark: Mark) -> Problem | None:
    name = mark.value
    if name in CLASSES:
        return None
    if name in DEVICES:
        return Problem(
            "unknown-option",
            mark.at,
            f".{name} does not choose a device",
            f'write device="{name}"',
            Fix(f'write device="{name}"', Applicability.UNSAFE, (Edit(mark.at, f'device="{name}"'),)),
        )
    near = suggest(name, CLASSES, 0.8)
    if near is None:
        return None  # a class for the site's style sheets
    fix = (
        Fix(f"write .{near}", Applicability.UNSAFE, (Edit(mark.at, "." + near),))
        if len(mark.at) == len(name) + 1
        else None
    )
    return Problem("unknown-option", mark.at, f'no annotation is called ".{cut(name)}"', f"did you mean .{near}?", fix)


def _unknown_key(mark: Mark) -> Problem:
    key = mark.key
    # In page defaults the span is the key alone; elsewhere the key begins it.
    place = Span(mark.span.start, min(mark.span.start + len(key), mark.span.end))
    near = suggest(key, [*KEYS, *RENDERERS_KEYS])
    if near is None:
        hint = f"it is a class: write .{key}" if key in CLASSES else "the annotations are " + ", ".join(KEYS)
        return Problem("unknown-option", place, f'no annotation is called "{cut(key)}"', hint)
    fix = Fix(f"write {near}", Applicability.UNSAFE, (Edit(place, near),)) if len(place) == len(key) else None
    return Problem("unknown-option", place, f'no annotation is called "{cut(key)}"', f"did you mean {near}?", fix)


def settle(marks: Iterable[Mark]) -> tuple[Settings, list[Problem]]:
    """Combines the annotations of one fence; all must have passed ``check``."""
    last: dict[str, Mark] = {}
    for mark in marks:
        last.pop(mark.key, None)
        last[mark.key] = mark
    value = {key: VALUES[key](mark.value) for key, mark in last.items() if key in VALUES}
    problems = []

    def bad(mark: Mark, message: str, help: str) -> None:
        problems.append(Problem("invalid-option", mark.at, message, help))

    elsewhere = dialects.interpret({key: mark.value for key, mark in last.items() if key in dialects.OPTIONS})
    skip = elsewhere.skip
    if ".skip" in last:
        skip = str(value.get("reason", NO_REASON))
        if "reason" not in value:
            bad(last[".skip"], ".skip gives no reason", 'write .skip reason="…": readers are shown why it does not run')
    elif "reason" in value and last["reason"].explicit:
        bad(last["reason"], "reason belongs to .skip", "add .skip, or take the reason away")
    if "match" in value and "raises" not in value:
        bad(last["match"], "match needs raises", 'name the exception: raises="RuntimeError" match="…"')
    if ".alone" in last and "session" in value and last["session"].explicit and last[".alone"].explicit:
        bad(last[".alone"], ".alone and session contradict each other", "keep one of them")
    declared = {}
    for key, mark in last.items():
        if key.startswith("."):
            if mark.value in CLASSES:
                declared[mark.value] = "yes"
        else:
            declared["id" if key == "#" else key] = mark.value
    options = Options(
        skip=skip,
        hidden=".hidden" in last,
        run=".run" in last,
        repl=".repl" in last,
        raises=_get(value, "raises", str),
        match=_get(value, "match", str),
        requires=_get(value, "requires", tuple) or (),
        timeout=_get(value, "timeout", float),
        memory=_get(value, "memory", int),
        network=value.get("network") is True,
        launch=_get(value, "launch", str),
        file=_get(value, "file", str),
        files=_get(value, "files", tuple) or (),
        compare=value.get("expect") is not False,
    )
    # .alone on a fence overrides a page's session, and the reverse.
    alone = ".alone" in last and not ("session" in value and last["session"].explicit and not last[".alone"].explicit)
    session = _get(value, "session", str)
    return Settings(
        options,
        last.get("#"),
        session or elsewhere.session,
        alone or (elsewhere.alone and session is None),
        _get(value, "device", tuple) or (),
        ".output" in last,
        declared,
    ), problems


def _get(value: Mapping[str, object], key: str, kind: type[_T]) -> _T | None:
    found = value.get(key)
    return found if isinstance(found, kind) else None

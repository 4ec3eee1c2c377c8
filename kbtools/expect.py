"""Compares what a page says is printed with what was printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Subnormal, Underflow
from itertools import zip_longest

_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
# No alternative repeats inside a repetition, and each consumes what it looked at: linear on any text.
_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<dots>\.\.\.)"
    r"|(?P<address>(?<=at )0x[0-9a-fA-F]+)"
    r"|(?P<word>[^\W\d]\w*)"
    r"|(?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+)+\w*)"
    rf"|(?P<number>(?:(?<![\w)\]])[+-])?{_NUMBER})"
    r"|(?P<other>.)",
    re.S,
)
# Parts of a tensor's repr that depend on where and how it came about. Bounded by their own quotes and brackets.
_PLACE = re.compile(r",\s*(?:device='(?:cpu|mps|cuda|cuda:[0-9]+|mps:[0-9]+)'|grad_fn=<[^<>\n]*>)(?=\s*[,)])")
_EXACT = Decimal("1e-6")
_CONTEXT = Context(prec=40, traps=[])
for _flag in (InvalidOperation, Overflow, Underflow, Inexact, Subnormal):
    _CONTEXT.traps[_flag] = False
_SHOWN_LINES = 40


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    kind: str
    blank: bool
    """Blanks stand before it."""
    loose: bool
    """It stands inside brackets just behind an opening one or a comma, or is a closing one: blanks there are layout."""
    low: Decimal | None = None
    high: Decimal | None = None
    """For a float: what a number may be that rounds to the digits shown; exclusive."""
    value: Decimal | None = None


def matches(expected: str, actual: str) -> bool:
    """Whether output is what was expected.

    Floats may differ by less than half a unit of the last digit shown (``0.`` and ``2.0`` by a millionth: nothing
    says they were rounded); integers are compared exactly, and an integer is no float. ``...`` in the expectation
    stands for anything, or nothing. Runs of blanks are equal; inside brackets, blanks after ``[``, ``(`` and ``,``
    and before closing brackets are layout. ``device='…'`` and ``grad_fn=<…>`` of a repr may be absent on either side,
    and addresses (``at 0x7f…``) are all equal.
    """
    want, got = _tokens(expected), _tokens(actual)
    parts: list[list[_Token]] = [[]]
    for token in want:
        if token.kind == "dots":
            parts.append([])
        else:
            parts[-1].append(token)
    if len(parts) == 1:
        return len(want) == len(got) and _run(want, got, 0, strict_start=True)
    first, *middle, last = parts
    at, end = len(first), len(got) - len(last)
    if end < at or not _run(first, got, 0, strict_start=True) or not _run(last, got, end):
        return False
    for part in middle:
        found = _find(part, got, at, end)
        if found is None:
            return False
        at = found + len(part)
    return True


def explain(expected: str, actual: str) -> str:
    """How the two differ, for people: one line each when they are short, else a diff by lines."""
    want, got = expected.strip("\r\n"), actual.strip("\r\n")
    if "\n" not in want and "\n" not in got:
        return (
            f"expected: {_line(want)}\nprinted:  {_line(got)}" if got else f"expected: {_line(want)}\nprinted nothing"
        )
    shown = ["expected (-), printed (+):"]
    pairs = list(zip_longest(_split(want), _split(got)))
    # Lines are compared in step: printed values rarely shift, and a diff proper is quadratic.
    differing = [at for at, (a, b) in enumerate(pairs) if a is None or b is None or not matches(a, b)]
    near = {line for at in differing[:_SHOWN_LINES] for line in (at - 1, at, at + 1)}
    previous = -1
    for at, (a, b) in enumerate(pairs):
        if at not in near:
            continue
        if at != previous + 1:
            shown.append("  ⋮")
        previous = at
        if a is not None and b is not None and matches(a, b):
            shown.append(f"  {_line(b)}")
            continue
        shown += [f"- {_line(a)}"] if a is not None else []
        shown += [f"+ {_line(b)}"] if b is not None else []
    if len(differing) > _SHOWN_LINES:
        shown.append(f"  ⋮ and {len(differing) - _SHOWN_LINES} more lines differ")
    return "\n".join(shown)


def _split(text: str) -> list[str]:
    return text.split("\n") if text else []


def _line(text: str) -> str:
    text = text.rstrip("\r")
    return text if len(text) <= 200 else text[:199] + "…"


def _tokens(text: str) -> list[_Token]:
    text = _PLACE.sub("", text.strip())
    tokens: list[_Token] = []
    depth = 0
    blank = opened = False
    for match in _TOKEN.finditer(text):
        kind, said = match.lastgroup or "", match[0]
        if kind == "blank":
            blank = True
            continue
        closes = said in (")", "]", "}")
        loose = depth > 0 and (opened or closes)
        opened = said in ("(", "[", "{", ",")
        depth += (said in ("(", "[", "{")) - (closes and depth > 0)
        low = high = value = None
        if kind == "number" and len(said) <= 400 and not said.lstrip("+-").isdecimal():
            low, high, value = _interval(said)
        tokens.append(_Token(said, kind, blank, loose, low, high, value))
        blank = False
    return tokens


def _interval(number: str) -> tuple[Decimal, Decimal, Decimal]:
    mantissa, _, exponent = number.lower().partition("e")
    digits = mantissa.partition(".")[2]
    value = _CONTEXT.create_decimal(number)
    power = max(min(int(exponent[:9] or 0), 10**8), -(10**8))
    if digits in ("", "0"):
        slack = _CONTEXT.multiply(value.copy_abs(), _EXACT) if value else _EXACT
    else:
        slack = _CONTEXT.create_decimal(f"5e{power - len(digits) - 1}")
    return _CONTEXT.subtract(value, slack), _CONTEXT.add(value, slack), value


def _same(want: _Token, got: _Token, *, spacing: bool = True) -> bool:
    if spacing and want.blank != got.blank and not (want.loose and got.loose):
        return False
    if want.kind == "address":
        return got.kind == "address"
    if want.low is None or want.high is None or got.value is None:
        return want.text == got.text
    return want.low < got.value < want.high or want.value == got.value


def _run(want: Sequence[_Token], got: Sequence[_Token], at: int, *, strict_start: bool = False) -> bool:
    """Whether the tokens stand in ``got`` from ``at`` on. What ``...`` left out may have taken the blanks before."""
    if at + len(want) > len(got):
        return False
    return all(_same(token, got[at + n], spacing=strict_start or n > 0) for n, token in enumerate(want))


def _find(want: Sequence[_Token], got: Sequence[_Token], start: int, end: int) -> int | None:
    """The first place between ``start`` and ``end`` where the tokens stand; taking the first is never wrong."""
    for at in range(start, end - len(want) + 1):
        if _run(want, got, at):
            return at
    return None

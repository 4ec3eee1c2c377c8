"""Compares what a page says is printed with what was printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Subnormal, Underflow

_NUMBER = r"(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
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
    if _elided(expected, actual):
        return True
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
        if not want:
            return f"nothing was expected\nprinted:  {_line(got)}"
        return (
            f"expected: {_line(want)}\nprinted:  {_line(got)}" if got else f"expected: {_line(want)}\nprinted nothing"
        )
    lines, printed = _split(want), _split(got)
    # Only the stretch between the first and the last difference is shown: a diff proper is quadratic.
    top = 0
    while top < min(len(lines), len(printed)) and matches(lines[top], printed[top]):
        top += 1
    bottom = 0
    while bottom < min(len(lines), len(printed)) - top and matches(lines[-1 - bottom], printed[-1 - bottom]):
        bottom += 1
    shown = ["expected (-), printed (+):"]
    if top:
        shown += ["  ⋮"] * (top > 1) + [f"  {_line(printed[top - 1])}"]
    shown += _block("-", lines[top : len(lines) - bottom]) + _block("+", printed[top : len(printed) - bottom])
    if bottom:
        shown += [f"  {_line(printed[-bottom])}"] + ["  ⋮"] * (bottom > 1)
    return "\n".join(shown)


def _block(sign: str, lines: list[str]) -> list[str]:
    more = [f"{sign} ⋮ and {len(lines) - _SHOWN_LINES} more lines"] if len(lines) > _SHOWN_LINES else []
    return [f"{sign} {_line(line)}" for line in lines[:_SHOWN_LINES]] + more


def _elided(expected: str, actual: str) -> bool:
    """Whether the texts are equal but for blanks and what ``...`` stands for, within words and numbers as well."""
    want, got = " ".join(expected.split()), " ".join(actual.split())
    first, *rest = want.split("...")
    if not rest:
        return want == got
    *middle, last = rest
    at, end = len(first), len(got) - len(last)
    if end < at or not got.startswith(first) or not got.endswith(last):
        return False
    for part in middle:
        at = got.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


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
    spent, budget = 0, 8 * (end - start) + 1000
    for at in range(start, end - len(want) + 1):
        for n, token in enumerate(want):
            spent += 1
            if not _same(token, got[at + n], spacing=n > 0):
                break
        else:
            return at
        if spent > budget:  # long near misses, as in a tensor of zeros: go on with all places at once
            return _find_at_once(want, got, at + 1, end)
    return None


def _find_at_once(want: Sequence[_Token], got: Sequence[_Token], start: int, end: int) -> int | None:
    """As ``_find``: a bit for every prefix of ``want`` that ends here (Baeza-Yates and Gonnet's shift-and)."""
    alike: dict[_Token, int] = {}
    for n, token in enumerate(want):
        alike[token] = alike.get(token, 0) | 1 << n
    masks: dict[_Token, int] = {}
    state, goal = 0, 1 << (len(want) - 1)
    for at in range(start, end):
        token = got[at]
        if token not in masks:
            mask = sum(bits for other, bits in alike.items() if _same(other, token))
            masks[token] = mask & ~1 | int(_same(want[0], token, spacing=False))
        state = (state << 1 | 1) & masks[token]
        if state & goal:
            return at - len(want) + 1
    return None

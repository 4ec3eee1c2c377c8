"""Compares expected output with actual output, line by line and number by number: ``matches``, and ``explain``.

``agreement`` is a less strict comparison for texts written by hand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Subnormal, Underflow

EAST_ASIAN = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
"""Letters that may follow others without a blank, as in ``결과는3``."""
_NUMBER = r"(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
# No alternative repeats inside a repetition, and each consumes what it matched: linear on any text.
_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<dots>\.\.\.)"
    r"|(?P<address>(?<=at )0x[0-9a-fA-F]+|(?:(?<=started )|(?<=daemon ))[0-9]{9,})"
    rf"|(?P<word>[{EAST_ASIAN}]+|[^\W\d{EAST_ASIAN}](?:(?![{EAST_ASIAN}])\w)*)"
    r"|(?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+)+\w*)"
    rf"|(?P<number>(?:(?<![\w)\]])[+-])?{_NUMBER})"
    r"|(?P<other>.)",
    re.S,
)
# Parts of a tensor's repr that depend on its origin. Delimited by their own quotes and brackets.
_PLACE = re.compile(r",\s*(?:device='(?:cpu|mps|cuda|cuda:[0-9]+|mps:[0-9]+)'|grad_fn=<[^<>\n]*>)(?=\s*[,)])")
# The name of the page's own module in a repr, and the file of another module or code object.
_MAIN = re.compile(r"(?<![\w.])__main__\.(?=[A-Za-z_])")
_ORIGIN = re.compile(r"(<module '[\w.]+') (?:from '[^'\n]*'|\([^()\n]*\))>")
_CODE = re.compile(r"(<code object \S+ at 0x[0-9a-fA-F]+), file \"[^\"\n]*\", line [0-9]+>")
_EXACT = Decimal("1e-6")
_CONTEXT = Context(prec=40, traps=[])
for _flag in (InvalidOperation, Overflow, Underflow, Inexact, Subnormal):
    _CONTEXT.traps[_flag] = False
_DEEPEST = 40
"""Nesting depth of brackets from which on the order of sets is significant."""
_CUT_OFF = 3
"""Number of decimals from which on a number may be truncated instead of rounded."""
_SHOWN_LINES = 40


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    kind: str
    blank: bool
    """Blanks precede it."""
    loose: bool
    """Blanks before it are layout: it is inside brackets and outside quotes, directly after an opening bracket,
    comma or colon, or is a closing bracket."""
    low: Decimal | None = None
    high: Decimal | None = None
    """For a float: the exclusive upper limit of numbers that round to the digits shown."""
    value: Decimal | None = None


def matches(expected: str, actual: str) -> bool:
    """Whether output is as expected.

    Floats may differ by less than half a unit of the last digit shown, or be truncated after three decimals or more
    (``0.`` and ``2.0`` by a millionth: they may not be rounded); integers are compared exactly, and an integer is
    not a float. Sets may be in any order. ``...`` in the expectation matches any text, including none. Runs of
    blanks are equal; inside brackets, blanks after ``[``, ``(``, ``,`` and ``:`` and before closing brackets are
    layout. ``device='…'``, ``grad_fn=<…>`` and ``__main__.`` of a repr may be absent on either side, and addresses
    (``at 0x7f…``) and files of modules are equal.
    """
    expected = expected.replace("\N{HORIZONTAL ELLIPSIS}", "...")
    if _elided(expected, actual) or _alike(expected, actual):
        return True
    if "{" in expected and "{" in actual:
        one, other = in_one_order(expected), in_one_order(actual)
        return (one, other) != (expected, actual) and _alike(one, other)
    return False


def in_one_order(text: str, *, dicts: bool = False) -> str:
    """The text with the elements of every displayed set (and dict) in a canonical order."""
    opened: list[int] = []
    pieces = re.split(r"('(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|[\[\](){},:])", text)
    whole: list[str] = []
    for at, piece in enumerate(pieces):
        whole.append(piece)
        if at % 2 == 0:
            continue
        if piece in ("(", "[", "{"):
            opened.append(len(whole) - 1)
        elif piece in (")", "]", "}") and opened:
            start = opened.pop()
            if len(opened) > _DEEPEST:
                return text
            if piece == "}" and whole[start] == "{":
                whole[start:] = [_in_order(whole[start + 1 : -1], dicts=dicts)]
            else:
                whole[start:] = ["".join(whole[start:])]
    return "".join(whole)


def _in_order(pieces: list[str], *, dicts: bool) -> str:
    """The text between two braces, with its elements sorted if it is a set."""
    elements: list[list[str]] = [[]]
    for piece in pieces:
        if piece == ",":
            elements.append([])
        else:
            elements[-1].append(piece)
    texts = [" ".join("".join(element).split()) for element in elements]
    if texts and not texts[-1]:
        texts.pop()
    dots = any("..." in text or not text for text in texts)
    colons = any(":" in element for element in elements)
    if len(texts) < 2 or dots or (colons and not dicts):
        return "{" + "".join(pieces) + "}"
    return "{" + ", ".join(sorted(texts, key=_order)) + "}"


def _order(text: str) -> tuple[int, float, str]:
    try:
        number = float(text)
    except ValueError:
        return 1, 0.0, text
    return (1, 0.0, text) if math.isnan(number) else (0, number, "")


def _alike(expected: str, actual: str) -> bool:
    """``matches`` token by token, in the given order."""
    want, got = tokens(expected), tokens(actual)
    parts: list[list[Token]] = [[]]
    for token in want:
        if token.kind == "dots":
            parts.append([])
        else:
            parts[-1].append(token)
    if len(parts) == 1:
        return len(want) == len(got) and stand_at(want, got, 0, strict_start=True)
    first, *middle, last = parts
    at, end = len(first), len(got) - len(last)
    if end < at or not stand_at(first, got, 0, strict_start=True) or not stand_at(last, got, end):
        return False
    for part in middle:
        found = _find(part, got, at, end)
        if found is None:
            return False
        at = found + len(part)
    return True


def explain(expected: str, actual: str) -> str:
    """Describes the difference: one line each if the texts are short, else a diff by lines. Control characters are
    escaped."""
    want, got = expected.strip("\r\n"), actual.strip("\r\n")
    if "\n" not in want and "\n" not in got:
        if not want:
            return f"nothing was expected\nprinted:  {_line(got)}"
        return (
            f"expected: {_line(want)}\nprinted:  {_line(got)}" if got else f"expected: {_line(want)}\nprinted nothing"
        )
    lines, printed = _split(want), _split(got)
    # Only the part from the first to the last difference is shown: a real diff takes quadratic time.
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
    """Whether the texts are equal except for blanks and text that ``...`` matches, also within words and numbers."""
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
    return visible(text if len(text) <= 200 else text[:199] + "…")


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text: str) -> str:
    """The text with escape sequences, carriage returns and other invisible characters written as ``\\x1b``."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def tokens(text: str) -> list[Token]:
    """The words, numbers and punctuation of a text, without what ``matches`` ignores."""
    text = _CODE.sub(r"\1>", _ORIGIN.sub(r"\1>", _MAIN.sub("", _PLACE.sub("", text.strip()))))
    found: list[Token] = []
    depth = 0
    blank = opened = closed = False
    quote = last = ""
    for match in _TOKEN.finditer(text):
        kind, said = match.lastgroup or "", match[0]
        if kind == "blank":
            blank = True
            continue
        closes = said in (")", "]", "}")
        opens = said in ("(", "[", "{")
        loose = depth > 0 and not quote and (opened or closes or (opens and closed))
        opened, closed = opens or said in (",", ":"), closes
        depth += opens - (closes and depth > 0)
        if quote:
            quote = "" if said == quote and last != "\\" else quote
        elif depth and said in ("'", '"') and not last.isalnum():
            quote = said
        last = said
        low = high = value = None
        if kind == "number" and len(said) <= 400 and not said.lstrip("+-").isdecimal():
            low, high, value = _interval(said)
        found.append(Token(said, kind, blank, loose, low, high, value))
        blank = False
    return found


def _interval(number: str) -> tuple[Decimal, Decimal, Decimal]:
    mantissa, _, exponent = number.lower().partition("e")
    digits = mantissa.partition(".")[2]
    value = _CONTEXT.create_decimal(number)
    power = max(min(int(exponent[:9] or 0), 10**8), -(10**8))
    if digits in ("", "0"):
        slack = _CONTEXT.multiply(value.copy_abs(), _EXACT) if value else _EXACT
    else:
        slack = _CONTEXT.create_decimal(f"5e{power - len(digits) - 1}")
        if len(digits) >= _CUT_OFF:  # truncated, not rounded
            whole = _CONTEXT.multiply(slack, Decimal(2))
            below, above = (whole, slack) if number.startswith("-") else (slack, whole)
            return _CONTEXT.subtract(value, below), _CONTEXT.add(value, above), value
    return _CONTEXT.subtract(value, slack), _CONTEXT.add(value, slack), value


def same(want: Token, got: Token, *, spacing: bool = True) -> bool:
    if spacing and want.blank != got.blank and not (want.loose and got.loose):
        return False
    if want.kind == "address":
        return got.kind == "address"
    if want.low is None or want.high is None or got.value is None:
        return want.text == got.text
    return want.low < got.value < want.high or want.value == got.value


def stand_at(want: Sequence[Token], got: Sequence[Token], at: int, *, strict_start: bool = False) -> bool:
    """Whether ``got`` has these tokens from position ``at`` on. ``...`` may have matched the blanks before."""
    if at + len(want) > len(got):
        return False
    return all(same(token, got[at + n], spacing=strict_start or n > 0) for n, token in enumerate(want))


def _find(want: Sequence[Token], got: Sequence[Token], start: int, end: int) -> int | None:
    """The first position between ``start`` and ``end`` with these tokens; choosing the first is always correct."""
    spent, budget = 0, 8 * (end - start) + 1000
    for at in range(start, end - len(want) + 1):
        for n, token in enumerate(want):
            spent += 1
            if not same(token, got[at + n], spacing=n > 0):
                break
        else:
            return at
        if spent > budget:  # long partial matches, as in a tensor of zeros: continue with all positions at once
            return _find_at_once(want, got, at + 1, end)
    return None


def _find_at_once(want: Sequence[Token], got: Sequence[Token], start: int, end: int) -> int | None:
    """Like ``_find``, with a bit for every prefix of ``want`` that ends at the position (Baeza-Yates and Gonnet's
    shift-and)."""
    alike: dict[Token, int] = {}
    for n, token in enumerate(want):
        alike[token] = alike.get(token, 0) | 1 << n
    masks: dict[Token, int] = {}
    state, goal = 0, 1 << (len(want) - 1)
    for at in range(start, end):
        token = got[at]
        if token not in masks:
            mask = sum(bits for other, bits in alike.items() if same(other, token))
            masks[token] = mask & ~1 | int(same(want[0], token, spacing=False))
        state = (state << 1 | 1) & masks[token]
        if state & goal:
            return at - len(want) + 1
    return None

"""Compares expected output with actual output, line by line and number by number.

``matches`` compares marked output (``#> 3``, output fences, prompts) in whole; ``agrees`` compares what a comment shows
beside a statement (``# 3``), which may omit a label and uses the spellings common in comments.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Subnormal, Underflow

_EAST = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
"""Letters that stand beside others without a blank, as in ``결과는3``."""
_NUMBER = r"(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
# No alternative repeats inside a repetition, and each consumes what it looked at: linear on any text.
_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<dots>\.\.\.)"
    r"|(?P<address>(?<=at )0x[0-9a-fA-F]+|(?:(?<=started )|(?<=daemon ))[0-9]{9,})"
    rf"|(?P<word>[{_EAST}]+|[^\W\d{_EAST}](?:(?![{_EAST}])\w)*)"
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
_DEEPEST = 40
"""Nesting depth of brackets from which on sets are compared in the written order."""
_CUT_OFF = 3
"""Decimals from which on a number may be cut off where it should be rounded."""
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

    Floats may differ by less than half a unit of the last digit shown, or be cut off after three decimals or more
    (``0.`` and ``2.0`` by a millionth: nothing says they were rounded); integers are compared exactly, and an integer
    is no float. Sets may be in any order. ``...`` in the expectation matches any text, also none. Runs of blanks
    are equal; inside brackets, blanks after ``[``, ``(`` and ``,`` and before closing brackets are layout.
    ``device='…'`` and ``grad_fn=<…>`` of a repr may be absent on either side, and addresses (``at 0x7f…``) are equal.
    """
    expected = expected.replace("\N{HORIZONTAL ELLIPSIS}", "...")
    if _elided(expected, actual) or _alike(expected, actual):
        return True
    if "{" in expected and "{" in actual:
        one, other = _sorted(expected), _sorted(actual)
        return (one, other) != (expected, actual) and _alike(one, other)
    return False


def agrees(shown: str, printed: str, *, short: int | None = None, value: bool = False) -> bool:
    """Whether a comment that shows a value says the same as what was printed.

    It may leave out a label in front of the value (text with a letter in it, or that ends with ``=`` or ``:``), words
    around numbers (``mean 2.5 std 1.25``, ``12 items``), the quotes round a string, and what ``_SPELLINGS`` lists.
    ``short`` is the length of the comment without the brackets at its end, which may be a remark.
    In a ``value``, which is not printed, the order of a dict is ignored as well.
    """
    readings = [shown] if short is None else [shown, shown[:short]]
    readings += _listed(shown)
    if shown.endswith("%") and "%" not in printed and _is_share(shown[:-1], printed):
        return True
    for text in readings:
        if _ends(text, printed):
            return True
        bare = _unquoted(text)
        if bare is not None and _ends(bare, printed):
            return True
        if any(_ends(one, other) for one, other in _respelled(text, printed, dicts=value)):
            return True
    return _numbers_among_words(shown, printed)


def _listed(shown: str) -> list[str]:
    """What values between commas may stand for: values that ``print`` joins with blanks, or one that holds them."""
    pieces, depth = [""], 0
    for token in _tokens(shown) if "," in shown and "\n" not in shown else ():
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if token.text == "," and not depth:
            pieces.append("")
        else:
            pieces[-1] += " " * token.blank + token.text
    if len(pieces) == 1:
        return []
    pieces = [piece.strip() for piece in pieces]
    bare = [held if (held := _unquoted(piece)) is not None else piece for piece in pieces]
    inside = ", ".join(pieces)
    return [" ".join(pieces), " ".join(bare), *(f"{a}{inside}{b}" for a, b in _CONTAINERS)]


def _is_share(percent: str, printed: str) -> bool:
    """Whether what was printed, ``0.853``, is so many percent, to the digits shown."""
    try:
        shown, share = Decimal(percent.replace(",", "").strip()), Decimal(printed.strip())
    except InvalidOperation:
        return False
    digits = int(shown.as_tuple().exponent) if shown.is_finite() and share.is_finite() else 0
    return abs(share) <= 1 and abs(share * 100 - shown) * 2 <= Decimal(1).scaleb(digits)


def same_kind(shown: str, value: str) -> bool:
    """Whether two values have the same kind: both numbers, both lists, …"""
    return _kind(shown) == _kind(value)


def _kind(text: str) -> str:
    for pattern, plain in _SPELLINGS[:2]:
        text = pattern.sub(plain, text)
    token = next((token for token in _tokens(text) if token.text not in "+-"), None)
    if token is None or token.kind in ("number", "version"):
        return "number"
    if token.text in ("True", "False"):
        return "bool"
    return "string" if token.text in "'\"" else token.text


def _ends(expected: str, actual: str) -> bool:
    """Whether output is what was expected, or ends so behind a label."""
    if matches(expected, actual):
        return True
    expected = expected.replace("\N{HORIZONTAL ELLIPSIS}", "...")
    want, got = _tokens(expected), _tokens(actual)
    start = len(got) - len(want)
    if start < 1 or not want or any(token.kind == "dots" for token in want):
        return False
    before, first = got[start - 1], got[start]
    apart = first.blank or before.text in _LABEL_ENDS or re.search(f"[{_EAST}]\\Z", before.text) is not None
    labelled = any(token.kind == "word" for token in got[:start]) or (first.blank and before.text in (":", "=", ">"))
    return apart and labelled and _run(want, got, start)


def _numbers_among_words(shown: str, printed: str) -> bool:
    """Whether the numbers shown are all that were printed, in order, and what else was printed is words and units."""
    want, got = _tokens(shown), _tokens(printed)
    if not want or any(token.kind != "number" for token in want):
        return False
    rest = [token.text for token in got if token.kind != "number"]
    if not rest or any(text in _NO_WORDS or text[0] in "()[]{}'\"0123456789" for text in rest):
        return False
    numbers = [token for token in got if token.kind == "number"]
    is_said = any(token.kind == "word" or token.text in _UNITS for token in got)
    alike = len(want) == len(numbers) and all(_same(*pair, spacing=False) for pair in zip(want, numbers, strict=True))
    return is_said and alike


def _unquoted(text: str) -> str | None:
    """What a string in quotes holds; None for anything else."""
    import ast

    if text[-1:] not in ("'", '"'):
        return None
    try:
        held = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return held if isinstance(held, str) else None


_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_CONTAINERS = (("(", ")"), ("[", "]"), ("{", "}"), ("torch.Size([", "])"))
_LABEL_ENDS = frozenset(":=>$€£¥₩")
_UNITS = frozenset("%$€£¥₩°")
_NO_WORDS = frozenset({"True", "False", "None", "nan", "inf", "..."})
"""Words that are values."""
_SPELLINGS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # What NumPy 2 shows inside containers, and NumPy 1 did not.
    (re.compile(r"\b(?:np|numpy)\.(?:float|int|uint|complex|bool|str|bytes)(?:[0-9]+|_)?\(([^()]*)\)"), r"\1"),
    (re.compile(r"\b(?:np|numpy)\.(True|False)_"), r"\1"),
    # repr includes the module of a class; comments do not.
    (re.compile(r"\b(?:datetime|decimal|fractions|collections|pathlib|uuid)\.(?=[A-Za-z]+\()"), ""),
    (re.compile(r"\b_sre\.SRE_Match\b"), "re.Match"),
    # Paths on another system.
    (re.compile(r"\bWindowsPath\b"), "PosixPath"),
    (re.compile(r"(?<=[\w.:~])\\{1,2}(?=[\w.~])"), "/"),
    # Either kind of quotes.
    (re.compile('"'), "'"),
    # A shape: a tuple, or a list.
    (re.compile(r"\btorch\.Size\(\[([0-9]+)\]\)"), r"(\1,)"),
    (re.compile(r"\btorch\.Size\(\[([0-9, ]*)\]\)"), r"(\1)"),
    # 1,234,567
    (re.compile(r"(?<![\w.,(\[{])[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?![\w,])"), lambda found: found[0].replace(",", "")),
)
"""Other spellings of the same value, each with a common form for both sides."""
_ARRAY = re.compile(
    r"\s*(?:tensor|array)\(([^()]*?)(?:,\s*(?:dtype|device|grad_fn|requires_grad)=[^()]*)?\)\s*\Z", re.S
)
_SHAPE = re.compile(r"torch\.Size\((\[[0-9, ]*\])\)")


def _respelled(shown: str, printed: str, *, dicts: bool) -> Iterator[tuple[str, str]]:
    """Both texts again in the spellings of ``_SPELLINGS``, and arrays as the lists they print."""
    if shown.startswith("["):
        yield shown, _SHAPE.sub(r"\1", printed)
    one, other = shown, printed
    for pattern, plain in _SPELLINGS:
        one, other = pattern.sub(plain, one), pattern.sub(plain, other)
    if "{" in one and "{" in other:
        one, other = _sorted(one, dicts=dicts), _sorted(other, dicts=dicts)
    yield one, other
    if one.startswith("[") and ("," in one) != ("," in other):
        yield one.replace(",", " "), other.replace(",", " ")  # NumPy prints [1. 2.]
    left, right = _ARRAY.match(one), _ARRAY.match(other)
    if (left is None) != (right is None):
        # array([1, 2]) is printed as [1 2].
        one, other = left[1] if left else one, right[1] if right else other
        yield one, other
        yield one.replace(",", " "), other.replace(",", " ")


def _sorted(text: str, *, dicts: bool = False) -> str:
    """The text with the elements of every set shown in it (and of every dict) in one order."""
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
    """What stands between two braces, with its elements sorted if it shows a set."""
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
    """``matches`` token by token, in the order written."""
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
    """Describes the difference: one line each when the texts are short, else a diff by lines.

    Control characters are made visible.
    """
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
    """Whether the texts are equal except for blanks and the text that ``...`` matches, also within words and
    numbers."""
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


def _tokens(text: str) -> list[_Token]:
    text = _PLACE.sub("", text.strip())
    tokens: list[_Token] = []
    depth = 0
    blank = opened = closed = False
    for match in _TOKEN.finditer(text):
        kind, said = match.lastgroup or "", match[0]
        if kind == "blank":
            blank = True
            continue
        closes = said in (")", "]", "}")
        opens = said in ("(", "[", "{")
        loose = depth > 0 and (opened or closes or (opens and closed))
        opened, closed = opens or said == ",", closes
        depth += opens - (closes and depth > 0)
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
        if len(digits) >= _CUT_OFF:  # cut off, not rounded
            whole = _CONTEXT.multiply(slack, Decimal(2))
            below, above = (whole, slack) if number.startswith("-") else (slack, whole)
            return _CONTEXT.subtract(value, below), _CONTEXT.add(value, above), value
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

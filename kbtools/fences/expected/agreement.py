"""Compares output that people write by hand with actual output.

``agrees`` compares a comment beside a statement (``# 3``), which may omit a label; ``transcribed`` compares text
below a prompt, which is the complete output. Both accept spellings that are common in such texts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation

from kbtools.fences.expected.expect import EAST_ASIAN, in_one_order, matches, same, stand_at, tokens
from kbtools.fences.expected.raised import raised


def agrees(shown: str, printed: str, *, short: int | None = None, value: bool = False) -> bool:
    """Whether a comment that states a value agrees with the output.

    The comment may omit a label before the value (text with a letter in it, or that ends with ``=`` or ``:``), words
    around numbers (``mean 2.5 std 1.25``, ``12 items``), the quotes of a string, and the differences in
    ``_SPELLINGS``. ``short`` is the length of the comment without the brackets at its end, which may be a remark. In
    a ``value``, which is not printed, the order of a dict is also ignored.
    """
    readings = [shown] if short is None else [shown, shown[:short]]
    readings += [listed for text in readings for listed in _listed(text)]
    if shown.endswith("%") and "%" not in printed and _is_share(shown[:-1], printed):
        return True
    readings += [bare for text in readings if (bare := _unquoted(text)) is not None]
    for text in readings:
        if _ends(text, printed) or any(_ends(*pair) for pair in _respelled(text, printed, dicts=value)):
            return True
    return _numbers_among_words(shown, printed)


def transcribed(shown: str, printed: str, *, dicts: bool = False) -> bool:
    """Whether a handwritten session at the prompt shows the actual output. It must be complete, including labels,
    but strings may be quoted, and remarks may follow ``#``. ``dicts`` as in ``agrees``."""
    error = raised(printed)
    if error is not None and error.has_header:
        expected = raised(shown)
        return expected is not None and raises_alike(shown, printed) and _written(expected.message, error.message)
    return _written(shown, printed, dicts=dicts)


def raises_alike(shown: str, printed: str) -> bool:
    """Whether both end with the same exception, regardless of its message: Python's messages change between
    versions."""
    expected, error = raised(shown), raised(printed)
    if expected is None or error is None or not error.has_header:
        return False
    is_it = expected.name in (error.name, _MORE_GENERAL.get(error.name)) or expected.message.startswith("...")
    return is_it and _written(expected.before, error.before)


def _written(shown: str, printed: str, *, dicts: bool = False) -> bool:
    if matches(shown, printed) or any(matches(*pair) for pair in _respelled(shown, printed, dicts=dicts)):
        return True
    lines, actual = _lines(shown), _lines(printed)
    return len(lines) == len(actual) and all(map(_same_line, lines, actual))


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _same_line(shown: str, printed: str) -> bool:
    shown = shown.strip()
    readings = [shown, _unquoted(shown), shown[1:-1] if shown[:1] in ("'", '"') and shown[-1:] == shown[:1] else None]
    remark = re.search(r"[ \t]#[ \t]", shown)
    if remark is not None:
        readings.append(shown[: remark.start()])
    return any(text is not None and matches(text, printed) for text in readings)


def _listed(shown: str) -> list[str]:
    """Possible meanings of values separated by commas: values that ``print`` joins with blanks, or a list or tuple
    of them."""
    pieces, depth = [""], 0
    for token in tokens(shown) if "," in shown and "\n" not in shown else ():
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
    """Whether the output, such as ``0.853``, equals a percentage, to the digits shown."""
    try:
        shown, share = Decimal(percent.replace(",", "").strip()), Decimal(printed.strip())
    except InvalidOperation:
        return False
    digits = int(shown.as_tuple().exponent) if shown.is_finite() and share.is_finite() else 0
    return abs(share) <= 1 and abs(share * 100 - shown) * 2 <= Decimal(1).scaleb(digits)


def is_path_elsewhere(shown: str, printed: str) -> bool:
    """Whether two outputs differ only in how paths are written on Windows and elsewhere."""
    return "\\" in shown and "\\" not in printed and matches(_BACKSLASH.sub("/", shown), printed)


def same_kind(shown: str, value: str) -> bool:
    """Whether two values have the same kind: both numbers, both lists, …; several lines and exceptions are not
    values."""
    return "\n" in shown or raised(shown) is not None or _kind(shown) == _kind(value)


def strings(shown: str, value: str) -> tuple[str, str] | None:
    """The contents of two quoted strings, with blanks normalized; None unless both are quoted strings."""
    held, given = _unquoted(shown.strip()), _unquoted(value)
    return None if held is None or given is None else (re.sub(" +", " ", held), re.sub(" +", " ", given))


def _kind(text: str) -> str:
    for pattern, plain in _SPELLINGS[:3]:
        text = pattern.sub(plain, text)
    token = next((token for token in tokens(text) if token.text not in "+-"), None)
    if token is None or token.kind in ("number", "version"):
        return "number"
    if token.text in ("True", "False"):
        return "bool"
    return "string" if token.text in "'\"" else token.text


def _ends(expected: str, actual: str) -> bool:
    """Whether output is as expected, or ends so after a label."""
    if matches(expected, actual):
        return True
    expected = expected.replace("\N{HORIZONTAL ELLIPSIS}", "...")
    want, got = tokens(expected), tokens(actual)
    start = len(got) - len(want)
    if start < 1 or not want or any(token.kind == "dots" for token in want):
        return False
    before, first = got[start - 1], got[start]
    apart = first.blank or before.text in _LABEL_ENDS or re.search(f"[{EAST_ASIAN}]\\Z", before.text) is not None
    labelled = any(token.kind == "word" for token in got[:start]) or (first.blank and before.text in (":", "=", ">"))
    return apart and labelled and stand_at(want, got, start)


def _numbers_among_words(shown: str, printed: str) -> bool:
    """Whether the numbers shown are all numbers in the output, in order, and the rest of the output is words and
    units."""
    want, got = tokens(shown), tokens(printed)
    if not want or any(token.kind != "number" for token in want):
        return False
    rest = [token.text for token in got if token.kind != "number"]
    if not rest or any(text in _NO_WORDS or text[0] in "()[]{}'\"0123456789" for text in rest):
        return False
    numbers = [token for token in got if token.kind == "number"]
    is_said = any(token.kind == "word" or token.text in _UNITS for token in got)
    alike = len(want) == len(numbers) and all(same(*pair, spacing=False) for pair in zip(want, numbers, strict=True))
    return is_said and alike


def _unquoted(text: str) -> str | None:
    """The contents of a quoted string; None for anything else."""
    if text[-1:] not in ("'", '"'):
        return None
    try:
        held = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return held if isinstance(held, str) else None


_MORE_GENERAL = {
    "IndentationError": "SyntaxError",
    "TabError": "SyntaxError",
    "ModuleNotFoundError": "ImportError",
}
"""Exceptions that earlier Python versions, or Python at the prompt, raise under another name."""
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_CONTAINERS = (("(", ")"), ("[", "]"), ("{", "}"), ("torch.Size([", "])"))
_LABEL_ENDS = frozenset(":=>$€£¥₩")
_UNITS = frozenset("%$€£¥₩°")
_NO_WORDS = frozenset({"True", "False", "None", "nan", "inf", "..."})
"""Words that are values."""
_BACKSLASH = re.compile(r"(?<=[\w.:~])\\{1,2}(?=[\w.~])")
"""Between the parts of a path on Windows."""
_SPELLINGS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # Shown by NumPy 2 inside containers, but not by NumPy 1.
    (re.compile(r"\b(?:np|numpy)\.(?:float|int|uint|complex|bool|str|bytes)(?:[0-9]+|_)?\(([^()]*)\)"), r"\1"),
    (re.compile(r"\b(?:np|numpy)\.(True|False)_"), r"\1"),
    # repr includes the module of a class; comments do not.
    (re.compile(r"\b(?:datetime|decimal|fractions|collections|pathlib|uuid)\.(?=[A-Za-z]+\()"), ""),
    (re.compile(r"\b_sre\.SRE_Match\b"), "re.Match"),
    # A class, as IPython shows it.
    (re.compile(r"<class '([\w.]+)'>"), r"\1"),
    # A trailing comma after the only argument of an exception, before Python 3.7.
    (re.compile(r"\b([A-Z]\w*\((?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|[\w.+-]+)),\)"), r"\1)"),
    # Paths of another system.
    (re.compile(r"\bWindowsPath\b"), "PosixPath"),
    (_BACKSLASH, "/"),
    # The blank after a label.
    (re.compile(r"(?<=[^\W\d]):[ \t]+(?=\S)"), ":"),
    # Single or double quotes.
    (re.compile('"'), "'"),
    # A shape as a tuple or as a list.
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
    """Both texts in the common spellings of ``_SPELLINGS``, and arrays as the lists that they print."""
    if shown.startswith("["):
        yield shown, _SHAPE.sub(r"\1", printed)
    one, other = shown, printed
    for pattern, plain in _SPELLINGS:
        one, other = pattern.sub(plain, one), pattern.sub(plain, other)
    if "{" in one and "{" in other:
        one, other = in_one_order(one, dicts=dicts), in_one_order(other, dicts=dicts)
    yield one, other
    if one.startswith("[") and ("," in one) != ("," in other):
        yield one.replace(",", " "), other.replace(",", " ")  # NumPy prints [1. 2.]
    left, right = _ARRAY.match(one), _ARRAY.match(other)
    if (left is None) != (right is None):
        # array([1, 2]) is printed as [1 2].
        one, other = left[1] if left else one, right[1] if right else other
        yield one, other
        yield one.replace(",", " "), other.replace(",", " ")

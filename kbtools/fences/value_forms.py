"""Recognizes comments that state a value, as against prose: a table of forms.

A comment beside a statement is compared when it reads wholly as a printed value, with what may stand around one:

| form                         | read as                                              |
|------------------------------|------------------------------------------------------|
| ``# 15.0``, ``# [1, 2]``     | the value                                            |
| ``# 2 3``, ``# 2, 3``         | values side by side, as ``print`` joins them         |
| ``# 85%``                    | a number                                             |
| ``# 3  # three``             | a value; a remark behind a second ``#``              |
| ``# 4 (1, 5, 7, 11)``        | a value; a remark in brackets                        |
| ``# True, because …``        | a value other than a bare number; a remark           |
| ``# 3, the first``           | a value; a remark that begins with a word            |
| ``# -> 3``, ``# => 3``       | a value behind an arrow                              |
| ``# prints 3``, ``# 결과는 3`` | a value behind a word for output                     |
| ``# Output: done (at once)`` | any text behind a word for output and a colon or arrow |
| ``# sum: 3``                 | a value behind the label that the ``print`` begins with |

Everything else is prose. What a value is says ``_ATOMS`` for its smallest parts and ``_CALLS`` for ``name(…)``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_DEPTH = 40
_DTYPES = (
    "float16|float32|float64|bfloat16|half|float|double|u?int8|u?int16|u?int32|u?int64|short|int|long|bool|complex32"
    "|complex64|complex128|float8_e4m3fn|float8_e5m2|strided|sparse_coo|sparse_csr|contiguous_format|channels_last"
    "|preserve_format|per_tensor_affine|per_channel_affine|q?u?int[48]"
)
_UNSIGNED = r"(?:[0-9]+(?:_[0-9]+)*(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NUMBER = rf"[+-]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|{_UNSIGNED}(?:[+-]{_UNSIGNED}j|j)?)"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
# No alternative repeats inside a repetition: linear on any text.
_ATOMS = {
    "blank": r"\s+",
    "dots": r"\.\.\.|…",
    "date": rf"{_DAY}(?:[T ]{_TIME}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?(?![\w-])|{_TIME}(?![\w:])",
    "version": r"[0-9]+(?:\.[0-9]+){2,}(?:[a-z]+[0-9]+)?(?:\+\w+)?(?![\w.])",
    "number": rf"(?:{_NUMBER}|[+-]?(?:inf|nan|NaN)j?)%?(?![\w%])",
    "string": r"[bru]?(?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")",
    "repr": r"<[A-Za-z_](?:[^<>\n]|->)*(?:<[^<>\n]*>[^<>\n]*)*>",
    "constant": rf"(?:True|False|None|NaT|NotImplemented|Ellipsis|np\.True_|np\.False_|torch\.(?:{_DTYPES}))"
    r"(?!\w|\.\w|\()",
    "device": r"(?:cpu|mps|cuda)(?::[0-9]+)?(?![\w.(:])",
    "name": r"[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*",
    "punct": r"[\[\](){},:=#]",
    "other": r".",
}
_TOKEN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _ATOMS.items()), re.S)
_VALUES = frozenset({"dots", "date", "version", "number", "string", "repr", "constant", "device"})
_CALLS = frozenset(
    """
    tensor array masked_array torch.Size device OrderedDict odict_keys odict_values odict_items defaultdict Counter
    deque set frozenset range dict_keys dict_values dict_items Decimal Fraction PosixPath PurePosixPath slice bytearray
    dtype date datetime timedelta time datetime.datetime datetime.date datetime.timedelta datetime.time Timestamp UUID
    mappingproxy namespace array.array Parameter ChainMap
    """.split()  # noqa: SIM905
)
"""Names whose calls are representations of values, with any arguments; also ``torch.return_types.…`` and NumPy's
scalars. For other capitalized names, only calls with keyword arguments alone: ``Point(x=1)`` is typical for
``repr``."""
_SCALAR = re.compile(r"(?:np|numpy)\.(?:float|int|uint|complex|bool|str|bytes|datetime|timedelta)(?:[0-9]+|_)?\Z")
_CLOSES = {"(": ")", "[": "]", "{": "}"}

_WORDS = r"(?:should |will |would )?(?:outputs?|out|prints?|printed|displays?|shows?|returns?|results?|answer|expected)"
_KOREAN = r"(?:출력|결과|반환)(?:[ ]?(?:결과|값))?"
_CHINESE = r"(?:输出|输出结果|结果|返回|出力|結果)"
_OTHERS = r"(?:sa[ií]da|salida|resultado|retorna|devuelve|imprime|sortie|résultat|ausgabe|ergebnis|вывод|результат)"
_POINTS = r"[-=]+>|→|⇒"
_ARROW = re.compile(rf"[ \t]*(?:{_POINTS}|>{{1,3}}|==?)(?![=>])[ \t]*")
_WORD = re.compile(
    rf"[ \t]*(?:(?i:{_WORDS}|{_OTHERS})(?:[ \t]+|(?=[:：]|{_POINTS}))"
    rf"|{_KOREAN}(?:[은는이가]?[ \t]+|(?=[:：]|{_POINTS}))"
    rf"|{_CHINESE}(?:[是为])?[ \t]*)(?P<colon>[:：]|{_POINTS})?[ \t]*"
)
_PRINTS = re.compile(r"(?i)[ \t]*(?:output|print|sa[ií]da|salida|출력|输出)")
"""Words behind which an arrow announces any text, as a colon does: others also name a type (``Returns -> list``)."""
_HEDGES = re.compile(
    r"(?i)\b(?:e\.?g|i\.e|something|similar|like|depend\w*|var(?:y|ies)|random\w*|approx\w*|about|around|may|might|could"
    r"|your?|etc|error|exception|traceback|nothing|none|same|different|will|would|should|unpredictable|undefined|printed|each"
    r"|[0-9]+ times)\b"
    r"|[A-Z]\w*(?:Error|Exception|Warning)\b|\((?:linux|mac|macos|unix|windows)\b"
    r"|^[~≈<(\[{]|(?:\.\.\.|…)[ \t]*$|예[:：를]"
)
"""Words that turn ``Output: something like 3`` into a remark."""

_NOTHING = re.compile(r"(?i)[(\[<#*\s]*(?:no output|prints nothing|출력 ?없음|没有输出|无输出|出力なし)[)\]>.!*\s]*")
_BRACKETED = re.compile(r"[ \t]*\([^()]*(?:\([^()]*\)[^()]*)*\)[ \t]*[.;,!]?[ \t]*\Z")
_MARKS = re.compile(r"[ \t]*[.;,!`][ \t]*\Z")
_AFTER_COMMA = re.compile(r"[,;][ \t]+(?=[^\W\d])")
_AFTER_ANY = re.compile(r"[ \t]*(?:[,;:]|[-–—=]>?|[→⇒]|because|since)[ \t]+(?=[^\W\d'\"`(])")


class StatedValue(NamedTuple):
    """The position of a printed value in a text."""

    start: int
    end: int
    short: int | None = None
    """Its end if the brackets at its end are a remark."""
    free: bool = False
    """Any text, after words that announce output."""


class _NotAValue(Exception):
    """The text is not a printed value."""


class _Parser:
    __slots__ = ("at", "depth", "text", "tokens")

    def __init__(self, text: str, start: int = 0) -> None:
        self.text = text
        self.tokens: list[re.Match[str]] = []
        for token in _TOKEN.finditer(text, start):
            if token.lastgroup != "blank":
                self.tokens.append(token)
            # Prose or a remark: each unclosed quote would cost a scan.
            if token.lastgroup == "other" or token[0] == "#":
                break
        self.at = 0
        self.depth = 0

    def peek(self, ahead: int = 0) -> re.Match[str] | None:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else None

    def take(self, text: str) -> bool:
        token = self.peek()
        if token is not None and token[0] == text and token.lastgroup == "punct":
            self.at += 1
            return True
        return False

    def is_value_next(self) -> bool:
        """Whether a value, and not a word of a remark, follows the token, separated by a blank."""
        token, after = self.peek(), self.peek(1)
        if token is None or after is None or after.start() == token.end():
            return False
        return after.lastgroup in _VALUES - {"device"} or after[0] in _CLOSES

    def value(self) -> str:
        """One value; returns its kind: one of _VALUES, call or bracket. Raises _NotAValue."""
        token = self.peek()
        if token is None:
            raise _NotAValue
        self.at += 1
        kind = token.lastgroup or ""
        if kind in _VALUES:
            if kind == "number" and self.depth == 0:
                self.thousands()
            return kind
        if kind == "name" and self.take("("):
            return self.call(token[0])
        if token[0] in _CLOSES and kind == "punct":
            return self.bracket(token[0])
        raise _NotAValue

    def thousands(self) -> None:
        """Further groups of a number such as ``1,234,567``."""
        last = self.tokens[self.at - 1]
        while re.fullmatch(r"[+-]?[0-9]{1,3}", last[0]):
            comma, group = self.peek(), self.peek(1)
            if comma is None or group is None or comma[0] != "," or comma.start() != last.end():
                return
            if group.start() != comma.end() or re.fullmatch(r"[0-9]{3}(?:\.[0-9]+)?", group[0]) is None:
                return
            self.at += 2
            last = group

    def enter(self) -> None:
        self.depth += 1
        if self.depth > _DEPTH:
            raise _NotAValue

    def call(self, name: str) -> str:
        known = name in _CALLS or name.startswith("torch.return_types.") or _SCALAR.match(name) is not None
        if not known and not name.rpartition(".")[2][:1].isupper():
            raise _NotAValue
        self.enter()
        values = keywords = 0
        while not self.take(")"):
            token, after = self.peek(), self.peek(1)
            if token is not None and token.lastgroup == "name" and after is not None and after[0] == "=":
                self.at += 2
                keywords += 1
            elif token is not None and token.lastgroup == "device" and after is not None and after[0] == "=":
                raise _NotAValue
            else:
                values += 1
            # In defaultdict(<class 'int'>, …) and similar forms a name is a value.
            self.value()
            if not self.take(","):
                if not self.take(")"):
                    raise _NotAValue
                break
        self.depth -= 1
        if not known and (values or not keywords):
            raise _NotAValue  # Name(1) is as likely a call as a value
        return "call"

    def bracket(self, opener: str) -> str:
        self.enter()
        close = _CLOSES[opener]
        kinds: list[str] = []
        commas = colons = 0
        spaced = False
        while not self.take(close):
            kinds.append(self.value())
            if opener == "{" and self.take(":"):
                colons += 1
                self.value()
            if self.take(","):
                commas += 1
            elif self.take(close):
                break
            elif opener == "[":
                spaced = True  # numpy prints [1. 2. 3.]
            else:
                raise _NotAValue
        self.depth -= 1
        if spaced and (
            commas or any(kind not in ("number", "bracket", "constant", "string", "dots") for kind in kinds)
        ):
            raise _NotAValue
        if opener == "(" and len(kinds) == 1 and not commas and not self.tokens[self.at - 2][0].endswith("j"):
            raise _NotAValue  # (1) is a callout or a step: a tuple of one shows a comma, only complex numbers need none
        if colons and colons != len([kind for kind in kinds if kind != "dots"]):
            raise _NotAValue
        return "bracket"


def find(text: str, *, label: str = "") -> StatedValue | None:
    """The printed value that a comment (its text behind the ``#``) shows, or None for prose.

    ``label`` is the text a ``print`` begins with, where it ends like a label.
    """
    start = len(text) - len(text.lstrip(" \t"))
    if label and text.startswith(label, start):
        return _value(text, start + len(label))
    found = _value(text, 0)
    if found is not None:
        return found
    arrow = _ARROW.match(text)
    if arrow is not None:
        return _value(text, arrow.end())
    word = _WORD.match(text)
    if word is None:
        return None
    found = _value(text, word.end())
    announced = word["colon"] in (":", "：") or (word["colon"] and _PRINTS.match(text))
    announced = announced and not word[0].lstrip().lower().startswith("expected")
    if found is None and announced and _HEDGES.search(text, word.end()) is None:
        end = len(text.rstrip())
        remark = _BRACKETED.search(text, word.end())
        short = remark.start() if remark is not None and remark.start() > word.end() else None
        return StatedValue(word.end(), end, short, free=True) if end > word.end() else None
    return found


def says_nothing(text: str) -> bool:
    """Whether a text says that there is no output."""
    return _NOTHING.fullmatch(text.strip()) is not None


def is_heading(text: str) -> bool:
    """Whether the text only announces output that follows: ``Output:``."""
    word = _WORD.fullmatch(text)
    return word is not None and word["colon"] in (":", "：")


def _value(text: str, start: int) -> StatedValue | None:
    """The values side by side that begin here, if only a remark follows them. ``cpu`` and ``cuda:0`` count only
    beside other values, ``...`` elides."""
    parser = _Parser(text, start)
    kinds: list[str] = []
    ends: list[int] = []
    first = None
    try:
        while (token := parser.peek()) is not None:
            if token[0] == "#" and kinds:
                break
            if first is None:
                first = token.start()
            if kinds and kinds[-1] != "dots" and token[0] == "," and parser.is_value_next():
                parser.at += 1  # 1, 2
            elif kinds and token.start() == ends[-1] and "dots" not in (token.lastgroup, kinds[-1]):
                break
            kinds.append(parser.value())
            ends.append(parser.tokens[parser.at - 1].end())
    except _NotAValue:
        pass
    if first is None or all(kind in ("dots", "device") for kind in kinds):
        return None
    if not _is_remark(text, ends[-1], kinds):
        return None
    bracketed = len(kinds) > 1 and kinds[-1] == "bracket" and text[ends[-1] - 1] == ")"
    return StatedValue(first, ends[-1], ends[-2] if bracketed else None)


def _is_remark(text: str, at: int, kinds: list[str]) -> bool:
    """Whether the text after a value is a remark, or empty."""
    rest = text[at:]
    if not rest.strip() or rest.lstrip(" \t").startswith("#"):
        return True
    if _BRACKETED.match(rest) or _MARKS.match(rest):
        return True
    found = _AFTER_COMMA.match(rest)
    if found is None and set(kinds) - {"number", "dots", "device", "date"}:
        found = _AFTER_ANY.match(rest)
    if found is None:
        return False
    word = _TOKEN.match(rest, found.end())
    return word is not None and word.lastgroup not in _VALUES


def is_value(text: str) -> bool:
    """Whether the whole text reads as a printed value."""
    found = _value(text, 0)
    return found is not None and found.end == len(text.rstrip()) and found.start == len(text) - len(text.lstrip())


def brackets_opened(text: str) -> int | None:
    """The number of brackets that a line of a value leaves open; None if it is not part of a value."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "punct":
            depth += (token[0] in "([{") - (token[0] in ")]}")
        if token.lastgroup == "other" or token[0] == "#":
            return None
    return depth

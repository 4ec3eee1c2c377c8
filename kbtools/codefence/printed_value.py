"""Tells a comment that shows a printed value (``tensor([2., 4.])``, ``15.0``) from prose."""

from __future__ import annotations

import re

_DEPTH = 40
_DTYPES = (
    "float16|float32|float64|bfloat16|half|float|double|u?int8|u?int16|u?int32|u?int64|short|int|long|bool|complex32"
    "|complex64|complex128|float8_e4m3fn|float8_e5m2|strided|sparse_coo|sparse_csr|contiguous_format|channels_last"
    "|preserve_format|per_tensor_affine|per_channel_affine|q?u?int[48]"
)
_UNSIGNED = r"(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NUMBER = rf"[+-]?{_UNSIGNED}(?:[+-]{_UNSIGNED}j|j)?"
# No alternative repeats inside a repetition: linear on any text.
_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<dots>\.\.\.)"
    rf"|(?P<number>{_NUMBER}|[+-]?(?:inf|nan)j?)(?![\w%])"
    r"|(?P<string>[bru]?(?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"))"
    r"|(?P<repr><(?:class '[\w.<>]+'|[A-Z]\w*Backward\w*|[\w.]+ object at (?:0x[0-9a-f]+|\.\.\.)|built-in [\w ]+)>)"
    rf"|(?P<constant>(?:True|False|None|torch\.(?:{_DTYPES}))(?![\w.(]))"
    r"|(?P<device>(?:cpu|mps|cuda)(?::[0-9]+)?(?![\w.(:]))"
    r"|(?P<name>[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<punct>[\[\](){},:=#])"
    r"|(?P<other>.)",
    re.S,
)
_CALLS = frozenset(
    {
        "tensor",
        "array",
        "torch.Size",
        "device",
        "OrderedDict",
        "defaultdict",
        "Counter",
        "deque",
        "set",
        "frozenset",
        "range",
    }
    | {
        "dict_keys",
        "dict_values",
        "dict_items",
        "Decimal",
        "Fraction",
        "PosixPath",
        "slice",
        "bytearray",
        "masked_array",
    }
    | {"datetime.datetime", "datetime.date", "datetime.timedelta", "odict_keys", "odict_values", "odict_items"}
)
_CLOSES = {"(": ")", "[": "]", "{": "}"}


class _No(Exception):
    """The text is not a printed value."""


class _Parser:
    __slots__ = ("at", "depth", "text", "tokens")

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[re.Match[str]] = []
        for token in _TOKEN.finditer(text):
            if token.lastgroup != "blank":
                self.tokens.append(token)
            if (
                token.lastgroup == "other" or token[0] == "#"
            ):  # prose, or a remark: unclosed quotes would cost a scan each
                break
        self.at = 0
        self.depth = 0

    def peek(self) -> re.Match[str] | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, text: str) -> bool:
        token = self.peek()
        if token is not None and token[0] == text and token.lastgroup == "punct":
            self.at += 1
            return True
        return False

    def value(self) -> str:
        """One value; its kind: dots, number, string, constant, device, call or bracket. Raises _No."""
        token = self.peek()
        if token is None:
            raise _No
        self.at += 1
        kind = token.lastgroup or ""
        if kind in ("dots", "number", "string", "repr", "constant", "device"):
            return kind
        if kind == "name" and self.take("("):
            return self.call(token[0])
        if token[0] in _CLOSES and kind == "punct":
            return self.bracket(token[0])
        raise _No

    def enter(self) -> None:
        self.depth += 1
        if self.depth > _DEPTH:
            raise _No

    def call(self, name: str) -> str:
        known = name in _CALLS or name.startswith("torch.return_types.")
        if not known and not name.rpartition(".")[2][:1].isupper():
            raise _No
        self.enter()
        values = keywords = 0
        while not self.take(")"):
            token, after = self.peek(), self.tokens[self.at + 1 : self.at + 2]
            if token is not None and token.lastgroup == "name" and after and after[0][0] == "=":
                self.at += 2
                keywords += 1
            else:
                values += 1
            self.value()
            if not self.take(","):
                if not self.take(")"):
                    raise _No
                break
        self.depth -= 1
        if not known and (values or not keywords):
            raise _No  # Name(1) is as likely a call as a value; Point(x=1) is what repr shows
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
                raise _No
        self.depth -= 1
        if spaced and (
            commas or any(kind not in ("number", "bracket", "constant", "string", "dots") for kind in kinds)
        ):
            raise _No
        if opener == "(" and len(kinds) == 1 and not commas and not self.tokens[self.at - 2][0].endswith("j"):
            raise _No  # (1) is a callout or a step: a tuple of one shows a comma, only complex numbers need none
        if colons and colons != len([kind for kind in kinds if kind != "dots"]):
            raise _No
        return "bracket"


def value_end(text: str) -> int | None:
    """Where the printed value ends that ``text`` consists of, or None when the text is prose.

    Values stand side by side, blanks between, as ``print`` joins them; ``cpu`` and ``cuda:0`` count beside other
    values only, ``...`` elides. What follows a ``#`` after the value is a remark.
    """
    parser = _Parser(text)
    kinds: list[str] = []
    end = 0
    try:
        while (token := parser.peek()) is not None:
            if token[0] == "#" and kinds:
                break
            attached = token.start() == end
            if kinds and attached and "dots" not in (token.lastgroup, kinds[-1]):
                return None
            kinds.append(parser.value())
            end = parser.tokens[parser.at - 1].end()
    except _No:
        return None
    return end if any(kind not in ("dots", "device") for kind in kinds) else None


def brackets_opened(text: str) -> int | None:
    """How many more brackets a line of a value opens than it closes; None when it is no part of a value."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "punct":
            depth += (token[0] in "([{") - (token[0] in ")]}")
        if token.lastgroup == "other" or token[0] == "#":
            return None
    return depth

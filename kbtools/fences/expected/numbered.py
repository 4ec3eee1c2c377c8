"""Finds comments that number lines, ``for x in y: # 2`` or ``f(x) # 3. the call``: they state no value."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Collection, Mapping

from kbtools.fences import value_forms
from kbtools.fences.python.pycode import Places

_NUMBERED = re.compile(r"#+[ \t]*(?P<number>[1-9][0-9]?)(?:[.)]?[ \t]*\Z|[.)][ \t]+(?=\S))")


def find(places: Places, statement_ends: Collection[int]) -> Mapping[int, int]:
    """Lines whose trailing comments count 1, 2, 3, … once each, in any order, and where the text after the number
    begins.

    Values may also happen to count. So at least one of the comments must be where no output can be stated: on the
    first line of a block (not a line of ``statement_ends``), or with words after its number.
    """
    found: dict[int, int] = {}
    numbers: list[int] = []
    sure = False
    try:
        for token in tokenize.generate_tokens(io.StringIO(places.text).readline):
            if token.type != tokenize.COMMENT or not token.line[: token.start[1]].strip():
                continue
            numbered = _NUMBERED.match(token.string)
            if numbered is None:
                continue
            text = token.string[numbered.end() :]
            line = token.start[0]
            found[line] = token.start[1] + numbered.end()
            numbers.append(int(numbered["number"]))
            sure = sure or line not in statement_ends or (text != "" and value_forms.find(text) is None)
    except (tokenize.TokenError, SyntaxError):
        return {}
    return found if sure and len(numbers) > 1 and sorted(numbers) == list(range(1, len(numbers) + 1)) else {}

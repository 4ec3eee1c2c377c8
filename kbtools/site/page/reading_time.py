"""Estimates reading time: Chinese, Japanese and Korean by character, other scripts by word, code by line.

The rates are those that Medium publishes for its own estimate ("Read time", help.medium.com): 500 characters a
minute for Chinese, Japanese and Korean, 265 words a minute for others. Code takes longer: 20 lines a minute.
"""

from __future__ import annotations

import math
import re

from kbtools.vault.page import Page

CHARACTERS = 500
WORDS = 265
LINES = 20

_CJK = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_WORD = re.compile("[A-Za-z\u00c0-\u024f\u0370-\u052f0-9][A-Za-z\u00c0-\u024f\u0370-\u052f0-9_'.-]*")
_TARGET = re.compile(r"\[\[[^\[\]|\r\n]*\||\]\([^()\r\n]*\)")


def minutes(page: Page) -> int:
    """Minutes, at least one. Comments, hidden snippets and addresses of links do not count."""
    text, at, prose = page.source.text, 0, []
    for span in page.structure.opaque:
        prose.append(text[at : span.start])
        at = span.end
    prose.append(text[at:])
    words = _TARGET.sub(" ", " ".join(prose))
    lines = sum(
        sum(1 for line in snippet.fence.code.split("\n") if line.strip())
        for snippet in page.snippets
        if not snippet.options.hidden and snippet.language != "mermaid"
    )
    spent = len(_CJK.findall(words)) / CHARACTERS + len(_WORD.findall(words)) / WORDS + lines / LINES
    return max(1, math.ceil(spent))

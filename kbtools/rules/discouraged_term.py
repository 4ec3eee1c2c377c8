"""A word that the wiki's list of terms replaces by another.

`[terms]` in the configuration names the words to avoid and what to write for each. A wiki that calls one thing by two
names is found by half of its readers. A term is found as a whole word, without regard to the case of Latin letters;
behind Hangul a particle may follow. A `*` at its end stands for any ending: `"씨뿌리*"` finds 씨뿌린다 and 씨뿌렸다.
Code, math, comments, addresses and the targets of links are not looked at; labels and headings are. The unsafe fix
writes the preferred term where particles stay right.

```toml title="kb.toml"
[terms]
"씨앗" = "시드"
"learning speed" = "learning rate"
```

## Reported

```markdown title="A.md"
씨앗을 고정하고 learning speed를 낮춥니다. [[B]]
```

```markdown title="B.md"
[[A]]
```

## Instead

```markdown title="A.md"
시드를 고정하고 learning rate를 낮춥니다. [[B]]
```

```markdown title="B.md"
[[A]], `씨앗`, 씨앗호떡
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from kbtools.rules import Context
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem, Severity
from kbtools.text.source import Span
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "vault"

_HANGUL = re.compile(r"[가-힣]*")
_ADDRESS = re.compile(r"\]\([^()\n]*\)|<?\b[a-z][a-z0-9+.-]{0,15}://[^\s<>]+")


def check(page: Page, context: Context) -> Iterator[Problem]:
    terms = context.config.terms
    if not terms:
        return
    prose = _prose(page)
    for m in _pattern(tuple(terms)).finditer(prose):
        found = m[0]
        term, preferred = _meant(found, tuple(terms.items()))
        if not term.endswith("*") and not _ends(prose, m.end()):
            continue
        span, fix = Span(m.start(), m.end()), None
        if not term.endswith("*") and _is_closed(found) == _is_closed(preferred):
            fix = Fix(f"write {preferred}", Applicability.UNSAFE, (Edit(span, preferred),))
        yield Problem(
            "discouraged-term", span, f'this wiki says "{preferred}" for "{found}"', f"write {preferred}", fix
        )


@cache
def _pattern(terms: tuple[str, ...]) -> re.Pattern[str]:
    """Matches any term at the start of a word; the longest one is found."""
    words = sorted((t.removesuffix("*") for t in terms), key=len, reverse=True)
    return re.compile(rf"(?<![\w.@/\\#$])(?:{'|'.join(map(re.escape, words))})", re.IGNORECASE)


@cache
def _meant(found: str, terms: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    return next((t, p) for t, p in terms if t.removesuffix("*").casefold() == found.casefold())


def _ends(prose: str, at: int) -> bool:
    """Whether a word ends here, or is followed only by a particle."""
    rest = _HANGUL.match(prose, at)
    assert rest is not None
    if rest[0]:
        from kbtools.vault.links.suggest import AFTER_NOUNS

        return rest[0] in AFTER_NOUNS
    following = prose[at : at + 1]
    return not (following.isalnum() or following == "_")


def _is_closed(word: str) -> bool | None:
    """Whether the last syllable ends in a consonant, which determines the form of a particle; None for other
    scripts."""
    return (ord(word[-1]) - 0xAC00) % 28 > 0 if "가" <= word[-1] <= "힣" else None


def _prose(page: Page) -> str:
    """The page's text with everything but prose blanked; positions are unchanged."""
    text = page.source.text
    holes = [(s.start, s.end) for s in page.structure.opaque]
    for link in page.links:
        holes.append((link.start, link.end if link.label is None else link.target_span.end))
    holes += [m.span() for m in _ADDRESS.finditer(text)]
    kept: list[str] = []
    at = 0
    for start, end in sorted(holes):
        if end > at:
            begin = max(start, at)
            kept += (text[at:begin], "\0" * (end - begin))
            at = end
    return "".join((*kept, text[at:]))

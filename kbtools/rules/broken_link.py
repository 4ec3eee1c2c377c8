"""A wikilink that no page answers to.

Readers meet a dead end. The name is compared with file names and titles, first as written, then without regard to
case, blanks, `_` and dashes. Aliases and near spellings are offered as help and never applied unasked:
`kb fix --unsafe` writes the one offered and keeps your words as the label.

## Reported

```markdown title="A.md"
이것은 [[텐서 연산자]]와 같다.
```

## Instead

```markdown title="A.md"
이것은 [[텐서 연산]]과 같다.
```

```markdown title="텐서 연산.md"
[[A]]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.diagnostics import Problem, Severity
from kbtools.index import Missing
from kbtools.links import is_attachment_name, relabel_fix
from kbtools.page import Page
from kbtools.rules import Context

SEVERITY = Severity.ERROR
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for link, resolution in context.index.links_of(page):
        if not isinstance(resolution, Missing) or is_attachment_name(link.target):
            continue
        help_, fix = None, None
        suggestion = context.suggester.suggest(link, page, resolution)
        if suggestion:
            fix = relabel_fix(link, suggestion.target, page.source.text)
            written = fix.edits[0].replacement
            help_ = f"did you mean [[{suggestion.target}]]? {suggestion.why}. `kb fix --unsafe` writes {written}"
        yield Problem("broken-link", link.target_span, f'no page is called "{link.target}"', help_, fix)

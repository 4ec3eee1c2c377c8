"""A shell fence with a syntax error.

bash reads `bash`, `sh`, `shell` and the commands of `console` fences, zsh reads `zsh`; nothing is run. A word in angle
brackets, `<name>`, is taken for something the reader fills in.

## Reported

````markdown title="A.md"
```bash
if [ -d data ]; then
    echo there
```
````

## Instead

````markdown title="A.md"
```bash
if [ -d data ]; then
    echo there
fi
git clone <url>
```
````
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.page import Page

SEVERITY = Severity.ERROR
GROUP = "snippets"
_WAY_OUT = 'if it is not a script, call the fence `text`, or mark it `.skip reason="…"`'


def check(page: Page, context: Context) -> Iterator[Problem]:
    from kbtools.fences.python.pycode import Places  # which pages without fences do without

    for snippet in page.snippets:
        found = context.shell_fault(snippet.language, snippet.code)
        if found is not None and snippet.options.skip is None:
            line, message = found
            places = Places(snippet.fence)
            while line > 1 and not (line <= len(places.lines) and places.lines[line - 1].strip()):
                line -= 1
            yield Problem("shell-syntax", places.line(line), message, _WAY_OUT)

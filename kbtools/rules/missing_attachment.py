"""An embedded or linked file that is not in the vault.

The page shows a broken picture or a dead download. That holds for `![[picture.png]]` as for `![](picture.png)`. Names
are compared as they are written, because files on most servers are case-sensitive; in an Obsidian vault they are not,
and a file is found by its name, wherever it lies. Where `mkdocs.yml` has `hooks`, which may make files or write other
addresses, it is an info; so is one for all pictures and files of a page that was saved from the web, where no site is
made.

## Reported

```markdown title="A.md"
![[그림.png]] ![그림](img/그림.png)
```

## Instead

```markdown title="A.md"
![[A]]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.links import has_placeholder, is_attachment_name
from kbtools.markdown.file_links import is_page_path
from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.links.addresses import is_of_copy, of_copy
from kbtools.vault.links.resolution import Missing
from kbtools.vault.links.spelling import relabel_fix
from kbtools.vault.page import Page

SEVERITY = Severity.ERROR
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    if context.config.dialect == "logseq" and page.stem.startswith("hls__"):
        return  # Logseq's own page for highlights of a PDF, which is often outside of the graph
    for link, resolution in context.links.wiki:
        named = is_attachment_name(link.target) and not has_placeholder(link.target)
        if isinstance(resolution, Missing) and named:
            help_, target = context.suggester.attachment(link.target)
            fix = relabel_fix(link, target, page, target) if target is not None else None
            if fix is not None:
                help_ = f"{help_}. `kb fix --unsafe` writes {fix.edits[0].replacement}"
            message = f'no file is called "{link.target}"'
            yield Problem("missing-attachment", link.target_span, message, help_, fix)
    copied: list[Problem] = []
    for file, found in context.links.files:
        if context.config.generator == "sphinx" and file.kind != "image" and "/" not in file.path:
            continue  # in MyST the name of anything that is documented
        if isinstance(found, Missing) and file.is_used and not (is_page_path(file) or context.is_no_link(file)):
            help_, fix = context.suggester.file(file, page)
            message = f'there is no file at "{file.path}"' if file.path else "the picture has no address"
            severity = None
            if file.path and fix is None:
                help_, severity = context.unless_hook("makes it", help_)
            problem = Problem("missing-attachment", file.path_span, message, help_, fix, severity=severity)
            if is_of_copy(problem, file, page, has_site=context.config.has_site):
                copied.append(problem)
            else:
                yield problem
    yield from of_copy(copied)

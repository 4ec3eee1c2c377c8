"""A link whose spelling differs from the page's own.

It means one page, but only after case, blanks, `_` and dashes are evened out: other tools will not follow it, and
`grep` will not find it. `kb reconcile --apply` (or `kb fix`) rewrites it and touches nothing else: anchor, label and
particles stay. Where links are spelled as file names (`link_style`), a difference in case alone is left: Obsidian
follows it. The path of a Markdown link is compared with regard to case, as most servers do, but not in an Obsidian
vault.

## Reported

```markdown title="A.md"
[[pytorch foundations|기초]]는
```

```markdown title="PyTorch Foundations.md"
[[A]]
```

## Instead

```markdown title="A.md"
[[PyTorch Foundations|기초]]는
```

```markdown title="PyTorch Foundations.md"
[[A]]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.links import fold_title
from kbtools.markdown.file_links import written
from kbtools.rules import Context
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem, Severity
from kbtools.text.source import Span
from kbtools.vault.links.resolution import Resolved
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    if context.config.generator == "quartz" and not context.config.has_site:
        return  # its addresses have dashes for blanks, and lower-case letters
    for link, resolution in context.links.wiki:
        if not isinstance(resolution, Resolved) or resolution.how != "variant":
            continue
        if context.redirect(resolution.page) is not None or not context.is_misspelled(link, resolution.page):
            continue  # a link to a page that redirects is link-to-duplicate
        target = context.canonical(link, resolution)
        if target is None:
            message = f'"{link.target}" is not the exact name of {resolution.page}'
            yield Problem("variant-link", link.target_span, message)
            continue
        fix = Fix(f"write [[{target}]]", Applicability.SAFE, context.respelled(link, target))
        message = f'"{link.target}" is spelled "{target}"'
        if fold_title(target.rpartition("/")[2]) != fold_title(link.target.rpartition("/")[2]):
            message = f'"{link.target}" is a title, and the file is called "{target}"'
        yield Problem("variant-link", link.target_span, message, "`kb reconcile --apply` rewrites it", fix)
    if context.config.obsidian is not None:
        return
    for file, found in context.links.files:
        if not isinstance(found, Resolved) or found.how != "variant" or file.path.endswith("/"):
            continue
        name = found.page.rpartition("/")[2]
        if file.path.rpartition("/")[2].casefold() != name.casefold():
            continue
        start = file.path_start + file.path_span.of(page.source.text).rfind("/") + 1
        edit = Edit(Span(start, file.path_end), written(name, file, page.source.text))
        fix = Fix(f"write {edit.replacement}", Applicability.SAFE, (edit,))
        message = f'"{file.path}" differs from {found.page} in case: most servers will not find it'
        yield Problem("variant-link", file.path_span, message, fix.title, fix)

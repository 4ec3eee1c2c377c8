"""A page that no other page links to.

Readers find it only by search. Wikilinks and Markdown links of other pages lead to a page, and so do the `nav` of
`mkdocs.yml` and a canvas of Obsidian's. Index and readme pages are no orphans, nor are pages that code hosts look for
by name (`CONTRIBUTING`, `CHANGELOG` and the like), learning paths, which the site lists, the templates of an Obsidian
vault, translations (`a.ko.md`, `ko/a.md`) on a site with the plugin `i18n`, pages in a folder `includes`, `snippets`
or `partials` of a site of MkDocs, which others show, and pages of a site of another generator (Jekyll, mdBook,
Docusaurus, Quartz and the like), which has its own navigation. Where `mkdocs.yml` has no `nav`, or a plugin that finds
pages for it (`awesome-nav`, `literate-nav` and the like), and kb's plugin is not among them, the navigation lists the
pages. In Logseq and Dendron tags, properties or the names of notes lead to them.

## Reported

```markdown title="A.md"
# A
```

## Instead

```markdown title="A.md"
[[B]]
```

```markdown title="B.md"
[[A]]
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.text.source import Span
from kbtools.vault.page import Page

SEVERITY = Severity.INFO
GROUP = "vault"


ENTRANCES = ("index", "readme", "home")
_OF_REPOSITORIES = frozenset(
    (
        "agents",
        "authors",
        "changelog",
        "changes",
        "claude",
        "code_of_conduct",
        "contributing",
        "governance",
        "issue_template",
        "licence",
        "license",
        "pull_request_template",
        "security",
        "summary",
        "support",
    )
)
"""Pages that code hosts and other programs look for by name; ``SUMMARY.md`` is the navigation of GitBook and mdBook."""

_INCLUDED = re.compile(r"[_.]?(?:includes?|partials?|snippets?|abbreviations?)")
"""Folders of a site of MkDocs whose files are parts of pages (``--8<--``, ``{% include %}``)."""


def check(page: Page, context: Context) -> Iterator[Problem]:
    if context.config.dialect is not None or context.config.has_navigation or context.config.generator == "quartz":
        return  # there, tags, properties, names or a navigation that kb does not read lead to pages
    name = page.stem.lower()
    entrance = name in ENTRANCES or name.replace("-", "_") in _OF_REPOSITORIES or page.is_learning_path
    mkdocs = context.config.mkdocs
    if mkdocs is not None and (mkdocs.lists_pages or mkdocs.is_post(page.path) or mkdocs.is_translation(page.path)):
        return
    if mkdocs is not None and any(map(_INCLUDED.fullmatch, page.path.split("/")[:-1])):
        return  # other pages show it
    if entrance or page.redirect is not None or context.is_linked:
        return
    yield Problem("orphan-page", Span(0, 0), "no page links here", "link to it from a page about a wider subject")

"""A source that a reader cannot follow.

An entry of `raw_sources` leads somewhere when it holds an address, an identifier (DOI, arXiv, ISBN, RFC, PEP, CVE, an
issue as `owner/name#1`, a commit), a wikilink to a page, or the name of a document with its year or version. "The
manual" says nothing that could be checked; say where it was read, best with the day: `https://… (2026-11-29)`.

## Reported

```markdown title="A.md"
---
raw_sources:
  - PyTorch API
---
```

## Instead

```markdown title="A.md"
---
raw_sources:
  - https://docs.pytorch.org/docs/stable/autograd.html (2026-11-29)
  - "Paszke et al.: PyTorch: An Imperative Style (NeurIPS 2019)"
---
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.vault.links.resolution import Missing
from kbtools.vault.page import Page

SEVERITY = Severity.INFO
GROUP = "frontmatter"

_FIELD = "raw_sources"
_FOLLOWABLE = re.compile(
    r"""(?ix)
    [a-z][a-z0-9+.-]*://\S | \b(?:[a-z0-9-]+\.)+[a-z]{2,}/\S        # an address
    | \b10\.\d{4,9}/\S | \barxiv:?\s*[a-z-]*/?\d | \b\d{4}\.\d{4,5}\b
    | \b(?:isbn|issn|rfc|pep|iso(?:/iec)?|cve|ghsa)\b[\s:-]*[\da-z] | [\w.-]+/[\w.-]+\#\d
    | \b(?=[a-f]*\d)[0-9a-f]{7,40}\b                                # a commit
    | \S\.(?:pdf|epub|md|rst|txt|tex|html?|docx?|pptx?|xlsx?|csv|json|ya?ml|toml|ipynb|py|mp[34]|zip)\b
    """
)
_NAMED = re.compile(r"\b(?:1[5-9]|20)\d\d\b|\d\.\d")
"""A year or a version: together with other words, it identifies a document."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_WIKILINK = re.compile(r"\[\[([^\[\]|#]+)[^\[\]]*\]\]")


def check(page: Page, context: Context) -> Iterator[Problem]:
    sources = page.data.get(_FIELD)
    entries = enumerate(sources) if isinstance(sources, list) else [(None, sources)]
    for number, source in entries:
        if not isinstance(source, str) or not source.strip() or _leads_somewhere(source, page, context):
            continue
        where = page.frontmatter.entries.get((_FIELD, number)) if page.frontmatter and number is not None else None
        span = where.value if where else page.field_span(_FIELD)
        help = "give its address and the day it was read, or the document's title with its year or version"
        yield Problem("untraceable-source", span, f'"{source.strip()}" is no source that can be followed', help)


def _leads_somewhere(source: str, page: Page, context: Context) -> bool:
    links = _WIKILINK.findall(source)
    if links:
        return all(not isinstance(context.resolve(name.strip()), Missing) for name in links)
    return bool(_FOLLOWABLE.search(source) or (_NAMED.search(source) and len(_WORD.findall(source)) >= 2))

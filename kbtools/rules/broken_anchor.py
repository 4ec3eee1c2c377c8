"""A link to a section that its page does not have.

The reader lands at the top of the page. The section of `[[Page#Section]]` or `[text](Page.md#section)` is found by its
heading's text, without regard to case; by the id the site gives it, or the one GitHub would; as Obsidian finds it,
without regard to punctuation; or by an id that the page gives an element itself, `<a id="x"></a>` or `{#x}`.
`[[T#H1#H2]]` is H2 below H1. On a site of MkDocs that kb's plugin takes no part in, a Markdown link names an id,
character by character: `#Section` and `#절` lead to the top of the page where `mkdocs.yml` does not set `slugify` of
`toc`, because ids are then lower case and have ASCII characters only. Where a plugin documents code (mkdocstrings),
`api.md#package.Class.method` is its own: MkDocs says whether it is there. Nothing is said of the top of a page
(`#top`), of tabs (`#__tabbed_1_2`) and headings (`#_3`), whose numbers the renderer gives, and nothing of pages that
include others (`--8<--`, `{% include %}`, `:::`), whose sections are known only when the site is built; where hooks of
`mkdocs.yml` may add ids, it is an info. Where no site is made, nothing is said of links that came with text of a web
page: to footnotes (`#cite_note-1`), any `[text](#section)` of a note whose frontmatter gives a web page as its
`source`, `url` or `link`, and those in Logseq, whose pages have no sections. Nothing is said of the list of
contributors that the bot all-contributors writes.

## Reported

```markdown title="A.md"
[[#없는 절]] [여기](#nowhere)

## 있는 절
```

## Instead

```markdown title="A.md"
[[#있는 절]] [여기](#figure-1)

## 있는 절

<a id="figure-1"></a>
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbtools.config.mkdocs_file import HeadingIds
from kbtools.links import has_placeholder
from kbtools.markdown.file_links import FileLink, written_fragment
from kbtools.rules import Context
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem, Severity
from kbtools.text.source import Span
from kbtools.vault.links.addresses import is_copied
from kbtools.vault.links.resolution import target_page
from kbtools.vault.page import Page

_OF_CLIPPINGS = re.compile(
    r"cite_(?:note|ref)|fn(?:ref)?[:\d-]|endnote|footnote|_ftn|_edn|mw-|bib\.bib|user-content-fn"
)
"""Footnote ids of saved web pages: nobody wrote these links."""
_NUMBERED = re.compile(r"__tabbed_\d+_\d+|_\d+")
"""Numbered ids, which are created during rendering, of tabs and of headings without an ASCII letter: such links were
copied from the site."""
_LABEL = re.compile(r"(?:sec|fig|tbl|eq|lst|thm|lem|cor|prp|cnj|def|exm|exr)-")
"""Prefixes of Quarto's cross references."""
_TOP = "top"
"""The fragment that browsers take for the top of any page (HTML standard, *select the indicated part*)."""
_CONTRIBUTORS = "ALL-CONTRIBUTORS-LIST:START"
SEVERITY = Severity.WARNING
GROUP = "links"


def check(page: Page, context: Context) -> Iterator[Problem]:
    for link, resolution in context.links.wiki:
        if link.anchor is not None:
            yield from _problem(target_page(resolution), link.anchor, link.place_span, page, context)
    for file, found in context.links.files:
        if file.anchor is None or file.anchor.lower() == _TOP or not file.is_used or _is_of_bot(file, page):
            continue
        if not file.path and not context.config.has_site and _is_elsewhere(file, page, context):
            continue
        target, made = target_page(found), context.config.mkdocs.heading_ids if context.config.mkdocs else None
        if target is None or made is None or not context.has_section(target, file.anchor):
            yield from _problem(target, file.anchor, file.fragment_span, page, context)
        elif not context.has_address(target, file.anchor, made):
            yield _other_id(target, file, made, page, context)


def _is_of_bot(file: FileLink, page: Page) -> bool:
    """Whether a bot has written a link: all-contributors gives each contribution its own address."""
    return file.kind == "html" and not file.path and _CONTRIBUTORS in page.source.text


def _is_elsewhere(file: FileLink, page: Page, context: Context) -> bool:
    """Whether ``[x](#name)`` need not name a section of its page: copied text, or a label anywhere in the project as
    in MyST, and in books of Quarto for names with one of its prefixes."""
    generator = context.config.generator
    is_label = generator == "sphinx" or (generator == "quarto" and _LABEL.match(file.anchor or "") is not None)
    return is_label or _is_copied(file, page, context)


def _is_copied(file: FileLink, page: Page, context: Context) -> bool:
    """Whether a link within a note came with text of a web page: nobody wrote its table of contents and its footnotes.
    The frontmatter or the id says so, or the program, Logseq, whose pages have no sections."""
    if context.config.dialect == "logseq" or file.kind == "html" or _OF_CLIPPINGS.match(file.anchor or ""):
        return True
    return is_copied(page)


def _other_id(target: str, file: FileLink, made: HeadingIds, page: Page, context: Context) -> Problem:
    """A section named in a way that the site does not follow: it compares ids, character by character."""
    address = context.suggester.address(target, file.anchor or "", made)
    message = f'{target} has no section "{file.anchor}" on the site'
    if address is None or _NUMBERED.fullmatch(address):
        way = "its heading's id has ASCII letters only: set slugify of toc in mkdocs.yml, or give the heading an id"
        return Problem("broken-anchor", file.fragment_span, message, way)
    edit = Edit(file.fragment_span, written_fragment(address, file, page.source.text))
    fix = Fix(f"write #{address}", Applicability.UNSAFE, (edit,))
    help_ = f"its heading has the id {address} there: `kb fix --unsafe` writes it"
    return Problem("broken-anchor", file.fragment_span, message, help_, fix)


def _problem(
    target: str | None, anchor: str, span: Span, page: Page, context: Context, severity: Severity | None = None
) -> Iterator[Problem]:
    if target is None or has_placeholder(anchor) or context.has_section(target, anchor):
        return
    outline = context.page(target) if not context.config.has_site else None
    if outline is not None and outline.has_refused_fences:
        return  # a fence that only the site refuses may hide headings
    mkdocs = context.config.mkdocs
    if mkdocs is not None and (mkdocs.documents(anchor) or _NUMBERED.fullmatch(anchor)):
        return
    help_, severity = context.unless_hook("makes it", context.suggester.section(target, anchor), severity)
    if _OF_CLIPPINGS.match(anchor):
        severity = Severity.INFO
    yield Problem("broken-anchor", span, f'{target} has no section "{anchor}"', help_, severity=severity)

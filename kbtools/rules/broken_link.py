"""A link that matches no page.

Readers meet a dead end. The name of a wikilink is compared with file names and titles, first as written, then without
regard to case, blanks, `_` and dashes. A Markdown link, `[text](Page.md)`, leads to a file relative to its page; in an
Obsidian vault a file is also found by its name, wherever it lies. Aliases and near spellings are offered as help and
never applied unasked: `kb fix --unsafe` writes the one offered and keeps your words as the label.

In an Obsidian vault, and with `--vault`, a wikilink to a page that is not written yet is an info: many people link
first and write later. So is `[Page](Page)`, and `[Page](Page.md)` is a warning. A name that is probably misspelled is
a warning there, and a link to a folder an info, where no site is made of the vault; nothing if it ends with `/`.
Placeholders of templates, `[[{{title}}]]`, are no broken links, nor are the names of days, weeks and months
(`[[2026-01-31]]`) in a vault of notes, whose programs write such links by themselves, nor the paths of folders and
tags in a garden of Quartz, which makes pages of them. On a site of MkDocs without a plugin or extension for wikilinks,
brackets are text unless others of the page are links, and where `mkdocs.yml` has `hooks`, which may make pages or
write other addresses, a broken Markdown link is an info. A link without an address in mdBook's `SUMMARY.md` is a
planned chapter. On sites whose generator leaves numbers out of addresses or takes them from dates and frontmatter
(Docusaurus, Hugo, Jekyll, Astro, Eleventy), nothing is said of addresses without an ending. A link to an HTML file,
which was copied from a web page, is an info where no site is made; so is one for all links of a page that was saved
from the web: one whose frontmatter gives an address as its `source`, `url` or `link`, or which begins with one. In
documentation that Sphinx builds, addresses that do not end in `.md` are references of MyST, and not looked at.

## Reported

```markdown title="A.md"
이것은 [[텐서 연산자]]와 같다. [여기](Nowhere.md)를 보라.
```

## Instead

```markdown title="A.md"
이것은 [[텐서 연산]]과 같다. [여기](텐서%20연산.md)를 보라.
```

```markdown title="텐서 연산.md"
[[A]]
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kbtools.links import WikiLink, has_placeholder, is_attachment_name
from kbtools.markdown.file_links import FileLink, has_ending, is_page_path
from kbtools.rules import Context
from kbtools.text.diagnostics import Problem, Severity
from kbtools.text.source import Span
from kbtools.vault.links.addresses import is_of_copy, of_copy
from kbtools.vault.links.resolution import Ambiguous, Elsewhere, Missing, Resolved
from kbtools.vault.links.resolve import joined
from kbtools.vault.links.spelling import relabel_fix
from kbtools.vault.logseq import journal
from kbtools.vault.page import Page

SEVERITY = Severity.ERROR
GROUP = "links"

_TEST = re.compile(r"\[\[\s[^|#]*\s\]\]")
"""A test of a shell, ``[[ expression ]]``."""
_PERIOD = re.compile(r"(?:.*/)?\d{4}-(?:\d{2}(?:-\d{2})?|W\d{1,2}|Q[1-4])")
"""The name of a note for a day, week, month or quarter, which programs link to whether it is written or not."""
_WITH_SLUGS = ("astro", "docusaurus", "eleventy", "hugo", "jekyll")
"""Generators that give pages addresses by numbers left out, dates or frontmatter."""
_LINK = re.compile(r"\[[^\]\r\n]*\]\(([^()\s]+)\)?")


def check(page: Page, context: Context) -> Iterator[Problem]:
    mkdocs = context.config.mkdocs
    are_text = mkdocs is not None and not mkdocs.has_wikilinks and not _has_resolved(context)
    for link, resolution in context.links.wiki:
        if not isinstance(resolution, Missing) or is_attachment_name(link.target) or has_placeholder(link.target):
            continue
        if _is_listed_by_quartz(link, context) or _TEST.fullmatch(link.span.of(page.source.text)):
            continue
        problem = _wikilink(link, page, context)
        if problem is not None and (problem.fix is not None or not are_text):
            yield problem
    copied: list[Problem] = []
    for file, found in context.links.files:
        if not file.is_used or isinstance(found, (Resolved, Ambiguous)) or context.is_no_link(file):
            continue
        if isinstance(found, Missing) and is_page_path(file):
            problem = _file_link(file, page, context)
            if problem is None:
                continue
            if is_of_copy(problem, file, page, has_site=context.config.has_site):
                copied.append(problem)
            else:
                yield problem
        elif isinstance(found, Elsewhere) and found.is_outside and context.config.mkdocs is not None:
            message = f'"{file.path}" leads out of the wiki: the site has no such address'
            way, severity = context.unless_hook("rewrites it", "link to where it is published")
            yield Problem("broken-link", file.path_span, message, way, severity=severity)
    yield from of_copy(copied)


def _is_listed_by_quartz(link: WikiLink, context: Context) -> bool:
    """Whether a link leads to a page that Quartz generates for a tag or a folder."""
    if context.config.generator != "quartz":
        return False
    of_folder = "/" in link.target and any(map(context.suggester.has_folder, (link.target, f"content/{link.target}")))
    return of_folder or link.target.startswith("tags/")


def _has_resolved(context: Context) -> bool:
    """Whether any wikilink of the page resolves."""
    return not all(isinstance(resolution, Missing) for _, resolution in context.links.wiki)


def _file_link(file: FileLink, page: Page, context: Context) -> Problem | None:
    if not file.path and _is_draft(file, page, context):
        return None
    if not file.path:
        is_code = page.source.text[max(0, file.span.start - 1) : file.span.start].isalnum()  # names[index]()
        way = "write it between backticks if it is code" if is_code else "write it between the parentheses"
        return Problem("broken-link", file.span, "the link has no address", way)
    if (inner := _LINK.match(page.source.text, file.path_start)) is not None:
        message, way = "a link stands where an address should", f"write the address alone: {inner[1]}"
        return Problem("broken-link", Span(*inner.span()), message, way)
    is_folder = not context.config.has_site and context.suggester.is_folder(file, page)
    if is_folder and file.path.rpartition("/")[2] in ("", ".", ".."):
        return None  # GitHub and generators of digital gardens list its content
    if context.config.generator in _WITH_SLUGS and not has_ending(file.path):
        return None  # an address of the site, which need not be the path of a file
    if context.config.generator == "sphinx" and not file.path.lower().endswith(".md"):
        return None  # in MyST the name of anything that is documented
    help_, fix = context.suggester.file(file, page)
    message = f'there is no page at "{file.path}"'
    is_of_notes = not (context.config.has_site or context.config.has_navigation)
    if is_of_notes and fix is None and file.path.lower().endswith((".html", ".htm")):
        return Problem("broken-link", file.path_span, message, help_, severity=Severity.INFO)  # copied from the web
    if not context.config.has_site and fix is None and (_is_name(file.path) or is_folder):
        # A page that does not exist yet, as with [[Name]]; or a folder.
        severity = Severity.WARNING if file.path.endswith(".md") else Severity.INFO
        return Problem("broken-link", file.path_span, message, help_, severity=severity)
    mkdocs = context.config.mkdocs
    maker = mkdocs.makes_pages if mkdocs is not None else None
    if mkdocs is not None and maker is None and mkdocs.names(joined(file.path, page.folder) or ""):
        maker = "what runs before the build"  # the navigation expects it
    if fix is not None or maker is None:
        ends_early = context.suggester.whole_address(file, page) is not None
        return Problem("broken-link", file.path_span, message, help_, fix, site_only=ends_early)
    return Problem("broken-link", file.path_span, message, f"unless {maker} makes it", severity=Severity.INFO)


def _is_draft(file: FileLink, page: Page, context: Context) -> bool:
    """Whether a link without an address is a chapter that does not exist yet, as in mdBook."""
    return context.config.generator == "mdbook" and page.stem == "SUMMARY" and file.kind == "link"


def _is_name(path: str) -> bool:
    """Whether an address is a page's name, not a path."""
    return "/" not in path and (path.endswith(".md") or not has_ending(path))


def _wikilink(link: WikiLink, page: Page, context: Context) -> Problem | None:
    suggestion = context.suggester.suggest(link, page)
    message = f'no page is called "{link.target}"'
    is_garden = context.config.is_garden
    if suggestion is None or suggestion.target is None:
        if is_garden and (journal(link.target) is not None or _PERIOD.fullmatch(link.name)):
            return None  # of a day or week in which nothing was written
        # In a garden of notes, a link to a page that nobody has written yet is a plan.
        why = suggestion.why if suggestion is not None else None
        severity = Severity.INFO if is_garden else None
        return Problem("broken-link", link.target_span, message, why, severity=severity)
    fix = relabel_fix(link, suggestion.target, page, suggestion.words)
    written = fix.edits[0].replacement
    help_ = f"did you mean [[{suggestion.target}]]? {suggestion.why}. `kb fix --unsafe` writes {written}"
    severity = Severity.WARNING if is_garden else None
    return Problem("broken-link", link.target_span, message, help_, fix, severity=severity)

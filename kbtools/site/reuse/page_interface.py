"""The interface of a page: all that other pages, lists and files of the site read of it.

As with the interface of a module in a compiler, a change behind it concerns nobody else: while the interfaces of all
pages are as they were, an edit changes the page itself, and what shows its whole text.
"""

from __future__ import annotations

from collections.abc import Iterator

from kbtools.site.data.model import SiteModel
from kbtools.site.files.redirects import is_empty
from kbtools.site.generated.document import lead
from kbtools.site.html.text import first_paragraph
from kbtools.site.page.reading_time import minutes
from kbtools.snippets import Snippet
from kbtools.vault.learning import count_exercises
from kbtools.vault.listing import digest
from kbtools.vault.page import Page


def interface(page: Page, wiki: SiteModel) -> str:
    """A fingerprint of a page's interface. Pages that embed it read more: its text."""
    return digest("\n".join(map(repr, _parts(page, wiki))).encode("utf-8", "surrogatepass"))


def _parts(page: Page, wiki: SiteModel) -> Iterator[object]:
    text = page.source.text
    yield text[: page.body_start]
    yield page.shown_title
    yield [(h.level, h.id, h.text, h.raw) for h in page.headings]
    yield page.ids, page.block_names, page.has_includes
    yield page.structure.comments, page.file_problems
    yield lead(page), first_paragraph(text, page.text_start), is_empty(page)
    yield minutes(page), count_exercises(page)
    for span in (link.span for links in (page.links, page.files) for link in links):
        yield span.of(text), wiki.sentence(page.path, span)
    for file in page.files:
        yield file.path, file.fragment, file.is_used
    yield from map(_snippet, page.snippets)
    if page.is_learning_path or (wiki.wants_mentions and page.path in wiki.listed_paths):
        yield text


def _snippet(s: Snippet) -> object:
    return s.id, s.session, s.language, s.code, s.line, s.options, s.executable, s.why_not, s.devices, s.device_reason

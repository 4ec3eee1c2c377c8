"""Selects the pages that a change of some files affects: those changed, and those that refer to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kbtools.links import fold_title
from kbtools.text.source import Source
from kbtools.vault.index import Index
from kbtools.vault.links.graph import link_keys
from kbtools.vault.names import NameRecord, name_keys, reference_keys
from kbtools.vault.page import Page


def affected(index: Index, changed: Iterable[str], before: Mapping[str, str]) -> frozenset[str]:
    """The pages whose findings a change can alter.

    ``changed`` are vault paths of pages and attachments that were changed, added or removed; ``before`` holds the old
    texts of pages. A page is concerned when it changed itself, when a link of it leads to such a page or file, or when
    it links to a name that such a page has or had (a title that is gone, an alias that is new, a name that now two
    pages share).
    """
    touched = set(changed)
    pages = [index.pages[path] for path in touched if path in index.pages]
    pages += [Page.parse(Source(path, text)) for path, text in before.items()]
    keys = {key for page in pages for key in name_keys(NameRecord.of(page))}
    keys |= {fold_title(path.rpartition("/")[2]) for path in touched}
    found = touched & index.pages.keys()
    for path, page in index.pages.items():
        if path not in found and not (
            keys.isdisjoint(link_keys(index.links[path], page.folder, index.conventions.dialect))
            and keys.isdisjoint(reference_keys(name for _, name in page.references))
        ):
            found.add(path)
    return frozenset(found)

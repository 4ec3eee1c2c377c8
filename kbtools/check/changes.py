"""What a change to some files concerns: the pages that changed, and those that name one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kbtools.index import Ambiguous, Index, Resolved, nfc
from kbtools.links import fold_title
from kbtools.page import Page
from kbtools.source import Source


def concerned(index: Index, changed: Iterable[str], before: Mapping[str, str]) -> frozenset[str]:
    """The pages whose findings a change can alter.

    ``changed`` are vault paths of pages and attachments that were changed, added or removed; ``before`` holds the old
    texts of pages. A page is concerned when it changed itself, when a link of it leads to such a page or file, or when
    it links to a name that such a page has or had (a title that is gone, an alias that is new, a name that now two
    pages share).
    """
    touched = set(changed)
    pages = [index.pages[path] for path in touched if path in index.pages]
    pages += [Page.parse(Source(path, text)) for path, text in before.items()]
    names = {
        fold_title(name) for page in pages for name in (page.stem, page.title, *page.aliases, page.id or page.stem)
    }
    files = {nfc(path.rpartition("/")[2]).casefold() for path in touched if not path.endswith(".md")}
    found = touched & index.pages.keys()
    for path, page in index.pages.items():
        if path in found:
            continue
        if any(fold_title(name) in names for _, name in page.references):
            found.add(path)
            continue
        for link, resolution in index.links[path]:
            targets: tuple[str, ...] = ()
            if isinstance(resolution, Resolved):
                targets = (resolution.page,)
            elif isinstance(resolution, Ambiguous):
                targets = resolution.candidates
            last = link.target.rpartition("/")[2]
            if touched.intersection(targets) or fold_title(link.target) in names or fold_title(last) in names:
                found.add(path)
                break
            if files and nfc(last).casefold() in files:
                found.add(path)
                break
    return frozenset(found)

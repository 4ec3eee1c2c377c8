"""Plans ``kb reconcile``: links that resolve only after folding get the canonical spelling."""

from __future__ import annotations

from collections.abc import Callable

from kbtools.edit.plan import EditPlan, LinkChange, Rewrite, settle, texts_of
from kbtools.links import WikiLink
from kbtools.text.diagnostics import Edit, apply_edits
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Resolved
from kbtools.vault.links.spelling import Speller, relabel
from kbtools.vault.page import Page


def plan_reconcile(
    index: Index,
    speller: Speller,
    *,
    titles: bool = False,
    follow_duplicates: bool = False,
    covers: Callable[[str], bool] = lambda _: True,
    to: str | None = None,
) -> EditPlan:
    """Respells the links of the pages that ``covers`` selects; with ``to`` only links to that page. ``titles`` also
    respells links that resolve exactly but not in the canonical spelling; ``follow_duplicates`` makes links skip
    redirects. Every link of the vault still resolves to the same page."""
    found: dict[Rewrite, LinkChange] = {}
    for path, held in index.links.items():
        if not covers(path):
            continue
        page = index.pages[path]
        for link, resolution in held.wiki:
            if not isinstance(resolution, Resolved) or resolution.how in ("self", "attachment"):
                continue
            if to is not None and resolution.page != to:
                continue
            edits, means = _respelled(index, speller, page, link, resolution, titles, follow_duplicates)
            if edits:
                before = link.span.of(page.source.text)
                shifted = tuple(Edit(e.span.shift(-link.start), e.replacement) for e in edits)
                change = LinkChange(path, link, before, apply_edits(before, shifted), means)
                found[Rewrite(path, edits)] = change
    settled = settle(index, found, only_links=True)
    changes = tuple(found[rewrite] for rewrite in settled.kept)
    return EditPlan(texts_of(index, settled.after), changes, settled.left_out)


def _respelled(
    index: Index, speller: Speller, page: Page, link: WikiLink, resolution: Resolved, titles: bool, follow: bool
) -> tuple[tuple[Edit, ...], str]:
    final = index.final(resolution.page)
    if follow and final not in (resolution.page, page.path):
        if resolution.how == "variant" and speller.is_doubtful(link, page.path, resolution.page):
            return (), final
        target = speller.spelling(final, page.path)
        return ((Edit(link.span, relabel(link, target, page)),) if target else ()), final
    target = speller.canonical(link, resolution, page.path)
    if titles and resolution.how == "exact" and index.redirect(resolution.page) is None:
        target = speller.spelling(resolution.page, page.path)
    return (speller.respelled(link, target, page) if target is not None else ()), resolution.page

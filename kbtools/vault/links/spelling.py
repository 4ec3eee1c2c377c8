"""Canonical spelling of links, qualified by folders where needed, and the edits that respell a link."""

from __future__ import annotations

from bisect import bisect_right

from kbtools.config.project import LinkStyle
from kbtools.links import WikiLink, can_be_target, fold_title, shown, written
from kbtools.markdown.headings import label_of
from kbtools.text.diagnostics import Applicability, Edit, Fix
from kbtools.text.source import Span, is_invisible
from kbtools.vault import logseq
from kbtools.vault.links.resolution import Resolved
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.names import nfc
from kbtools.vault.page import Page


class Speller:
    """Spellings of pages, in one style."""

    def __init__(self, resolver: Resolver, style: LinkStyle = "title", keep_words: bool = False) -> None:
        self.resolver = resolver
        self.style = style
        self.keep_words = keep_words or style == "filename"
        self._spelled: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}

    def respelled(self, link: WikiLink, target: str, page: Page) -> tuple[Edit, ...]:
        """The edits that respell a link's target. In headings, and if ``keep_words`` is set, a link without a label
        gets its displayed text as label."""
        if target == link.target:
            return ()
        edits = (Edit(link.target_span, target),)
        is_kept = self.keep_words or heading_at(page, link.start) is not None
        return (*edits, *words_kept(link, target, page)) if is_kept else edits

    def canonical(self, link: WikiLink, resolution: Resolved, from_path: str) -> str | None:
        """The spelling that ``kb reconcile`` gives to a link that resolves only after folding; None to leave it
        unchanged.

        A folder in the link is kept. The new spelling resolves to the same page: this is verified.
        """
        path = resolution.page
        if resolution.how != "variant" or self.resolver.redirect(path) is not None:
            return None
        if not self.is_misspelled(link, path, from_path) or self.is_doubtful(link, from_path, path):
            return None
        return self._canonical(link, path, from_path)

    def is_misspelled(self, link: WikiLink, path: str, from_path: str) -> bool:
        """Whether to report a spelling that matches a page only after folding. For file names, a difference in case
        alone is not reported, because Obsidian follows such links."""
        if self.style == "title":
            return True
        name = self._canonical(link, path, from_path)
        return name is None or nfc(name).lower() != nfc(link.name).lower()

    def _canonical(self, link: WikiLink, path: str, from_path: str) -> str | None:
        page = self.resolver.outlines[path]
        own = page.title if self.style == "title" else page.stem
        if "/" not in link.name or fold_title(own) == fold_title(link.name):
            return self.spelling(path, from_path)
        depth = len(_named_segments(link.name))
        name = "/".join(path.removesuffix(".md").split("/")[-depth:])
        if can_be_target(name) and self.resolver.resolve_name(name, from_path) == Resolved(path, "path"):
            return name
        return self.qualified(path, from_path)

    def is_doubtful(self, link: WikiLink, from_path: str, path: str) -> bool:
        """Whether a folded spelling that means ``path`` may be the misspelled name of a rival.

        ``[[Tensor-Ops]]`` means the ``tensor_ops`` beside it before the ``Tensor Ops`` elsewhere; but
        ``[[Tensor Ops]]`` means that other one. It is unknown which of them was misspelled, so the link is not
        rewritten. If both have the same spelling, they only differ in their folder, and the link is not in doubt.
        """
        folded = fold_title(link.name)
        hits = (self.resolver.resolve_name(n, from_path) for n in self._spellings(folded, link.name))
        return any(
            isinstance(hit, Resolved)
            and hit.how in ("exact", "path")
            and hit.page != path
            and self.resolver.final(hit.page) != path
            for hit in hits
        )

    def _spellings(self, folded: str, name: str) -> tuple[str, ...]:
        """All names of pages, with or without folders, that are equal after folding."""
        segments = _named_segments(name)
        wanted = tuple(fold_title(s) for s in segments)
        held = self._spelled.get((folded, wanted))
        if held is not None:
            return held
        outlines = self.resolver.outlines
        called = [outlines[q] for q in self.resolver.names.by_fold.get(folded, ())]
        found = dict.fromkeys(n for o in called for n in (o.stem, o.title) if fold_title(n) == folded)
        if len(segments) > 1:
            for q in self.resolver.lookup.called("fold", wanted[-1]).below(wanted[:-1], fold_title).paths:
                found["/".join(q.removesuffix(".md").split("/")[-len(segments) :])] = None
        held = self._spelled[folded, wanted] = tuple(n for n in found if fold_title(n) == folded)
        return held

    def spelling(self, path: str, from_path: str) -> str | None:
        """How a link on ``from_path`` should spell the page at ``path``: its title (or file name) if that means
        this page from there and nothing else, else the other, else the shortest folder-qualified name.

        If links are spelled as file names, titles are not used: Obsidian does not resolve them. Logseq does, and its
        file names have ``___`` for ``/``.
        """
        page = self.resolver.outlines[path]
        is_of_logseq = self.resolver.conventions.dialect == "logseq"
        names = (page.title, page.stem) if self.style == "title" else (page.stem,)
        for name in (logseq.page_of(page.title), page.stem) if is_of_logseq else names:
            if can_be_target(name) and self.resolver.resolve_name(name, from_path) == Resolved(path, "exact"):
                return name
        return self.qualified(path, from_path)

    def qualified(self, path: str, from_path: str) -> str | None:
        """The shortest folder-qualified spelling that resolves to exactly this page."""
        segments = path.removesuffix(".md").split("/")
        names = ["/".join(segments[-n:]) for n in range(2, len(segments) + 1)] + ["/" + "/".join(segments)]
        for name in names:
            if can_be_target(name) and self.resolver.resolve_name(name, from_path) == Resolved(path, "path"):
                return name
        return None

    def reference(self, path: str, from_path: str, by_title: bool = True) -> str | None:
        """How frontmatter on ``from_path`` names the page at ``path`` (``Resolver.page_named``): by title, file name or
        id; None where all of them mean another page too."""
        page = self.resolver.outlines[path]
        names = (page.title, page.stem, page.id) if by_title else (page.stem, page.title, page.id)
        return next(
            (n for n in names if n and can_be_target(n) and self.resolver.page_named(n, from_path) == path),
            None,
        )


def words_kept(link: WikiLink, target: str, page: Page) -> tuple[Edit, ...]:
    """The edit that keeps the displayed text of a link whose target is respelled; none if it stays the same."""
    if link.embed or (link.label or "").strip():
        return ()
    text = page.source.text
    words = shown(link, text)
    behind = written(link, text)[len(link.target) :] if link.target else ""
    if _seen(words) == _seen(label_of(target + behind) or target):
        return ()
    bar = "" if link.label is not None else "\\|" if is_in_table(page, link.start) else "|"
    return (Edit(Span(link.end - 2, link.end - 2), f"{bar}{words}"),)


def _seen(words: str) -> str:
    """Text as displayed: all kinds of whitespace are equal, without zero-width characters."""
    return " ".join("".join(" " if c.isspace() else c for c in words if c.isspace() or not is_invisible(c)).split())


def _named_segments(name: str) -> list[str]:
    return [s for s in name.split("/") if s not in ("", ".", "..")]


def relabel(link: WikiLink, target: str, page: Page, words: str | None = None) -> str:
    """The link with another target, and with its displayed text as label; anchor and embed mark are kept. ``words``
    is the displayed text of a link without a label, if it should differ from the target."""
    anchor = f"#{link.anchor}" if link.anchor is not None else f"#^{link.block}" if link.block is not None else ""
    if "#" in target:
        anchor = ""
    bar = "\\|" if link.table or is_in_table(page, link.start) else "|"
    label = link.label if link.label is not None else "" if link.embed else link.target if words is None else words
    if "|" in page.source.text[link.start : link.target_start]:  # the label comes first
        return f"{'!' if link.embed else ''}[[{label}{bar}{target}{anchor}]]"
    behind = f"{bar}{label}" if label and _seen(label) != _seen(target) else ""
    return f"{'!' if link.embed else ''}[[{target}{anchor}{behind}]]"


def relabel_fix(link: WikiLink, target: str, page: Page, words: str | None = None) -> Fix:
    """The edit that changes a link's target and keeps its displayed text; applied only on request."""
    renewed = relabel(link, target, page, words)
    return Fix(f"write {renewed}", Applicability.UNSAFE, (Edit(link.span, renewed),))


def heading_at(page: Page, at: int) -> int | None:
    """The number of the heading that contains a position."""
    headings = page.structure.headings
    before = bisect_right(headings, at, key=lambda h: h.start) - 1
    return before if before >= 0 and at < headings[before].end else None


def is_in_table(page: Page, at: int) -> bool:
    """Whether a position is in a row of a table, where a bar ends a cell."""
    rows = page.structure.table_rows
    before = bisect_right(rows, at, key=lambda row: row.start) - 1
    return before >= 0 and at < rows[before].end

"""What kb adds to a page that a template has made: assets of its features, data for programs, canonical links."""

from __future__ import annotations

from dataclasses import dataclass

from kbtools.site import page_assets
from kbtools.site.added_files import MERMAID
from kbtools.site.data.model import SiteModel
from kbtools.site.files import machine_readable, redirects
from kbtools.site.html.text import escape
from kbtools.site.html.tree import Tree
from kbtools.site.html.urls import Site, file_of
from kbtools.site.search import collect as search


@dataclass(frozen=True, slots=True)
class Finisher:
    """Completes the pages of a site."""

    wiki: SiteModel
    site: Site
    with_search: bool
    previews: bool

    def finish(self, output: str, path: str, url: str) -> tuple[Tree, bool]:
        """The finished HTML of a page, and whether it shows diagrams."""
        instead = self._instead(path)
        if instead.startswith("<!doctype"):
            return Tree(instead), False
        tree = Tree(output)
        has_diagram = any("mermaid" in pre.classes for pre in tree.named("pre"))
        self._equip(tree, path, url, has_diagram)
        if instead:
            redirects.set_canonical(tree, instead)
        return tree, has_diagram

    def around_template(self, path: str) -> str:
        """What is added to a page's head, as text that differs where it does."""
        return machine_readable.head(path, self.wiki, self.site) + self._instead(path)

    def _equip(self, tree: Tree, path: str, url: str, has_diagram: bool) -> None:
        if self.with_search:
            search.add_button(tree, self.wiki.words)
        to_root = "../" * url.count("/")
        page_assets.add(tree, to_root, self.previews)
        if (head := tree.first("head")) is not None:
            tree.insert(head.close, machine_readable.head(path, self.wiki, self.site))
        if has_diagram:  # Material fetches mermaid from a CDN unless it is there already
            theme = (s for s in tree.named("script") if "assets/javascripts/bundle" in (s.get("src") or ""))
            if (script := next(theme, None)) is not None:
                tree.insert(script.start, f'<script src="{escape(to_root + MERMAID)}"></script>')

    def _instead(self, path: str) -> str:
        """For a redirect: a document that redirects the reader, or a canonical link if the page has text of its own."""
        other = redirects.canonical(path, self.wiki, self.site)
        if other is None:
            return ""
        if redirects.is_empty(self.wiki.index.pages[path]):
            return redirects.document((other,), file_of(self.site.pages[path]), self.wiki, self.site)
        return redirects.canonical_link(other, path, self.site)

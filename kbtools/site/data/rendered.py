"""Cache of pages rendered for embedding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kbtools.site.html.fragments import Part
from kbtools.vault.page import Page

if TYPE_CHECKING:
    from markdown import Markdown

Settings = tuple[Sequence[Any], Mapping[str, Any]]
"""Markdown extensions, and their configuration by name."""


@dataclass(frozen=True, slots=True)
class Embed:
    """One ``![[…]]`` that resolves to a page or a part of it."""

    path: str
    fragment: str
    """``#id`` of the part, or empty for the page."""
    title: str
    below: int = 1
    """The level of the heading above the embed."""


@dataclass
class Rendered:
    """Pages of one state of a wiki, each rendered on first use."""

    settings: Callable[[], Settings] | None = None
    """The site's settings; without them embeds are shown as cards."""
    pages: dict[str, tuple[Part, tuple[Embed, ...]]] = field(default_factory=dict)
    md: Markdown | None = None

    def page(self, page: Page) -> tuple[Part, tuple[Embed, ...]]:
        """A page's own text as HTML with placeholders for its embeds, and these embeds."""
        if page.path not in self.pages:
            if self.md is None:
                self.md = self._converter()
            (extension,) = (e for e in self.md.registeredExtensions if hasattr(e, "render_part"))
            self.pages[page.path] = extension.render_part(self.md, page)
        return self.pages[page.path]

    def _converter(self) -> Markdown:
        from markdown import Markdown

        assert self.settings is not None
        extensions, configs = self.settings()
        return Markdown(extensions=list(extensions), extension_configs=dict(configs))

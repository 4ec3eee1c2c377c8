"""Outline of a page: names, redirect, sections and blocks; the part of a page that links and rules of other pages use.

A change of a page that does not change its outline does not affect any other page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Section(Protocol):
    """A heading as a link may name it."""

    @property
    def level(self) -> int: ...

    @property
    def text(self) -> str:
        """Without inline markup."""

    @property
    def id(self) -> str:
        """The id the site gives it."""

    @property
    def raw(self) -> str:
        """With inline markup, where there is any; else empty."""


class Outline(Protocol):
    """A page as other pages see it."""

    @property
    def path(self) -> str: ...

    @property
    def folder(self) -> str: ...

    @property
    def stem(self) -> str:
        """The file's name without ``.md``, as it is on disk."""

    @property
    def title(self) -> str: ...

    @property
    def has_title(self) -> bool:
        """Whether it says what it is called, in its frontmatter or in a property of Logseq's."""

    @property
    def id(self) -> str | None: ...

    @property
    def aliases(self) -> tuple[str, ...]: ...

    @property
    def references(self) -> tuple[tuple[str, str], ...]:
        """The fields that redirect this page to another one, with its name."""

    @property
    def redirect(self) -> str | None:
        """The name of the page that this page redirects to, or None."""

    @property
    def headings(self) -> Sequence[Section]: ...

    @property
    def begins_with_heading(self) -> bool:
        """Whether nothing stands above its first heading."""

    @property
    def block_names(self) -> tuple[str, ...]: ...

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids that the page itself gives to headings and other elements."""

    @property
    def has_includes(self) -> bool:
        """Whether parts of it come from elsewhere: what other sections and ids it has is not known."""

    @property
    def has_refused_fences(self) -> bool:
        """Whether a site refuses one of its fences, and may so take headings for code that other programs show."""

    @property
    def is_published(self) -> bool: ...

"""Warnings about HTML of pages that is not published, with its line."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable

from kbtools.site.html.sanitize import removed
from kbtools.vault.page import Page

log = logging.getLogger("mkdocs.plugins.kbtools")


class RemovedHtml:
    """What was told of the pages of one build: each removed element and each picture is told once."""

    def __init__(
        self, path: Callable[[], str | None], page: Callable[[], Page | None], is_part: Callable[[], bool]
    ) -> None:
        """``path`` and ``page`` are those being rendered. ``is_part`` tells whether a page is rendered for another to
        embed: warnings are about the page itself."""
        self._path, self._page, self._is_part = path, page, is_part
        self._told: set[tuple[str | None, str]] = set()

    def tell(self, before: str, after: str) -> None:
        """Warns of each element that ``before`` has and ``after`` has not."""
        if self._is_part():
            return
        path = self._path()
        used: Counter[str] = Counter()
        for what, written in removed(before, after):
            used[written] += 1
            place = self._place(written, used[written])
            if (path, f"{place}{what}") not in self._told:  # headings are sanitized before their page is
                self._told.add((path, f"{place}{what}"))
                is_picture = re.match(r"src(?:set)?=.*of <(?:img|source)>", what) is not None
                level = logging.INFO if is_picture else logging.WARNING
                log.log(level, "%s%s: not published: %s", path or "a page", place, what)

    def tell_of_picture(self, address: str) -> None:
        """Tells of a picture on another machine."""
        path = self._path()
        if not self._is_part() and (path, address) not in self._told:
            self._told.add((path, address))
            place = self._place(address, 1)
            log.info("%s%s: a picture on another machine is shown as a link: %s", path or "a page", place, address)

    def _place(self, written: str, occurrence: int) -> str:
        """Where in the page a text stands, as ``:LINE``; "" where another plugin has inserted it."""
        page = self._page()
        if page is None:
            return ""
        fences = [fence.span for fence in page.structure.fences]
        found = (m.start() for m in re.finditer(re.escape(written), page.source.text, re.IGNORECASE))
        places = [at for at in found if not any(at in span for span in fences)]
        return f":{page.source.lines.line_of(places[occurrence - 1])}" if len(places) >= occurrence else ""

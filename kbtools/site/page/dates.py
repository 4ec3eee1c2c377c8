"""Date of a page's last change, from its frontmatter."""

from __future__ import annotations

from datetime import date, datetime

from kbtools.vault import confidence
from kbtools.vault.page import Page

FIELDS = ("updated_at", "updated", "modified", "last_modified", "date", "created_at", "created")
"""Besides ``last_reinforced``: fields of the schema and of other tools with the date of a change."""


def changed(page: Page) -> date | None:
    """The latest date on which a page was verified, updated or written."""
    days = [confidence.last_verified(page), *(_day(page.data.get(name)) for name in FIELDS)]
    return max((day for day in days if day is not None), default=None)


def _day(value: object) -> date | None:
    """A date, a point in time, or text that begins with an ISO 8601 date."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value.strip()[:10])
    except ValueError:
        return None

"""How sure a page's claims are, today: the recorded score fades with the time since the page was last verified."""

from __future__ import annotations

from datetime import date, datetime

from kbtools.page import Page

GAIN, CAP = 0.05, 0.99
"""What a re-verification adds to a page's confidence, and where it ends."""
FADES = 0.02
"""What a month without one takes away."""
MONTH = 365.2425 / 12
"""Days."""


def recorded(page: Page) -> float | None:
    """``confidence_score`` where it is a number from 0 to 1."""
    score = page.data.get("confidence_score")
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
        return None
    return float(score)


def last_verified(page: Page) -> date | None:
    """``last_reinforced`` where it is a date."""
    last = page.data.get("last_reinforced")
    if isinstance(last, datetime):
        return last.date()
    return last if isinstance(last, date) else None


def today(page: Page, day: date) -> float | None:
    """The score as of a day, never below 0; as recorded when nothing says when that was, or the day is not past."""
    score, last = recorded(page), last_verified(page)
    if score is None or last is None or day <= last:
        return score
    return round(max(0.0, score - FADES * (day - last).days / MONTH), 4)

"""Confidence of a page: the recorded score, the gain of a verification, and its decay with time.

The rubric is in the guide: docs/guide/authoring.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from kbtools.vault.page import Page

GAIN = 0.05
"""What a re-verification adds to a page's confidence."""
HIGHEST = 0.99
CEILINGS: Mapping[str, float] = MappingProxyType({"conceptual": 0.8, "pending": 0.7})
"""Upper limit of the score, by ``verification_status``, for pages whose claims were not tested."""
FADES = 0.02
"""Decay of the score per month without a verification."""
MONTH = 365.2425 / 12
"""Days."""


def recorded(page: Page) -> float | None:
    """``confidence_score`` where it is a number from 0 to 1."""
    score = page.data.get("confidence_score")
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
        return None
    return float(score)


def ceiling(page: Page) -> float:
    """The highest score that the page's ``verification_status`` allows."""
    return CEILINGS.get(str(page.data.get("verification_status")), HIGHEST)


def reinforced(page: Page) -> float | None:
    """The score after a re-verification: never lower than before; None where none is recorded."""
    score = recorded(page)
    return None if score is None else max(score, round(min(ceiling(page), score + GAIN), 2))


def last_verified(page: Page) -> date | None:
    """``last_reinforced`` where it is a date."""
    last = page.data.get("last_reinforced")
    if isinstance(last, datetime):
        return last.date()
    return last if isinstance(last, date) else None


def today(page: Page, day: date) -> float | None:
    """The score as of a day, never below 0; the recorded score when its date is missing or in the future."""
    score, last = recorded(page), last_verified(page)
    if score is None or last is None or day <= last:
        return score
    return round(max(0.0, score - FADES * (day - last).days / MONTH), 4)

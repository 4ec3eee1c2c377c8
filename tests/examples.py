"""How many examples Hypothesis tries: in the gate half of what the search for new ones tries (``make fuzz``).

The gate derives its examples from each test, so more of them say nothing new about code that has not changed.
"""

from __future__ import annotations

import os

_SEARCHING = os.environ.get("HYPOTHESIS_PROFILE") == "search"


def examples(number: int) -> int:
    return number if _SEARCHING else number // 2

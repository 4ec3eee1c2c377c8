"""What the fuzzer has found, and that it would find more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from invariants import hold_of_bytes, hold_of_text

FOUND: dict[str, str] = {}
ORDINARY = "---\ntitle: A\n---\n\n# H\n\n[[B#c|d]] `x`\n\n```python\nx = 1\n```\n"


@pytest.mark.parametrize("text", [ORDINARY, *FOUND.values()], ids=["ordinary", *FOUND])
def test_promises_are_kept(text: str) -> None:
    hold_of_text(text)
    hold_of_bytes(text.encode("utf-8", "surrogatepass"))

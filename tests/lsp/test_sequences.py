"""After any sequence of edits, renames, moves and kills an editor shows what a check of the same texts says."""

from __future__ import annotations

from pathlib import Path

import pytest
from sequences import run


# The last two found unsaved text that was lost where a configuration could not be read at first.
@pytest.mark.parametrize("seed", [1, 2, 4006, 4017])
def test_any_sequence_ends_in_what_a_check_says(tmp_path: Path, seed: int) -> None:
    run(tmp_path, seed, 24)

"""A sample of tests/fuzz/kills.py, which fails every command that writes at every call: here a few calls of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from killed_commands import COMMANDS, FAULTS, Project, judge

SAMPLE = {
    "new": 2,
    "rename": 2,
    "undo": 2,
    "baseline --prune": 1,
    "import --into": 1,
    "export --overwrite": 2,
    "check --output": 2,
    "gate --assets": 2,
}
"""How many calls of each command fail here, for each fault."""


@pytest.mark.parametrize("name", SAMPLE)
def test_nothing_is_lost_or_left_over(name: str, tmp_path: Path) -> None:
    project = Project(tmp_path, COMMANDS[name])
    for kind in FAULTS:
        calls = project.count(kind)
        assert calls
        for number in range(min(SAMPLE[name], calls)):
            # From the last call backwards, evenly: writing comes at the end.
            ended = project.fail(kind, calls - 1 - number * calls // SAMPLE[name])
            assert ended.failed
            judge(project, kind, ended)

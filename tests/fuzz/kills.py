"""Kill every command that writes at each call that changes a file, and fill the disk at each: kills.py [COMMAND …]."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from killed_commands import COMMANDS, FAULTS, Project, judge


def main(names: list[str]) -> int:
    """How many commands left something behind that they should not."""
    bad = 0
    done: Counter[str] = Counter()
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    for name in names or COMMANDS:
        with tempfile.TemporaryDirectory(prefix="kb-kills-", dir=place) as base:
            project = Project(Path(base), COMMANDS[name])
            for kind in FAULTS:
                count, failures = 0, []
                for at, ended in project.faults(kind):
                    count += 1
                    try:
                        judge(project, kind, ended)
                    except AssertionError as error:
                        failures.append(f"  call {at}: {error}")
                print(f"{name}, {kind}: {count} calls, {len(failures)} failures", *failures[:2], sep="\n", flush=True)
                done[kind] += count
                bad += bool(failures)
    print(", ".join(f"{kind}: {count}" for kind, count in done.items()))
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

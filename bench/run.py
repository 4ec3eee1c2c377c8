"""``kb run`` beside other ways to run the snippets of Markdown pages, on the same pages, in one run.

usage: python bench/run.py [--rounds N] [--pages N] [--runners FOLDER] [--parts compare,page,workers,compile,unchanged]

Each round runs every command once, one after the other, so that a busy moment of the machine hits all of them; what is
printed are medians, as Markdown tables. Files are in the operating system's cache throughout, results of snippets are
not taken from the store (``--no-cache``), but for the part ``unchanged``. ``wall`` is the time a user waits, ``CPU``
what all processes used.

compare    pages of five torch snippets: kb, runners in one process, an interpreter for each page
page       what a page costs beyond its own code: the slope over pages of one trivial snippet
workers    a second worker on pages that do nothing, little, and a second of work each
compile    pages of torch.compile, with and without what an earlier run has compiled
unchanged  1,000 pages of five snippets that all passed before, beside collecting the same pages

FOLDER holds the other runners. They are installed beside kb, not with it, and share its torch:

    python -m pip install --target .venv-bench-runners --requirement bench/runners.txt
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
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import make_pages
import runners

KB = str(Path(sys.executable).with_name("kb"))
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")}
"""All are run with their bytecode, as they are installed."""
PARTS = ("compare", "page", "workers", "compile", "unchanged")


def nothing() -> None:
    pass


@dataclass
class Subject:
    """Commands under measurement: most often one, else so many at once."""

    name: str
    commands: Sequence[Sequence[str]]
    cwd: Path
    environment: Mapping[str, str] | None = None
    at_once: int = 1
    before: Callable[[], object] = nothing
    every: int = 1
    """Measured every so many rounds: what takes minutes need not be measured as often as what takes seconds."""
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def measure(self) -> None:
        self.before()
        waiting, running, used = deque(self.commands), set[int](), 0.0
        began = time.perf_counter()
        while waiting or running:
            while waiting and len(running) < self.at_once:
                running.add(self._start(waiting.popleft()))
            pid, status, usage = os.wait4(-1, 0)
            running.discard(pid)
            if os.waitstatus_to_exitcode(status) != 0:
                raise SystemExit(f"{self.name}: exit code {os.waitstatus_to_exitcode(status)}: {self.commands[0]}")
            used += usage.ru_utime + usage.ru_stime
        self.wall.append(time.perf_counter() - began)
        self.cpu.append(used)

    def _start(self, command: Sequence[str]) -> int:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, cwd=self.cwd, env=self.environment or ENVIRONMENT, **quiet)
        process.returncode = 0  # it is waited for by number
        return process.pid

    @property
    def seconds(self) -> float:
        return statistics.median(self.wall)

    @property
    def used(self) -> float:
        return statistics.median(self.cpu)


def measure(subjects: Sequence[Subject], rounds: int) -> None:
    """Every subject once a round, but for those that say otherwise."""
    for number in range(rounds):
        for subject in subjects:
            if number % subject.every == 0:
                subject.measure()


def kb(name: str, wiki: Path, *words: str, before: Callable[[], object] = nothing) -> Subject:
    return Subject(name, [(KB, "run", *words)], wiki, before=before)


def table(subjects: Sequence[Subject], base: Subject) -> str:
    """Medians, and ratios to one of them."""
    lines = ["| | wall, s | CPU, s | wall beside kb |", "|---|--:|--:|--:|"]
    for s in subjects:
        name = f"**{s.name}**" if s.name.startswith("kb") else s.name
        lines.append(f"| {name} | {s.seconds:.2f} | {s.used:.2f} | {s.seconds / base.seconds:.2f}× |")
    return "\n".join(lines)


def compare(folder: Path, pages: int, rounds: int, tools: Path) -> None:
    wiki = make_pages.make(folder / "torch", "torch", pages)
    fresh = runners.scripts(wiki)
    alone = {**ENVIRONMENT, "OMP_NUM_THREADS": "1"}
    base = kb("kb run", wiki, "--no-cache")
    subjects = [
        base,
        kb("kb run -n 1", wiki, "--no-cache", "-n", "1"),
        *(
            Subject(name, [command], wiki, runners.environment(tools))
            for name, command in runners.in_process(wiki).items()
        ),
        Subject("a fresh interpreter a page", fresh, wiki, alone, every=rounds),
        Subject("a fresh interpreter a page, two at a time", fresh, wiki, alone, at_once=2, every=rounds),
    ]
    measure(subjects, rounds)
    print(f"### {pages} pages of five torch snippets\n\n{table(subjects, base)}\n", flush=True)


def page(folder: Path, rounds: int, few: int = 20, many: int = 220) -> None:
    """What a page costs beyond its own code."""
    lines = ["| overhead of a page, ms | one worker, wall | CPU | two workers, wall | CPU |", "|---|--:|--:|--:|--:|"]
    for kind, said in (("trivial", "`x = 16`"), ("light", "`import torch`, `torch.ones(16)`")):
        pairs = []
        for workers in ("1", "2"):
            small, large = (
                kb("", made if made.exists() else make_pages.make(made, kind, count), "--no-cache", "-n", workers)
                for count in (few, many)
                for made in [folder / f"{kind}-{count}"]
            )
            pairs.append((small, large))
        measure([subject for pair in pairs for subject in pair], rounds)
        slopes = [
            (large - small) / (many - few) * 1000
            for pair in pairs
            for small, large in (tuple(s.seconds for s in pair), tuple(s.used for s in pair))
        ]
        lines.append(f"| {said} | " + " | ".join(f"{slope:.1f}" for slope in slopes) + " |")
    print(f"### What a page costs, from {few} to {many} pages\n\n" + "\n".join(lines) + "\n", flush=True)


def workers(folder: Path, rounds: int) -> None:
    """One worker and two. A worker has as many threads of OpenMP as there are cores for each: one alone has all."""
    kinds = (("second", 10), ("matmul", 10), ("torch", 1), ("torch", 30), ("trivial", 1), ("trivial", 30))
    lines = [
        "| pages | one worker, s | two, s | throughput of two | CPU of one, s | of two |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    said = {
        "second": "of a second of Python each",
        "matmul": "that multiply large matrices (one worker: a thread a core)",
        "torch": "of five torch snippets",
        "trivial": "of `x = 16`",
    }
    for kind, count in kinds:
        wiki = make_pages.make(folder / f"workers-{kind}-{count}", kind, count)
        one, two = (kb("", wiki, "--no-cache", "-n", n) for n in ("1", "2"))
        measure((one, two), rounds)
        name = f"{count} {'page' if count == 1 else 'pages'} {said[kind]}"
        ratio = one.seconds / two.seconds
        used = f"{one.used:.2f} | {two.used:.2f}"
        lines.append(f"| {name} | {one.seconds:.2f} | {two.seconds:.2f} | {ratio:.2f}× | {used} |")
    print("### A second worker\n\n" + "\n".join(lines) + "\n", flush=True)


def compiled(folder: Path, rounds: int, few: int = 4, many: int = 12) -> None:
    """torch.compile, without and with what an earlier run has left: whole commands, and what a page adds to them."""
    pairs = []
    for pages in (few, many):
        wiki = make_pages.make(folder / f"compile-{pages}", "compile", pages)
        forget = partial(shutil.rmtree, wiki / ".kb", ignore_errors=True)
        cold = kb(f"kb run, {pages} pages, nothing compiled", wiki, "--no-cache", before=forget)
        pairs.append((cold, kb(f"kb run, {pages} pages, compiled before", wiki, "--no-cache")))
    measure([subject for pair in pairs for subject in pair], rounds)
    for cold, warm in pairs:
        print(f"### {cold.name.split(', ')[1]} of torch.compile\n\n{table((cold, warm), cold)}\n")
    first, then = ((large.seconds - small.seconds) / (many - few) for small, large in zip(*pairs, strict=True))
    print(f"Each page more: {first:.2f} s, and {then:.2f} compiled before, {then / first:.2f} of it.\n", flush=True)


def unchanged(folder: Path, rounds: int, tools: Path, pages: int = 1000) -> None:
    """Nothing to run, beside collecting what could be run."""
    wiki = make_pages.make(folder / "plain", "plain", pages)
    again = kb("kb run, nothing changed", wiki)
    again.measure()
    again.wall.clear()
    again.cpu.clear()
    command = runners.in_process(wiki)["pytest-markdown-docs"]
    collect = Subject(
        "pytest-markdown-docs, collecting", [(*command, "--collect-only")], wiki, runners.environment(tools)
    )
    measure((again, collect), rounds)
    completed = subprocess.run(
        (sys.executable, "-X", "importtime", KB, "run"), cwd=wiki, env=ENVIRONMENT, capture_output=True, check=True
    )
    modules = {line.rpartition(b"|")[2].strip().partition(b".")[0] for line in completed.stderr.split(b"\n")}
    imported = [name for name in ("torch", "pytest", "xdist") if name.encode() in modules]
    print(f"### {pages:,} pages with {pages * 5:,} snippets, all passed before\n\n{table((again, collect), again)}\n")
    print(f"Imported by `kb run`, of torch, pytest and xdist: {', '.join(imported) or 'none'}.\n", flush=True)


def main() -> None:
    doc = (__doc__ or "").partition("\n")
    arguments = argparse.ArgumentParser(
        description=doc[0], epilog=doc[2], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--pages", type=int, default=30, help="of the first part")
    arguments.add_argument("--rounds", type=int, default=3)
    here = Path(__file__).resolve().parents[1] / ".venv-bench-runners"
    arguments.add_argument("--runners", type=Path, default=here, metavar="FOLDER")
    arguments.add_argument("--parts", default=",".join(PARTS), metavar="PART,PART,…")
    args = arguments.parse_args()
    tools, parts = args.runners.absolute(), args.parts.split(",")
    if {"compare", "unchanged"} & set(parts) and not (tools / "sybil").is_dir():
        sys.exit(f"the other runners are not in {tools}: see --help")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(
        f"Medians of {args.rounds} interleaved rounds; Python {platform.python_version()}, {cores} cores, "
        f"load before {os.getloadavg()[0]:.1f}.\n"
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if "compare" in parts:
            compare(folder, args.pages, args.rounds, tools)
        if "page" in parts:
            page(folder, args.rounds)
        if "workers" in parts:
            workers(folder, args.rounds)
        if "compile" in parts:
            compiled(folder, max(1, args.rounds // 2))
        if "unchanged" in parts:
            unchanged(folder, args.rounds, tools)


if __name__ == "__main__":
    main()

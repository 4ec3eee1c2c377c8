"""Rewriting pages durably, measured two ways.

usage: python bench/rewrite.py [FOLDER] [--pages N] [--rounds N]

1. 1,200 links in 768 pages: `Backups.apply` and `undo`, against writing and flushing the same pages one by one with
   no backup and no record. The bar is half a second for an apply.
2. Half as many links as pages (default: 16,000 in 32,000): `kb reconcile --apply` and `kb undo`, against a cold
   `kb check --no-run` of the same vault. The bar is twice that.

FOLDER is on the disk to be measured (default: the temporary folder; a folder in memory shows what is not the disk's
part). Best a fresh file system: for minutes after files were deleted, ext4 looks longer for a place for a new one, so
that with every round all takes longer. Everything is measured in turns, in processes of their own for 2; printed are
medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from make_vault import make

from kbtools.rewrite import Backups, FileChange

PAGES = 768
LINKS = 1_200


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def tidy_up(vault: Path) -> list[FileChange]:
    """768 pages of some 4 kB in eight folders, with 1,200 links to be respelled among them."""
    changes = []
    for n in range(PAGES):
        links = b"[[pytorch_foundations]] " * (LINKS // PAGES + (n < LINKS % PAGES))
        data = b"%d " % n * 1000 + links
        path = f"d{n % 8}/{n}.md"
        (vault / path).parent.mkdir(exist_ok=True)
        (vault / path).write_bytes(data)
        changes.append(FileChange(path, data, data.replace(b"pytorch_foundations", b"PyTorch Foundations")))
    return changes


def one_by_one(vault: Path, changes: list[FileChange]) -> None:
    for change in changes:
        beside = vault / f"{change.path}.tmp"
        with beside.open("xb") as file:
            file.write(change.before)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(vault / change.path)


def small(base: str | None, rounds: int) -> None:
    plain, ours, back = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=base) as folder:
            vault = Path(folder)
            changes = tidy_up(vault)
            plain.append(seconds(lambda: one_by_one(vault, changes)))  # noqa: B023 (called at once)
            backups = Backups(vault, vault)
            ours.append(seconds(lambda: backups.apply(changes, command="bench")))  # noqa: B023
            back.append(seconds(backups.undo))
    floor, apply, undo = (statistics.median(times) for times in (plain, ours, back))
    print(
        f"{LINKS:,} links in {PAGES} pages: apply {apply:.2f} s ({apply / floor:.1f} × one by one without backup, "
        f"{floor:.2f} s; bar 0.5 s) · undo {undo:.2f} s"
    )


def damage(docs: Path) -> int:
    """Misspell the first link of every second page, so that it is a variant of the title. Gives how many."""
    count = 0
    for number, file in enumerate(sorted(docs.rglob("*.md"))):
        text = file.read_bytes()
        at = text.find(b"[[")
        end = text.find(b"]", at)
        if number % 2 and at >= 0:
            wrong = text[at:end].replace(b" ", b"_")
            if wrong != text[at:end]:
                file.write_bytes(text[:at] + wrong + text[end:])
                count += 1
    return count


def large(base: str | None, pages: int, rounds: int) -> None:
    check, ours, back = [], [], []
    with tempfile.TemporaryDirectory(dir=base) as folder:
        root = Path(folder) / "wiki"
        make(root, pages)
        links = damage(root / "docs")

        def kb(*words: str) -> float:
            state = ["rm", "-rf", str(root / ".kb")]
            subprocess.run(state, check=True)
            command = [sys.executable, "-m", "kbtools.cli", *words, "--root", str(root)]
            return seconds(lambda: subprocess.run(command, check=False, stdout=subprocess.DEVNULL))

        for _ in range(rounds):
            check.append(kb("check", "--no-run", "--format", "jsonl"))
            ours.append(kb("reconcile", "--apply"))
            back.append(kb("undo"))
    floor, apply, undo = (statistics.median(times) for times in (check, ours, back))
    print(
        f"{links:,} links in {pages:,} pages: kb reconcile --apply {apply:.1f} s ({apply / floor:.1f} × a cold "
        f"kb check --no-run, {floor:.1f} s; bar 2.0) · undo {undo:.1f} s ({undo / floor:.1f} ×)"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    arguments.add_argument("folder", nargs="?", metavar="FOLDER")
    arguments.add_argument("--pages", type=int, default=32_000, metavar="N")
    arguments.add_argument("--rounds", type=int, default=5, metavar="N")
    args = arguments.parse_args()
    small(args.folder, args.rounds)
    large(args.folder, args.pages, max(1, args.rounds // 2))


if __name__ == "__main__":
    main()

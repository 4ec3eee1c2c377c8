"""Rewriting 768 pages durably, against writing and flushing the same pages one by one with no backup.

usage: python bench/rewrite.py [FOLDER]   FOLDER: on the disk to be measured (default: the temporary folder)
Prints the medians of five interleaved rounds, and their ratio.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from kbtools.rewrite import Backups, Change

PAGES = 768


def main(base: str | None) -> None:
    plain, ours, back = [], [], []
    for _ in range(5):
        with tempfile.TemporaryDirectory(dir=base) as folder:
            vault = Path(folder)
            changes = []
            for n in range(PAGES):
                data = b"%d " % n * 500
                path = f"d{n % 8}/{n}.md"
                (vault / path).parent.mkdir(exist_ok=True)
                (vault / path).write_bytes(data)
                changes.append(Change(path, data, data + b"!"))
            began = time.perf_counter()
            for change in changes:
                beside = vault / f"{change.path}.tmp"
                with beside.open("xb") as file:
                    file.write(change.before)
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(vault / change.path)
            plain.append(time.perf_counter() - began)
            backups = Backups(vault, vault)
            began = time.perf_counter()
            backups.apply(changes, command="bench")
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            backups.undo()
            back.append(time.perf_counter() - began)
    floor, apply, undo = (statistics.median(times) for times in (plain, ours, back))
    print(f"{PAGES} pages: plain {floor:.2f} s · apply {apply:.2f} s ({apply / floor:.1f}×) · undo {undo:.2f} s")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)

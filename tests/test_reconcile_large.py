"""A tidy-up of 16,000 links: every one respelled, and every byte, mode, time and name back after an undo."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from kbtools.config.project import foreign_vault
from kbtools.edit.reconcile import plan_reconcile
from kbtools.rewrite import Backups, FileChange
from kbtools.text.source import Source
from kbtools.vault.index import Index
from kbtools.vault.links.spelling import Speller
from kbtools.vault.loading import load

PAGES, LINKS = 1_000, 16


def write_vault(root: Path) -> None:
    for n in range(PAGES):
        links = " ".join(f"[[deep_learning {(n + k) % PAGES}|{k}]]은" for k in range(LINKS))
        text = f"---\ntitle: Deep Learning {n}\n---\n\n{links}\n\n`[[deep_learning {n}]]`\n"
        data = text.replace("\n", "\r\n" if n % 3 == 0 else "\n").encode()
        file = root / f"d{n % 20}" / f"page-{n}.md"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes((b"\xef\xbb\xbf" if n % 5 == 0 else b"") + data)
        file.chmod(0o600 if n % 7 == 0 else 0o644)
        os.utime(file, ns=(1_500_000_000_000_000_000 + n, 1_400_000_000_123_000_000 + n))


def state(root: Path) -> dict[str, tuple[bytes, int, int]]:
    found = {}
    for file in root.glob("d*/*"):
        status = file.stat()
        found[file.relative_to(root).as_posix()] = file.read_bytes(), stat.S_IMODE(status.st_mode), status.st_mtime_ns
    return found


def test_sixteen_thousand_links_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # what flushes are good for is seen in test_rewrite_power
    write_vault(tmp_path)
    before = state(tmp_path)
    vault = load(foreign_vault(tmp_path))
    index = Index.build(vault)
    plan = plan_reconcile(index, Speller(index))
    assert len(plan.changes) == PAGES * LINKS == 16_000
    changes = []
    for path, text in plan.texts.items():
        source = vault.pages[path].source
        changes.append(FileChange(path, source.encode(), Source(path, text, source.bom).encode()))
    backups = Backups(tmp_path, tmp_path)
    run = backups.apply(changes, command="kb reconcile")
    assert run is not None
    for path, (data, mode, _) in state(tmp_path).items():
        was = before[path]
        assert mode == was[1]
        assert data == re.sub(rb"(?<!`)\[\[deep_learning", b"[[Deep Learning", was[0])
    undone = backups.undo()
    assert (len(undone.restored), undone.refused) == (PAGES, ())
    assert state(tmp_path) == before

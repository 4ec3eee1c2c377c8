"""``kb reconcile --apply`` killed half way: every page is old or new, the next command says so, both ways out work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import run_kb

KILLED_AT_RENAME = """
import os, signal, sys
from kbtools.cli import main
rename, left = os.replace, [int(sys.argv.pop(1))]
def replace(a, b, **k):
    if str(b).endswith(".md"):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return rename(a, b, **k)
os.replace = replace
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "Deep Learning.md").write_text("# x\n")
    for i in range(5):
        (tmp_path / f"page{i}.md").write_text(f"{i} [[deep_learning]]은\n", encoding="utf-8")
    return tmp_path


def texts(vault: Path) -> list[str]:
    return [p.read_text(encoding="utf-8") for p in sorted(vault.glob("page*.md"))]


@pytest.mark.parametrize("survived", [0, 2, 4])
@pytest.mark.parametrize("way", ["--undo", "--finish"])
def test_both_ways_out(vault: Path, survived: int, way: str) -> None:
    old = texts(vault)
    new = [t.replace("[[deep_learning]]", "[[Deep Learning|deep_learning]]") for t in old]
    words = ["reconcile", "--apply", "--vault", str(vault)]
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_RENAME, str(survived), *words],
        check=False,
        capture_output=True,
        env=os.environ,
    )
    assert done.returncode == -9
    assert all(t in (o, n) for t, o, n in zip(texts(vault), old, new, strict=True))
    told = run_kb(("links", "--vault", str(vault)))
    assert told.returncode == 0
    assert "kb undo 2" in told.stderr
    assert "kb undo --finish" in told.stderr
    out = run_kb(("reconcile", way, "--vault", str(vault)))
    assert out.returncode == 0, out.stderr
    assert texts(vault) == (old if way == "--undo" else new)
    assert run_kb(("links", "--vault", str(vault))).stderr == ""
    assert {p.name for p in vault.iterdir()} <= {
        *(f"page{i}.md" for i in range(5)),
        "Deep Learning.md",
        "_link_reconcile_backup",
    }

"""What it takes to begin: the server's imports are made once, whatever the number of pages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux")
def test_forked_workers_import_nothing_of_kb(tmp_path: Path) -> None:
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki").mkdir()
    for number in range(3):
        (tmp_path / "wiki" / f"Page {number}.md").write_text(f"# Page {number}\n\n```python\nx = {number}\n```\n")
    # Python tells each import on the standard error of the process that makes it.
    done = subprocess.run(
        [sys.executable, "-m", "kbtools.cli", "run", "-n", "1"],
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "3 passed" in done.stderr
    imported = [line.rpartition("|")[2].strip() for line in done.stderr.split("\n") if line.startswith("import time:")]
    assert imported.count("kbtools.execution.worker") == 1
    assert imported.count("kbtools.execution.interpreter") == 1

"""What ``kb run`` reports is what it keeps for the site: every outcome, whatever the number of workers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from terminal import run_kb

PAGES = {
    "bound-last.md": "```python {#a}\nx = 1\n```\n\n```python {#b device='cuda'}\ny = x\n```\n".replace("'", '"'),
    "bound-only.md": '```python {#c device="mps"}\nz = 1\n```\n',
    "between.md": '```python {#d}\nx = 1\n```\n\n```python {#e device="cuda"}\ny = 1\n```\n\n```python {#f}\nx\n```\n',
    "plain.md": "```python {#g}\nx = 1\n```\n",
    "failing.md": "```python {#h}\n1 / 0\n```\n\n```python {#i .skip reason='later'}\nx = 1\n```\n".replace("'", '"'),
}


def kept(root: Path) -> dict[str, str]:
    found = {}
    for file in (root / ".kb" / "results").glob("*.json"):
        results = json.loads(file.read_bytes())["results"]
        found.update({id: entry["outcome"]["outcome"] for id, entry in results.items()})
    return found


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_outcome_is_kept(tmp_path: Path, workers: str) -> None:
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki").mkdir()
    for name, text in PAGES.items():
        (tmp_path / "wiki" / name).write_text(text)
    for _ in range(2):  # the second run takes what passed from the store
        done = run_kb(("run", "--device", "cpu", "-n", workers, "--format", "json"), cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        reported = {o["id"]: o["outcome"] for o in json.loads(done.stdout)["outcomes"]}
        assert len(reported) == 9
        assert kept(tmp_path) == reported


def test_what_is_kept_keeps_itself_out_of_version_control(tmp_path: Path) -> None:
    (tmp_path / "kb.toml").write_text("", encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("```python\nprint(1)\n```\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert run_kb(["run", "--device", "cpu"], tmp_path).returncode == 0
    listed = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert sorted(listed.stdout.split("\n")) == ["", "?? docs/a.md", "?? kb.toml"]

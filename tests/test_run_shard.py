"""``kb run --shard``: parts that are disjoint, complete, and the same everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kbtools import cli

N = 3


@pytest.fixture
def wiki(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki" / "sub").mkdir(parents=True)
    for name in ("A.md", "B.md", "C.md", "sub/D.md", "sub/E.md", "sub/가.md"):
        (tmp_path / "wiki" / name).write_text("# T\n\n```python {#one}\nx = 1\n```\n\n```python {#two}\nx\n```\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert cli.main(["run", "--format", "json", "--device", "cpu", "-n", "1", *words]) == 0
    report = json.loads(capsys.readouterr().out)
    ids = [o["id"] for o in report["outcomes"]]
    assert report["summary"]["fences"] >= len(ids), "the report counts the fences of its part"
    assert report["summary"]["pages"] == len({id.partition("::")[0] for id in ids})
    return ids


@pytest.mark.parametrize("selection", [[], ["sub"], ["sub", "A.md::two"], ["A.md::two", "B.md::one"]])
def test_the_parts_together_are_the_whole_and_a_page_is_in_one(
    wiki: Path, capsys: pytest.CaptureFixture[str], selection: list[str]
) -> None:
    whole = ran(capsys, *selection)
    parts = [ran(capsys, *selection, "--shard", f"{i}/{N}") for i in range(1, N + 1)]
    assert sorted(id for part in parts for id in part) == sorted(whole)
    pages = [{id.partition("::")[0] for id in part} for part in parts]
    assert sum(map(len, pages)) == len(set().union(*pages))


def test_other_pages_move_no_page_to_another_part(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = ran(capsys, "--shard", "1/2")
    assert before
    (wiki / "wiki" / "New.md").write_text("# New\n")
    (wiki / "wiki" / "C.md").unlink()
    assert set(ran(capsys, "--shard", "1/2")) == {id for id in before if not id.startswith("C.md")}


def test_a_part_without_pages_runs_nothing(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [] in [ran(capsys, "A.md", "--shard", f"{i}/2") for i in (1, 2)]


@pytest.mark.parametrize("given", ["0/2", "3/2", "1", "a/b", "1/0", "/", "-1/2", ""])
def test_a_part_that_cannot_be_is_refused(wiki: Path, capsys: pytest.CaptureFixture[str], given: str) -> None:
    assert cli.main(["run", f"--shard={given}"]) == 2
    assert "--shard takes I/N" in capsys.readouterr().err

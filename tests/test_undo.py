"""``kb undo`` and ``kb history``: whatever a command has written is listed, and restored to the byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from killed_commands import HOME
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from kbtools.cli import main

OPS = "---\ntitle: Tensor Ops\n---\n\n# Tensor Ops\n"
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
NOTEBOOK = new_notebook(
    cells=[
        new_markdown_cell("# Notes\n\n![plot](attachment:plot.png)", attachments={"plot.png": {"image/png": PICTURE}}),
        new_code_cell("1 + 1"),
    ]
)

Tree = dict[str, tuple[bytes, int, int]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "wiki"
    for path, text in {"kb.toml": "", "docs/Home.md": HOME, "docs/topics/Tensor-Ops.md": OPS}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    nbformat.write(NOTEBOOK, tmp_path / "notes.ipynb")
    monkeypatch.chdir(root)
    return root


def tree(root: Path) -> Tree:
    """Every file of the user's with bytes, mode and time, and every folder."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if not name.startswith(".kb") and "_link_reconcile_backup" not in name:
            status = path.stat()
            found[name] = (path.read_bytes(), status.st_mode, status.st_mtime_ns) if path.is_file() else (b"", 0, 0)
    return found


WRITERS = {
    "kb fix": "fix",
    "kb reconcile": "reconcile --apply",
    "kb rename": "rename Tensor-Ops Shapes --apply",
    "kb reinforce": "reinforce docs/Home.md",
    "kb run --update": "run --update --device cpu",
    "kb new": "new Momentum --folder new/folder",
    "kb import": "import ../notes.ipynb --folder from/notebooks",
    "kb baseline": "baseline --no-run",
}


@pytest.mark.parametrize("command", WRITERS)
def test_every_command_that_writes(project: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(project)
    assert main(WRITERS[command].split()) in (0, 1)
    changed = tree(project)
    assert changed != before
    capsys.readouterr()
    assert main(["history", "--format", "json"]) == 0
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert (run["command"], run["state"]) == (command, "applied")
    base = project if command == "kb baseline" else project / "docs"
    what = {(base / f["path"]).relative_to(project).as_posix(): f["what"] for f in run["files"]}
    assert {path for path in what if what[path] == "created"} <= changed.keys() - before.keys()
    assert {path for path in changed.keys() | before.keys() if before.get(path) != changed.get(path)} >= what.keys()
    assert main(["undo"]) == 0
    assert tree(project) == before
    assert main(["history"]) == 0
    assert "undone" in capsys.readouterr().out
    assert main(["undo"]) == 2
    assert "there is no run to undo" in capsys.readouterr().err


def test_baselines_follow_a_rename_and_its_undoing(project: Path) -> None:
    assert main(["baseline", "--no-run"]) == 0
    accepted = (project / "kb-baseline.json").read_bytes()
    assert b'"Home.md"' in accepted
    assert main(["rename", "Home", "Start", "--apply"]) == 0
    assert b'"Start.md"' in (project / "kb-baseline.json").read_bytes()
    assert main(["undo"]) == 0
    assert (project / "kb-baseline.json").read_bytes() == accepted
    assert main(["undo"]) == 0
    assert not (project / "kb-baseline.json").exists()


def test_one_run_among_several(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["new", "Momentum"])
    main(["rename", "Tensor-Ops", "Shapes", "--apply"])
    capsys.readouterr()
    main(["history"])
    rename, new = (line.split()[0] for line in capsys.readouterr().out.splitlines())
    main(["history", rename])
    listed = capsys.readouterr().out
    assert "renamed  topics/Tensor-Ops.md → topics/Shapes.md" in listed
    assert "changed  Home.md" in listed
    (project / "docs/Home.md").write_text("mine\n", encoding="utf-8")
    assert main(["undo", new]) == 0
    assert capsys.readouterr().out == "Momentum.md removed\n"
    assert main(["undo", rename, "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["restored"] == ["topics/Tensor-Ops.md"]
    assert report["refused"] == [{"path": "Home.md", "reason": "changed since the run"}]
    assert (project / "docs/Home.md").read_text(encoding="utf-8") == "mine\n"
    assert main(["undo", "20200101T000000-0000"]) == 2
    assert "`kb history` lists the runs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "hint"), [(("--root", "wiki"), "--root wiki"), (("--vault", "wiki/docs"), "--vault wiki/docs")]
)
def test_the_line_to_type_names_the_vault(
    project: Path,
    words: tuple[str, ...],
    hint: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(project.parent)
    before = tree(project)
    assert main(["fix", *words]) == 0
    told = capsys.readouterr().err
    line = next(part for part in told.split("; ") if part.startswith("kb undo"))
    assert line.endswith(f"{hint} restores them\n")
    assert main(line.removesuffix(" restores them\n").split()[1:]) == 0
    assert tree(project) == before


def aliases() -> dict[str, Callable[[], int]]:
    return {
        "reconcile": lambda: main(["reconcile", "--undo"]),
        "rename": lambda: main(["rename", "--undo"]),
        "undo": lambda: main(["undo"]),
    }


@pytest.mark.parametrize("alias", aliases())
def test_documented_aliases(project: Path, alias: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(project)
    main(["rename", "Tensor-Ops", "Shapes", "--apply"])
    assert main(["reconcile", "--runs"]) == 0
    assert "kb rename" in capsys.readouterr().out
    assert main(["reconcile", "--finish"]) == 2
    assert "there is no unfinished run" in capsys.readouterr().err
    assert aliases()[alias]() == 0
    assert tree(project) == before


def test_nothing_was_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["history"], "no command has written anything here"),
        (["undo"], "there is nothing to undo"),
        (["undo", "--finish"], "there is nothing to finish"),
    ):
        main(words)
        assert said in capsys.readouterr().err

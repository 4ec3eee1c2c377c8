"""Runs that have come with somebody's commit: they count for nothing, and stand in nobody's way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from terminal import run_kb

from kbtools.errors import KbError
from kbtools.rewrite import Backups, FileChange
from kbtools.rewrite.journal import BACKUP_FOLDER
from kbtools.rewrite.resolve_path import Refused, check_path


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "kb.toml").write_text('docs = "."\n')
    (tmp_path / "A.md").write_bytes(b"old")
    return tmp_path


def foreign(vault: Path, state: str = "applying", path: str = ".git/hooks/pre-commit") -> str:
    """A run in the form that kb gives its own, newer than any, about a file that is not a page."""
    backups = Backups(vault, vault)
    (vault / "B.md").write_bytes(b"old")
    run = backups.apply([FileChange("B.md", b"old", b"new")], command="kb fix")
    assert run is not None
    name = "20991231T235959-ffff"
    store = vault / BACKUP_FOLDER
    shutil.move(store / run.id, store / name)
    told = (store / name / "manifest.json").read_text().replace(run.id, name).replace("B.md", path)
    (store / name / "manifest.json").write_text(told.replace('"applied"', json.dumps(state)))
    target = vault / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"new")
    original = store / name / "files" / path
    original.parent.mkdir(parents=True, exist_ok=True)
    original.write_bytes(b"old")
    (store / ".lock").write_text("4711\n")
    return name


@pytest.mark.parametrize("state", ["applying", "applied", "staging", "undoing"])
def test_a_run_from_elsewhere_is_neither_undone_nor_finished_nor_in_the_way(vault: Path, state: str) -> None:
    name = foreign(vault, state)
    backups = Backups(vault, vault)
    assert backups.unfinished() is None
    assert backups.runs() == ()
    assert backups.foreign() == (name,)
    for act in (backups.undo, backups.finish, lambda: backups.undo(name), lambda: backups.finish(name)):
        with pytest.raises(KbError):
            act()
    assert (vault / ".git/hooks/pre-commit").read_bytes() == b"new"
    mine = backups.apply([FileChange("A.md", b"old", b"new")], command="kb fix")
    assert mine is not None
    assert mine.id > name
    assert backups.undo().restored == ("A.md",)


def test_nor_is_one_that_cannot_be_read(vault: Path) -> None:
    name = foreign(vault)
    (vault / BACKUP_FOLDER / name / "manifest.json").write_bytes(b"[" * 100_000)
    backups = Backups(vault, vault)
    assert backups.apply([FileChange("A.md", b"old", b"new")], command="kb fix") is not None
    assert backups.undo().restored == ("A.md",)


def test_what_is_no_page_is_never_touched_even_where_a_user_trusts_the_run(vault: Path) -> None:
    name = foreign(vault, "applied")
    backups = Backups(vault, vault)
    backups.trust(name)
    assert [refusal.path for refusal in backups.undo(name).refused] == [".git/hooks/pre-commit"]
    assert (vault / ".git/hooks/pre-commit").read_bytes() == b"new"


@pytest.mark.parametrize("path", [".git/config", "a/.GIT/x", ".git./x", "git~1/x", ".hg/hgrc", ".kb/x", ".svn/x"])
def test_folders_of_programs_are_no_place_for_pages(path: str) -> None:
    with pytest.raises(Refused):
        check_path(path)


def test_a_user_can_trust_a_run_by_name(vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "marks"))  # what other tests trust has the same name
    name = foreign(vault, "applied", "B.md")
    refused = run_kb(("undo", name), cwd=vault)
    assert refused.returncode == 2
    assert f"kb undo {name} --trust" in refused.stderr
    assert name in run_kb(("history",), cwd=vault).stderr
    done = run_kb(("undo", name, "--trust"), cwd=vault)
    assert done.returncode == 0, done.stderr
    assert (vault / "B.md").read_bytes() == b"old"

"""Rewriting pages: what is changed, kept, refused, undone."""

from __future__ import annotations

import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rewrite_faults import in_child, message_of, page, tree

from kbtools.errors import KbError
from kbtools.rewrite import BACKUP_FOLDER, Backups, FileChange, RefusedError, RunState

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX modes, links and limits")


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    root = tmp_path / "vault"
    root.mkdir()
    return root


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def reasons(error: pytest.ExceptionInfo[RefusedError]) -> dict[str, str]:
    return {refusal.path: refusal.reason for refusal in error.value.refusals}


# What a run does


def test_writes_exactly_the_bytes_it_is_given(vault: Path) -> None:
    texts = {
        "bom.md": b"\xef\xbb\xbf---\r\ntitle: x\r\n---\r\n",
        "mixed.md": b"a\r\nb\nc\rd\x0ce\xe2\x80\xa8f",
        "nul.md": b"\x00\x00[[x]]",
        "not utf-8.md": b"\xff\xfe\xed\xa0\x80",
        "empty.md": b"",
    }
    for path, data in texts.items():
        page(vault, path, data)
    run = Backups(vault, vault).apply([FileChange(p, d, d + b"\r!\n") for p, d in texts.items()], command="reconcile")
    assert run is not None
    assert tree(vault) == {path: data + b"\r!\n" for path, data in texts.items()}


@posix
def test_keeps_the_mode_and_leaves_no_other_trace(vault: Path) -> None:
    private, shared = page(vault, "a.md", b"a", 0o600), page(vault, "b/b.md", b"b", 0o664)
    Backups(vault, vault).apply([FileChange("a.md", b"a", b"A"), FileChange("b/b.md", b"b", b"B")], command="fix")
    assert (stat.S_IMODE(private.stat().st_mode), stat.S_IMODE(shared.stat().st_mode)) == (0o600, 0o664)
    assert names(vault) == [BACKUP_FOLDER, "a.md", "b"]
    assert names(vault / "b") == ["b.md"]


@pytest.mark.skipif(sys.platform != "linux", reason="extended attributes")
def test_keeps_extended_attributes(vault: Path) -> None:
    file = page(vault, "a.md", b"a")
    try:
        os.setxattr(file, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has none")
    backups = Backups(vault, vault)
    backups.apply([FileChange("a.md", b"a", b"A")], command="fix")
    assert os.getxattr(file, "user.note") == b"mine"
    backups.undo()
    assert os.getxattr(file, "user.note") == b"mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_keeps_the_owner(vault: Path) -> None:
    file = page(vault, "a.md", b"a", 0o640)
    os.chown(file, 1234, 2345)
    backups = Backups(vault, vault)
    backups.apply([FileChange("a.md", b"a", b"A")], command="fix")
    status = file.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 2345, 0o640)
    backups.undo()
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 2345)


def test_the_backup_holds_the_originals_and_says_what_happened(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    page(docs, "topics/텐서.md", b"old\r\n", 0o640)
    run = Backups(docs, tmp_path).apply(
        [FileChange("topics/텐서.md", b"old\r\n", b"new text\r\n")], command="reconcile", summary={"links": 1}
    )
    assert run is not None
    folder = tmp_path / BACKUP_FOLDER / run.id
    assert not (docs / BACKUP_FOLDER).exists()
    assert (folder / "files/topics/텐서.md").read_bytes() == b"old\r\n"
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert (manifest["state"], manifest["command"], manifest["root"]) == ("applied", "reconcile", "docs")
    assert manifest["summary"] == {"links": 1}
    (record,) = manifest["files"]
    assert record["path"] == record["target"] == "topics/텐서.md"
    assert (record["size"], record["size_after"], record["mode"]) == (5, 10, 0o640)
    assert record["mtime_ns"] == 1_400_000_000_123_456_789
    assert names(folder) == ["files", "manifest.json"]
    assert (tmp_path / BACKUP_FOLDER / ".gitignore").read_bytes() == b"*\n"


@posix
def test_backups_are_as_private_as_can_be(vault: Path) -> None:
    page(vault, "secret.md", b"s", 0o600)
    run = Backups(vault, vault).apply([FileChange("secret.md", b"s", b"S")], command="fix")
    assert run is not None
    store = vault / BACKUP_FOLDER
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    assert stat.S_IMODE((store / run.id / "files/secret.md").stat().st_mode) == 0o600


def test_nothing_to_change_writes_nothing(vault: Path) -> None:
    page(vault, "a.md", b"a")
    backups = Backups(vault, vault)
    assert backups.apply([FileChange("a.md", b"a", b"a")], command="fix") is None
    assert backups.apply([], command="fix") is None
    assert backups.unfinished() is None
    assert backups.runs() == ()
    assert names(vault) == ["a.md"]


def test_runs_are_listed_newest_first_also_within_a_second(vault: Path) -> None:
    page(vault, "a.md", b"0")
    backups = Backups(vault, vault)
    ids = []
    for n in range(12):
        run = backups.apply([FileChange("a.md", b"%d" % n, b"%d" % (n + 1))], command=f"fix {n}", summary={"n": n})
        assert run is not None
        ids.append(run.id)
    assert ids == sorted(set(ids))
    runs = backups.runs()
    assert [run.id for run in runs] == ids[::-1]
    assert (runs[0].command, runs[0].summary, len(runs[0].files), runs[0].state) == (
        "fix 11",
        {"n": 11},
        1,
        RunState.APPLIED,
    )
    assert abs(runs[0].created.timestamp() - time.time()) < 60
    # Undone one after the other, the page goes all the way back.
    for n in reversed(range(12)):
        assert backups.undo().run.id == ids[n]
        assert (vault / "a.md").read_bytes() == b"%d" % n
    with pytest.raises(KbError, match="no run to undo"):
        backups.undo()


def test_a_clock_put_back_does_not_mix_up_the_order(vault: Path) -> None:
    page(vault, "a.md", b"a")
    backups = Backups(vault, vault)
    first = backups.apply([FileChange("a.md", b"a", b"b")], command="fix")
    assert first is not None
    future = vault / BACKUP_FOLDER / "29991231T235959-ffff"
    (vault / BACKUP_FOLDER / first.id).rename(future)
    manifest = json.loads((future / "manifest.json").read_bytes())
    (future / "manifest.json").write_text(json.dumps({**manifest, "run": future.name}))
    second = backups.apply([FileChange("a.md", b"b", b"c")], command="fix")
    assert second is not None
    assert second.id == "30000101T000000-0000"
    assert backups.undo().run.id == second.id


def test_a_real_tidy_up_of_768_pages_and_back(vault: Path) -> None:
    changes = []
    for n in range(768):
        data = b"%d " % n * 500
        page(vault, f"d{n % 8}/{n}.md", data)
        changes.append(FileChange(f"d{n % 8}/{n}.md", data, data + b"!"))
    backups = Backups(vault, vault)
    backups.apply(changes, command="reconcile")
    assert all((vault / change.path).read_bytes() == change.after for change in changes)
    assert not backups.undo().refused
    assert tree(vault) == {change.path: change.before for change in changes}


# What a run refuses, before it writes anything


def test_names_every_page_that_changed_since_it_was_read(vault: Path) -> None:
    for n in range(15):
        page(vault, f"{n}.md", b"mine" if n % 5 else b"yours")
    changes = [FileChange(f"{n}.md", b"mine", b"new") for n in range(15)]
    before = tree(vault)
    with pytest.raises(RefusedError) as error:
        Backups(vault, vault).apply(changes, command="reconcile")
    assert reasons(error) == dict.fromkeys(("0.md", "5.md", "10.md"), "changed since it was read")
    assert error.value.message == (
        "3 of 15 files cannot be rewritten, so none was: 0.md (changed since it was read); "
        "5.md (changed since it was read); 10.md (changed since it was read)"
    )
    assert error.value.hint == "run the command again"
    assert tree(vault) == before
    assert not (vault / BACKUP_FOLDER).exists()


def test_a_long_list_is_cut_in_the_message_only(vault: Path) -> None:
    with pytest.raises(RefusedError) as error:
        Backups(vault, vault).apply([FileChange(f"{n}.md", b"a", b"b") for n in range(30)], command="fix")
    assert len(error.value.refusals) == 30
    assert error.value.message.endswith("9.md (no such file); and 20 more")


@pytest.mark.parametrize(
    "path",
    [
        "../out.md",
        "/etc/passwd",
        "a/../../out.md",
        "a//b.md",
        "./a.md",
        "",
        ".",
        "a\0.md",
        "a/",
        "\ud800.md",
        "x" * 5000,
    ],
)
def test_strange_paths(vault: Path, path: str) -> None:
    out = page(vault.parent, "out.md", b"a")
    page(vault, "a/b.md", b"a")
    with pytest.raises(RefusedError):
        Backups(vault, vault).apply([FileChange(path, b"a", b"b")], command="fix")
    assert out.read_bytes() == b"a"


@posix
def test_links_are_followed_within_the_vault_only(vault: Path) -> None:
    inside = page(vault, "real/page.md", b"a")
    outside = page(vault.parent, "outside/page.md", b"a")
    (vault / "in.md").symlink_to("real/page.md")
    (vault / "chain.md").symlink_to("in.md")
    (vault / "folder").symlink_to(vault / "real")
    (vault / "out.md").symlink_to(outside)
    (vault / "outfolder").symlink_to(outside.parent)
    (vault / "loop.md").symlink_to("loop.md")
    (vault / "dangling.md").symlink_to("nowhere.md")
    backups = Backups(vault, vault)
    for path in ("in.md", "chain.md", "folder/page.md"):
        backups.apply([FileChange(path, b"a", b"b")], command="fix")
        assert inside.read_bytes() == b"b"
        assert (vault / "in.md").is_symlink()
        assert (vault / "chain.md").is_symlink()
        assert not backups.undo().refused
        assert inside.read_bytes() == b"a"
    paths = ("out.md", "outfolder/page.md", "loop.md", "dangling.md", "real/page.md")
    with pytest.raises(RefusedError) as error:
        backups.apply([FileChange(path, b"a", b"b") for path in paths], command="fix")
    assert reasons(error) == {
        "out.md": "a symbolic link leads out of the vault",
        "outfolder/page.md": "a symbolic link leads out of the vault",
        "loop.md": "cannot be found: Too many levels of symbolic links",
        "dangling.md": "no such file",
    }
    assert (inside.read_bytes(), outside.read_bytes()) == (b"a", b"a")


@posix
def test_a_vault_reached_through_a_link(vault: Path) -> None:
    file = page(vault, "a.md", b"a")
    (vault.parent / "alias").symlink_to("vault")
    backups = Backups(vault.parent / "alias", vault.parent / "alias")
    backups.apply([FileChange("a.md", b"a", b"b")], command="fix")
    assert file.read_bytes() == b"b"
    assert not Backups(vault, vault).undo().refused


@posix
def test_a_page_of_two_names_in_one_run(vault: Path) -> None:
    page(vault, "a.md", b"a")
    (vault / "b.md").symlink_to("a.md")
    with pytest.raises(RefusedError) as error:
        Backups(vault, vault).apply([FileChange("a.md", b"a", b"x"), FileChange("b.md", b"a", b"y")], command="fix")
    assert reasons(error) == {"b.md": "the same file as a.md"}
    with pytest.raises(RefusedError) as error:
        Backups(vault, vault).apply([FileChange("a.md", b"a", b"x"), FileChange("a.md", b"a", b"y")], command="fix")
    assert reasons(error) == {"a.md": "the same file as a.md"}


@posix
def test_hard_links_folders_pipes_and_read_only_pages(vault: Path) -> None:
    page(vault, "hard.md", b"a")
    os.link(vault / "hard.md", vault / "other.md")
    (vault / "folder.md").mkdir()
    os.mkfifo(vault / "pipe.md")
    page(vault, "locked.md", b"a", 0o444)
    paths = ("hard.md", "folder.md", "pipe.md", "locked.md")
    with pytest.raises(RefusedError) as error:
        Backups(vault, vault).apply([FileChange(path, b"a", b"b") for path in paths], command="fix")
    assert reasons(error) == {
        "hard.md": "has 2 names (hard links), which rewriting would part",
        "folder.md": "not a regular file",
        "pipe.md": "not a regular file",
        "locked.md": "read-only",
    }


@posix
def test_a_backup_folder_that_is_a_link_is_not_written_through(vault: Path) -> None:
    page(vault, "a.md", b"a")
    elsewhere = vault.parent / "elsewhere"
    elsewhere.mkdir()
    (vault / BACKUP_FOLDER).symlink_to(elsewhere)
    with pytest.raises(KbError, match="is a symbolic link"):
        Backups(vault, vault).apply([FileChange("a.md", b"a", b"b")], command="fix")
    assert names(elsewhere) == []
    assert (vault / "a.md").read_bytes() == b"a"


def test_a_backup_folder_that_is_a_file(vault: Path) -> None:
    page(vault, "a.md", b"a")
    (vault / BACKUP_FOLDER).write_bytes(b"")
    with pytest.raises(KbError, match="backups cannot be written"):
        Backups(vault, vault).apply([FileChange("a.md", b"a", b"b")], command="fix")
    assert (vault / "a.md").read_bytes() == b"a"


def test_foreign_folders_among_the_backups_are_left_alone(vault: Path) -> None:
    page(vault, "a.md", b"a")
    page(vault / BACKUP_FOLDER, "2026-05-08/old.md", b"from another tool")
    page(vault / BACKUP_FOLDER, "20260508T101500-00ff/no manifest.md", b"who knows")
    backups = Backups(vault, vault)
    backups.apply([FileChange("a.md", b"a", b"b")], command="fix")
    backups.undo()
    assert (vault / BACKUP_FOLDER / "2026-05-08/old.md").read_bytes() == b"from another tool"
    assert (vault / BACKUP_FOLDER / "20260508T101500-00ff/no manifest.md").exists()
    assert len(backups.runs()) == 1


# Others at work


HOLD = """
import sys, time
from kbtools.rewrite.lock import Lock
with Lock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(vault: Path) -> Iterator[subprocess.Popen[str]]:
    """A second, real process that holds the lock of a vault that was rewritten before."""
    page(vault, "a.md", b"a")
    Backups(vault, vault).apply([FileChange("a.md", b"a", b"b")], command="fix")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(vault / BACKUP_FOLDER / ".lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_one_at_a_time(vault: Path, holder: subprocess.Popen[str]) -> None:
    backups = Backups(vault, vault)
    actions: list[Callable[[], object]] = [
        lambda: backups.apply([FileChange("a.md", b"b", b"c")], command="fix"),
        backups.undo,
        backups.finish,
    ]
    for action in actions:
        with pytest.raises(KbError, match=rf"another kb \(process {holder.pid}\) is rewriting this vault") as error:
            action()
        assert "wait" in (error.value.hint or "")
    assert (vault / "a.md").read_bytes() == b"b"
    assert backups.unfinished() is None
    # The system gives the lock back, however its holder ended.
    holder.kill()
    holder.wait()
    assert backups.unfinished() is None
    assert backups.apply([FileChange("a.md", b"b", b"c")], command="fix")


def test_a_page_changed_while_the_run_was_under_way(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor saves one page after all were checked: its text stays, the pages replaced before go back."""
    files = [f"{n}.md" for n in range(5)]
    for name in files:
        page(vault, name, b"old")
    real = os.replace
    done = []

    def replace(source: str, target: str) -> None:
        real(source, target)
        if target.endswith(".md"):
            done.append(target)
            if len(done) == 2:
                (vault / "3.md").write_bytes(b"saved by an editor")

    monkeypatch.setattr(os, "replace", replace)
    backups = Backups(vault, vault)
    with pytest.raises(RefusedError) as error:
        backups.apply([FileChange(name, b"old", b"new") for name in files], command="fix")
    assert reasons(error) == {"3.md": "changed since it was read"}
    assert tree(vault) == {**dict.fromkeys(files, b"old"), "3.md": b"saved by an editor"}
    assert (vault / "0.md").stat().st_mtime_ns == 1_400_000_000_123_456_789
    assert backups.unfinished() is None
    assert [run.state for run in backups.runs()] == [RunState.ROLLED_BACK]


def test_a_rename_that_fails_half_way_rolls_everything_back(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [f"{n}.md" for n in range(5)]
    for name in files:
        page(vault, name, b"old", 0o640)
    real = os.replace

    def replace(source: str, target: str) -> None:
        if target.endswith("3.md"):
            raise PermissionError(1, "Operation not permitted")
        real(source, target)

    backups = Backups(vault, vault)
    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(KbError, match=r"3\.md cannot be rewritten: Operation not permitted; every page was put back"):
        backups.apply([FileChange(name, b"old", b"new") for name in files], command="fix")
    monkeypatch.undo()
    assert tree(vault) == dict.fromkeys(files, b"old")
    assert {(vault / name).stat().st_mtime_ns for name in files} == {1_400_000_000_123_456_789}
    assert backups.runs()[0].state is RunState.ROLLED_BACK
    with pytest.raises(KbError, match="rolled back already"):
        backups.undo(backups.runs()[0].id)


# Undo


@posix
def test_undo_gives_back_bytes_modes_and_times(vault: Path) -> None:
    file = page(vault, "a.md", b"\xef\xbb\xbfa\r\n", 0o600)
    backups = Backups(vault, vault)
    backups.apply([FileChange("a.md", b"\xef\xbb\xbfa\r\n", b"b")], command="fix")
    assert file.stat().st_mtime_ns != 1_400_000_000_123_456_789
    file.chmod(0o644)
    undone = backups.undo()
    assert (undone.restored, undone.already, undone.refused) == (("a.md",), (), ())
    assert undone.run.state is RunState.UNDONE
    assert file.read_bytes() == b"\xef\xbb\xbfa\r\n"
    assert (stat.S_IMODE(file.stat().st_mode), file.stat().st_mtime_ns) == (0o600, 1_400_000_000_123_456_789)
    with pytest.raises(KbError, match="is undone already"):
        backups.undo(undone.run.id)


def test_undo_leaves_pages_that_changed_since_and_can_be_repeated(vault: Path) -> None:
    for name in "abcdef":
        page(vault, f"{name}.md", b"old")
    backups = Backups(vault, vault)
    run = backups.apply([FileChange(f"{name}.md", b"old", b"new") for name in "abcdef"], command="fix")
    assert run is not None
    (vault / "b.md").write_bytes(b"edited")
    (vault / "c.md").unlink()
    (vault / "d.md").write_bytes(b"old")
    (vault / BACKUP_FOLDER / run.id / "files/e.md").write_bytes(b"tampered")
    undone = backups.undo()
    assert undone.run.state is RunState.PARTLY_UNDONE
    assert undone.restored == ("a.md", "f.md")
    assert undone.already == ("d.md",)
    assert {r.path: r.reason for r in undone.refused} == {
        "b.md": "changed since the run",
        "c.md": "no longer exists",
        "e.md": "its backup is damaged",
    }
    assert tree(vault) == {"a.md": b"old", "b.md": b"edited", "d.md": b"old", "e.md": b"new", "f.md": b"old"}
    assert backups.unfinished() is None
    # Again, after the user has made up their mind. What was restored before is theirs by now.
    (vault / "a.md").write_bytes(b"edited after the undo")
    (vault / "b.md").write_bytes(b"new")
    (vault / "c.md").write_bytes(b"new")
    (vault / BACKUP_FOLDER / run.id / "files/e.md").write_bytes(b"old")
    again = backups.undo()
    assert again.run.state is RunState.UNDONE
    assert again.restored == ("b.md", "c.md", "e.md")
    assert tree(vault) == {**dict.fromkeys([f"{n}.md" for n in "bcdef"], b"old"), "a.md": b"edited after the undo"}


def test_undo_leaves_a_page_saved_while_it_was_under_way(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        page(vault, f"{name}.md", b"old")
    backups = Backups(vault, vault)
    backups.apply([FileChange(f"{name}.md", b"old", b"new") for name in "abc"], command="fix")
    real = os.replace

    def replace(source: str, target: str) -> None:
        real(source, target)
        if target.endswith("a.md"):
            (vault / "b.md").write_bytes(b"saved by an editor")

    monkeypatch.setattr(os, "replace", replace)
    undone = backups.undo()
    assert [(r.path, r.reason) for r in undone.refused] == [("b.md", "changed since the run")]
    assert tree(vault) == {"a.md": b"old", "b.md": b"saved by an editor", "c.md": b"old"}


def test_undoing_an_older_run_leaves_what_a_later_one_changed(vault: Path) -> None:
    page(vault, "a.md", b"1")
    page(vault, "b.md", b"1")
    backups = Backups(vault, vault)
    first = backups.apply([FileChange("a.md", b"1", b"2"), FileChange("b.md", b"1", b"2")], command="fix")
    backups.apply([FileChange("a.md", b"2", b"3")], command="fix")
    assert first is not None
    undone = backups.undo(first.id)
    assert (undone.restored, [r.path for r in undone.refused]) == (("b.md",), ["a.md"])
    assert tree(vault) == {"a.md": b"3", "b.md": b"1"}


@posix
def test_undo_does_not_follow_a_link_put_in_a_pages_place(vault: Path) -> None:
    page(vault, "a.md", b"old")
    page(vault, "d/b.md", b"old")
    backups = Backups(vault, vault)
    backups.apply([FileChange("a.md", b"old", b"new"), FileChange("d/b.md", b"old", b"new")], command="fix")
    outside = page(vault.parent, "outside/b.md", b"new")
    inside = page(vault, "other.md", b"new")
    (vault / "a.md").unlink()
    (vault / "a.md").symlink_to("other.md")
    shutil.rmtree(vault / "d")
    (vault / "d").symlink_to(outside.parent)
    undone = backups.undo()
    assert {r.path: r.reason for r in undone.refused} == {
        "a.md": "a symbolic link now leads to another file",
        "d/b.md": "a symbolic link leads out of the vault",
    }
    assert (outside.read_bytes(), inside.read_bytes()) == (b"new", b"new")


def test_a_manifest_is_not_trusted(vault: Path) -> None:
    """A vault may come from anywhere: its manifest must not make undo write outside, or break the other commands."""
    page(vault, "a.md", b"old")
    outside = page(vault.parent, "outside.md", b"new")
    backups = Backups(vault, vault)
    run = backups.apply([FileChange("a.md", b"old", b"new")], command="fix")
    assert run is not None
    path = vault / BACKUP_FOLDER / run.id / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["files"][0]["path"] = manifest["files"][0]["target"] = "../outside.md"
    path.write_text(json.dumps(manifest))
    assert [r.reason for r in backups.undo().refused] == ["not a plain path relative to the vault"]
    assert outside.read_bytes() == b"new"
    broken = [
        b"", b"{", b"[]", b"null", b'{"version": 2}', b"\xff", b"[" * 100_000,
        json.dumps({**manifest, "files": [{}]}).encode(), json.dumps({**manifest, "files": 3}).encode(),
        json.dumps({**manifest, "state": "odd"}).encode(), json.dumps({**manifest, "created": 7}).encode(),
        json.dumps({**manifest, "files": [{**manifest["files"][0], "mode": "0644"}]}).encode(),
    ]  # fmt: skip
    for data in broken:
        path.write_bytes(data)
        with pytest.raises(KbError, match=f"manifest of run {run.id} cannot be read") as error:
            backups.undo()
        assert "files" in (error.value.hint or "")


def test_names_that_are_no_runs(vault: Path) -> None:
    page(vault, "a.md", b"a")
    backups = Backups(vault, vault)
    for action in (backups.undo, backups.finish):
        with pytest.raises(KbError, match="no run to undo"):
            action()
    assert names(vault) == ["a.md"]
    backups.apply([FileChange("a.md", b"a", b"b")], command="fix")
    for name in ("", "..", "../../x", "20260101T000000-0000"):
        with pytest.raises(KbError, match="there is no run"):
            backups.undo(name)
    with pytest.raises(KbError, match="no unfinished run"):
        backups.finish()


def test_runs_of_another_vault_are_its_own(tmp_path: Path) -> None:
    """One project, two folders of pages, one folder of backups."""
    page(tmp_path, "docs/a.md", b"a")
    page(tmp_path, "notes/a.md", b"a")
    docs, notes = Backups(tmp_path / "docs", tmp_path), Backups(tmp_path / "notes", tmp_path)
    run = docs.apply([FileChange("a.md", b"a", b"b")], command="fix")
    assert run is not None
    with pytest.raises(KbError, match="no run to undo"):
        notes.undo()
    with pytest.raises(KbError, match="changed another vault, docs"):
        notes.undo(run.id)
    assert not docs.undo().refused


def test_what_an_interrupted_run_tells(vault: Path) -> None:
    page(vault, "a.md", b"a")
    backups = Backups(vault, vault)
    run = backups.apply([FileChange("a.md", b"a", b"b")], command="kb reconcile")
    assert run is not None
    path = vault / BACKUP_FOLDER / run.id / "manifest.json"
    for state, message in (
        ("applying", "was stopped while it changed 1 page"),
        ("undoing", "was stopped on the way"),
        ("staging", "was stopped before it changed any page"),
    ):
        path.write_text(json.dumps({**json.loads(path.read_bytes()), "state": state}))
        (vault / BACKUP_FOLDER / ".lock").write_text("99999\n")
        found = backups.unfinished()
        assert found is not None
        error = Backups(vault, vault, "--vault notes").interrupted(found)
        assert message in error.message
        assert "(kb reconcile" in error.message
        assert f"`kb undo {run.id} --vault notes`" in (error.hint or "")


# A disk that does not let it


@pytest.fixture
def public() -> Iterator[Path]:
    """A vault that belongs to an ordinary user, whoever runs the tests."""
    # pytest's own folders are closed to others, and so may be the whole temporary folder.
    places = [Path(place) for place in (tempfile.gettempdir(), "/var/tmp", "/dev/shm") if Path(place).is_dir()]
    place = next((p for p in places if all(up.stat().st_mode & 0o001 for up in (p, *p.parents))), None)
    if place is None:
        pytest.skip("no folder an ordinary user can reach")
    root = Path(tempfile.mkdtemp(prefix="kb-public-", dir=place))
    root.chmod(0o755)
    yield root
    for path in root.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(root)


def as_user(action: Callable[[], object]) -> int:
    def child() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        action()

    return in_child(child)


@posix
def test_read_only_folders_and_pages_of_others(public: Path) -> None:
    page(public, "ok.md", b"a")
    page(public, "closed/page.md", b"a")
    page(public, "theirs.md", b"a", 0o600)
    if os.geteuid() == 0:
        for path in (public, public / "ok.md", public / "closed", public / "closed/page.md"):
            os.chown(path, 65534, 65534)
    else:
        (public / "theirs.md").chmod(0o000)
    (public / "closed").chmod(0o555)
    before = {p.name: p.stat().st_mtime_ns for p in public.rglob("*.md")}

    def attempt() -> None:
        os.environ["XDG_STATE_HOME"] = str(public / "state")  # in a process of its own
        backups = Backups(public, public)
        with pytest.raises(RefusedError) as error:
            backups.apply([FileChange(p, b"a", b"b") for p in ("ok.md", "closed/page.md", "theirs.md")], command="fix")
        assert reasons(error) == {
            "closed/page.md": "its folder is read-only",
            "theirs.md": "cannot be read: Permission denied",
        }
        # Restored where it can be: the folder was closed after the run.
        (public / "closed").chmod(0o755)
        backups.apply([FileChange(p, b"a", b"b") for p in ("ok.md", "closed/page.md")], command="fix")
        (public / "closed").chmod(0o555)
        undone = backups.undo()
        assert undone.restored == ("ok.md",)
        assert [(r.path, r.reason) for r in undone.refused] == [("closed/page.md", "its folder is read-only")]
        (public / "closed").chmod(0o755)
        assert backups.undo().restored == ("closed/page.md",)

    assert as_user(attempt) == 0
    assert {p.name: p.stat().st_mtime_ns for p in public.rglob("*.md") if BACKUP_FOLDER not in p.parts} == before


@posix
def test_a_project_that_may_not_be_written(public: Path) -> None:
    page(public, "docs/a.md", b"a")
    if os.geteuid() == 0:
        for path in (public / "docs", public / "docs/a.md", public):
            os.chown(path, 65534, 65534)
    public.chmod(0o555)

    def attempt() -> None:
        with pytest.raises(KbError, match="backups cannot be written: Permission denied"):
            Backups(public / "docs", public).apply([FileChange("a.md", b"a", b"b")], command="fix")

    assert as_user(attempt) == 0
    assert (public / "docs/a.md").read_bytes() == b"a"


@posix
def test_others_may_read_a_vault_whose_backups_they_may_not_see(public: Path) -> None:
    page(public, "a.md", b"a")
    Backups(public, public).apply([FileChange("a.md", b"a", b"b")], command="fix")
    if os.geteuid() == 0:

        def attempt() -> None:
            assert Backups(public, public).unfinished() is None
            with pytest.raises(KbError, match="Permission denied"):
                Backups(public, public).undo()

        assert as_user(attempt) == 0


@posix
@pytest.mark.parametrize("most", [0, 100, 700, 1500, 3000, 30_000, 80_020, 1_000_000])
def test_a_limit_on_file_sizes(vault: Path, most: int) -> None:
    """What a full disk or a quota looks like to the process: a write that stops in the middle of a file."""
    sizes = (10, 1000, 20_000, 80_000, 400)
    changes = []
    for n, size in enumerate(sizes):
        page(vault, f"{n}.md", b"x" * size)
        changes.append(FileChange(f"{n}.md", b"x" * size, b"y" * (size + 50)))
    old, new = ({c.path: c.before for c in changes}, {c.path: c.after for c in changes})

    def limited(action: Callable[[Backups], object]) -> str | None:
        """Do it in a process of its own; what it complains of, if it does."""

        def child() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            action(Backups(vault, vault))

        return message_of(child)

    message = limited(lambda backups: backups.apply(changes, command="fix"))
    backups = Backups(vault, vault)
    assert backups.unfinished() is None
    if most == 1_000_000:
        assert message is None
        assert tree(vault) == new
    else:
        assert message is not None
        assert "File too large" in message
        assert tree(vault) == old
        assert backups.runs() == ()
        assert backups.apply(changes, command="fix")

    message = limited(lambda backups: backups.undo())
    assert message is None or "File too large" in message
    assert all(data in (old[path], new[path]) for path, data in tree(vault).items())
    if message is None:
        too_large = {f"{n}.md" for n, size in enumerate(sizes) if size > most}
        assert {path for path, data in tree(vault).items() if data == new[path]} == too_large
    if backups.runs()[0].state is not RunState.UNDONE:
        assert not backups.undo().refused
    assert tree(vault) == old


# New pages


def test_new_pages_are_made_with_their_folders(tmp_path: Path) -> None:
    path = tmp_path / "topics/deep/새 문서.md"
    other = tmp_path / "topics/other.md"
    backups = Backups(tmp_path, tmp_path)
    made = [FileChange("topics/deep/새 문서.md", None, b"\xef\xbb\xbfa\r\n"), FileChange("topics/other.md", None, b"")]
    backups.apply(made, command="kb new")
    assert path.read_bytes() == b"\xef\xbb\xbfa\r\n"
    assert names(path.parent) == ["새 문서.md"]
    assert path.stat().st_nlink == 1
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    other.write_bytes(b"changed since")
    assert [r.path for r in backups.undo().refused] == ["topics/other.md"]
    assert names(tmp_path / "topics") == ["other.md"]
    other.write_bytes(b"")
    assert not backups.undo().refused
    assert names(tmp_path) == [BACKUP_FOLDER]


def test_a_new_page_takes_the_place_of_nothing(tmp_path: Path) -> None:
    path = page(tmp_path, "a.md", b"mine")
    backups = Backups(tmp_path, tmp_path)
    (tmp_path / "dangling.md").symlink_to("nowhere.md")
    for name in ("a.md", "dangling.md"):
        with pytest.raises(KbError, match="exists already"):
            backups.apply([FileChange(name, None, b"yours")], command="kb new")
    with pytest.raises(KbError, match="Not a directory"):
        backups.apply([FileChange("a.md/below.md", None, b"yours")], command="kb new")
    (tmp_path / "outside").symlink_to(tmp_path.parent)
    for name in ("outside/b.md", "outside/new/b.md", "../b.md"):
        with pytest.raises(RefusedError):
            backups.apply([FileChange(name, None, b"yours")], command="kb new")
    assert path.read_bytes() == b"mine"
    assert names(tmp_path) == ["a.md", "dangling.md", "outside"]
    assert not (tmp_path.parent / "new").exists()


def test_new_pages_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: str, target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    backups = Backups(tmp_path, tmp_path)
    backups.apply([FileChange("a.md", None, b"a")], command="kb new")
    with pytest.raises(KbError, match="exists already"):
        backups.apply([FileChange("a.md", None, b"b")], command="kb new")
    assert (tmp_path / "a.md").read_bytes() == b"a"
    assert names(tmp_path) == [BACKUP_FOLDER, "a.md"]


def test_one_refused_file_is_not_held_against_the_others(tmp_path: Path) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_bytes(b"x")
    changes = [FileChange("gone.md", b"x", b"y"), FileChange("a.md", b"x", b"y"), FileChange("b.md", b"x", b"y")]
    with pytest.raises(RefusedError) as caught:
        Backups(tmp_path, tmp_path).apply(changes, command="test")
    assert [r.path for r in caught.value.refusals] == ["gone.md"]


def test_a_file_that_is_made_takes_no_other_s_place_and_goes_at_undo(tmp_path: Path) -> None:
    backups = Backups(tmp_path, tmp_path)
    (tmp_path / "there.txt").write_bytes(b"x")
    with pytest.raises(RefusedError, match="exists already"):
        backups.apply([FileChange("new.txt", None, b"n"), FileChange("there.txt", None, b"n")], command="test")
    assert not (tmp_path / "new.txt").exists()
    backups.apply([FileChange("new.txt", None, b"n"), FileChange("there.txt", b"x", b"y")], command="test")
    assert (tmp_path / "new.txt").read_bytes() == b"n"
    assert backups.undo().restored == ("new.txt", "there.txt")
    assert not (tmp_path / "new.txt").exists()
    backups.apply([FileChange("new.txt", None, b"n")], command="test")
    (tmp_path / "new.txt").write_bytes(b"edited")
    undone = backups.undo()
    assert [r.path for r in undone.refused] == ["new.txt"]
    assert (tmp_path / "new.txt").read_bytes() == b"edited"

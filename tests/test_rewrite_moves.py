"""Files that get another name in a run: what is refused, what undo gives back, and disks that fold names."""

# ruff: noqa: PTH118, PTH208 (names as the disk spells them)

from __future__ import annotations

import json
import os
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rewrite_faults import killed, page, tree

from kbtools.errors import KbError
from kbtools.rewrite import BACKUP_FOLDER, Backups, FileChange, RefusedError, RunState


@pytest.fixture(autouse=True)
def no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)


def reason(root: Path, *changes: FileChange) -> str:
    """Why a run is refused; nothing may have happened."""
    before = tree(root)
    with pytest.raises(RefusedError) as error:
        Backups(root, root).apply(changes, command="kb rename")
    assert tree(root) == before
    assert not (root / BACKUP_FOLDER).exists()
    return error.value.refusals[-1].reason


def test_a_name_a_text_and_other_pages_change_as_one(tmp_path: Path) -> None:
    old = page(tmp_path, "a/old.md", b"# old\r\n")
    page(tmp_path, "b.md", b"[[old]]")
    backups = Backups(tmp_path, tmp_path)
    changes = [
        FileChange("a/old.md", b"# old\r\n", b"# new\r\n", "a/new.md"),
        FileChange("b.md", b"[[old]]", b"[[new]]"),
    ]
    run = backups.apply(changes, command="kb rename")
    assert run is not None
    assert tree(tmp_path) == {"a/new.md": b"# new\r\n", "b.md": b"[[new]]"}
    assert (tmp_path / "a/new.md").stat().st_mode & 0o777 == 0o640
    assert not backups.undo().refused
    assert tree(tmp_path) == {"a/old.md": b"# old\r\n", "b.md": b"[[old]]"}
    status = old.stat()
    assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o640, 1_400_000_000_123_456_789)


def test_only_a_name_changes_and_the_time_stays(tmp_path: Path) -> None:
    page(tmp_path, "old.md", b"x")
    backups = Backups(tmp_path, tmp_path)
    assert backups.apply([FileChange("old.md", b"x", b"x", "old.md")], command="kb rename") is None
    backups.apply([FileChange("old.md", b"x", b"x", "new.md")], command="kb rename")
    assert tree(tmp_path) == {"new.md": b"x"}
    assert (tmp_path / "new.md").stat().st_mtime_ns == 1_400_000_000_123_456_789
    backups.undo()
    assert tree(tmp_path) == {"old.md": b"x"}


def test_what_is_refused(tmp_path: Path) -> None:
    page(tmp_path, "a.md", b"a")
    page(tmp_path, "b.md", b"b")
    (tmp_path / "link.md").symlink_to("a.md")
    (tmp_path / "dangling.md").symlink_to("nowhere.md")
    (tmp_path / "out").symlink_to(tmp_path.parent)
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "locked").mkdir(mode=0o555)

    def to(new: str, old: str = "a.md") -> str:
        return reason(tmp_path, FileChange(old, b"a", b"A", new))

    assert to("b.md") == "b.md exists already"
    assert to("dangling.md") == "dangling.md exists already"
    assert to("folder.md") == "folder.md exists already"
    assert to("nowhere/a.md") == "there is no such folder"
    assert to("b.md/a.md").endswith("Not a directory")
    assert to("../a.md") == "not a plain path relative to the vault"
    assert to("out/a.md") == "a symbolic link leads out of the vault"
    assert to("x" * 300 + ".md").endswith("File name too long")
    assert to("c.md", "link.md") == "a symbolic link is not renamed; rename the file it leads to"
    if os.geteuid() != 0:
        assert to("locked/a.md") == "its folder is read-only"
    both = FileChange("a.md", b"a", b"A", "c.md"), FileChange("b.md", b"b", b"B", "c.md")
    assert reason(tmp_path, *both) == "c.md is the new name of another file"
    swap = FileChange("a.md", b"a", b"a", "b.md"), FileChange("b.md", b"b", b"b", "a.md")
    assert reason(tmp_path, *swap) == "a.md exists already"


def test_a_file_made_under_the_new_name_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(tmp_path, "a.md", b"a")
    page(tmp_path, "b.md", b"b")
    link = os.link

    def late(source: str, target: str) -> None:
        Path(target).write_bytes(b"somebody's")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    changes = [FileChange("b.md", b"b", b"B"), FileChange("a.md", b"a", b"A", "new.md")]
    with pytest.raises(KbError, match=r"a\.md cannot be rewritten: File exists; every page was put back"):
        Backups(tmp_path, tmp_path).apply(changes, command="kb rename")
    assert tree(tmp_path) == {"a.md": b"a", "b.md": b"b", "new.md": b"somebody's"}
    assert Backups(tmp_path, tmp_path).unfinished() is None


def test_a_page_saved_meanwhile_stays_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page(tmp_path, "a.md", b"a")
    page(tmp_path, "b.md", b"b")
    link = os.link

    def late(source: str, target: str) -> None:
        link(source, target)
        (tmp_path / "a.md").write_bytes(b"saved in the editor")

    monkeypatch.setattr(os, "link", late)
    changes = [FileChange("b.md", b"b", b"B"), FileChange("a.md", b"a", b"A", "new.md")]
    with pytest.raises(KbError, match=r"a\.md cannot be rewritten: changed since the run; every page was put back"):
        Backups(tmp_path, tmp_path).apply(changes, command="kb rename")
    assert tree(tmp_path) == {"a.md": b"saved in the editor", "b.md": b"b"}


def renamed(root: Path) -> Backups:
    page(root, "a.md", b"a")
    backups = Backups(root, root)
    backups.apply([FileChange("a.md", b"a", b"A", "new.md")], command="kb rename")
    return backups


@pytest.mark.parametrize(
    ("meanwhile", "why", "left"),
    [
        ({"new.md": b"edited"}, "changed since the run", {"new.md": b"edited"}),
        ({"a.md": b"another"}, "another file has its old name now", {"new.md": b"A", "a.md": b"another"}),
        ({"new.md": None}, "no longer exists", {}),
        ({"new.md": None, "a.md": b"x"}, "changed since the run", {"a.md": b"x"}),
    ],
)
def test_undo_loses_nothing(tmp_path: Path, meanwhile: dict[str, bytes | None], why: str, left: dict[str, Any]) -> None:
    backups = renamed(tmp_path)
    for path, data in meanwhile.items():
        if data is None:
            (tmp_path / path).unlink()
        else:
            (tmp_path / path).write_bytes(data)
    undone = backups.undo()
    assert [(r.path, r.reason) for r in undone.refused] == [("a.md", why)]
    assert undone.run.state is RunState.PARTLY_UNDONE
    assert tree(tmp_path) == left


def test_undo_of_a_page_put_back_by_hand(tmp_path: Path) -> None:
    backups = renamed(tmp_path)
    (tmp_path / "new.md").rename(tmp_path / "a.md")
    (tmp_path / "a.md").write_bytes(b"a")
    undone = backups.undo()
    assert (undone.already, undone.refused) == (("a.md",), ())
    assert tree(tmp_path) == {"a.md": b"a"}


def test_manifests_without_moves_are_as_they_were(tmp_path: Path) -> None:
    page(tmp_path, "a.md", b"a")
    backups = Backups(tmp_path, tmp_path)
    run = backups.apply([FileChange("a.md", b"a", b"A")], command="kb fix")
    assert run is not None
    file = tmp_path / BACKUP_FOLDER / run.id / "manifest.json"
    manifest = json.loads(file.read_bytes())
    assert sorted(manifest["files"][0]) == [
        "after", "atime_ns", "before", "mode", "mtime_ns", "path", "restored", "size", "size_after", "target",
    ]  # fmt: skip
    assert backups.runs() == (run,)
    assert not backups.undo().refused


def test_a_manifest_is_not_trusted(tmp_path: Path) -> None:
    root = tmp_path / "vault"
    backups = renamed(root)
    outside = page(tmp_path, "outside.md", b"A")
    (manifest,) = root.glob(f"{BACKUP_FOLDER}/*/manifest.json")
    text = manifest.read_text(encoding="utf-8")
    for path in ("../outside.md", str(outside), "x/../../outside.md"):
        manifest.write_text(text.replace('"new.md"', json.dumps(path)), encoding="utf-8")
        assert backups.undo().refused
        assert outside.read_bytes() == b"A"
    manifest.write_text(text.replace('"new.md"', "5"), encoding="utf-8")
    with pytest.raises(KbError, match="cannot be read"):
        backups.undo()


# Disks on which "Tensor.md" and "tensor.md" are one file (macOS, Windows), and disks without hard links


def fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


class FoldingDisk:
    """The functions of ``os`` as a disk has them that takes names without regard to case.

    ``stubborn``: a rename to another spelling of the same name does nothing, as in ext4's folders with ``casefold``.
    """

    def __init__(self, stubborn: bool) -> None:
        self.stubborn = stubborn
        self.real = {n: getattr(os, n) for n in ("open", "lstat", "stat", "unlink", "rename", "replace", "link")}

    def entry(self, path: Any) -> Any:
        """The path with its last name as it is spelled on the disk."""
        if not isinstance(path, str | os.PathLike):
            return path
        folder, name = os.path.split(os.fspath(path))
        try:
            found = next((n for n in os.listdir(folder or ".") if fold(n) == fold(name)), name)
        except OSError:
            return path
        return os.path.join(folder, found)

    def simple(self, name: str) -> Callable[..., Any]:
        return lambda path, *args, **kwargs: self.real[name](self.entry(path), *args, **kwargs)

    def rename(self, source: Any, target: Any) -> None:
        source, there = self.entry(source), self.entry(target)
        if source != there:
            self.real["replace"](source, there)
        elif not self.stubborn:
            self.real["rename"](source, target)

    def link(self, source: Any, target: Any) -> None:
        self.real["link"](self.entry(source), self.entry(target))


@pytest.fixture(params=[False, True], ids=["folding", "folding and stubborn"])
def folding(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FoldingDisk(request.param)
    for name in ("open", "lstat", "stat", "unlink"):
        monkeypatch.setattr(os, name, disk.simple(name))
    monkeypatch.setattr(os, "rename", disk.rename)
    monkeypatch.setattr(os, "replace", disk.rename)
    monkeypatch.setattr(os, "link", disk.link)


@pytest.fixture
def unlinked(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: str, target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


CASES = {"tensor.md": (b"t", b"T", "Tensor.md"), "b.md": (b"[[tensor]]", b"[[Tensor]]", "b.md")}


def fresh(root: Path) -> Backups:
    shutil.rmtree(root, ignore_errors=True)
    for path, (before, _, _) in CASES.items():
        page(root, path, before)
    return Backups(root, root)


def apply(backups: Backups) -> None:
    changes = [FileChange(path, before, after, to) for path, (before, after, to) in CASES.items()]
    backups.apply(changes, command="kb rename")


def kill_points(root: Path, prepare: bool, action: Callable[[Backups], object]) -> Iterator[Backups]:
    at = 0
    while True:
        backups = fresh(root)
        if prepare:
            apply(backups)
        if not killed(at, lambda: action(backups)):  # noqa: B023 (called at once)
            return
        yield Backups(root, root)
        at += 1


OLD = {path: before for path, (before, _, _) in CASES.items()}
NEW = {to: after for _, after, to in CASES.values()}


def spelled(root: Path) -> dict[str, bytes]:
    return {name: (root / name).read_bytes() for name in sorted(os.listdir(root)) if name.endswith(".md")}


@pytest.mark.usefixtures("folding")
def test_only_the_case_of_a_name_changes(tmp_path: Path) -> None:
    backups = fresh(tmp_path / "v")
    apply(backups)
    assert spelled(tmp_path / "v") == NEW
    assert not backups.undo().refused
    assert spelled(tmp_path / "v") == OLD
    assert (tmp_path / "v/tensor.md").stat().st_mtime_ns == 1_400_000_000_123_456_789
    page(tmp_path / "v", "C.md", b"c")
    with pytest.raises(RefusedError, match=r"c\.md exists already"):
        backups.apply([FileChange("b.md", b"[[tensor]]", b"x", "c.md")], command="kb rename")


def both_ways_out(root: Path) -> None:
    for prepare, action in ((False, apply), (True, Backups.undo)):
        count = 0
        for way in ("undo", "finish"):
            for backups in kill_points(root, prepare, action):
                for path, (before, after, to) in CASES.items():
                    for name in {path, to} & set(os.listdir(root)):
                        assert (root / name).read_bytes() in (before, after, b"")
                run = backups.unfinished()
                if run is None:
                    assert spelled(root) in (OLD, NEW)
                    continue
                count += 1
                done = backups.undo().refused if way == "undo" else backups.finish().state
                if way == "undo" or run.state is not RunState.APPLYING:
                    assert done in ((), RunState.UNDONE, RunState.ROLLED_BACK)
                    assert spelled(root) == OLD
                else:
                    assert done is RunState.APPLIED
                    assert spelled(root) == NEW
                assert backups.unfinished() is None
                assert tree(root) == spelled(root)
        assert count > 20


@pytest.mark.usefixtures("folding")
def test_killed_while_only_the_case_of_a_name_changes(tmp_path: Path) -> None:
    both_ways_out(tmp_path / "v")


@pytest.mark.usefixtures("unlinked")
def test_killed_where_there_are_no_hard_links(tmp_path: Path) -> None:
    both_ways_out(tmp_path / "v")

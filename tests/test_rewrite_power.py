"""The power goes out after every single call: what was not flushed is lost, and no page is.

A process that is killed loses nothing the kernel has; a machine does. The calls a run makes are recorded and replayed
on a model of a disk that keeps only what fsync was called for: a file's bytes from its last flush (else nothing: the
empty files ext4 and XFS are known for), a folder's names from its own last flush, or, for each folder by itself, from
any moment since. What is left is written to a real folder, and the next kb has to cope with it.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rewrite_faults import tree

from kbtools.rewrite import Backups, FileChange, RunState

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX folders")

OLD = {"a.md": b"old a" * 50, "d/b.md": b"", "d/c.md": b"old c", "e/f/g.md": b"old g"}
NEW = {path: data + b" and new" for path, data in OLD.items()}
MOVED = {"d/b.md": "d/B2.md", "e/f/g.md": "e/g.md"}
"""Pages that get another name, one of them in another folder."""
MADE = {"n/o/made.md": b"made" * 50}
"""A page that is made, and two folders for it."""
CHANGES = (
    *(FileChange(path, None, data) for path, data in MADE.items()),
    *(FileChange(path, OLD[path], NEW[path], MOVED.get(path)) for path in OLD),
)
AFTER = {MOVED.get(path, path): data for path, data in NEW.items()} | MADE


class Node:
    """A file or, with ``names``, a folder: as the kernel sees it, and what of it lies on the disk."""

    def __init__(self, folder: bool, data: bytes = b"") -> None:
        self.data, self.safe = data, data
        self.names: dict[str, Node] | None = {} if folder else None
        self.history: list[dict[str, Node]] = [{}]
        """A folder's names since its last flush, that one first."""

    def changed(self) -> None:
        assert self.names is not None
        self.history.append(dict(self.names))

    def flush(self) -> None:
        self.safe = self.data
        if self.names is not None:
            self.history = [dict(self.names)]


class Disk:
    """The model, fed with the calls of a real run below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top = self._load(root)
        self.open: dict[int, Node] = {}

    def _load(self, path: Path) -> Node:
        node = Node(path.is_dir(), b"" if path.is_dir() else path.read_bytes())
        if node.names is not None:
            node.names |= {child.name: self._load(child) for child in path.iterdir()}
        node.flush()
        return node

    def find(self, path: Any) -> tuple[Node, str]:
        """The folder of a path, and the name in it."""
        *folders, name = Path(path).relative_to(self.root).parts
        node = self.top
        for folder in folders:
            assert node.names is not None
            node = node.names[folder]
        return node, name

    def concerns(self, call: str, args: tuple[Any, ...]) -> bool:
        """Whether a call is about something below the root: the mark by which a run is trusted lies elsewhere."""
        if call in ("write", "ftruncate", "fsync"):
            return args[0] in self.open
        return call in ("open", "close") or Path(args[0]).is_relative_to(self.root)

    def saw(self, call: str, args: tuple[Any, ...], result: Any) -> bool:
        """Take note of a call that succeeded. Whether it changed anything."""
        if not self.concerns(call, args):
            return False
        if call == "open":
            if Path(args[0]) == self.root:
                self.open[result] = self.top
                return False
            if not Path(args[0]).is_relative_to(self.root):
                return False
            folder, name = self.find(args[0])
            assert folder.names is not None
            if name not in folder.names:
                folder.names[name] = Node(False)
                folder.changed()
            self.open[result] = folder.names[name]
            return bool(args[1] & os.O_CREAT)
        if call == "close":
            self.open.pop(args[0], None)
            return False
        if call == "write":
            self.open[args[0]].data += bytes(args[1])[:result]
        elif call == "ftruncate":
            self.open[args[0]].data = b""
        elif call == "fsync":
            self.open[args[0]].flush()
        elif call == "link":
            (source, old), (folder, name) = self.find(args[0]), self.find(args[1])
            assert source.names is not None
            assert folder.names is not None
            folder.names[name] = source.names[old]
            folder.changed()
        elif call == "mkdir":
            folder, name = self.find(args[0])
            assert folder.names is not None
            folder.names[name] = Node(True)
            folder.changed()
        elif call in ("unlink", "rmdir"):
            folder, name = self.find(args[0])
            assert folder.names is not None
            del folder.names[name]
            folder.changed()
        else:
            assert call in ("replace", "rename")
            (source, old), (target, new) = self.find(args[0]), self.find(args[1])
            assert source is target, "a rename between folders is not atomic when power fails"
            assert source.names is not None
            source.names[new] = source.names.pop(old)
            source.changed()
        return True

    def power_off(self, root: Path, choose: Callable[[int], int]) -> None:
        """Write to ``root`` what the disk holds; ``choose`` picks a moment for each folder, of so many."""
        shutil.rmtree(root, ignore_errors=True)
        self._write(self.top, root, choose)

    def _write(self, node: Node, path: Path, choose: Callable[[int], int]) -> None:
        if node.names is None:
            path.write_bytes(node.safe)
            return
        path.mkdir()
        for name, child in node.history[choose(len(node.history))].items():
            self._write(child, path / name, choose)


Recorded = list[tuple[str, tuple[Any, ...], Any]]


def recording(name: str, recorded: Recorded) -> Callable[..., Any]:
    real = getattr(os, name, None)

    def call(*args: Any, **kwargs: Any) -> Any:
        result = None if name == "fsync" else real(*args, **kwargs)
        recorded.append((name, tuple(bytes(a) if isinstance(a, memoryview) else a for a in args), result))
        return result

    return call


def after_each_call(root: Path, action: Callable[[], object]) -> Iterator[Disk]:
    """Run something, then replay it on the model, stopping after every call that changes the disk."""
    recorded: Recorded = []
    names = ("open", "close", "write", "ftruncate", "fsync", "mkdir", "unlink", "rmdir", "replace", "rename", "link")
    model = Disk(root)
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setattr(os, name, recording(name, recorded))
        action()
    for call_name, args, result in recorded:
        if model.saw(call_name, args, result):
            yield model


def choices() -> list[Callable[[int], int]]:
    """Nothing unflushed survived; all names did; two mixtures."""
    rng = random.Random(20261121)
    return [lambda n: 0, lambda n: n - 1, rng.randrange, rng.randrange]


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    root = tmp_path / "project/vault"
    for path, data in OLD.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def assert_whole(root: Path) -> set[str]:
    """Each page is old or new; which there are."""
    found = set()
    for path, old in OLD.items():
        moved = MOVED.get(path)
        if moved is not None and (root / moved).exists():
            assert (root / moved).read_bytes() == NEW[path]
            found.add("new")
            if not (root / path).exists():
                continue
        data = (root / path).read_bytes()
        assert data == old or (moved is None and data == NEW[path]), (path, data)
        found.add("old" if data == old else "new")
    for path, data in MADE.items():
        assert not (root / path).exists() or (root / path).read_bytes() == data
        found.add("new" if (root / path).exists() else "old")
    return found


@pytest.mark.parametrize("where", ["", "vault"], ids=["backups in the vault", "backups in the project"])
def test_power_fails_in_a_run(vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    after = tmp_path / "after"
    states: set[RunState | None] = set()
    project = vault if where == "" else vault.parent
    root = after / where
    for state in after_each_call(project, lambda: Backups(vault, project).apply(CHANGES, command="fix")):
        for choose in choices():
            for way in ("undo", "finish"):
                state.power_off(after, choose)
                kinds = assert_whole(root)
                backups = Backups(root, after)
                with monkeypatch.context() as patch:
                    patch.setattr(os, "fsync", lambda fd: None)
                    run = backups.unfinished()
                    states.add(run and run.state)
                    if run is None:
                        assert len(kinds) == 1
                        if kinds == {"new"}:
                            assert backups.runs()[0].state is RunState.APPLIED
                        continue
                    if way == "undo":
                        assert not backups.undo().refused
                        assert tree(root) == OLD
                    else:
                        assert backups.finish().state in (RunState.APPLIED, RunState.ROLLED_BACK)
                        assert tree(root) == (OLD if run.state is RunState.STAGING else AFTER)
                    assert backups.unfinished() is None
    assert states == {None, RunState.STAGING, RunState.APPLYING}
    assert assert_whole(root) == {"new"}


def test_power_fails_in_an_undo(vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    after = tmp_path / "after"
    Backups(vault, vault).apply(CHANGES, command="fix")
    states: set[RunState | None] = set()
    for state in after_each_call(vault, lambda: Backups(vault, vault).undo()):
        for choose in choices():
            state.power_off(after, choose)
            kinds = assert_whole(after)
            backups = Backups(after, after)
            with monkeypatch.context() as patch:
                patch.setattr(os, "fsync", lambda fd: None)
                run = backups.unfinished()
                states.add(run and run.state)
                if run is None:
                    assert len(kinds) == 1
                if backups.runs()[0].state is not RunState.UNDONE:
                    assert not backups.undo().refused
                assert tree(after) == OLD
                assert backups.runs()[0].state is RunState.UNDONE
    assert states == {None, RunState.UNDOING}


def test_the_model_sees_a_missing_flush(vault: Path, tmp_path: Path) -> None:
    """The careless way to replace a page fails here: the test above can fail."""

    def careless() -> None:
        beside = str(vault / "a.md.tmp")
        fd = os.open(beside, os.O_CREAT | os.O_WRONLY)
        os.write(fd, NEW["a.md"])
        os.close(fd)
        os.replace(beside, vault / "a.md")  # noqa: PTH105 (the model watches os)

    lost = []
    for state in after_each_call(vault, careless):
        for choose in choices():
            state.power_off(tmp_path / "after", choose)
            lost.append((tmp_path / "after/a.md").read_bytes())
    assert b"" in lost

"""Killed at every single call that changes the disk: no page is ever anything but its old or its new bytes.

Two of the pages get another name on the way, one of them in another folder: each is always found under one or both.
Two files are made, one of them in a folder of a folder that are made too: each is there whole, or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rewrite_faults import NEEDS_SPACE, faulty, killed, raising, tree

from kbtools.errors import KbError
from kbtools.rewrite import Backups, FileChange, RunState, Undone

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks to be killed")

OLD = {
    "Tensor.md": b"\xef\xbb\xbf# Tensor\r\n\r\n[[autograd]]\xec\x9d\x80\r\n",
    "topics/Autograd.md": "# 자동 미분\n\n[[tensor]]와 [[텐서]]\n".encode(),
    "topics/deep/빈 줄.md": b"",
    "topics/deep/no newline.md": b"[[tensor]]",
}
NEW = {path: data.replace(b"tensor", b"Tensor") + b"\n[[Tensor]]" * 500 for path, data in OLD.items()}
BYSTANDER = {"topics/other.md": b"nobody's business\n", "pic.png": b"\x89PNG\r\n"}
MODES = {"Tensor.md": 0o640, "topics/Autograd.md": 0o644, "topics/deep/빈 줄.md": 0o600}
LINK = "topics/Linked.md"
"""A symbolic link to Autograd.md, through which that page is changed."""
MOVED = {"Tensor.md": "topics/deep/텐서.md", "topics/deep/no newline.md": "topics/deep/A newline.md"}
MADE = {"topics/made.md": "# 새 문서\n".encode() * 200, "new/deeper/made.md": b"# Made\n"}
CHANGES = (
    *(FileChange(path, None, data) for path, data in MADE.items()),
    *(FileChange(LINK if p == "topics/Autograd.md" else p, OLD[p], NEW[p], MOVED.get(p)) for p in OLD),
)


@pytest.fixture(autouse=True)
def no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process loses nothing the kernel has: flushing only takes time here."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)


def fresh(root: Path) -> Backups:
    shutil.rmtree(root, ignore_errors=True)
    for number, (path, data) in enumerate({**OLD, **BYSTANDER}.items()):
        page = root / path
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_bytes(data)
        page.chmod(MODES.get(path, 0o644))
        os.utime(page, ns=(1_700_000_000_123_456_789, 1_600_000_000_987_654_321 + number))
    (root / LINK).symlink_to("Autograd.md")
    return Backups(root, root)


def apply(backups: Backups) -> None:
    backups.apply(CHANGES, command="reconcile")


def only_rewrite(backups: Backups) -> None:
    """Without the file that is made: undoing that takes no write which could fail."""
    backups.apply(CHANGES[len(MADE) :], command="reconcile")


def pages(root: Path) -> dict[str, str]:
    """Whether each page is old or new; anything else, or a page that is gone, fails."""
    found = {}
    for path, old in OLD.items():
        moved = MOVED.get(path)
        if moved is not None and (root / moved).exists() and (root / moved).stat().st_size:
            assert (root / moved).read_bytes() == NEW[path]
            found[path] = "new"
            if not (root / path).exists():
                continue
        data = (root / path).read_bytes()
        assert data == old or (moved is None and data == NEW[path]), (path, data)
        found.setdefault(path, "old" if data == old else "new")
    for path, new in MADE.items():
        there = (root / path).exists()
        assert not there or (root / path).read_bytes() == new
        found[path] = "new" if there else "old"
    return found


def assert_all(root: Path, which: str, without: dict[str, bytes] | None = None) -> None:
    """Every page is old (then with its mode and time too) or new, and nothing lies about."""
    names = {path: path if which == "old" else MOVED.get(path, path) for path in OLD}
    expected: dict[str, bytes | str] = {**BYSTANDER, LINK: "Autograd.md"}
    expected |= {names[path]: OLD[path] if which == "old" else NEW[path] for path in OLD}
    expected |= {path: data for path, data in MADE.items() if which == "new" and path not in (without or {})}
    assert tree(root) == expected
    for number, path in enumerate(OLD):
        status = (root / names[path]).stat()
        assert stat.S_IMODE(status.st_mode) == MODES.get(path, 0o644)
        if which == "old":
            assert status.st_mtime_ns == 1_600_000_000_987_654_321 + number
    assert (root / LINK).is_symlink()


def kill_points(
    root: Path, before: Callable[[Backups], None] | None, action: Callable[[Backups], object]
) -> Iterator[tuple[int, Backups]]:
    """A vault killed at its first call of ``action``, one killed at its second, and so on until it comes through."""
    at = 0
    while True:
        backups = fresh(root)
        if before is not None:
            before(backups)
        if not killed(at, lambda: action(backups)):  # noqa: B023 (called at once)
            return
        yield at, Backups(root, root)
        at += 1


def test_apply_killed_then_undone(tmp_path: Path) -> None:
    states = set()
    for _, backups in kill_points(tmp_path / "v", None, apply):
        seen = set(pages(tmp_path / "v").values())
        run = backups.unfinished()
        states.add(run and run.state)
        if run is None:
            # Nothing was touched, or all was done and said so.
            assert len(seen) == 1
            assert [r.state for r in backups.runs()] == ([] if seen == {"old"} else [RunState.APPLIED])
        if run is not None or seen == {"new"}:
            undone = backups.undo()
            assert not undone.refused
            assert undone.run.state is RunState.UNDONE
        assert_all(tmp_path / "v", "old")
        assert backups.unfinished() is None
        # And the next run does it all, and leaves no trace of the killed one.
        apply(backups)
        assert_all(tmp_path / "v", "new")
        assert not [p.name for p in (tmp_path / "v/_link_reconcile_backup").iterdir() if p.name.startswith(".new-")]
    assert states == {None, RunState.STAGING, RunState.APPLYING}


def test_apply_killed_then_finished(tmp_path: Path) -> None:
    ends = set()
    for _, backups in kill_points(tmp_path / "v", None, apply):
        run = backups.unfinished()
        if run is None:
            continue
        done = backups.finish()
        assert done.state is (RunState.ROLLED_BACK if run.state is RunState.STAGING else RunState.APPLIED)
        assert_all(tmp_path / "v", "old" if run.state is RunState.STAGING else "new")
        assert backups.unfinished() is None
        ends.add(done.state)
        if done.state is RunState.APPLIED:
            backups.undo()
            assert_all(tmp_path / "v", "old")
    assert ends == {RunState.ROLLED_BACK, RunState.APPLIED}


def test_a_killed_run_stops_the_next_one(tmp_path: Path) -> None:
    for _, backups in kill_points(tmp_path / "v", None, apply):
        run = backups.unfinished()
        if run is None or run.state is not RunState.APPLYING:
            continue
        current = (tmp_path / "v/topics/Autograd.md").read_bytes()
        with pytest.raises(KbError) as error:
            backups.apply([FileChange("topics/Autograd.md", current, b"other")], command="fix")
        assert (tmp_path / "v/topics/Autograd.md").read_bytes() == current
        assert run.id in error.value.message
        assert "--finish" in (error.value.hint or "")
        assert f"kb undo {run.id}" in (error.value.hint or "")


def test_undo_killed_then_undone_again(tmp_path: Path) -> None:
    count = 0
    for at, backups in kill_points(tmp_path / "v", apply, lambda b: b.undo()):
        pages(tmp_path / "v")
        run = backups.unfinished()
        if run is not None:
            assert run.state is RunState.UNDOING
            count += 1
            if at % 2:
                assert backups.finish().state is RunState.UNDONE
            else:
                assert not backups.undo().refused
        elif backups.runs()[0].state is RunState.APPLIED:
            assert not backups.undo().refused
        assert_all(tmp_path / "v", "old")
        assert backups.runs()[0].state is RunState.UNDONE
        assert backups.unfinished() is None
    assert count > 20


@pytest.mark.parametrize("way", ["undo", "finish"])
def test_killed_and_killed_again_on_the_way_out(tmp_path: Path, way: str) -> None:
    """The kill points of both, paired: every one of the first with one of the second."""
    twice = 0
    for at, backups in kill_points(tmp_path / "v", None, apply):
        run = backups.unfinished()
        if run is None:
            continue
        action = backups.undo if way == "undo" else backups.finish
        twice += killed(at * 5 % 31, action)
        pages(tmp_path / "v")
        left = backups.unfinished()
        if left is not None:
            action()
        elif backups.runs() and backups.runs()[0].state is RunState.APPLIED:
            backups.undo()
        which = set(pages(tmp_path / "v").values())
        assert len(which) == 1
        assert_all(tmp_path / "v", which.pop())
        assert backups.unfinished() is None
    assert twice > 20


def outcome(action: Callable[[Backups], object], backups: Backups) -> tuple[object, str | None]:
    """What an action gives, or the message of its KbError."""
    try:
        return action(backups), None
    except KbError as error:
        return None, error.message


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
def test_the_disk_is_full_at_every_call(tmp_path: Path, lasting: bool) -> None:
    full = raising(lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    at = failed = 0
    while True:
        backups = fresh(tmp_path / "v")
        with faulty(at, full, NEEDS_SPACE, lasting) as calls:
            _, message = outcome(apply, backups)
        if len(calls) <= at:
            break
        run = backups.unfinished()
        if run is not None:
            # Nothing could be cleared away, or no page put back, for want of flushes or space. All is there, and said.
            assert lasting
            assert message is not None
            touched = "new" in pages(tmp_path / "v").values()
            assert message == backups.interrupted(run).message or ("No space left" in message and not touched)
            backups.undo()
        else:
            assert message is not None
            assert "No space left" in message
            if set(pages(tmp_path / "v").values()) == {"new"}:
                assert "every page was rewritten" in message
                backups.undo()
        assert_all(tmp_path / "v", "old")
        assert backups.unfinished() is None
        failed += 1
        at += 1
    assert failed > 30


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
def test_the_disk_is_full_at_every_call_of_undo(tmp_path: Path, lasting: bool) -> None:
    full = raising(lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    at = 0
    while True:
        backups = fresh(tmp_path / "v")
        apply(backups)
        with faulty(at, full, NEEDS_SPACE, lasting) as calls:
            undone, message = outcome(Backups.undo, backups)
        if len(calls) <= at:
            break
        pages(tmp_path / "v")
        if message is not None:
            assert "No space left" in message
        else:
            assert isinstance(undone, Undone)
            assert undone.refused
            assert undone.run.state is RunState.PARTLY_UNDONE
            assert {r.reason for r in undone.refused} == {"No space left on device"}
        if backups.runs()[0].state is not RunState.UNDONE:
            assert not backups.undo().refused
        assert_all(tmp_path / "v", "old")
        at += 1
    assert at > 15


def test_interrupted_at_every_call(tmp_path: Path) -> None:
    """Ctrl-C leaves nothing half written: all old, or, when it came after the last page was replaced, all new."""
    at = 0
    while True:
        backups = fresh(tmp_path / "v")
        with faulty(at, raising(KeyboardInterrupt)) as calls, contextlib.suppress(KeyboardInterrupt):
            apply(backups)
        if len(calls) <= at:
            break
        which = set(pages(tmp_path / "v").values())
        assert len(which) == 1, (at, which)
        run = backups.unfinished()
        if run is not None:
            backups.undo(run.id)
            which = {"old"}
        assert_all(tmp_path / "v", which.pop())
        at += 1
    assert at > 80

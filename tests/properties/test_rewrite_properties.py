"""Whatever the pages are called and hold: a run writes what it was given, and undo gives everything back."""

from __future__ import annotations

import os
import stat
import tempfile
import unicodedata
from pathlib import Path

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbtools.rewrite import BACKUP_FOLDER, Backups, FileChange, RunState


def refused(name: str) -> bool:
    """Whether files in a folder of this name are never rewritten: programs keep theirs there."""
    return name in (".", "..") or name.lower().rstrip(" .") in FOLDERS_OF_PROGRAMS


FOLDERS_OF_PROGRAMS = {".git", ".hg", ".svn", ".jj", ".bzr", "git~1", ".kb", BACKUP_FOLDER}
NAMES = st.one_of(
    st.sampled_from(
        [
            "페이지.md",
            unicodedata.normalize("NFD", "페이지.md"),
            unicodedata.normalize("NFD", "é") + ".md",
            " leading and trailing .md ",
            "...dots...",
            "-rf",
            "~",
            "🧠👩‍💻.md",
            "manifest.json",
            "files",
            ".kb-x-0.tmp",
            "new\nline.md",
            "tab\t.md",
            "back\\slash.md",
            "C#.md",
            "a:b?.md",
            "\udcff not utf-8.md",
            "x" * 200 + ".md",
        ]
    ),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="/\0"), min_size=1, max_size=30),
).filter(lambda name: not refused(name) and len(os.fsencode(name)) < 240)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
DATA = st.one_of(st.binary(max_size=200), st.sampled_from([b"", b"\xef\xbb\xbf", b"a\r\nb\n", b"x" * 100_000]))
PAGES = st.dictionaries(
    PATHS,
    st.tuples(DATA, DATA, st.sampled_from([0o644, 0o600, 0o755, 0o200 | 0o444]), st.integers(0, 2**61)),
    min_size=1,
    max_size=8,
)

Status = tuple[bytes, int, int]


def make(root: Path, pages: dict[str, tuple[bytes, bytes, int, int]]) -> dict[str, Status]:
    """Write the pages whose paths can stand beside those written before; what they then are."""
    made: dict[str, Status] = {}
    for path, (before, _, mode, mtime) in pages.items():
        file = root / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as out:
                out.write(before)
        except OSError:  # a folder of that name, or a page where a folder is wanted
            continue
        file.chmod(mode)
        os.utime(file, ns=(mtime, mtime))
        made[path] = status(file)
    return made


def status(file: Path) -> Status:
    found = file.stat()
    return file.read_bytes(), stat.S_IMODE(found.st_mode), found.st_mtime_ns


@pytest.fixture(autouse=True)
def no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)


quick = settings(
    max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@given(PAGES)
@quick
def test_undo_is_the_inverse_of_apply(pages: dict[str, tuple[bytes, bytes, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        made = make(root, pages)
        before = set(root.rglob("*"))
        backups = Backups(root, root)
        run = backups.apply([FileChange(path, pages[path][0], pages[path][1]) for path in made], command="fix")
        changed = {path for path in made if pages[path][0] != pages[path][1]}
        assert {record.path for record in (run.files if run else ())} == changed
        for path, was in made.items():
            now = status(root / path)
            assert now[:2] == (pages[path][1], was[1])
            assert path in changed or now == was
        if run is None:
            assert not (root / BACKUP_FOLDER).exists()
            return
        assert backups.runs() == (run,)  # the manifest holds all there is to know, odd names included
        undone = backups.undo()
        assert (set(undone.restored), undone.refused, undone.run.state) == (changed, (), RunState.UNDONE)
        assert {path: status(root / path) for path in made} == made
        after = {path for path in root.rglob("*") if BACKUP_FOLDER not in path.relative_to(root).parts}
        assert after == before


@given(PAGES, st.data())
@quick
def test_one_stale_page_stops_the_run_and_an_edited_one_stays(
    pages: dict[str, tuple[bytes, bytes, int, int]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        made = make(root, pages)
        changes = [FileChange(path, pages[path][0], pages[path][0] + b"!") for path in made]
        odd = data.draw(st.sampled_from(sorted(made)))
        (root / odd).write_bytes(pages[odd][0] + b"?")
        backups = Backups(root, root)
        with pytest.raises(Exception, match="changed since it was read"):
            backups.apply(changes, command="fix")
        assert {path: (root / path).read_bytes() for path in made} == {
            path: was[0] + (b"?" if path == odd else b"") for path, was in made.items()
        }
        (root / odd).write_bytes(pages[odd][0])
        assert backups.apply(changes, command="fix")
        (root / odd).write_bytes(b"edited since, by hand")
        undone = backups.undo()
        assert [refusal.path for refusal in undone.refused] == [odd]
        for path, was in made.items():
            assert (root / path).read_bytes() == (b"edited since, by hand" if path == odd else was[0])

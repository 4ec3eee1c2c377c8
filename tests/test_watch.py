"""``kb check --watch``: checks now, again when a page changes, and ends on Ctrl-C with the last result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from kbtools.config.project import foreign_vault
from kbtools.vault import file_events
from kbtools.vault.file_events import Changed, FileEvents
from kbtools.vault.listing import Listing
from tests.waiting import LIMIT, until


def told(log: Path, checks: int) -> str:
    """What the last check printed, once so many are done."""

    def find() -> list[str]:
        *done, _ = log.read_text(encoding="utf-8").split("watching; Ctrl-C ends\n")
        return done[checks - 1 :]

    return until(find, f"check {checks}")[-1]


def interruptible() -> None:
    """A shell has what it runs in the background ignore Ctrl-C, and tests may be run there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def watching(vault: Path, log: Path, *options: str, of: str = "--vault") -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "kbtools.cli", "check", "--watch", of, str(vault), *options]
    with log.open("wb") as out:
        process = subprocess.Popen(
            words,
            stdout=out,
            stderr=out,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            preexec_fn=interruptible,  # noqa: PLW1509 - it takes no lock
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in log.read_text(encoding="utf-8")


def test_a_change_is_checked_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    vault, log = tmp_path / "v", tmp_path / "log"
    vault.mkdir()
    (vault / "a.md").write_text("[[Nope]]\n")
    with watching(vault, log, "--no-run") as process:
        assert "1 broken" in told(log, 1)
        (tmp_path / "new.md").write_text("[[a]]\n")
        (tmp_path / "new.md").rename(vault / "Nope.md")  # whole, in one event
        assert "nothing to report" in told(log, 2)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 0


def test_a_change_of_the_settings_is_checked_and_a_mistake_in_them_ends_nothing(tmp_path: Path) -> None:
    root, log = tmp_path / "v", tmp_path / "log"
    (root / "docs").mkdir(parents=True)
    (root / "docs/a.md").write_text("---\nstatus: x\n---\n[[Nope]]\n")
    (root / "docs/b.md").write_text("[[a]]\n")
    (root / "schema.json").write_text("{}")
    config = 'docs = "docs"\nschema = {"**" = "schema.json"}\n'
    (root / "kb.toml").write_text(config)

    def write(name: str, text: str) -> None:
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").rename(root / name)

    with watching(root, log, "--no-run", of="--root"):
        assert "1 broken" in told(log, 1)
        write("kb.toml", "this is no TOML")
        assert "kb: " in told(log, 2)
        write("docs/b.md", "[[Nope]]\n")  # while nothing can be checked
        assert "kb: " in told(log, 3)
        write("kb.toml", config)
        assert "2 broken" in told(log, 4)
        write("schema.json", '{"required": ["title"]}')
        assert "missing-field" in told(log, 5)
        write("kb.toml", config + 'rules = {"broken-link" = "off"}\n')
        assert "broken-link" not in told(log, 6)


def test_snippets_of_changed_pages_alone_run_again(tmp_path: Path) -> None:
    vault, log = tmp_path / "v", tmp_path / "log"
    vault.mkdir()
    whole = "[[{}]]\n\n```python\n{}\n```\n".format
    (vault / "a.md").write_text(whole("b", "import time; raise ValueError(time.time_ns())"))
    (vault / "b.md").write_text(whole("a", "y = 1"))

    def write(name: str, text: str) -> None:
        (tmp_path / "new.md").write_text(text)
        (tmp_path / "new.md").rename(vault / name)

    with watching(vault, log, "--snippets", "run", "--no-cache", "--format", "concise"):
        assert "2 snippets: 1 passed, 1 failed" in told(log, 1)
        failed = next(line for line in told(log, 1).splitlines() if "failing-snippet" in line)
        assert failed.startswith("a.md:4:1: error[failing-snippet]")
        write("b.md", whole("Nope", "y = 2"))
        second = told(log, 2)
        before, between, after = second.partition("of changed pages running")
        assert "broken-link" in before  # not only once the snippets have run
        assert between
        assert "broken-link" not in after
        assert failed in after  # at the time of the first run
        assert "1 broken · 2 snippets: 1 passed, 1 failed" in after
        write("a.md", whole("b", "x = 1"))
        assert "2 snippets: 2 passed" in told(log, 3)
        (vault / "b.md").unlink()
        assert "1 snippet: 1 passed" in told(log, 4)


def test_which_files_changed_is_known(tmp_path: Path) -> None:
    vault, config = tmp_path / "v", tmp_path / "kb.toml"
    for folder in ("v/.kb", "v/old", "v/site"):
        (tmp_path / folder).mkdir(parents=True)
    events = FileEvents()
    events.follow(vault, unless=vault / "site")
    events.follow(config)  # it is not there yet
    events.start()

    def changed(last: str) -> Changed:
        """What has changed, up to a file that is written last."""
        (vault / last).write_text("last")
        found: Changed = frozenset()
        while found is not None and vault / last not in found:
            one = events.wait()
            found = None if one is None else found | one
        return found if found is None else found - {vault / last}

    try:
        (vault / "a.md").write_text("text")
        (vault / "a.md").read_text()
        assert changed("1.md") == {vault / "a.md"}
        (vault / "a.md~").write_text("text")
        (vault / "a.md~").replace(vault / "a.md")
        (vault / ".kb/index.sqlite").write_text("")
        (vault / "site/index.html").write_text("")
        (tmp_path / "other.toml").write_text("")
        assert changed("2.md") == {vault / "a.md~", vault / "a.md"}
        config.write_text("")
        assert changed("3.md") == {config}
        (vault / "a.md").unlink()
        assert changed("4.md") == {vault / "a.md"}
        (vault / "old").rename(vault / "new")
        assert events.wait() is None
    finally:
        events.stop()


def test_the_files_after_a_change_are_those_of_a_new_listing(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.md", "sub/b.md", "c.png"):
        (tmp_path / name).write_text("text")
    project = foreign_vault(tmp_path)
    before = Listing.of(project)
    (tmp_path / "a.md").write_text("longer text")
    after = before.after(project, ["a.md", "a.md~"])
    assert after is not None
    assert after.stamps() == Listing.of(project).stamps() != before.stamps()
    (tmp_path / "new.md").write_text("text")
    (tmp_path / "a.md").unlink()
    (tmp_path / "a.md").symlink_to(tmp_path / "sub/b.md")
    for path in ("new.md", "a.md"):
        assert before.after(project, [path]) is None
    (tmp_path / "sub/b.md").unlink()
    (tmp_path / "sub").rmdir()
    for path in ("sub/b.md", "sub"):
        assert before.after(project, [path]) is None


def test_changes_without_an_end_are_told_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as those of a build that writes all the time."""
    monkeypatch.setattr(file_events, "SETTLE", LIMIT)  # a busy machine makes pauses
    events, told = FileEvents(), Event()

    def write() -> None:
        end = time.monotonic() + LIMIT / 5
        while not told.wait(0.001) and time.monotonic() < end:
            events.put(frozenset({tmp_path / "a.o"}))

    writing = Thread(target=write)
    writing.start()
    assert events.wait() == {tmp_path / "a.o"}
    goes_on = writing.is_alive()
    told.set()
    writing.join()
    assert goes_on

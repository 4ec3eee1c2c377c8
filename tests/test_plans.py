"""Plans kept between runs: only what changed is read, what is told is the same, and nothing in doubt is taken."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kbtools import cli, page, program
from kbtools.config import Project, RunConfig, find_project
from kbtools.errors import KbError
from kbtools.execution import devices, plans, requirements
from kbtools.execution.job import DeviceRequest
from kbtools.languages import registry
from kbtools.vault.listing import Listing

PAGE = """# Page

```python {#start}
x = [1]
```

```python {#show}
print(x)  # [1]
```

```python {#idle .skip reason="later"}
y = 0
```

```python {#wrong}
assert not x, "on purpose"
```

```json
{}
```
"""
OTHER = "# Other\n\n```python {#one}\nprint(1)\n```\n"


@pytest.fixture
def wiki(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki" / "sub").mkdir(parents=True)
    (tmp_path / "wiki" / "Page.md").write_text(PAGE)
    (tmp_path / "wiki" / "sub" / "Other.md").write_text(OTHER)
    (tmp_path / "wiki" / "Prose.md").write_text("# Prose\n")
    monkeypatch.chdir(tmp_path)
    settle(tmp_path)
    return tmp_path


def settle(wiki: Path) -> None:
    """Wait until no file is so young that its stamp says nothing of it."""
    listing = Listing.of(find_project(wiki))
    while any(listing.is_young(entry) for entry in listing.entries.values()):
        time.sleep(0.01)
        listing = Listing.of(find_project(wiki))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The pages that are read, in order."""
    seen: list[str] = []
    decode = page.decode

    def watched(path: str, data: bytes) -> page.Page:
        seen.append(path)
        return decode(path, data)

    monkeypatch.setattr(page, "decode", watched)
    return seen


def planned(wiki: Path, device: str = "auto", **words: Any) -> plans.Plans:
    project = find_project(wiki)
    listing = Listing.of(project)
    return plans.plans(plans.Planner(project, DeviceRequest((device,))), listing, tuple(listing.entries), **words)


def report(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    cli.main(["run", "--format", "json", "--device", "cpu", "-n", "1", *words])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    told["summary"].pop("seconds")
    return told


def test_only_what_changed_is_read(wiki: Path, read: list[str]) -> None:
    first = planned(wiki)
    assert sorted(read) == ["Page.md", "Prose.md", "sub/Other.md"]
    read.clear()
    assert planned(wiki) == first
    assert read == []
    (wiki / "wiki" / "sub" / "Other.md").write_text(OTHER.replace("print(1)", "print(2)"))
    assert planned(wiki).pages["sub/Other.md"].jobs[0].steps[0].code == "print(2)\n"
    assert read == ["sub/Other.md"]
    read.clear()
    (wiki / "wiki" / "sub" / "Other.md").write_text(OTHER)  # as before, and too young for its stamp to tell
    assert planned(wiki) == first
    assert read == ["sub/Other.md"]


def test_a_file_that_was_only_touched_is_not_analysed_and_then_known_by_its_stamp(wiki: Path, read: list[str]) -> None:
    first = planned(wiki)
    read.clear()
    os.utime(wiki / "wiki" / "Page.md", (1, 1))
    settle(wiki)
    assert planned(wiki) == first
    with sqlite3.connect(wiki / ".kb" / plans.FILE) as db:
        assert db.execute("SELECT modified, settled FROM plan WHERE path = 'Page.md'").fetchall() == [(10**9, 1)]
    assert read == []


def test_an_edit_that_hides_its_time_and_size_is_seen(wiki: Path) -> None:
    planned(wiki)
    file = wiki / "wiki" / "sub" / "Other.md"
    before = file.stat()
    file.write_text(OTHER.replace("print(1)", "print(3)"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert planned(wiki).pages["sub/Other.md"].jobs[0].steps[0].code == "print(3)\n"


def test_a_renamed_page_has_a_plan_of_its_own_and_a_deleted_one_none(wiki: Path, read: list[str]) -> None:
    planned(wiki)
    read.clear()
    (wiki / "wiki" / "Page.md").rename(wiki / "wiki" / "Moved.md")
    found = planned(wiki).pages
    assert found["Moved.md"].jobs[0].steps[0].id == "Moved.md::start[cpu]"
    assert "Page.md" not in found
    assert read == ["Moved.md"]
    with sqlite3.connect(wiki / ".kb" / plans.FILE) as db:
        kept = [path for (path,) in db.execute("SELECT path FROM plan ORDER BY path")]
    assert kept == ["Moved.md", "Prose.md", "sub/Other.md"]


def _configured(monkeypatch: pytest.MonkeyPatch) -> None:
    find = find_project

    def other(start: Path) -> Project:
        found = find(start)
        return found._replace(config=found.config._replace(run=RunConfig(timeout=3.0)))

    monkeypatch.setattr(sys.modules[__name__], "find_project", other)


def _python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version", "4.0 of another day")


def _kb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.kbtools, "__version__", "99")


def _gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "available_for", lambda request: {"cpu": 1, "cuda": 2})


@pytest.mark.parametrize("otherwise", [_configured, _python, _kb, _gpu])
def test_what_is_decided_by_something_else_is_planned_anew_and_the_old_is_kept_beside_it(
    wiki: Path, read: list[str], monkeypatch: pytest.MonkeyPatch, otherwise: Callable[[pytest.MonkeyPatch], None]
) -> None:
    first = planned(wiki)
    read.clear()
    with monkeypatch.context() as patch:
        otherwise(patch)
        planned(wiki)
        assert len(read) == 3
        read.clear()
        planned(wiki)
        assert read == []
    assert planned(wiki) == first
    assert read == []


def test_a_requirement_that_comes_to_be_met_is_seen(wiki: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (wiki / "wiki" / "Page.md").write_text('# Page\n\n```python {requires="rare"}\nx = 1\n```\n')
    assert planned(wiki).pages["Page.md"].jobs[0].steps[0].skip == "rare is not installed"
    monkeypatch.setattr(plans, "unmet", lambda requirement: None)
    assert planned(wiki).pages["Page.md"].jobs[0].steps[0].skip is None
    monkeypatch.setattr(plans, "unmet", requirements.unmet)
    assert planned(wiki).pages["Page.md"].jobs[0].steps[0].skip == "rare is not installed"


def test_a_page_in_a_language_of_another_package_is_always_read(
    wiki: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (wiki / "wiki" / "Page.md").write_text("# Page\n\n```robot\nturn left\n```\n")
    registry.find.cache_clear()
    monkeypatch.setattr(registry, "_announced", lambda: {"robot": ("no.such.module:Robot", "robots 1.0")})
    try:
        planned(wiki)
        read.clear()
        planned(wiki)
        assert read == ["Page.md"]
    finally:
        registry.find.cache_clear()


@pytest.mark.parametrize("damage", [b"no database at all, of some length", b""])
def test_a_damaged_file_is_made_anew(wiki: Path, damage: bytes) -> None:
    first = planned(wiki)
    file = wiki / ".kb" / plans.FILE
    file.write_bytes(damage)
    again = planned(wiki)
    assert again.pages == first.pages
    assert [("damaged" in note) for note in again.notes] == [True] * bool(damage)
    assert planned(wiki) == first


@pytest.mark.parametrize(
    "told", ["", "{", "[]", '[[1,{}],{},[["","cpu",[[1,2]]]]]', "[1,2,3]", "[[1,{}],[],[]]", "null"]
)
def test_rows_that_are_not_ours_are_made_anew(wiki: Path, told: str) -> None:
    first = planned(wiki)
    with sqlite3.connect(wiki / ".kb" / plans.FILE) as db:
        db.execute("UPDATE plan SET told = ? WHERE path = 'Page.md'", (told,))
    again = planned(wiki)
    assert again.pages == first.pages
    assert "damaged" in again.notes[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told_of(wiki: Path) -> None:
    (wiki / ".kb").mkdir()
    (wiki / ".kb").chmod(0o500)
    assert "cannot" in planned(wiki).notes[0]


def test_a_file_that_another_holds_is_told_of(wiki: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = planned(wiki)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.05}))
    other = connect(wiki / ".kb" / plans.FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert planned(wiki) == first, "reading needs no lock"
    (wiki / "wiki" / "New.md").write_text(OTHER)
    again = planned(wiki)
    other.close()
    assert again.pages.keys() == {*first.pages, "New.md"}
    assert "locked" in again.notes[0]


def test_in_doubt_plans_are_compared(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned(wiki, "cpu")
    planned(wiki, "cpu", doubt=True)
    with sqlite3.connect(wiki / ".kb" / plans.FILE) as db:
        db.execute("UPDATE plan SET told = replace(told, 'print(1)', 'print(2)')")
    with pytest.raises(KbError, match=r"the kept plan of sub/Other\.md says otherwise"):
        planned(wiki, "cpu", doubt=True)
    assert cli.main(["run", "--device", "cpu", "--paranoid"]) == 2
    assert "this is a bug in kb" in capsys.readouterr().err


def test_contexts_that_nobody_asks_for_go(wiki: Path) -> None:
    for timeout in range(12):
        project = find_project(wiki)
        project = project._replace(config=project.config._replace(run=RunConfig(timeout=float(timeout + 1))))
        listing = Listing.of(project)
        plans.plans(plans.Planner(project, DeviceRequest()), listing, tuple(listing.entries))
    with sqlite3.connect(wiki / ".kb" / plans.FILE) as db:
        assert db.execute("SELECT count(*), count(DISTINCT context) FROM plan").fetchone() == (24, 8)


def test_a_run_says_the_same_with_plans_and_without(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = report(capsys)
    again = report(capsys)
    shutil.rmtree(wiki / ".kb" / "results")
    lost = report(capsys)
    (wiki / ".kb" / plans.FILE).unlink()
    anew = report(capsys)
    fresh = report(capsys, "--no-cache")

    def steady(told: dict[str, Any]) -> dict[str, Any]:
        outcomes = [{**o, "seconds": 0, "cached": False} for o in told["outcomes"]]
        return {**told, "outcomes": outcomes, "summary": {**told["summary"], "cached": 0}}

    assert steady(ran) == steady(again) == steady(lost) == steady(anew) == steady(fresh)
    assert [told["summary"]["cached"] for told in (ran, again, lost, anew, fresh)] == [0, 1, 0, 1, 0]
    assert ran["summary"]["fences"] == 6
    assert ran["summary"]["not_executable"] == {"JSON is data: it is read, not run": 1}


def test_annotations_and_options_decide_as_without_plans(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = wiki / "wiki" / "sub" / "Other.md"
    for text in (
        OTHER,
        OTHER.replace("{#one}", '{#one .skip reason="no"}'),
        OTHER.replace("{#one}", "{#two}"),
        OTHER.replace("print(1)", "print(1)  # 2"),
        OTHER.replace("# Other", "# Other, with prose"),
        OTHER,
    ):
        file.write_text(text)
        kept = report(capsys, "sub/Other.md")
        (wiki / ".kb" / plans.FILE).unlink()
        again = report(capsys, "sub/Other.md")
        fresh = report(capsys, "sub/Other.md", "--no-cache")
        for told in (kept, again):
            assert [(o["id"], o["line"], o["outcome"], o["reason"]) for o in told["outcomes"]] == [
                (o["id"], o["line"], o["outcome"], o["reason"]) for o in fresh["outcomes"]
            ]
            assert told["summary"]["not_executable"] == fresh["summary"]["not_executable"]


_PROBE = """
import json, sys
from kbtools import cli
code = cli.main(sys.argv[1:])
print(json.dumps({"code": code, "modules": sorted(sys.modules)}), file=sys.stderr)
"""
_UNNEEDED = {
    *("torch", "pytest", "xdist", "yaml", "ctypes"),
    *("kbtools.page", "kbtools.index", "kbtools.markdown", "kbtools.links", "kbtools.snippets", "kbtools.frontmatter"),
    *("kbtools.codefence.annotations", "kbtools.codefence.names", "kbtools.codefence.dataflow"),
    *("kbtools.codefence.device_needs", "kbtools.codefence.expect"),
    *("kbtools.execution.plan", "kbtools.execution.keys", "kbtools.execution.judge", "kbtools.execution.process"),
    *("kbtools.execution.confine", "kbtools.execution.pytest_run", "kbtools.languages.registry"),
}


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_run_of_nothing_new_loads_nothing_that_reads_pages_or_runs_them(wiki: Path, command: str) -> None:
    (wiki / "wiki" / "Page.md").write_text(PAGE.replace("assert not x", "assert x"))
    told = []
    for _ in range(2):
        words = [sys.executable, "-c", _PROBE, command, "--device", "cpu", "-n", "1"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        told.append(json.loads(done.stderr.strip().split("\n")[-1]))
    assert [one["code"] for one in told] == [0, 0]
    assert {*told[0]["modules"]} > {"pytest", "kbtools.snippets", "kbtools.codefence.names"}, "the probe sees them"
    assert _UNNEEDED & {*told[1]["modules"]} == set()


_WRITER = """
import sys
from pathlib import Path
from kbtools.config import find_project
from kbtools.execution import plans
from kbtools.execution.job import DeviceRequest
from kbtools.vault.listing import Listing
project = find_project(Path(sys.argv[1]))
planner = plans.Planner(project, DeviceRequest(("cpu",)))
print("ready", flush=True)
for n in range(int(sys.argv[2])):
    (project.vault / "New.md").write_text(f"```python\\nx = {n}\\n```\\n")
    listing = Listing.of(project)
    found = plans.plans(planner, listing, tuple(listing.entries))
    assert not found.notes, found.notes
"""


def test_runs_side_by_side_and_a_killed_one_leave_true_plans(wiki: Path) -> None:
    words = [sys.executable, "-c", _WRITER, str(wiki)]
    running = [subprocess.Popen([*words, count], stdout=subprocess.PIPE, text=True) for count in ("15", "15", "9999")]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    running[2].send_signal(signal.SIGKILL)
    assert [process.wait(60) for process in running] == [0, 0, -signal.SIGKILL]
    for process in running:
        assert process.stdout is not None
        process.stdout.close()
    found = planned(wiki, "cpu", doubt=True)
    assert found.notes == ()
    assert found.pages == planned(wiki, "cpu", kept=False).pages

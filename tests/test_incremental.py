"""The kept index: what an edit concerns is checked again, what it does not is not; damage and rivals are survived."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kbtools.config.project import Config, Project
from kbtools.config.snippet_policy import Policies
from kbtools.errors import KbError
from kbtools.incremental import full_check, parsed_pages, update
from kbtools.incremental.check import CheckResult, check
from kbtools.incremental.database import FILE, Database
from kbtools.incremental.resident import Resident
from kbtools.incremental.update import IndexUpdate
from kbtools.text.near_names import NearNames
from kbtools.vault.listing import FileEntry
from kbtools.vault.loading import read
from kbtools.vault.page import Page
from tests.terminal import run_kb

DAY = date(2026, 5, 1)


def put(vault: Path, files: dict[str, str | None]) -> None:
    for path, text in files.items():
        file = vault / path
        if text is None:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, (10**9, 10**9 + len(text)))


def project(folder: Path, config: Config | None = None) -> Project:
    return Project(folder / "vault", folder / "vault", folder / "state", config or Config())


def found(checked: CheckResult, path: str) -> list[str]:
    return [f"{d.rule}: {d.message} {d.help or ''}" for d in checked.diagnostics(lambda p: p == path)]


FILLER = {f"filler/{i}.md": "[[index]]" for i in range(3)}

GIVEN = '```python {{files="{}"}}\n1\n```'

CASES = {
    "a page that was missing is written": ({"A.md": "[[B]]"}, {"B.md": ""}, "A.md"),
    "a page that was linked to goes": ({"A.md": "[[B]]", "B.md": ""}, {"B.md": None}, "A.md"),
    "a second page of the name": ({"A.md": "[[B]]", "x/B.md": ""}, {"y/B.md": ""}, "A.md"),
    "the title of the target": (
        {"A.md": "[[b-c]]", "x.md": "---\ntitle: B C\n---\n"},
        {"x.md": "---\ntitle: b-c\n---\n"},
        "A.md",
    ),
    "a heading of the target": ({"A.md": "[[B#One]]", "B.md": "# One"}, {"B.md": "# Two"}, "A.md"),
    "a block of the target": ({"A.md": "[[B#^x]]", "B.md": "text ^x"}, {"B.md": "text ^y"}, "A.md"),
    "an alias is given": ({"A.md": "[[Bee]]", "B.md": ""}, {"B.md": "---\naliases: [Bee]\n---\n"}, "A.md"),
    "an attachment comes": ({"A.md": "![[x.png]]"}, {"img/x.png": "png"}, "A.md"),
    "a second attachment of the name": ({"A.md": "![[x.png]]", "img/x.png": "png"}, {"o/x.png": "png"}, "A.md"),
    "an attachment goes": ({"A.md": "![[x.png]]", "img/x.png": "png"}, {"img/x.png": None}, "A.md"),
    "a file for a snippet comes": ({"A.md": GIVEN.format("d.csv")}, {"x/d.csv": ""}, "A.md"),
    "a file for a snippet goes": ({"A.md": GIVEN.format("*.csv"), "d.csv": ""}, {"d.csv": None}, "A.md"),
    "a page for a snippet comes": ({"A.md": GIVEN.format("B.md")}, {"B.md": ""}, "A.md"),
    "a near name comes": ({"A.md": "[[Autogard]]"}, {"Autograd.md": ""}, "A.md"),
    "a near name goes": ({"A.md": "[[Autogard]]", "Autograd.md": ""}, {"Autograd.md": None}, "A.md"),
    "a heading that might be meant": ({"A.md": "[[Some part]]", "B.md": "# One"}, {"B.md": "# Some part"}, "A.md"),
    "the last link to a page goes": ({"A.md": "[[B]]", "B.md": ""}, {"A.md": "none"}, "B.md"),
    "the first link to a page comes": ({"A.md": "none", "B.md": ""}, {"A.md": "[[B]]"}, "B.md"),
    "the page that linked goes": ({"A.md": "[[B]]", "B.md": ""}, {"A.md": None}, "B.md"),
    "a rival makes the canonical spelling another": (
        # A's link has none of the rival's names: it goes by the file name, the rival by the title.
        {"A.md": "[[x_y]]", "x-y.md": "---\ntitle: Title\n---\n"},
        {"other/Title.md": ""},
        "A.md",
    ),
    "what a duplicate's target is called": (
        {"A.md": "[[B]]", "B.md": "---\nduplicate_of: w-1\n---\n", "C.md": "---\nid: w-1\n---\n"},
        {"C.md": "---\nid: w-1\ntitle: Sea\n---\n"},
        "A.md",
    ),
    "the end of a chain of redirects": (
        {
            "A.md": "[[B]]",
            "B.md": "---\nduplicate_of: C\n---\n",
            "C.md": "---\nredirect_to: D\n---\n",
            "D.md": "---\nduplicate_of: E\n---\n",
            "E.md": "",
        },
        {"E.md": "---\ntitle: End\n---\n"},
        "A.md",
    ),
    "an id that another page takes": (
        {"A.md": "---\nid: w-1\n---\n", "B.md": ""},
        {"B.md": "---\nid: w-1\n---\n"},
        "A.md",
    ),
    "a title that another page takes": (
        {"A.md": "---\ntitle: T\n---\n", "B.md": ""},
        {"B.md": "---\ntitle: t\n---\n"},
        "A.md",
    ),
    "an alias that another page is called": ({"A.md": "---\naliases: [T]\n---\n"}, {"x/T.md": ""}, "A.md"),
    "a page with a number sign in its name": ({"A.md": "[[C# x]]", "C.md": "# x"}, {"C# x.md": ""}, "C.md"),
    "no text at all any more": ({"A.md": "[[B]]", "B.md": ""}, {"B.md": "\udcff"}, "B.md"),
}


@pytest.mark.parametrize("name", CASES)
def test_who_is_concerned_is_checked_again(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, edit, concerned = CASES[name]
    monkeypatch.setattr(update, "_FEW", 10**6)  # never from scratch
    put(tmp_path / "vault", {**FILLER, "index.md": "", **before})
    first = check(project(tmp_path), DAY)
    for path, text in edit.items():
        if text == "\udcff":
            (tmp_path / "vault" / path).write_bytes(b"\xff")
        else:
            put(tmp_path / "vault", {path: text})
    second = check(project(tmp_path), DAY, paranoid=True)
    assert found(first, concerned) != found(second, concerned)
    assert not first.notes + second.notes


@pytest.mark.parametrize("later", ["---\ntitle: Other\n---\n[[B]] [[Nowhere]]", None])
def test_a_page_that_changes_after_it_was_listed_waits_for_the_next_check(later: str | None, tmp_path: Path) -> None:
    """It links to a page that has changed, and is read to be checked again: its names are not those in the index."""
    at = project(tmp_path)
    put(at.vault, {"A.md": "---\ntitle: Title\n---\n[[B]] [[Nowhere]]", "B.md": "# One", **FILLER})
    check(at, DAY)
    put(at.vault, {"B.md": "# One\n\nand its [[A]]", "Nowhere.md": "# Somewhere"})

    def read_late(entry: FileEntry, policies: Policies) -> Page:
        if entry.path == "A.md" and Path(entry.file).exists():
            put(at.vault, {"A.md": later})
        return read(entry, policies)

    check(at, DAY, reader=read_late)
    assert check(at, DAY, paranoid=True).notes == ()


def test_a_page_that_changes_after_it_was_listed_leads_to_no_page_that_is_gone(tmp_path: Path) -> None:
    """The page that it led to is written again before its own change is seen."""
    at = project(tmp_path)
    put(at.vault, {"A.md": "---\ntitle: Title\n---\n[[B]]", "B.md": "# B", **FILLER})
    check(at, DAY)
    put(at.vault, {"B.md": None})

    def read_late(entry: FileEntry, policies: Policies) -> Page:
        if entry.path == "A.md":
            put(at.vault, {"A.md": "---\ntitle: Other\n---\n[[B]]"})
        return read(entry, policies)

    check(at, DAY, reader=read_late)
    put(at.vault, {"B.md": "# B again"})
    assert check(at, DAY, paranoid=True).notes == ()


def test_a_page_that_changes_unseen_while_it_loses_its_links_leaves_no_stale_orphan(tmp_path: Path) -> None:
    """It is checked because nothing links to it any more, and its new text no longer links to another page."""
    at = project(tmp_path)
    put(at.vault, {"A.md": "[[B]]", "B.md": "# B\n\n[[C]]", "C.md": "# C"})
    resident = Resident(at)
    put(at.vault, {"B.md": "# B"})
    resident.edit("A.md", "none")
    resident.refresh(["B.md"])
    assert [d.rule for d in resident.findings("C.md")] == ["orphan-page"]


def test_an_open_page_is_checked_as_the_editor_has_it(tmp_path: Path) -> None:
    """Its file is being written, which is told later, when another page changes."""
    at = project(tmp_path)
    text = "# One\n\n[[B#Part]]"
    put(at.vault, {"A.md": text, "B.md": "# B\n\n## Part"})
    resident = Resident(at)
    resident.edit("A.md", text)
    put(at.vault, {"A.md": ""})
    resident.edit("B.md", "# B\n\n## Other")
    assert any(d.rule == "broken-anchor" for d in resident.findings("A.md"))


def test_open_pages_are_parsed_once_however_long_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = project(tmp_path)
    text = "words " * 20
    put(at.vault, {f"{name}.md": text for name in "ABC"})
    monkeypatch.setattr(parsed_pages, "_MOST", 10)
    resident = Resident(at)
    for name in "AB":
        resident.edit(f"{name}.md", text)
    first = resident.page("A.md")
    for name in "BC":
        resident.page(f"{name}.md")
    assert resident.page("A.md") is first
    resident.drop("A.md")
    resident.page("B.md")
    assert resident.page("A.md") is not first


def test_the_day_turns_findings(tmp_path: Path) -> None:
    put(tmp_path / "vault", {"A.md": "---\nlast_reinforced: 2026-01-01\n---\n[[A]]", "B.md": "[[A]]"})
    told = [
        [line.partition(":")[0] for line in found(check(project(tmp_path, Config(stale_after=30)), day), "A.md")]
        for day in (date(2026, 1, 31), date(2026, 2, 1), date(2026, 1, 15))
    ]
    assert told == [[], ["stale-page"], []]


def test_an_edit_of_prose_reads_one_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "vault", {**FILLER, "index.md": "# One", "A.md": "[[index#One]]"})
    check(project(tmp_path), DAY)
    put(tmp_path / "vault", {"index.md": "# One\n\nmore"})
    seen = []
    read = update.read
    monkeypatch.setattr(update, "read", lambda entry, policies: seen.append(entry.path) or read(entry, policies))
    check(project(tmp_path), DAY)
    assert seen == ["index.md"]


@pytest.mark.parametrize("is_prepared", [True, False])
def test_names_to_suggest_are_listed_once_whatever_an_editor_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_prepared: bool
) -> None:
    listed = []
    add = NearNames.add
    monkeypatch.setattr(NearNames, "add", lambda near, name: listed.append(name) or add(near, name))
    texts = {"Backpropagation.md": "text", "Old.md": "# Old\n\n## Some section\n", "A.md": "[[Nowhere]]"}
    put(tmp_path / "vault", {**FILLER, **texts})
    resident = Resident(project(tmp_path))
    listed.clear()
    if is_prepared:
        assert resident.prepare()
        while resident.prepare():
            pass

    def helped(path: str, text: str, words: str) -> bool:
        resident.edit(path, text)
        resident.refresh((path,))
        return any(words in (d.help or "") for d in resident.findings("A.md"))

    for typed in ("Backpropagato", "Backpropagatoi", "Backpropagatoin", "Nowhere"):
        assert helped("A.md", f"text [[{typed}]]", "[[Backpropagation]]") == (typed == "Backpropagatoin")
    first = len(listed)
    assert helped("A.md", "text [[Learning ratse]]", "nothing") is False
    assert helped("Backpropagation.md", "---\ntitle: Learning rates\n---\n", "[[Learning rates]]")
    assert helped("Backpropagation.md", "---\ntitle: Learning rates of all\n---\n", "[[Learning") is False
    assert helped("A.md", "[[Old]] [[Other section]]", "a section") is False
    assert helped("Old.md", "# Old\n\n## Other section\n", "it is a section there")
    assert listed[first:] == ["learning rates", "learning rates of all"]
    resident.close()


def test_an_open_page_is_checked_in_idle_time_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"A.md": "[[B]]", "B.md": "[[A]]"}
    put(tmp_path / "vault", texts)
    resident = Resident(project(tmp_path))
    checked: list[str] = []
    check_pages = IndexUpdate.check

    def check(update: IndexUpdate, paths: Collection[str]) -> None:
        checked.extend(paths)
        check_pages(update, paths)

    monkeypatch.setattr(IndexUpdate, "check", check)

    def idle() -> list[str]:
        checked.clear()
        while resident.prepare():
            pass
        return [*checked]

    assert idle() == []
    resident.edit("A.md", texts["A.md"])
    assert idle() == ["A.md"]
    assert idle() == []
    resident.edit("B.md", "[[A]] typed")
    assert checked == ["B.md"]
    assert idle() == []
    resident.drop("A.md")
    resident.edit("A.md", texts["A.md"])
    resident.drop("A.md")
    assert idle() == []
    resident.close()


def test_an_edit_of_a_name_waits_only_for_pages_that_are_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "vault", {f"{i}.md": "[[Hub]]" for i in range(40)} | {"Hub.md": "text", "Other.md": "[[7]]"})
    resident = Resident(project(tmp_path))
    resident.edit("7.md", "[[Hub]] typed")
    checked = []
    put_findings = Database.put_findings
    monkeypatch.setattr(
        Database, "put_findings", lambda db, row, old: checked.append(row.path) or put_findings(db, row, old)
    )
    resident.edit("Hub.md", "---\ntitle: Centre\n---\n")
    assert checked == ["7.md", "Hub.md"]
    resident.edit("Hub.md", "text")
    put(tmp_path / "vault", {"Hub.md": None})
    checked.clear()
    resident.drop("Hub.md")
    assert [d.rule for d in resident.findings("7.md")] == ["broken-link"]
    resident.edit("Hub.md", "text")
    resident.edit("Hub.md", "---\naliases: [Centre]\n---\n")
    assert resident.findings("7.md") == []
    while resident.settle(7):
        pass
    checked.clear()
    assert {d.rule for i in range(40) for d in resident.findings(f"{i}.md")} == {"orphan-page"}
    assert checked == []
    resident.close()


def test_files_may_change_while_the_next_edits_are_prepared(tmp_path: Path) -> None:
    put(tmp_path / "vault", {f"{i}.md": "[[Hub]]" for i in range(120)})
    resident = Resident(project(tmp_path))
    assert resident.prepare()
    assert resident.prepare()  # names are being read from the index
    put(tmp_path / "vault", {f"new{i}.md": "[[Hub]]" for i in range(120)} | {"Hub.md": "text"})
    resident.refresh()
    assert {d.rule for i in range(120) for d in resident.findings(f"new{i}.md")} == {"orphan-page"}
    while resident.prepare():
        pass
    resident.edit("Hub.md", "---\ntitle: Centre\n---\n")
    assert resident.findings("Hub.md") == []
    resident.close()


def imported(vault: Path) -> set[str]:
    """The modules that a check of a vault imports, and Python at its start does not."""
    code = (
        "import sys; before = set(sys.modules); from kbtools.cli import main; code = main(sys.argv[1:]);"
        "print(*sorted(set(sys.modules) - before)); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "check", "--no-run", "--vault", str(vault), "--schema", "topic"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def topic(number: int) -> str:
    """A page with everything that most have, and nothing wrong. Five link in a ring."""
    return f"""\
---
id: wiki-2026-0508-page-{number}
title: 주제 {number}
category: 10_Wiki/Topics
status: verified
canonical_id: self
aliases: [Topic {number}]
duplicate_of: none
source_trust_level: A
confidence_score: 0.9
verification_status: applied
tags: [pytorch, tensor]
raw_sources:
  - https://docs.pytorch.org/docs/stable/tensors.html
last_reinforced: {date.today()}
github_commit: pending
tech_stack:
  language: Python
  framework: PyTorch
---

# 주제 {number}

Some `code`, and [[주제 {(number + 1) % 5}#개요]].

## 개요

- one
- two
"""


def test_processes_find_what_one_alone_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, links over the border between two shares, backlinks, code: everything that processes tell each other."""
    pages = {
        f"{i}/p{i}.md": f"---\ntitle: T{i}\n---\n[[T{(i * 7) % 30}]] [[p{i + 1}]]\n\n```python\nx{i}\n```\n"
        for i in range(30)
    }
    put(tmp_path / "vault", {**pages, "a.md": "[[T1#Nowhere]] [[t2]]", "b.md": "[[t2]]"})
    monkeypatch.setattr(full_check, "_members", lambda pages: 1)
    alone = check(project(tmp_path), DAY)
    monkeypatch.setattr(full_check, "_members", lambda pages: 3)
    together = check(project(tmp_path), DAY, paranoid=True)
    (tmp_path / "state" / FILE).unlink()
    assert check(project(tmp_path), DAY).found == together.found == alone.found != ()


def test_what_fails_in_another_process_fails_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception with its traceback; a process that dies without a word is named too."""
    put(tmp_path / "vault", {f"p{i}.md": "text" for i in range(4)})
    monkeypatch.setattr(full_check, "_members", lambda pages: 2)
    first, outline_of = os.getpid(), full_check.outline_of

    def raising(page: Page) -> Any:
        return outline_of(page) if os.getpid() == first else 1 / 0

    def dying(page: Page) -> Any:
        return outline_of(page) if os.getpid() == first else os._exit(1)

    monkeypatch.setattr(full_check, "outline_of", raising)
    with pytest.raises(RuntimeError, match=r"(?s)in another process:.*Traceback.*ZeroDivisionError"):
        check(project(tmp_path), DAY)
    monkeypatch.setattr(full_check, "outline_of", dying)
    with pytest.raises(KbError, match="a process that was reading pages died"):
        check(project(tmp_path), DAY)


def those(modules: set[str], *names: str) -> list[str]:
    """Which of the modules are called so, or lie in packages called so."""
    return sorted(m for m in modules if m in names or m.startswith(tuple(f"{name}." for name in names)))


SLOW = (
    "asyncio",
    "concurrent",
    "importlib.metadata",
    "logging",
    "multiprocessing",
    "pytest",
    "rapidfuzz",
    "torch",
    "yaml",
)


def test_an_unchanged_vault_opens_no_page(tmp_path: Path) -> None:
    """Nothing can read a page without the parsers, and they are not even imported."""
    put(tmp_path, {f"{i}.md": topic(i) for i in range(5)})
    imported(tmp_path)
    parsers = ["kbtools.markdown", "kbtools.vault.page", "kbtools.rules", "kbtools.text.diagnostics"]
    assert those(imported(tmp_path), *parsers, "dataclasses", "jsonschema_rs", *SLOW) == []


def test_an_edited_page_takes_what_it_needs(tmp_path: Path) -> None:
    """A page without code or mistakes needs neither the analysis of code nor what words findings."""
    put(tmp_path, {f"{i}.md": topic(i) for i in range(5)})
    imported(tmp_path)
    put(tmp_path, {"2.md": f"{topic(2)}\nmore\n"})
    of_code = [
        "kbtools.snippets",
        "kbtools.fences.python.names",
        "kbtools.languages",
        "kbtools.run.processes.shell_syntax",
    ]
    others = [
        "kbtools.vault.links.suggest",
        "kbtools.vault.learning",
        "kbtools.incremental.full_check",
        "kbtools.output.findings",
    ]
    loaded = imported(tmp_path)
    assert those(loaded, "kbtools.fields.compose", "kbtools.fields.schema.problems", *of_code, *others, *SLOW) == []
    assert "kbtools.vault.page" in loaded
    assert imported(tmp_path).isdisjoint({"kbtools.vault.page"})


def test_an_edited_page_with_code_takes_no_shell(tmp_path: Path) -> None:
    code = "\n```python\nx = 1\nprint(x)  #> 1\n```\n"
    put(tmp_path, {f"{i}.md": topic(i) + code for i in range(5)})
    imported(tmp_path)
    put(tmp_path, {"2.md": f"{topic(2)}{code}\nmore\n"})
    loaded = imported(tmp_path)
    assert those(loaded, "kbtools.run.processes.shell_syntax", "subprocess", *SLOW) == []
    assert "kbtools.fences.languages.python" in loaded


def test_the_configuration_decides_too(tmp_path: Path) -> None:
    put(tmp_path / "vault", {"A.md": "[[Missing]]"})
    loud = check(project(tmp_path), DAY)
    quiet = check(project(tmp_path, Config(rules={"broken-link": "off", "orphan-page": "off"})), DAY)
    assert (len(loud.found), len(quiet.found)) == (1, 0)


@pytest.mark.parametrize("damage", ["cut", "text", "emptied table", "garbled row"])
def test_a_damaged_index_is_made_anew(damage: str, tmp_path: Path) -> None:
    put(tmp_path / "vault", {"A.md": "[[Missing]]", "B.md": "[[A]]"})
    first = check(project(tmp_path), DAY)
    file = tmp_path / "state" / FILE
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:5000])
    elif damage == "text":
        file.write_text("no database")
    else:
        db = sqlite3.connect(file)
        db.execute("DROP TABLE finding" if damage == "emptied table" else "UPDATE page SET outline = '{', keys = '['")
        db.commit()
        db.close()
    put(tmp_path / "vault", {"B.md": "[[A]] and more"})
    again = check(project(tmp_path), DAY)
    assert again.found == first.found
    assert again.totals == first.totals
    (note,) = again.notes
    assert "made anew" in note


def test_a_first_filling_that_was_cut_short_counts_for_nothing(tmp_path: Path) -> None:
    """It is written without a log: what a killed process leaves is the file's beginning, or all but its seal."""
    put(tmp_path / "vault", {**FILLER, "A.md": "[[Missing]]", "B.md": "[[A]]"})
    first = check(project(tmp_path), DAY)
    file = tmp_path / "state" / FILE
    db = sqlite3.connect(file)
    db.execute("DELETE FROM meta")
    db.commit()
    db.close()
    unsealed = file.read_bytes()
    for kept in range(0, len(unsealed) + 1, 4096):
        file.write_bytes(unsealed[:kept])
        again = check(project(tmp_path), DAY, paranoid=True)
        assert (again.found, again.totals) == (first.found, first.totals)
        assert all("made anew" in note for note in again.notes)
        assert not (kept in (0, len(unsealed)) and again.notes)


def test_an_index_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    put(tmp_path / "vault", {"A.md": "[[Missing]]"})
    (tmp_path / "state").write_text("a file where the folder should be")
    checked = check(project(tmp_path), DAY)
    assert len(found(checked, "A.md")) == 2
    assert "checked without it" in checked.notes[0]


def test_paranoia_finds_an_index_that_lies(tmp_path: Path) -> None:
    put(tmp_path / "v", {"A.md": "[[Missing]]", "B.md": "[[A]]"})
    state = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    words = ("check", "--no-run", "--vault", str(tmp_path / "v"), "--paranoid")
    assert run_kb(words, env=state).returncode == 0
    (file,) = (tmp_path / "cache").rglob(FILE)
    db = sqlite3.connect(file)
    db.execute("UPDATE page SET broken = 7 WHERE broken = 1")
    db.commit()
    db.close()
    done = run_kb(words, env=state)
    assert done.returncode == 2
    assert "the index says otherwise than the pages, about A.md" in done.stderr


def test_many_at_once_leave_one_sound_index(tmp_path: Path) -> None:
    put(tmp_path / "v", {f"{i}.md": f"[[{i + 1}]] [[x{i}]]" for i in range(60)})
    command = [
        sys.executable,
        "-m",
        "kbtools.cli",
        "check",
        "--no-run",
        "--vault",
        str(tmp_path / "v"),
        "--format",
        "concise",
    ]
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    running = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    told = {done.communicate()[0] for done in running}
    assert len(told) == 1
    assert (
        run_kb([*command[3:], "--paranoid"], env={"XDG_CACHE_HOME": env["XDG_CACHE_HOME"]}).stdout.encode()
        == told.pop()
    )


def test_a_killed_check_leaves_a_sound_index(tmp_path: Path) -> None:
    put(tmp_path / "v", {f"{i}.md": f"[[{i + 1}]] [[x{i}]]" for i in range(200)})
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "kbtools.cli", "check", "--no-run", "--vault", str(tmp_path / "v")]
    for after in (0.15, 0.25, 0.3, 0.35, 0.4, 0.5):
        running = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            running.wait(after)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        put(tmp_path / "v", {"1.md": f"[[2]] {after}"})
    done = run_kb([*command[3:], "--paranoid"], env={"XDG_CACHE_HOME": env["XDG_CACHE_HOME"]})
    assert done.returncode == 0
    assert "the index" not in done.stderr

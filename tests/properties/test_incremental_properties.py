"""P7: whatever happens to a vault, the index brought up to date says what a check from scratch says."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from kbtools.config.project import Config, Project
from kbtools.incremental import resident as resident_module
from kbtools.incremental.check import CheckResult, check
from kbtools.incremental.full_check import scan
from kbtools.incremental.resident import Resident
from kbtools.incremental.vault_context import VaultContext
from kbtools.text.diagnostics import Diagnostic

# Few names, many ways to spell and combine them: most edits meet something that hangs on them.
NAMES = ("Tensor", "tensor", "텐서", "C#", "C", "Auto-grad", "auto_grad", "TCP/IP", "img.png")
FILES = ("Tensor.md", "tensor_.md", "C#.md", "a/Tensor.md", "a/b/Auto-grad.md", "b/auto grad.md", "b/IP.md", "index.md")
OTHERS = ("img.png", "a/img.png", "notes.pdf")
GIVEN = '```python {files="img.png n*.pdf"}\n1\n```'

name = st.sampled_from(NAMES)
target = st.one_of(
    name,
    st.builds("{}/{}".format, st.sampled_from(["a", "b", "a/b", "..", ".", "TCP"]), name),
    st.sampled_from(["Tensr", "텐서를", "Unknown", "../Tensor", "a/..", "notes.pdf", "w-1", "Auto grad.md"]),
)
link = st.builds(
    "{}[[{}{}{}]]".format,
    st.sampled_from(["", "!"]),
    target,
    st.sampled_from(["", "#One", "#Two", "#^b1", "#One#Two"]),
    st.sampled_from(["", "|label"]),
)
field = st.one_of(
    st.builds("title: '{}'".format, name),
    st.builds("id: {}".format, st.sampled_from(["w-1", "w-2", "Tensor"])),
    st.builds("aliases: ['{}', '{}']".format, name, name),
    st.builds("duplicate_of: '[[{}]]'".format, name),
    st.builds("canonical_id: {}".format, st.sampled_from(["self", "w-1", "w-2", "Tensor"])),
    st.builds("status: {}".format, st.sampled_from(["draft", "duplicate"])),
    st.builds("last_reinforced: 2026-0{}-01".format, st.integers(1, 9)),
    st.just("broken: [unclosed"),
)
body = st.lists(
    st.one_of(
        link,
        st.just("<!-- kb: ignore[broken-link] -->"),
        st.sampled_from(["# One", "## Two", "text ^b1", "plain", "```python\nprint(x)\n```", "\x00", GIVEN]),
    ),
    max_size=4,
).map("\n\n".join)
page = st.builds(
    lambda fields, text: f"---\n{chr(10).join(fields)}\n---\n{text}\n" if fields else text,
    st.lists(field, max_size=3),
    body,
).map(str.encode) | st.just(b"\xff\xfe no text")

write = st.tuples(st.sampled_from(FILES), page)
touch = st.tuples(st.sampled_from(OTHERS), st.just(b"bytes"))
delete = st.tuples(st.sampled_from(FILES + OTHERS), st.none())
step = st.lists(write | touch | delete, min_size=1, max_size=3)
days = st.integers(0, 400)


def change(vault: Path, path: str, data: bytes | None) -> None:
    file = vault / path
    if data is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        file.unlink()  # a new file each time, as editors write them
    file.write_bytes(data)
    # Long ago, as if time had passed since the last check: the clock of a test is too quick to tell edits by.
    change.clock += 1_000_000_007
    os.utime(file, ns=(change.clock, change.clock))


change.clock = 10**18


@settings(max_examples=examples(120))
@given(start=st.dictionaries(st.sampled_from(FILES), page, max_size=7), steps=st.lists(step, max_size=4), day=days)
def test_an_index_kept_up_to_date_says_what_a_check_from_scratch_says(
    start: dict[str, bytes], steps: list[list[tuple[str, bytes | None]]], day: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        vault = Path(folder) / "vault"
        vault.mkdir()
        config = Config(schema=(("a/**", "topic"),), stale_after=100)
        project = Project(vault, vault, Path(folder) / "state", config)
        for path, data in start.items():
            change(vault, path, data)
        today = date(2026, 5, 1)
        for edits in [[], *steps]:
            for path, data in edits:
                change(vault, path, data)
            today += timedelta(days=day)
            kept = check(project, today, paranoid=True)
            rows, _ = scan(kept.listing.entries, VaultContext(kept.listing.attachments), config, today)
            assert kept.found == tuple((r.path, r.found) for r in rows if r.found)
            assert kept.totals.links == sum(r.links for r in rows)
            assert not kept.notes


@settings(max_examples=40)
@given(start=st.dictionaries(st.sampled_from(FILES), page, min_size=1, max_size=5), edit=write)
def test_an_edit_at_once_after_a_check_is_seen(start: dict[str, bytes], edit: tuple[str, bytes]) -> None:
    """Within one tick of the clock neither time nor size need change."""
    with tempfile.TemporaryDirectory() as folder:
        vault = Path(folder) / "vault"
        project = Project(vault, vault, Path(folder) / "state", Config())
        for path, data in {**start, edit[0]: b" " * len(edit[1])}.items():
            (vault / path).parent.mkdir(parents=True, exist_ok=True)
            (vault / path).write_bytes(data)
        check(project, date(2026, 5, 1))
        (vault / edit[0]).write_bytes(edit[1])
        check(project, date(2026, 5, 1), paranoid=True)


typed = st.tuples(st.just("type"), st.sampled_from(FILES), page)
saved = st.tuples(st.just("write"), st.sampled_from(FILES + OTHERS), page | st.none())
closed = st.tuples(st.just("close"), st.sampled_from(FILES), st.none())


@settings(max_examples=examples(40))
@given(
    start=st.dictionaries(st.sampled_from(FILES), page, max_size=6),
    steps=st.lists(typed | typed | saved | closed, min_size=1, max_size=6),
    at_once=st.sampled_from((0, 1, 10)),
)
def test_an_editor_is_told_what_a_check_of_its_texts_would_say(
    start: dict[str, bytes], steps: list[tuple[str, str, bytes | None]], at_once: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, patch.object(resident_module, "_AT_ONCE", at_once):
        config = Config(schema=(("a/**", "topic"),), stale_after=100)
        vault, truth = Path(folder) / "vault", Path(folder) / "truth"
        vault.mkdir()
        for path, data in start.items():
            change(vault, path, data)
        resident = Resident(Project(vault, vault, Path(folder) / "state", config))
        texts: dict[str, bytes] = {}
        for kind, path, data in steps:
            if kind == "write":
                change(vault, path, data)
                resident.refresh()
            elif kind == "close":
                texts.pop(path, None)
                resident.drop(path)
            elif data is not None and data[:1] != b"\xff":
                texts[path] = data
                resident.edit(path, data.decode())
            shutil.rmtree(truth, ignore_errors=True)
            shutil.copytree(vault, truth)
            for other, text in texts.items():
                change(truth, other, text)
            fresh = check(Project(truth, truth, Path(folder) / f"fresh{len(texts)}", config), date.today())
            expected = by_page(fresh)
            for open_ in texts:  # at once, whatever is still to be checked
                assert but_orphans(resident.findings(open_)) == but_orphans(expected.get(open_, []))
            assert expected == by_page(resident.result())
        resident.close()


def by_page(result: CheckResult) -> dict[str, list[Diagnostic]]:
    return {path: list(result.diagnostics(path.__eq__)) for path, _ in result.found}


def but_orphans(found: list[Diagnostic]) -> list[Diagnostic]:
    return [d for d in found if d.rule != "orphan-page"]


# Names of which the broken links of ``misspelled`` are slips, so that their help follows every change of a name.
LONG = ("Backpropagation", "Back Propagation", "Chain rule of gradients", "Automatic differentiation")
misspelled = st.sampled_from(
    [
        "Backpropagatoin",
        "BackPropagation",
        "Chain rule of gradiants",
        "Automatic diferentiation",
        "역전파를",
        "plt.png",
        "old",
    ]
)
called = st.builds(
    "---\ntitle: {}\naliases: ['{}']\n---\n{} {}\n".format,
    st.sampled_from(LONG),
    st.sampled_from((*LONG, "역전파")),
    st.sampled_from(["#", "##"]),
    st.sampled_from((*LONG, "Another heading")),
)
wrong = st.builds(
    "[[{}]] ![[{}]] [a]({}.md) [[#{}]]\n".format, misspelled, misspelled, st.sampled_from(LONG), misspelled
)
WRONG = ("wrong.md", "a/wrong.md")
names_typed = st.tuples(st.just("type"), st.sampled_from(("one.md", "two.md", "a/three.md")), called)
links_typed = st.tuples(st.just("type"), st.sampled_from(WRONG), wrong)
file_moved = st.tuples(
    st.just("write"),
    st.sampled_from(("plot.png", "Backpropagation.md", "역전파/old/x.md")),
    st.sampled_from((None, "")),
)
names_saved = st.tuples(st.just("write"), st.sampled_from(("one.md", "a/three.md")), st.none() | called)


@settings(max_examples=examples(40))
@given(steps=st.lists(links_typed | links_typed | names_typed | file_moved | names_saved, min_size=2, max_size=12))
def test_suggestions_in_an_editor_follow_every_name(steps: list[tuple[str, str, str | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        vault = Path(folder) / "vault"
        for path in (*WRONG, "one.md", "two.md", "a/three.md"):
            change(vault, path, b"[[Backpropagatoin]]\n")
        resident = Resident(Project(vault, vault, Path(folder) / "state", Config()))
        texts: dict[str, str] = {}
        for number, (kind, path, text) in enumerate(steps):
            if kind == "write":
                change(vault, path, text.encode() if text is not None else None)
                resident.refresh((path,))
            elif text is not None:
                texts[path] = text
                resident.edit(path, text)
            truth = Path(folder) / f"truth{number}"
            shutil.copytree(vault, truth)
            for other, typed_ in texts.items():
                change(truth, other, typed_.encode())
            fresh = check(Project(truth, truth, Path(folder) / f"fresh{number}", Config()), date.today())
            assert by_page(fresh) == by_page(resident.result())
        resident.close()

"""Whatever an editor sends, the server stays, and says in the end what a check of the same texts says."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from editor import Editor
from lsprotocol import types

from kbtools.config.project import find_project
from kbtools.incremental.check import check
from tests.waiting import LIMIT

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIECES = (
    "[[Tensor]]",
    "[[tensor#",
    "]]",
    "|x",
    "\n",
    "\r\n",
    "\u2028",
    "\x0c",
    "😀",
    "한글",
    "```python\nprint(y)\n```\n",
    "---\n",
    "title: Tensor\n",
    "# 제목\n",
    "<!-- kb: ignore[broken-link] -->\n",
    "[a](Tensor.md#shape)",
)


def lines_of(text: str) -> list[str]:
    """As the protocol cuts a text: its line ends are \\n, \\r\\n and \\r alone."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def position(text: str, offset: int) -> types.Position:
    before = lines_of(text[:offset])
    return types.Position(len(before) - 1, len(before[-1].encode("utf-16-le")) // 2)


async def replace(editor: Editor, start: int, end: int, new: str) -> None:
    """One change, without waiting for what it leads to."""
    editor.version += 1
    span = types.Range(position(editor.text, start), position(editor.text, end))
    document = types.VersionedTextDocumentIdentifier(editor.version, editor.uri)
    change = types.TextDocumentContentChangePartial(span, new)
    editor.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
    editor.text = editor.text[:start] + new + editor.text[end:]


@pytest.mark.parametrize("seed", range(6))
async def test_any_edits_end_in_what_a_check_says(
    autograd: Editor, tensor: Editor, wiki: Path, tmp_path: Path, seed: int
) -> None:
    chosen = random.Random(seed)
    await autograd.open()
    await tensor.open()
    for _ in range(30):
        editor = chosen.choice((autograd, tensor))
        start = chosen.randint(0, len(editor.text))
        end = min(len(editor.text), start + chosen.choice((0, 0, 1, 5, 40)))
        if "\r\n" in (editor.text[start - 1 : start + 1], editor.text[end - 1 : end + 1]):
            continue  # no editor cuts a line end in two
        await replace(editor, start, end, chosen.choice(PIECES))
    there = {Path(e.uri).name: {(d.code, d.message) for d in await e.diagnostics()} for e in (autograd, tensor)}
    truth = tmp_path / "truth"
    shutil.copytree(wiki, truth, ignore=shutil.ignore_patterns(".kb", "truth"))
    for editor in (autograd, tensor):
        (truth / "docs/topics" / Path(editor.uri).name).write_bytes(editor.text.encode())
    found = check(find_project(truth), date.today())
    for name, diagnostics in there.items():
        expected = {
            (d.rule, f"{d.message}\n{d.help}" if d.help else d.message)
            for d in found.diagnostics(f"topics/{name}".__eq__)
        }
        assert diagnostics == expected


async def test_a_run_can_be_cancelled(autograd: Editor, wiki: Path) -> None:
    file = wiki / "docs/topics/Autograd.md"
    file.write_text("```python {#slow timeout=600}\nimport time\ntime.sleep(300)\n```\n", encoding="utf-8")
    autograd.text = file.read_text(encoding="utf-8")
    await autograd.open()
    command = types.ExecuteCommandParams("kb.run", [autograd.uri, "slow"])
    running = asyncio.ensure_future(autograd.client.workspace_execute_command_async(command))
    begun = await autograd.client.wait_for_notification(types.PROGRESS)
    token = begun.token
    await autograd.diagnostics()  # the server goes on answering
    autograd.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    await asyncio.wait_for(running, LIMIT)
    assert "failing-snippet" not in await autograd.rules()


async def test_a_page_with_more_findings_than_anybody_reads(autograd: Editor) -> None:
    autograd.text = "[[Nowhere]] 😀\n\n" * 2_000
    found = await autograd.open()
    assert len(found) == 1_000
    assert "and 1,002 more findings on this page" in found[-1].message


async def test_a_page_that_is_too_large_is_not_read(autograd: Editor) -> None:
    autograd.text = "[[Nowhere]] and more words\n\n" * 160_000
    await autograd.open()
    assert "unreadable-page" in await autograd.rules()
    await replace(autograd, 10, len(autograd.text), "]")
    assert "broken-link" in await autograd.rules()


async def test_no_page_of_a_wiki_and_no_file_are_left_alone(autograd: Editor, wiki: Path) -> None:
    for uri in ("untitled:Untitled-1", (wiki / "README.md").as_uri(), "file:///nowhere/at/all.md"):
        item = types.TextDocumentItem(uri, "markdown", 1, "[[Nowhere]]")
        autograd.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    await autograd.open()
    assert not autograd.client.diagnostics.get("untitled:Untitled-1")
    assert not autograd.client.diagnostics.get((wiki / "README.md").as_uri())


async def test_the_server_ends_with_its_editor() -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "kbtools.cli", "lsp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert server.stdin is not None
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    server.stdin.flush()
    assert server.stdout is not None
    assert server.stdout.readline().startswith(b"Content-")
    server.stdin.close()
    assert server.wait(LIMIT) is not None
    server.stdout.close()

"""Messages that no well-behaved editor sends: the server answers or leaves them and goes on, or ends with a reason."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from a_wiki import PAGES, make
from raw_client import RawClient

from tests.terminal import run_kb
from tests.waiting import until

AUTOGRAD = "docs/topics/Autograd.md"
MESSAGE = "window/showMessage"


@pytest.fixture(scope="module")
def servers() -> Iterator[list[RawClient]]:
    """At most one."""
    running: list[RawClient] = []
    yield running
    for client in running:
        client.__exit__()


@pytest.fixture
def client(servers: list[RawClient]) -> RawClient:
    """A server that goes on from test to test: none of what it was told before may disturb it."""
    if not servers or servers[0].process.poll() is not None:
        servers[:] = [RawClient()]
        servers[0].initialize()
    servers[0].notes.clear()
    return servers[0]


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make(tmp_path / "wiki")


def test_a_request_before_initialize_and_after_shutdown_is_refused() -> None:
    with RawClient() as client:
        assert client.ask("textDocument/hover", {})["error"]["code"] == -32002
        assert "result" in client.initialize()
        assert client.ask("initialize", {"capabilities": {}})["error"]["code"] == -32600
        assert client.ask("shutdown")["result"] is None
        assert client.ask("textDocument/hover", {})["error"]["code"] == -32600
        client.note("textDocument/didOpen", {})
        client.note("exit")
        assert client.process.wait(60) == 0


def test_an_exit_without_shutdown_is_an_error_of_the_client() -> None:
    with RawClient() as client:
        client.initialize()
        client.note("exit")
        assert client.process.wait(60) == 1


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"", b"[" * 100_000, b"[]", b"42", b'{"id": {}, "method": "x"}'])
def test_what_is_no_message_is_answered_with_an_error(client: RawClient, body: bytes) -> None:
    client.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    assert client.answer(None)["error"]["code"] in (-32700, -32600)
    assert client.ask("workspace/symbol", {"query": "x"})["result"] == []


@pytest.mark.parametrize(
    "head", [b"Content-Length: 99999999999999\r\n\r\n", b"Content-Length: -1\r\n\r\n", b"X: y\r\n\r\n", b"x" * 70_000]
)
def test_a_header_behind_which_nothing_can_be_found_ends_the_server_with_a_reason(head: bytes) -> None:
    with RawClient() as client:
        client.initialize()
        client.send_bytes(head)
        assert client.process.wait(60) == 2
        assert "messages cannot be read" in client.log
        assert "Traceback" not in client.log


@pytest.mark.parametrize("method", ["no/such", "$/no-such", "textDocument/hover", "textDocument/rename"])
@pytest.mark.parametrize("params", [None, [], {"textDocument": None}, {"textDocument": {"uri": 3}, "position": {}}])
def test_requests_of_another_form_are_answered(client: RawClient, method: str, params: object) -> None:
    client.note("textDocument/didChange", params)
    client.note("textDocument/didOpen", params)
    client.note("workspace/didChangeWatchedFiles", params)
    client.note("$/setTrace", params)
    assert "error" in client.ask(method, params)
    assert client.ask("workspace/symbol", {"query": "x"})["result"] == []


def test_a_cancelled_request_is_not_answered_late(wiki: Path) -> None:
    with RawClient(wiki) as client:
        client.initialize()
        uri = (wiki / AUTOGRAD).as_uri()
        client.send({"method": "$/cancelRequest", "params": {"id": 77}})
        client.send({"method": "$/cancelRequest", "params": {"id": None}})
        client.open(uri, PAGES[AUTOGRAD])
        assert client.rules(uri)
        answered = client.ask("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
        assert "result" in answered


@pytest.mark.parametrize(
    "uri",
    [
        "untitled:Untitled-1",
        "vscode-remote://ssh-remote%2Bhost/wiki/a.md",
        "file://server/share/a.md",
        "file:///c%3A/Users/me/a.md",
        "file:///C:/Users/me/a.md",
        "file://[",
        "file:",
        "",
        "file:///a%00b.md",
        "file:///%FF%FE.md",
        "git:/a.md?%7B%7D",
    ],
)
def test_addresses_that_are_no_page_have_no_findings(client: RawClient, uri: str) -> None:
    client.open(uri, "[[Nowhere]]\n")
    assert not client.rules(uri)
    client.change(uri, "[[Nowhere]] again\n")
    place = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 3}}
    assert client.ask("textDocument/hover", place)["result"] is None
    assert client.ask("textDocument/documentSymbol", place)["result"] == []
    client.note("textDocument/didSave", {"textDocument": {"uri": uri}})
    client.note("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert not client.rules(uri)


def test_a_client_that_edits_texts_alone_is_sent_nothing_else(wiki: Path) -> None:
    """Such as one that renames no files."""
    with RawClient(wiki) as client:
        client.initialize()
        uri, other = (wiki / AUTOGRAD).as_uri(), (wiki / "docs/topics/Tensor.md").as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        line = PAGES[AUTOGRAD].split("\n")[6]
        document, places = {"uri": uri}, [{"line": 6, "character": line.index(w) + 2} for w in ("tensor", "Nowhere")]
        at = {"textDocument": document, "position": places[0]}
        renamed = client.ask("textDocument/rename", {**at, "newName": "Array"})["result"]
        place = {"start": places[1], "end": places[1]}
        asked = {"textDocument": document, "range": place, "context": {"diagnostics": []}}
        titles = {action["title"] for action in client.ask("textDocument/codeAction", asked)["result"]}
    assert set(renamed) == {"changes"}
    assert set(renamed["changes"]) == {uri, other}
    assert {key for edits in renamed["changes"].values() for edit in edits for key in edit} == {"range", "newText"}
    assert "Ignore broken-link here" in titles
    assert "Write the page Nowhere" not in titles


def test_an_address_means_its_file_however_it_is_escaped(wiki: Path) -> None:
    file = wiki / "docs/topics/자동 미분.md"
    file.write_text("[[Nowhere]]\n", encoding="utf-8")
    escaped = f"file://{quote(str(file), safe='/')}"
    for uri in (escaped, escaped.lower().replace(str(wiki).lower(), str(wiki)), f"file://{file}", f"file:{file}"):
        with RawClient(wiki) as client:
            client.initialize()
            client.open(uri, "[[Nowhere]]\n")
            assert "broken-link" in (client.rules(uri) or ())


def test_a_document_that_is_opened_twice_is_as_it_was_opened_last(wiki: Path) -> None:
    with RawClient(wiki) as client:
        client.initialize()
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        client.open(uri, "[[Tensor]]\n")
        assert "broken-link" not in (client.rules(uri) or ())
        client.note("textDocument/didClose", {"textDocument": {"uri": uri}})
        client.note("textDocument/didClose", {"textDocument": {"uri": uri}})
        client.change(uri, "[[Nowhere]] typed after it was closed\n")
        assert client.rules(uri) == set()


@pytest.mark.parametrize("version", [None, 0, 7])
def test_versions_may_be_missing_or_stand_still(wiki: Path, version: int | None) -> None:
    with RawClient(wiki) as client:
        client.initialize()
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, PAGES[AUTOGRAD], version)
        client.change(uri, "[[Tensor]]\n", version)
        assert "broken-link" not in (client.rules(uri) or ())


@pytest.mark.parametrize(
    "text", ["\r\n[[Nowhere]]\r\n", "\ufeff[[Nowhere]]\n", "한글\r[[Nowhere]]", "\ud800 [[Nowhere]]"]
)
def test_line_ends_marks_and_lone_surrogates(wiki: Path, text: str) -> None:
    with RawClient(wiki) as client:
        client.initialize()
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        client.change(uri, text)
        assert client.rules(uri) is not None
        client.change(uri, "[[Tensor]]\n", 2)
        assert "broken-link" not in (client.rules(uri) or ())


def test_a_file_that_is_not_utf_8_and_its_text_in_the_editor(wiki: Path) -> None:
    file = wiki / AUTOGRAD
    file.write_bytes("한글 [[Tensor]]".encode("cp949"))
    with RawClient(wiki) as client:
        client.initialize()
        uri = file.as_uri()
        client.open(uri, "한글 [[Tensor]]")
        assert "unreadable-page" not in (client.rules(uri) or ())


def test_a_folder_that_goes_and_comes_back(wiki: Path) -> None:
    with RawClient(wiki) as client:
        client.initialize()
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        assert "variant-link" in (client.rules(uri) or ())
        kept = wiki.parent / "kept"
        shutil.move(wiki, kept)
        gone = {"changes": [{"uri": (wiki / "docs/topics/Tensor.md").as_uri(), "type": 3}]}
        client.note("workspace/didChangeWatchedFiles", gone)
        client.change(uri, PAGES[AUTOGRAD] + "more")
        assert client.rules(uri) is not None
        shutil.move(kept, wiki)
        client.note("textDocument/didSave", {"textDocument": {"uri": uri}})
        assert "variant-link" in (client.rules(uri) or ())


def test_links_that_are_loops_are_findings_and_no_loops(wiki: Path) -> None:
    (wiki / "docs/topics/loop").symlink_to(wiki / "docs", target_is_directory=True)
    (wiki / "docs/topics/self.md").symlink_to(wiki / "docs/topics/self.md")
    with RawClient(wiki) as client:
        client.initialize()
        for name in ("docs/topics/self.md", "docs/topics/loop/topics/Tensor.md"):
            client.open((wiki / name).as_uri(), "[[Nowhere]]\n")
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        assert "broken-link" in (client.rules(uri) or ())


@pytest.mark.parametrize("name", ["kb-baseline.json", "schema.json", "kb.toml"])
def test_a_project_whose_files_are_damaged_says_so_and_is_served_when_they_are_mended(wiki: Path, name: str) -> None:
    held = (wiki / name).read_text() if (wiki / name).exists() else '{"version": 1, "findings": []}'
    (wiki / name).write_text("{ damaged", encoding="utf-8")
    with RawClient(wiki) as client:
        client.initialize()
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        client.rules(uri)
        told = [n["params"]["message"] for n in client.notes if n.get("method") == "window/showMessage"]
        assert any(name in message for message in told)
        (wiki / name).write_text(held, encoding="utf-8")
        event = {"changes": [{"uri": (wiki / name).as_uri(), "type": 2}]}
        client.note("workspace/didChangeWatchedFiles", event)
        client.change(uri, PAGES[AUTOGRAD] + "more")
        assert "broken-link" in (client.rules(uri) or ())


def test_a_page_that_is_renamed_while_its_code_runs(wiki: Path) -> None:
    file = wiki / AUTOGRAD
    with RawClient(wiki) as client:
        client.initialize(window={"workDoneProgress": True})
        uri = file.as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        running = client.begin("workspace/executeCommand", {"command": "kb.run", "arguments": [uri, ""]})
        client.await_note("window/workDoneProgress/create")
        moved = file.with_name("Moved.md")
        file.rename(moved)
        client.note("textDocument/didClose", {"textDocument": {"uri": uri}})
        client.open(moved.as_uri(), PAGES[AUTOGRAD])
        assert "result" in client.answer(running)
        assert client.rules(uri) == set()
        assert "broken-link" in (client.rules(moved.as_uri()) or ())


def test_a_client_that_is_killed_takes_the_server_and_its_run_along(wiki: Path) -> None:
    file = wiki / AUTOGRAD
    text = "```python {#slow timeout=600}\nimport time\ntime.sleep(300)\n```\n"
    file.write_text(text, encoding="utf-8")
    with RawClient(wiki) as client:
        client.initialize(window={"workDoneProgress": True})
        client.open(file.as_uri(), text)
        client.begin("workspace/executeCommand", {"command": "kb.run", "arguments": [file.as_uri(), "slow"]})
        client.await_note("window/workDoneProgress/create")
        assert client.process.stdin is not None
        client.process.stdin.close()  # what is left of a killed client
        assert client.process.wait(60) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the system ends processes with their starter on Linux only")
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_is_killed_takes_its_run_along(wiki: Path, stop: signal.Signals) -> None:
    file = wiki / AUTOGRAD
    text = "```python {#slow timeout=600}\nimport time\ntime.sleep(300)\n```\n"
    file.write_text(text, encoding="utf-8")

    def runs() -> list[int]:
        """The processes of ``kb run`` in this wiki."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (process / "cmdline").read_bytes()
                if b"::slow\0" in words and bytes(wiki) in words:
                    found.append(int(process.name))
        return found

    with RawClient(wiki) as client:
        client.initialize(window={"workDoneProgress": True})
        client.open(file.as_uri(), text)
        client.begin("workspace/executeCommand", {"command": "kb.run", "arguments": [file.as_uri(), "slow"]})
        client.await_note("window/workDoneProgress/create")
        assert until(runs, "the run has started")
        client.process.send_signal(stop)
        client.process.wait(60)
        until(lambda: not runs(), "the run has ended")


def test_a_failure_of_an_earlier_run_is_told_also_beside_a_damaged_baseline(wiki: Path) -> None:
    file = wiki / AUTOGRAD
    text = PAGES[AUTOGRAD].replace("x + 1", "1 / 0")
    file.write_text(text, encoding="utf-8")
    run_kb(["run", "topics/Autograd.md", "--root", str(wiki)])
    (wiki / "kb-baseline.json").write_text("{ damaged", encoding="utf-8")
    with RawClient(wiki) as client:
        client.initialize()
        client.open(file.as_uri(), text)
        assert client.rules(file.as_uri()) is None
        (wiki / "kb-baseline.json").unlink()
        client.note("textDocument/didSave", {"textDocument": {"uri": file.as_uri()}})
        assert {"failing-snippet", "broken-link"} <= (client.rules(file.as_uri()) or set())


def test_a_run_that_cannot_be_done_says_why(wiki: Path) -> None:
    with RawClient(wiki) as client:
        client.initialize()
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        client.ask("workspace/executeCommand", {"command": "kb.run", "arguments": [uri, "no-such"]})
        told = [n["params"]["message"] for n in client.notes if n.get("method") == "window/showMessage"]
        assert any('no snippet "no-such"' in message for message in told)


@pytest.mark.parametrize("command", ["kb.accept", "kb.respell", "kb.run", "kb.update"])
def test_arguments_that_a_command_does_not_take_are_refused(command: str, client: RawClient, wiki: Path) -> None:
    uri = (wiki / AUTOGRAD).as_uri()
    for arguments in ([], [uri, 1], [1, ""], [uri, "", "", ""], [uri, "broken-link", 1.5, 2], {"uri": uri}, "ab", 7):
        error = client.ask("workspace/executeCommand", {"command": command, "arguments": arguments})["error"]
        assert (error["code"], error["message"].partition(",")[0]) == (-32602, f"{command} takes a page's address")
    assert client.ask("workspace/executeCommand", {"command": command})["error"]["code"] == -32602


@pytest.mark.parametrize("uri", ["", "untitled:Untitled-1", "file:///no/such/page.md", "no address"])
def test_a_command_for_what_is_no_page_says_so(client: RawClient, uri: str) -> None:
    error = client.ask("workspace/executeCommand", {"command": "kb.run", "arguments": [uri, ""]})["error"]
    assert (error["code"], error["message"]) == (-32602, f"{uri} is not a page of a wiki")


def test_a_finding_at_no_place_of_the_text_is_not_accepted(client: RawClient, wiki: Path) -> None:
    uri = (wiki / AUTOGRAD).as_uri()
    for start, end in ((-1, -7), (5, 3), (2**70, 2**71)):
        arguments = [uri, "broken-link", start, end]
        error = client.ask("workspace/executeCommand", {"command": "kb.accept", "arguments": arguments})["error"]
        assert error["message"].startswith("broken-link is not found there any more")
    assert not (wiki / "kb-baseline.json").exists()


@pytest.mark.parametrize("kind", ["codeLens", "inlayHint"])
def test_results_are_shown_once_a_run_has_ended(kind: str, wiki: Path) -> None:
    with RawClient(wiki) as client:
        client.initialize(workspace={kind: {"refreshSupport": True}})
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        client.ask("workspace/executeCommand", {"command": "kb.run", "arguments": [uri, ""]})
        asked = [n["method"] for n in client.notes if n.get("method", "").endswith("/refresh")]
        assert asked == [f"workspace/{kind}/refresh"]


def test_a_page_whose_name_looks_like_an_option_is_run(wiki: Path) -> None:
    file = wiki / "docs/--help.md"
    text = "```python {#one}\nprint(1)\n```\n"
    file.write_text(text, encoding="utf-8")
    with RawClient(wiki) as client:
        client.initialize()
        client.open(file.as_uri(), text)
        client.ask("workspace/executeCommand", {"command": "kb.run", "arguments": [file.as_uri(), "one"]})
        lenses = client.ask("textDocument/codeLens", {"textDocument": {"uri": file.as_uri()}})["result"]
        assert any("passed" in lens["command"]["title"] for lens in lenses)


@pytest.mark.parametrize("place", [(-1, -1), (0, -7), (10**12, 10**12), (2**70, 0)])
def test_places_outside_the_text_are_the_nearest_ones(wiki: Path, place: tuple[int, int]) -> None:
    with RawClient(wiki) as client:
        client.initialize()
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        position = {"line": place[0], "character": place[1]}
        there = {"textDocument": {"uri": uri}, "position": position}
        for method in ("hover", "definition", "completion"):
            assert "result" in client.ask(f"textDocument/{method}", there)
        assert "nothing here is a name" in client.ask("textDocument/prepareRename", there)["error"]["message"]
        change = {"range": {"start": position, "end": position}, "text": "[[Gone]]\n"}
        document = {"uri": uri, "version": 1}
        client.note("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        assert "broken-link" in (client.rules(uri) or ())


def test_a_killed_editor_leaves_its_wiki_as_it_was(wiki: Path) -> None:
    before = {p: p.read_bytes() for p in sorted(wiki.rglob("*")) if p.is_file()}
    with RawClient(wiki) as client:
        client.initialize()
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        client.change(uri, "all of it is gone")
        client.rules(uri)
        place = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
        client.ask("textDocument/rename", {**place, "newName": "Other"})
    after = {p: p.read_bytes() for p in sorted(wiki.rglob("*")) if p.is_file() and ".kb" not in p.parts}
    assert after == before


def test_every_answer_is_ascii_json(wiki: Path) -> None:
    """Lone surrogates, which a text may hold, have no bytes in UTF-8."""
    with RawClient(wiki) as client:
        client.initialize()
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, "# \ud83d\n\n[[\udc00]]\n")
        client.rules(uri)
        symbols = client.ask("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
        assert json.dumps(symbols["result"])


def await_finding(client: RawClient, uri: str, rule: str, *, found: bool) -> None:
    """Wait until a finding is told, or is told no more: as soon as the system tells that a file has changed."""
    until(lambda: (rule in (client.rules(uri) or ())) == found, f"{rule} {found}")


def test_files_are_watched_for_a_client_that_does_not(wiki: Path) -> None:
    with RawClient(wiki) as client:
        client.initialize()
        page = wiki / "docs/topics/Autograd.md"
        client.open(page.as_uri(), page.read_text(encoding="utf-8"))
        assert "broken-link" in (client.rules(page.as_uri()) or ())
        (wiki / "docs/topics/Nowhere.md").write_text("# Nowhere\n", encoding="utf-8")
        await_finding(client, page.as_uri(), "broken-link", found=False)
        (wiki / "docs/topics/Nowhere.md").unlink()
        await_finding(client, page.as_uri(), "broken-link", found=True)
        config = (wiki / "kb.toml").read_text(encoding="utf-8")
        (wiki / "kb.toml").write_text(f'rules = {{"broken-link" = "off"}}\n{config}', encoding="utf-8")
        await_finding(client, page.as_uri(), "broken-link", found=False)
        (wiki / "kb.toml").write_text(config, encoding="utf-8")
        await_finding(client, page.as_uri(), "broken-link", found=True)


def test_files_of_a_vault_behind_a_symbolic_link_are_watched(wiki: Path) -> None:
    link = wiki.with_name(f"{wiki.name}-link")
    link.symlink_to(wiki)
    with RawClient(link) as client:
        client.initialize(workspace={"didChangeWatchedFiles": {"dynamicRegistration": True}})
        page, other = link / "docs/topics/Autograd.md", link / "docs/topics/Nowhere.md"
        client.open(page.as_uri(), page.read_text(encoding="utf-8"))
        assert "broken-link" in (client.rules(page.as_uri()) or ())
        other.write_text("# Nowhere\n", encoding="utf-8")
        client.note("workspace/didChangeWatchedFiles", {"changes": [{"uri": other.as_uri(), "type": 1}]})
        assert "broken-link" not in (client.rules(page.as_uri()) or ())


def test_a_client_that_watches_no_files_is_told_of_another_configuration_after_it_saves(wiki: Path) -> None:
    with RawClient(wiki) as client:
        client.initialize()
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, PAGES[AUTOGRAD])
        assert "variant-link" in (client.rules(uri) or ())
        (wiki / "kb.toml").write_text('rules = {"variant-link" = "off"}\n' + PAGES["kb.toml"], encoding="utf-8")
        client.note("textDocument/didSave", {"textDocument": {"uri": uri}})
        assert "variant-link" not in (client.rules(uri) or ())


def test_a_folder_without_a_project_is_checked_as_with_vault_until_it_becomes_one(tmp_path: Path) -> None:
    text = "[[Nowhere]]\n\n```python\nprint(undefined)\n```\n"
    (tmp_path / "A.md").write_text(text, encoding="utf-8")
    with RawClient(tmp_path) as client:
        client.initialize()
        uri = (tmp_path / "A.md").as_uri()
        client.open(uri, text)
        shown = client.rules(uri) or set()
        printed = run_kb(["check", "--no-run", "--vault", str(tmp_path), "--format", "jsonl"]).stdout
        assert shown == {json.loads(line)["rule"] for line in printed.splitlines()}
        assert "undefined-name" not in shown
        (tmp_path / "kb.toml").write_text('docs = "."\n', encoding="utf-8")
        client.note("textDocument/didSave", {"textDocument": {"uri": uri}})
        assert "undefined-name" in (client.rules(uri) or ())


@pytest.mark.parametrize("first", ["outer", "inner"])
def test_a_page_belongs_to_the_nearest_project_whatever_was_opened_first(tmp_path: Path, first: str) -> None:
    """The folder that the editor has open is no project, a folder in it is one, another has a file that makes none."""
    inner = make(tmp_path / "wiki")
    texts = {inner / AUTOGRAD: PAGES[AUTOGRAD], tmp_path / "A.md": "[[B#No]]\n", tmp_path / "code/B.md": "[[A]]\n"}
    for file in list(texts)[1:]:
        file.parent.mkdir(exist_ok=True)
        file.write_text(texts[file], encoding="utf-8")
    (tmp_path / "code/pyproject.toml").write_text("[project]\n", encoding="utf-8")
    with RawClient(tmp_path) as client:
        client.initialize()
        for file in texts if first == "inner" else reversed(texts):
            client.open(file.as_uri(), texts[file])
        found = [client.rules(file.as_uri()) for file in texts]
    assert found == [{"variant-link", "broken-link", "orphan-page"}, {"broken-anchor"}, set()]


def test_a_page_that_is_open_by_two_addresses_stays_open_when_one_is_closed(wiki: Path) -> None:
    (wiki.parent / "link").symlink_to(wiki)
    uri, other = ((folder / AUTOGRAD).as_uri() for folder in (wiki, wiki.parent / "link"))
    with RawClient(wiki) as client:
        client.initialize()
        client.open(other, "[[Tensor]]\n")
        before = client.rules(other)
        client.open(uri, "[[Quite another]]\n")
        assert "broken-link" in (client.rules(uri) or ())
        client.note("textDocument/didClose", {"textDocument": {"uri": uri}})
        assert client.rules(other) == before


def test_unsaved_text_counts_once_a_configuration_can_be_read(wiki: Path) -> None:
    (wiki / "kb.toml").write_text("this is no TOML", encoding="utf-8")
    with RawClient(wiki) as client:
        client.initialize(workspace={"didChangeWatchedFiles": {"dynamicRegistration": True}})
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, "[[Quite another]]\n")
        assert not client.rules(uri)
        (wiki / "kb.toml").write_text(PAGES["kb.toml"], encoding="utf-8")
        client.note("workspace/didChangeWatchedFiles", {"changes": [{"uri": (wiki / "kb.toml").as_uri(), "type": 2}]})
        found = client.rules(uri) or set()
        assert "broken-link" in found
        assert "variant-link" not in found  # of the file


def test_files_are_read_while_a_configuration_cannot_be(wiki: Path) -> None:
    with RawClient(wiki) as client:
        client.initialize(workspace={"didChangeWatchedFiles": {"dynamicRegistration": True}})
        uri = (wiki / AUTOGRAD).as_uri()
        client.open(uri, "[[Tensor]]\n")
        assert "broken-link" not in (client.rules(uri) or set())
        (wiki / "kb.toml").write_text("docs = [\n", encoding="utf-8")
        (wiki / "docs/topics/Tensor.md").unlink()
        told = [{"uri": (wiki / name).as_uri(), "type": 2} for name in ("kb.toml", "docs/topics/Tensor.md")]
        client.note("workspace/didChangeWatchedFiles", {"changes": told})
        assert "broken-link" in (client.rules(uri) or set())
        assert any("kb.toml" in note["params"]["message"] for note in client.notes if note["method"] == MESSAGE)

"""What is told faster than it can be read is read once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from a_wiki import make

from kbtools.adapters.lsp.documents import NOTIFICATIONS
from kbtools.adapters.lsp.server import Server
from kbtools.adapters.lsp.session import Session
from kbtools.adapters.lsp.wire.connection import Connection
from kbtools.incremental.resident import Resident
from tests.waiting import until

PAGE = "docs/topics/Autograd.md"


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make(tmp_path)


@pytest.fixture
def session(wiki: Path) -> Iterator[Session]:
    session = Session(Connection(BytesIO(), BytesIO()), {"rootUri": wiki.as_uri(), "capabilities": {}})  # type: ignore[arg-type]
    document = {"uri": (wiki / PAGE).as_uri(), "version": 0, "text": (wiki / PAGE).read_text(encoding="utf-8")}
    note(session, "textDocument/didOpen", {"textDocument": document})
    session.publish()
    yield session
    session.close()


def note(session: Session, method: str, params: dict[str, Any]) -> None:
    NOTIFICATIONS[method](session, params)


def test_of_texts_that_follow_each_other_the_last_is_read(
    session: Session, wiki: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    monkeypatch.setattr(Resident, "edit", lambda _, path, text: read.append(f"{path}: {text}"))
    for version in (1, 2, 3):
        document = {"uri": (wiki / PAGE).as_uri(), "version": version}
        note(session, "textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": str(version)}]})
    session.publish()
    assert read == ["topics/Autograd.md: 3"]


def test_files_of_many_reports_are_read_at_once(session: Session, wiki: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    monkeypatch.setattr(Resident, "refresh", lambda _, changed=None: read.append(changed))
    for name in ("build/a.o", "build/b.o", "docs/topics/Tensor.md"):
        event = {"changes": [{"uri": (wiki / name).as_uri(), "type": 2}]}
        note(session, "workspace/didChangeWatchedFiles", event)
    session.publish()
    assert read == [None]


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_a_request_waits_for_findings_unless_it_is_cancelled(
    wiki: Path, monkeypatch: pytest.MonkeyPatch, *, is_cancelled: bool
) -> None:
    told: list[bool] = []

    def publish(session: Session) -> None:
        told.append(True)
        session.is_stale = False

    monkeypatch.setattr(Session, "publish", publish)
    document = {"uri": (wiki / PAGE).as_uri(), "version": 0, "text": "text"}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": {"rootUri": wiki.as_uri(), "capabilities": {}}},
        {"method": "textDocument/didOpen", "params": {"textDocument": document}},
        {"id": 2, "method": "workspace/symbol", "params": {"query": "x"}},
        {"method": "$/cancelRequest", "params": {"id": 2 if is_cancelled else 3}},
        {"method": "exit"},
    ]
    bodies = [json.dumps({"jsonrpc": "2.0", **message}).encode() for message in messages]
    target = BytesIO()
    server = Server(BytesIO(b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(b), b) for b in bodies)), target)  # type: ignore[arg-type]
    until(lambda: server.connection._inbox.qsize() > len(messages))  # all are read, and the end
    assert server.serve() == 1
    assert told == ([] if is_cancelled else [True])
    assert (b'"error":{"code":-32800' in target.getvalue()) == is_cancelled

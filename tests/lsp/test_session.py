"""What is told faster than it can be read is read once."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from a_wiki import make

from kbtools.adapters.lsp.documents import NOTIFICATIONS
from kbtools.adapters.lsp.session import Session
from kbtools.adapters.lsp.wire.connection import Connection
from kbtools.incremental.resident import Resident

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

"""A client that sends whatever bytes it likes, and waits for answers."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Self

CHANGES_FILES = {
    "documentChanges": True,
    "resourceOperations": ["create", "rename"],
    "changeAnnotationSupport": {},
}
"""The capability ``workspace.workspaceEdit`` of an editor that creates and renames files, and shows a preview."""


class RawClient:
    """A language server of its own, spoken to in bytes."""

    def __init__(self, root: Path | None = None) -> None:
        self.root, self.last = root, 0
        self.notes: list[dict[str, Any]] = []
        self._log = TemporaryFile()  # noqa: SIM115 - not a pipe, which would stop the server once it is full
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kbtools.cli", "lsp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._log):
            with suppress(BrokenPipeError):
                stream.close()  # type: ignore[union-attr]

    @property
    def log(self) -> str:
        """What the server has said on standard error."""
        self._log.seek(0)
        return self._log.read().decode()

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def note(self, method: str, params: Any = None) -> None:
        self.send({"method": method, "params": params})

    def begin(self, method: str, params: Any = None) -> int:
        self.last += 1
        self.send({"id": self.last, "method": method, "params": params})
        return self.last

    def ask(self, method: str, params: Any = None) -> dict[str, Any]:
        return self.answer(self.begin(method, params))

    def answer(self, id_: int | None) -> dict[str, Any]:
        """The answer to a request. What else is received until then is noted."""
        while True:
            message = self.receive()
            if message.get("id") == id_ and "method" not in message:
                return message
            self.notes.append(message)

    def await_note(self, method: str) -> None:
        """Receive until the server has sent a notification, or a request of its own."""
        while not any(note.get("method") == method for note in self.notes):
            self.notes.append(self.receive())

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline()) != b"\r\n":
            if not line:
                raise EOFError(self.log)
            length = int(line.partition(b":")[2])
        found: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return found

    def initialize(self, **capabilities: Any) -> dict[str, Any]:
        root = self.root.as_uri() if self.root is not None else None
        answer = self.ask("initialize", {"rootUri": root, "capabilities": capabilities})
        self.note("initialized", {})
        return answer

    def open(self, uri: str, text: str, version: int | None = 0) -> None:
        self.note(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "languageId": "markdown", "version": version, "text": text}},
        )

    def change(self, uri: str, text: str, version: int | None = 1) -> None:
        document = {"uri": uri, "version": version}
        self.note("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def rules(self, uri: str) -> set[str] | None:
        """The rules of the findings that were told last, once all that was sent is dealt with; None for none told."""
        self.ask("workspace/symbol", {"query": "nothing is called so"})
        told = [
            note["params"]["diagnostics"]
            for note in self.notes
            if note.get("method") == "textDocument/publishDiagnostics" and note["params"]["uri"] == uri
        ]
        return {d["code"] for d in told[-1]} if told else None

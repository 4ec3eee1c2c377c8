"""Measure the language server as an editor feels it: a real client over stdio, in a wiki of so many pages.

usage: python bench/lsp.py [PAGES]

Told are medians in milliseconds, and the server's memory: from its start to the first findings with an index that is
kept, from an edit to its findings, completion behind ``[[`` and two letters, references of a page, hover. Where
marksman and rumdl are on the path, the first two are told of their servers as well.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from lsprotocol import types
from make_vault import make, path
from pygls.lsp.client import LanguageClient

ROUNDS = 15


class Session:
    """A server with one document open."""

    def __init__(self, root: Path, file: Path) -> None:
        self.client = LanguageClient("bench", "0")
        self.root, self.file, self.uri = root, file, file.as_uri()
        self.text, self.version = file.read_text(encoding="utf-8"), 0
        self.arrived = asyncio.Event()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            if params.uri == self.uri and params.version in (None, self.version):
                self.arrived.set()

        @self.client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(_: types.RegistrationParams) -> None:
            pass

        @self.client.feature(types.WORKSPACE_CONFIGURATION)
        def configuration(params: types.ConfigurationParams) -> list[object]:
            return [None] * len(params.items)

    async def start(self, command: list[str]) -> None:
        await self.client.start_io(*command)
        folder = types.WorkspaceFolder(self.root.as_uri(), "wiki")
        capabilities = types.ClientCapabilities()
        await self.client.initialize_async(
            types.InitializeParams(
                capabilities=capabilities,
                root_uri=self.root.as_uri(),
                workspace_folders=[folder],
                process_id=os.getpid(),
            )
        )
        self.client.initialized(types.InitializedParams())
        item = types.TextDocumentItem(self.uri, "markdown", self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        await self.arrived.wait()

    async def edit(self) -> None:
        """One letter typed at the end of the text."""
        self.arrived.clear()
        self.version += 1
        lines = self.text.split("\n")
        end = types.Position(len(lines) - 1, len(lines[-1].encode("utf-16-le")) // 2)
        change = types.TextDocumentContentChangePartial(types.Range(end, end), "x")
        self.text += "x"
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        await self.arrived.wait()

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()

    def at(self, words: str, into: int) -> types.TextDocumentPositionParams:
        offset = self.text.index(words) + into
        line = self.text.count("\n", 0, offset)
        before = self.text[self.text.rfind("\n", 0, offset) + 1 : offset]
        place = types.Position(line, len(before.encode("utf-16-le")) // 2)
        return types.TextDocumentPositionParams(types.TextDocumentIdentifier(self.uri), place)

    @property
    def memory(self) -> int:
        """What is resident of the server, in MB."""
        process = self.client._server
        assert process is not None
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) // 1000


async def median(work: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> float:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


async def starts(root: Path, file: Path, command: list[str], rounds: int = 5) -> float:
    async def once() -> None:
        session = Session(root, file)
        await session.start(command)
        await session.stop()

    await once()  # so that the index is kept
    return await median(once, rounds)


async def measure(root: Path, file: Path) -> None:
    command = [sys.executable, "-m", "kbtools.cli", "lsp"]
    print(f"start to first findings  {await starts(root, file, command):8.1f} ms")
    session = Session(root, file)
    await session.start(command)
    print(f"edit to findings         {await median(session.edit):8.1f} ms")
    client, there = session.client, session.at("[[", 4)

    async def complete() -> None:
        await client.text_document_completion_async(types.CompletionParams(there.text_document, there.position))

    async def references() -> None:
        context = types.ReferenceContext(include_declaration=False)
        await client.text_document_references_async(types.ReferenceParams(context, there.text_document, there.position))

    async def hover() -> None:
        await client.text_document_hover_async(types.HoverParams(there.text_document, there.position))

    async def after_an_edit(work: Callable[[], Awaitable[None]]) -> float:
        taken = []
        for _ in range(ROUNDS):
            await session.edit()
            taken.append(await median(work, 1))
        return statistics.median(taken)

    print(f"completion               {await after_an_edit(complete):8.1f} ms")
    print(f"references               {await after_an_edit(references):8.1f} ms")
    print(f"hover                    {await after_an_edit(hover):8.1f} ms")
    print(f"memory                   {session.memory:8} MB")
    await session.stop()
    for name, other in {"rumdl": ["rumdl", "server"], "marksman": ["marksman", "server"]}.items():
        if shutil.which(name) is None:
            continue
        rival = Session(root, file)
        try:
            await asyncio.wait_for(rival.start(other), 60)
            print(f"{name}: edit to findings  {await asyncio.wait_for(median(rival.edit), 60):8.1f} ms")
        except TimeoutError:
            print(f"{name}: no answer within a minute")


def main(count: str = "10000") -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make(root, int(count))
        asyncio.run(measure(root, root / "docs" / path(7)))


if __name__ == "__main__":
    main(*sys.argv[1:])

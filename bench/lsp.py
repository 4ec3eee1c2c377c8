"""Measure the language server as an editor feels it: a real client over stdio, in a wiki of so many pages.

usage: python bench/lsp.py [PAGES]

Prints medians of the elapsed time and means of the server's CPU time, in milliseconds, and the memory of the server:
from its start to the first findings with an index on disk; from an edit to its findings, also of a heading, and with a
broken link on the page; completion behind ``[[`` and two letters, references of a page, and hover, each after an edit.
CPU times depend least on what else the machine is doing. Where rumdl and marksman are on the path, their servers are
measured through the same client.
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
from urllib.parse import unquote

from lsprotocol import types
from make_vault import make, path
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient
from pygls.protocol import default_converter

ROUNDS = 30
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")}
"""With compiled modules, as where kbtools is installed."""

CONVERTER = default_converter()
"""Of all clients: making one takes each 20 to 70 ms of its first messages, which is no time of the server."""


class Session:
    """A server with one document open."""

    def __init__(self, root: Path, file: Path) -> None:
        self.client = LanguageClient("bench", "0", converter_factory=lambda: CONVERTER)
        self.root, self.file, self.uri = root, file, file.as_uri()
        self.text, self.version = file.read_text(encoding="utf-8"), 0
        self.arrived = asyncio.Event()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            if unquote(params.uri) == unquote(self.uri) and params.version in (None, self.version):
                self.arrived.set()

        @self.client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(_: types.RegistrationParams) -> None:
            pass

        @self.client.feature(types.WORKSPACE_CONFIGURATION)
        def configuration(params: types.ConfigurationParams) -> list[object]:
            return [None] * len(params.items)

    async def start(self, command: list[str]) -> None:
        await self.client.start_io(*command, env=ENVIRONMENT)
        folder = types.WorkspaceFolder(self.root.as_uri(), "wiki")
        capabilities = types.ClientCapabilities()
        answer = await self.client.initialize_async(
            types.InitializeParams(
                capabilities=capabilities,
                root_uri=self.root.as_uri(),
                workspace_folders=[folder],
                process_id=os.getpid(),
            )
        )
        sync = answer.capabilities.text_document_sync
        kind = sync.change if isinstance(sync, types.TextDocumentSyncOptions) else sync
        self.takes_changes = kind == types.TextDocumentSyncKind.Incremental
        self.client.initialized(types.InitializedParams())
        item = types.TextDocumentItem(self.uri, "markdown", self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        await self.arrived.wait()

    async def edit(self, typed: str = "x", behind: str = "") -> None:
        """Something typed behind the first of some words; without any, at the end."""
        self.arrived.clear()
        self.version += 1
        offset = self.text.index(behind) + len(behind) if behind else len(self.text)
        place = self.position(offset)
        self.text = self.text[:offset] + typed + self.text[offset:]
        change: types.TextDocumentContentChangeEvent = types.TextDocumentContentChangePartial(
            types.Range(place, place), typed
        )
        if not self.takes_changes:
            change = types.TextDocumentContentChangeWholeDocument(self.text)
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        await self.arrived.wait()

    async def stop(self) -> None:
        """End the server, if it does not end by itself within a second."""
        process = self.client._server
        assert process is not None
        try:
            await asyncio.wait_for(self.client.shutdown_async(None), 1)
            self.client.exit(None)
            await asyncio.wait_for(process.wait(), 1)
        except TimeoutError:
            process.kill()
        await self.client.stop()

    def at(self, words: str, into: int) -> types.TextDocumentPositionParams:
        place = self.position(self.text.index(words) + into)
        return types.TextDocumentPositionParams(types.TextDocumentIdentifier(self.uri), place)

    def position(self, offset: int) -> types.Position:
        line = self.text.count("\n", 0, offset)
        before = self.text[self.text.rfind("\n", 0, offset) + 1 : offset]
        return types.Position(line, len(before.encode("utf-16-le")) // 2)

    @property
    def memory(self) -> int:
        """What is resident of the server, in MB."""
        return int(self._process("status").split("VmRSS:")[1].split()[0]) // 1000

    @property
    def cpu(self) -> float:
        """The CPU time that the server has taken, in milliseconds."""
        user, system = self._process("stat").rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")

    def _process(self, name: str) -> str:
        process = self.client._server
        assert process is not None
        return Path(f"/proc/{process.pid}/{name}").read_text()


async def median(work: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> float:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


async def starts(root: Path, file: Path, command: list[str], rounds: int = 5) -> tuple[float, float]:
    """Medians from the start to the first findings: elapsed time, and the server's CPU time."""
    elapsed: list[float] = []
    cpu: list[float] = []
    for _ in range(rounds + 1):
        session = Session(root, file)
        start = time.perf_counter()
        await session.start(command)
        elapsed.append((time.perf_counter() - start) * 1000)
        cpu.append(session.cpu)
        await session.stop()
    return statistics.median(elapsed[1:]), statistics.median(cpu[1:])  # the first stores the index


async def measure(name: str, root: Path, file: Path, command: list[str]) -> None:
    def row(what: str, elapsed: float, cpu: float | None = None, unit: str = "ms") -> None:
        shown = f"{cpu:9.1f} CPU" if cpu is not None else ""
        print(f"{name:9}{what:40}{elapsed:9.1f} {unit}{shown}", flush=True)

    row("start to first findings", *await starts(root, file, command))
    session = Session(root, file)
    await session.start(command)
    await asyncio.sleep(3)  # what a server does once nothing is asked
    client, there = session.client, session.at("[[", 4)

    async def repeated(what: str, work: Callable[[], Awaitable[object]], before: Callable[[], Awaitable[None]]) -> None:
        taken, cpu, answer = [], 0.0, None
        try:
            for _ in range(ROUNDS):
                await before()
                start, used = time.perf_counter(), session.cpu
                answer = await work()
                taken.append((time.perf_counter() - start) * 1000)
                cpu += session.cpu - used
        except JsonRpcException as error:
            print(f"{name:9}{what:40} refused: {error}")
            return
        row(what if answer is not None else f"{what} (no result)", statistics.median(taken), cpu / ROUNDS)

    async def edits(what: str, edit: Callable[[], Awaitable[None]]) -> None:
        used = session.cpu
        elapsed = await median(edit)
        row(what, elapsed, (session.cpu - used) / ROUNDS)

    async def complete() -> object:
        return await client.text_document_completion_async(types.CompletionParams(there.text_document, there.position))

    async def references() -> object:
        context = types.ReferenceContext(include_declaration=False)
        return await client.text_document_references_async(
            types.ReferenceParams(context, there.text_document, there.position)
        )

    async def hover() -> object:
        return await client.text_document_hover_async(types.HoverParams(there.text_document, there.position))

    await edits("edit to findings", session.edit)
    for what, work in {"completion": complete, "references": references, "hover": hover}.items():
        await repeated(what, work, session.edit)
    await edits("edit of a heading", lambda: session.edit(behind="\n# "))
    await session.edit("\n\n[[Unwritten page]]\n")
    await edits("edit, with a broken link", session.edit)
    await edits("edit of a heading, with a broken link", lambda: session.edit(behind="\n# "))
    row("memory", session.memory, unit="MB")
    await session.stop()


async def compare(root: Path, file: Path) -> None:
    commands = {"kb": [sys.executable, "-m", "kbtools.cli", "lsp"]}
    others = {"rumdl": ["rumdl", "server"], "marksman": ["marksman", "server"]}
    commands.update({name: command for name, command in others.items() if shutil.which(name)})
    for name, command in commands.items():
        try:
            await asyncio.wait_for(measure(name, root, file, command), 240)
        except TimeoutError:
            print(f"{name}: no answer")


def main(count: str = "10000") -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make(root, int(count))
        asyncio.run(compare(root, root / "docs" / path(7)))


if __name__ == "__main__":
    main(*sys.argv[1:])

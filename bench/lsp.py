"""Measure the language server as an editor feels it: a real client over stdio, in a wiki of so many pages.

usage: python bench/lsp.py [PAGES]

Prints medians in milliseconds, and the memory of the server: from its start to the first findings with an index on
disk, from an edit to its findings, completion behind ``[[`` and two letters, references of a page, hover, an edit of a
page with a broken link. CPU times depend least on what else the machine is doing.
Where marksman and rumdl are on the path, their servers are measured through the same client.
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
from pygls.exceptions import JsonRpcException
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

    async def edit(self, typed: str = "x") -> None:
        """Something typed at the end of the text."""
        self.arrived.clear()
        self.version += 1
        lines = self.text.split("\n")
        end = types.Position(len(lines) - 1, len(lines[-1].encode("utf-16-le")) // 2)
        change = types.TextDocumentContentChangePartial(types.Range(end, end), typed)
        self.text += typed
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
    cpu: list[float] = []

    async def once() -> None:
        session = Session(root, file)
        await session.start(command)
        cpu.append(session.cpu)
        await session.stop()

    await once()  # so that the index is on disk
    cpu.clear()
    return await median(once, rounds), statistics.median(cpu)


async def measure(name: str, root: Path, file: Path, command: list[str]) -> None:
    def row(what: str, value: float, unit: str = "ms") -> None:
        print(f"{name:9}{what:28}{value:9.1f} {unit}", flush=True)

    elapsed, cpu = await starts(root, file, command)
    row("start to first findings", elapsed)
    row("  its CPU time", cpu)
    session = Session(root, file)
    await session.start(command)
    await asyncio.sleep(1)  # what a server does once nothing is asked
    row("edit to findings", await median(session.edit))
    client, there = session.client, session.at("[[", 4)

    async def complete() -> object:
        return await client.text_document_completion_async(types.CompletionParams(there.text_document, there.position))

    async def references() -> object:
        context = types.ReferenceContext(include_declaration=False)
        return await client.text_document_references_async(
            types.ReferenceParams(context, there.text_document, there.position)
        )

    async def hover() -> object:
        return await client.text_document_hover_async(types.HoverParams(there.text_document, there.position))

    for what, work in {"completion": complete, "references": references, "hover": hover}.items():
        taken, answer = [], None
        try:
            for _ in range(ROUNDS):
                await session.edit()
                start = time.perf_counter()
                answer = await work()
                taken.append((time.perf_counter() - start) * 1000)
        except JsonRpcException as error:
            print(f"{name:9}{what:28} refused: {error}")
            continue
        row(what if answer else f"{what} (no result)", statistics.median(taken))
    await session.edit("\n\n[[Unwritten page]]\n")
    before = session.cpu
    row("edit, with a broken link", await median(session.edit))
    row("  CPU time of each", (session.cpu - before) / ROUNDS)
    row("memory", session.memory, "MB")
    await session.stop()


async def compare(root: Path, file: Path) -> None:
    commands = {"kb": [sys.executable, "-m", "kbtools.cli", "lsp"]}
    others = {"rumdl": ["rumdl", "server"], "marksman": ["marksman", "server"]}
    commands.update({name: command for name, command in others.items() if shutil.which(name)})
    for name, command in commands.items():
        try:
            await asyncio.wait_for(measure(name, root, file, command), 300)
        except TimeoutError:
            print(f"{name}: no answer")


def main(count: str = "10000") -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make(root, int(count))
        asyncio.run(compare(root, root / "docs" / path(7)))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""An HTTP server that misbehaves in a way chosen by the path, for tests of clients."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Server:
    """What happened on it."""

    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path, in order."""
    at_once: int = 0
    most_at_once: int = 0
    times: list[float] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def counts(self) -> Counter[str]:
        return Counter(path for _, path in self.asked)


def reply(status: str, *headers: str, body: str = "") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", body]
    return "\r\n".join(lines).encode("utf-8")


PLAIN = {
    "/ok": reply("200 OK", body="hello"),
    "/empty": reply("204 No Content"),
    "/404": reply("404 Not Found"),
    "/410": reply("410 Gone"),
    "/403": reply("403 Forbidden"),
    "/500": reply("500 Oops"),
    "/999": reply("999 Request denied"),
    "/permanent": reply("301 Moved", "Location: /ok"),
    "/temporary": reply("302 Found", "Location: /ok"),
    "/mixed": reply("301 Moved", "Location: /temporary"),
    "/to-404": reply("301 Moved", "Location: /404"),
    "/relative": reply("308 Moved", "Location: ok"),
    "/unicode": reply("301 Moved", "Location: /한글"),
    "/한글": reply("200 OK"),
    "/circle": reply("302 Found", "Location: /circle-2"),
    "/circle-2": reply("302 Found", "Location: /circle"),
    "/nowhere": reply("302 Found"),
    "/to-file": reply("302 Found", "Location: file:///etc/passwd"),
    "/to-nonsense": reply("302 Found", "Location: http://[::bad/"),
    "/to-inner": reply("302 Found", "Location: http://inner.test/secret"),
    "/300": reply("300 Multiple Choices"),
    "/garbage": b"\x00\x01\x02 what?\r\n\r\n",
    "/no-status": b"HTTP/1.1\r\n\r\n",
    "/old": b"just text, as HTTP 0.9 has it",
    "/huge-header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\n",
    "/cookie": reply("302 Found", "Location: /cookie-2", "Set-Cookie: id=1; Path=/"),
}


async def _answer(server: Server, method: str, path: str, head: str, writer: asyncio.StreamWriter) -> None:
    times = server.counts()[path]
    if path == "/hang":
        await asyncio.sleep(60)
    elif path == "/drip":
        for char in "HTTP/1.1 200 OK\r\nX-Slow: " + "a" * 10_000:
            writer.write(char.encode())
            await writer.drain()
            await asyncio.sleep(0.2)
    elif path == "/endless":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while method == "GET":
            writer.write(b"4\r\naaaa\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)
    elif path == "/reset":
        writer.transport.abort()
    elif path == "/no-head":
        writer.write(PLAIN["/ok"] if method == "GET" else reply("405 Not Allowed"))
    elif path == "/head-404":
        writer.write(PLAIN["/ok"] if method == "GET" else PLAIN["/404"])
    elif path == "/head-breaks":
        writer.write(PLAIN["/ok"] if method == "GET" else PLAIN["/garbage"])
    elif path == "/busy":
        writer.write(PLAIN["/ok"] if times > 2 else reply("429 Slow down", "Retry-After: 1"))
    elif path == "/flaky":
        writer.write(PLAIN["/ok"] if times > 2 else reply("503 Later"))
    elif path == "/cookie-2":
        writer.write(reply("400 Bad") if "cookie:" in head.lower() else PLAIN["/ok"])
    elif path.startswith("/chain/"):
        writer.write(reply("302 Found", f"Location: /chain/{int(path[7:]) + 1}"))
    elif path.startswith("/slow/"):
        await asyncio.sleep(0.1)
        writer.write(PLAIN["/ok"])
    elif path.startswith("/available?url="):
        gone = "404" in path
        found = '{"closest": {"available": true, "url": "http://web.archive.org/web/2020/x"}}' if gone else "{}"
        writer.write(reply("200 OK", "Content-Type: application/json", body=f'{{"archived_snapshots": {found}}}'))
    else:
        writer.write(PLAIN.get(path, reply("404 Not Found")))


@contextmanager
def misbehaving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server()
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from urllib.parse import unquote

        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split(" ", 2)
            path = unquote(target) if not target.startswith("/available") else target
            server.asked.append((method, path))
            server.times.append(loop.time())
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
            try:
                await _answer(server, method, path, head, writer)
                await writer.drain()
            finally:
                server.at_once -= 1
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def start() -> None:
        listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
        server.port = listening.sockets[0].getsockname()[1]
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)

"""Host check of the preview server: only requests for this machine's own names are answered.

A page elsewhere can have its own name lead to 127.0.0.1 (DNS rebinding) and then read what a server there says; the
``Host`` of such a request still is the foreign name. ``Host`` is checked for every path, the waiting requests of the
live reload among them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

from mkdocs.livereload import LiveReloadServer

_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Referrer-Policy", "same-origin"),
]
Start = Callable[..., Any]
App = Callable[[dict[str, Any], Start], Iterable[bytes]]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone: an address of its loopback, or ``localhost``."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_own_host(header: str, port: int) -> bool:
    """Whether a ``Host`` header names this machine's loopback and the server's port."""
    host, colon, number = header.strip().rpartition(":")
    if not colon or (header.strip().startswith("[") and header.strip().endswith("]")):
        host, number = header.strip(), "80"
    return number == str(port) and is_loopback(host)


def guarded(app: App, port: int) -> App:
    """The application behind the door."""

    def answer(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, *_HEADERS], *rest)

        if not is_own_host(environ.get("HTTP_HOST", ""), port):
            return _refuse(start, "421 Misdirected Request", b"This preview is for this machine: ask for localhost.\n")
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return _refuse(start, "405 Method Not Allowed", b"Only GET and HEAD.\n")
        if "\0" in environ.get("PATH_INFO", ""):
            return _refuse(start, "400 Bad Request", b"No file has such a name.\n")
        return app(environ, start)

    return answer


def _refuse(start: Start, status: str, text: bytes) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))])
    return [text]


def guard(server: LiveReloadServer) -> None:
    """Put the door before a preview server. One that its user binds to other addresses than the loopback is for other
    hosts, which may use any name for this one: it is not changed."""
    host, port = server.server_address[:2]
    if is_loopback(str(host)):
        server.set_app(guarded(server.serve_request, int(port)))

"""Messages between a session and its worker: one JSON object a line, over a socket."""

from __future__ import annotations

import json
import socket
from typing import Any


class Channel:
    """One end. JSON is written in ASCII, so that any str of a page travels, lone surrogates too."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._buffer = bytearray()

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, message: dict[str, Any]) -> None:
        """Raises OSError when the other end is gone."""
        self.socket.sendall(json.dumps(message).encode("ascii") + b"\n")

    def receive(self) -> dict[str, Any] | None:
        """The next message, waiting for it; None when the other end is gone."""
        while True:
            message = self.buffered()
            if message is not None:
                return message
            try:
                data = self.socket.recv(1 << 16)
            except OSError:
                return None
            if not data:
                return None
            self._buffer += data

    def feed(self) -> bool:
        """Take what is there, after the socket was found readable. False when the other end is gone."""
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._buffer += data
        return bool(data)

    def buffered(self) -> dict[str, Any] | None:
        """A message that has already arrived in full, or None. A line that is not JSON is passed over."""
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict):
                return message
        return None

    def close(self) -> None:
        self.socket.close()

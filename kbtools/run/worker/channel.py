"""Message channel between parent and worker: one JSON object a line over a socket."""

from __future__ import annotations

import json
import socket
from typing import Any

_LARGEST = 128 << 20
"""Maximum bytes of a message: enough for ten figures and all output of observed statements."""
_PIECE = 1 << 18
# Bound here, because a page may replace the functions of these modules.
_encode, _decode = json.JSONEncoder().encode, json.JSONDecoder().decode


class BadMessage(ValueError):
    """An invalid message; the text gives the reason."""


class Channel:
    """One end. JSON is written in ASCII, so that any str of a page can be sent, including lone surrogates."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._buffer = bytearray()
        self._searched = 0

    def fileno(self) -> int:
        return self.socket.fileno()

    def send(self, message: dict[str, Any]) -> None:
        """Sends a message. Raises OSError when the other end is closed."""
        self.socket.sendall(_encode(message).encode("ascii") + b"\n")

    def receive(self) -> dict[str, Any] | None:
        """Waits for the next message; None when the other end is closed. Raises BadMessage."""
        while True:
            message = self.buffered()
            if message is not None:
                return message
            try:
                data = self.socket.recv(_PIECE)
            except OSError:
                return None
            if not data:
                return None
            self._buffer += data

    def feed(self) -> bool:
        """Reads available data, after the socket became readable. False when the other end is closed."""
        try:
            data = self.socket.recv(_PIECE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._buffer += data
        return bool(data)

    @property
    def is_empty(self) -> bool:
        """Whether no unread data has arrived."""
        return not self._buffer

    def buffered(self) -> dict[str, Any] | None:
        """A message that has arrived completely, or None. Raises BadMessage for anything else."""
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            if self._searched > _LARGEST:
                raise BadMessage(f"it is longer than {_LARGEST >> 20} MiB")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        try:
            message = _decode(line.decode("ascii"))
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise BadMessage("it is not a JSON object")
        return message

    def close(self) -> None:
        self.socket.close()

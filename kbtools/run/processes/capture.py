"""The read end of a worker's standard output or error."""

from __future__ import annotations

import os


class Capture:
    """The read end of a pipe: keeps the first ``limit`` bytes and counts the rest."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self.descriptor, self.limit = descriptor, limit
        self.kept = bytearray()
        self.dropped = 0

    def fileno(self) -> int:
        return self.descriptor

    def feed(self) -> bool:
        """Reads what is available; False at the end of the stream."""
        data = os.read(self.descriptor, 1 << 16)
        room = max(0, self.limit - len(self.kept))
        self.kept += data[:room]
        self.dropped += max(0, len(data) - room)
        return bool(data)

    def clear(self) -> None:
        """Discards what was kept: another step begins."""
        self.kept.clear()
        self.dropped = 0

    def text(self) -> str:
        """What was kept, and the number of discarded bytes."""
        text = bytes(self.kept).decode("utf-8", "replace")
        return text + (f"\n[{self.dropped} more bytes were written and dropped]\n" if self.dropped else "")

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

"""``kb serve`` in a process of its own, at a free port."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.waiting import LIMIT, until


@dataclass
class Preview:
    """A running preview."""

    process: subprocess.Popen[bytes]
    log: Path
    address: str = ""

    @property
    def port(self) -> int:
        return urlsplit(self.address).port or 80

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path) as answer:
            return str(answer.read().decode())

    def wait_for(self, path: str, text: str) -> None:
        """Ask for a page until it holds a text: until then its build may be under way."""

        def shows() -> bool:
            with contextlib.suppress(OSError):
                return text in self.get(path)
            return False

        until(shows, f"{text!r} on {path}")

    def _serving(self) -> str:
        _, words, rest = self.printed().partition("serving ")
        assert self.process.poll() is None, self.printed()
        return rest.split()[0] if words and "\n" in rest else ""


@contextlib.contextmanager
def previewed(root: Path, *words: str) -> Iterator[Preview]:
    """Serve a project, once it is built, until it is ended by Ctrl-C."""
    command = [sys.executable, "-m", "kbtools.cli", "serve", "--root", str(root), "--port", "0", *words]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as out:
            # What a shell runs in the background ignores Ctrl-C, and tests may run there.
            process = subprocess.Popen(
                command,
                stdout=out,
                stderr=out,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
            )
        preview = Preview(process, log)
        try:
            preview.address = until(preview._serving, "the preview")
            yield preview
            assert process.poll() is None, preview.printed()
            process.send_signal(signal.SIGINT)
            assert process.wait(LIMIT) == 0, preview.printed()
        finally:
            process.kill()
            process.wait()

"""Captures the standard output and the value of single statements.

A ``print`` writes to a recorder that passes everything on. Any other statement has the descriptor of standard output
redirected to a file of its own while it runs, so that C libraries and child processes count as well; what it wrote is
passed on when it ends. ``sys.stdout`` is never replaced: a logging handler that was given it keeps working.
"""

from __future__ import annotations

import builtins
import ctypes
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

from kbtools.run.worker.python.ast_transforms import Place
from kbtools.run.worker.streams import Stream

_MOST_TIMES = 1000
"""Maximum number of executions of a statement whose output is stored separately."""
_LONGEST = 1 << 16
_STDOUT = 1

Key = tuple[int, int, int]
"""The number of a snippet, and the position of a statement in it."""
Written = tuple[str, str | None, str | None]
"""One execution of a statement: what it wrote, and its value as ``repr`` and ``str`` give it."""


class Captures:
    """The output of the captured statements of the running snippet, by position."""

    def __init__(self) -> None:
        self.written: dict[Place, list[Written]] = {}
        self.turn = 0
        """The number of the running snippet, which identifies its statements if they run again later."""
        self.open: list[_Capture] = []

    def begin(self) -> None:
        """The next snippet begins."""
        self.turn += 1
        self.written, self.open = {}, []

    def add(self, key: Key, written: Written) -> None:
        if not self.full(key):
            self.written.setdefault(key[1:], []).append(written)

    def full(self, key: Key) -> bool:
        """Whether nothing more is recorded: the maximum is reached, or a function of an earlier snippet is running."""
        return key[0] != self.turn or len(self.written.get(key[1:], ())) >= _MOST_TIMES

    # --- helpers called by the transformed code

    def print(self, key: Key, callee: Callable[..., Any]) -> Callable[..., Any]:
        """Called in place of a ``print``."""

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.full(key):
                return callee(*args, **kwargs)
            if callee is not builtins.print or "file" in kwargs:
                with self.capture(key):
                    return callee(*args, **kwargs)
            recorder = _Recorder(sys.stdout)
            if isinstance(sys.stdout, Stream):
                try:
                    return callee(*args, file=recorder, **kwargs)
                finally:
                    self.add(key, (recorder.text, None, None))
            # A stream of the page's own may write something else, or nothing.
            with self.capture(key) as capture:
                try:
                    return callee(*args, file=recorder, **kwargs)
                finally:
                    capture.said = recorder.text

        return call

    def capture(self, key: Key) -> _Capture:
        """Around any other statement."""
        return _Capture(self, key)

    def value(self, key: Key, value: Any) -> Any:
        """Records the value of a statement that is an expression."""
        for capture in reversed(self.open):
            if capture.key == key:
                capture.value = _formatted(repr, value), _formatted(str, value)
                break
        return value

    def shown(self, value: Any) -> None:
        """Records the value that the prompt shows for the statement being captured."""
        if self.open:
            self.open[-1].value = _formatted(repr, value), _formatted(str, value)


class _Recorder:
    """Standard output for one ``print``: passes everything on and records it."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.text = ""

    def write(self, text: str) -> int:
        if len(self.text) < _LONGEST:
            self.text += text[:_LONGEST]
        return self._stream.write(text) if self._stream is not None else len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Capture:
    """Redirects the descriptor of standard output while a statement runs."""

    def __init__(self, captures: Captures, key: Key) -> None:
        self._captures, self.key = captures, key
        self.value: tuple[str | None, str | None] = (None, None)
        self.said = ""
        """The arguments of a ``print``, which are used if nothing was written."""
        self._saved = -1

    def __enter__(self) -> _Capture:
        if not self._captures.full(self.key):
            self._captures.open.append(self)
            with suppress(OSError, ValueError):
                flush()
                self._file = tempfile.TemporaryFile()
                self._saved = os.dup(_STDOUT)
                os.dup2(self._file.fileno(), _STDOUT)
        return self

    def __exit__(self, *raised: object) -> None:
        with suppress(ValueError):
            self._captures.open.remove(self)
        if self._saved < 0:
            return
        text = b""
        with suppress(OSError, ValueError):
            flush()
        try:
            os.dup2(self._saved, _STDOUT)
            with self._file as file:
                file.seek(0)
                while data := file.read(_LONGEST):
                    text += data[: max(0, _LONGEST - len(text))]
                    _pass_on(data)
        except (OSError, ValueError):
            pass
        finally:
            os.close(self._saved)
            self._saved = -1
        self._captures.add(self.key, (text.decode("utf-8", "replace") or self.said, *self.value))


def _pass_on(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(_STDOUT, view) :]


def _formatted(form: Callable[[Any], str], value: object) -> str | None:
    if value is None:
        return None
    try:
        return form(value)[:_LONGEST]
    except Exception:  # noqa: BLE001 - a repr of the page's own may do anything
        return None


_LIBC: list[Any] = []


def flush() -> None:
    """Flushes the buffers of Python and C."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    with suppress(OSError, AttributeError):
        if not _LIBC:
            _LIBC.append(ctypes.CDLL(None))
        _LIBC[0].fflush(None)

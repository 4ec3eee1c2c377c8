"""JSON-RPC over two streams: messages framed by ``Content-Length``, requests, answers and notifications."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from io import RawIOBase
from queue import SimpleQueue
from typing import Any, BinaryIO, NamedTuple

from kbtools.errors import KbError

LARGEST = 256 * 2**20
"""Bytes of the longest message that is read: more than any page that is read, sent as a JSON string."""
_CHUNK = 2**16
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603
NOT_INITIALIZED, REQUEST_CANCELLED = -32002, -32800

Answered = Callable[[Any], None]


def print_traceback() -> None:
    """Tell of the exception being handled on standard error, which editors keep as the server's log."""
    import traceback

    traceback.print_exc()


class Failure(Exception):
    """A request that cannot be answered; the client shows the message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Message(NamedTuple):
    """A message of the client. A request has an id, a notification none."""

    id: int | str | None
    method: str
    params: dict[str, Any]


class Later:
    """The answer to a request that is given after other requests were answered."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        self.cancel = cancel
        """Ends the work early; the answer then says what came of it."""
        self._answer: Answered | None = None

    def whenever(self, answer: Answered) -> None:
        self._answer = answer

    def resolve(self, result: Any) -> None:
        if self._answer is not None:
            self._answer(result)


class Connection:
    """Reads messages on a thread of its own, so that a cancellation is seen while a request is being answered; what is
    received is dealt with, and everything is sent, on the thread that calls ``next``.
    """

    def __init__(self, source: RawIOBase, target: BinaryIO) -> None:
        """``source`` is not buffered: a thread that waits in a buffered one holds a lock that Python wants at exit."""
        self._source, self._target = source, target
        self._read_ahead = bytearray()
        self._inbox: SimpleQueue[Message | Callable[[], None] | None] = SimpleQueue()
        self._cancelled: set[int | str] = set()
        self._later: dict[int | str | None, Later] = {}
        self._asked: dict[int, Answered] = {}
        self._last_id = 0
        self.broken: str | None = None
        """Why the client's messages can no longer be read."""
        threading.Thread(target=self._read, daemon=True).start()

    # -- receiving -------------------------------------------------------------------------------------------------

    def next(self) -> Message | Callable[[], None] | None:
        """The next message, or the next call of another thread; None once the client is gone."""
        return self._inbox.get()

    @property
    def is_idle(self) -> bool:
        return self._inbox.empty()

    def call_soon(self, work: Callable[[], None]) -> None:
        """Have the thread that calls ``next`` do something. May be called by every thread."""
        self._inbox.put(work)

    def is_cancelled(self, message: Message) -> bool:
        """Whether the client no longer waits for the answer to a request."""
        return message.id is not None and message.id in self._cancelled

    def _read(self) -> None:
        try:
            while (body := self._body()) is not None:
                self._take(body)
        except (OSError, ValueError) as error:
            self.broken = str(error)
        self._inbox.put(None)

    def _body(self) -> bytes | None:
        """The bytes of the next message; None at the end. Raises ValueError for what is no message."""
        length: int | None = None
        while (line := self._line()) not in (b"\r\n", b"\n"):
            if not line:
                return None
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                length = int(value)
        if length is None or not 0 <= length <= LARGEST:
            raise ValueError(f"a message of {length} bytes is not read" if length else "a message without its length")
        while len(self._read_ahead) < length:
            if not self._fill():
                return None
        return self._taken(length)

    def _line(self) -> bytes:
        """The next line of the headers; "" at the end."""
        while (end := self._read_ahead.find(b"\n") + 1) == 0:
            if len(self._read_ahead) > _CHUNK:
                raise ValueError("a header without an end")
            if not self._fill():
                return b""
        return self._taken(end)

    def _fill(self) -> bool:
        got = self._source.read(_CHUNK)
        self._read_ahead += got or b""
        return bool(got)

    def _taken(self, length: int) -> bytes:
        taken = bytes(self._read_ahead[:length])
        del self._read_ahead[:length]
        return taken

    def _take(self, body: bytes) -> None:
        try:
            found = json.loads(body)
        except (ValueError, RecursionError) as error:
            reason = str(error)
            self.call_soon(lambda: self.fail(None, Failure(PARSE_ERROR, reason)))
            return
        method, id_ = (found.get("method"), found.get("id")) if isinstance(found, dict) else (None, None)
        if isinstance(method, str) and (id_ is None or isinstance(id_, (int, str))):
            params = found.get("params")
            message = Message(id_, method, params if isinstance(params, dict) else {})
            if method == "$/cancelRequest" and isinstance(cancelled := message.params.get("id"), (int, str)):
                self._cancelled.add(cancelled)
            self._inbox.put(message)
        elif isinstance(found, dict) and method is None and isinstance(id_, int):
            self.call_soon(lambda: self._answered(id_, found.get("result")))
        else:
            self.call_soon(lambda: self.fail(None, Failure(INVALID_REQUEST, "neither a request nor an answer")))

    def _answered(self, id_: int, result: Any) -> None:
        if (answered := self._asked.pop(id_, None)) is not None:
            answered(result)

    # -- sending ---------------------------------------------------------------------------------------------------

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any, answered: Answered | None = None) -> None:
        """Send a request; ``answered`` gets its result, or None for an error."""
        self._last_id += 1
        if answered is not None:
            self._asked[self._last_id] = answered
        self._send({"id": self._last_id, "method": method, "params": params})

    def answer(self, id_: int | str | None, result: Any) -> None:
        self._cancelled.discard(id_)
        self._send({"id": id_, "result": result})

    def fail(self, id_: int | str | None, failure: Failure) -> None:
        self._cancelled.discard(id_)
        self._send({"id": id_, "error": {"code": failure.code, "message": failure.message}})

    def _send(self, message: dict[str, Any]) -> None:
        # ASCII: lone surrogates, which a text may hold, have no bytes in UTF-8
        body = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode("ascii")
        try:
            self._target.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self._target.flush()
        except (OSError, ValueError):
            self._inbox.put(None)  # the client is gone

    # -- dispatch --------------------------------------------------------------------------------------------------

    def deal_with(self, message: Message, handler: Callable[[dict[str, Any]], Any] | None) -> None:
        """Call a handler and send what it returns. Its errors become an error of the request, and never end the server:
        the text it failed on may be gone with the next key."""
        id_ = message.id
        try:
            result = self._result(message, handler)
        except Failure as failure:
            if id_ is not None:
                self.fail(id_, failure)
        except KbError as error:
            if id_ is not None:
                self.fail(id_, Failure(INVALID_PARAMS, error.in_one_line))
        except Exception as error:  # noqa: BLE001 - an editor keeps its server whatever one request does
            print_traceback()
            if id_ is not None:
                self.fail(id_, Failure(INTERNAL_ERROR, f"{type(error).__name__}: {error}"))
        else:
            if isinstance(result, Later):
                self._later[id_] = result
                result.whenever(lambda answer: self._late(id_, answer))
            elif id_ is not None:
                self.answer(id_, result)

    def _result(self, message: Message, handler: Callable[[dict[str, Any]], Any] | None) -> Any:
        if message.method == "$/cancelRequest":
            return self._cancel(message.params.get("id"))
        if self.is_cancelled(message):
            raise Failure(REQUEST_CANCELLED, "cancelled")
        if handler is None:
            raise Failure(METHOD_NOT_FOUND, f"{message.method} is not known")
        return handler(message.params)

    def _late(self, id_: int | str | None, result: Any) -> None:
        self._later.pop(id_, None)
        if id_ is not None:
            self.answer(id_, result)

    def _cancel(self, id_: Any) -> None:
        if isinstance(id_, (int, str)):
            self._cancelled.discard(id_)  # whatever it was has been answered, or is being done
            if (later := self._later.get(id_)) is not None:
                later.cancel()

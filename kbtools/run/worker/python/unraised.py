"""Collects errors that Python prints without raising them: in threads, tasks, callbacks, ``__del__``, atexit.

A snippet that ends without an exception may have failed in one of these. The errors count as if the snippet had
raised them. Errors that a page handles itself (with its own hook) are not collected.
"""

from __future__ import annotations

import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

_ASKED = "kb_asked"


def _noted(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of futures that records that the result was retrieved."""

    @wraps(method)
    def noted(future: Any, *args: Any, **named: Any) -> Any:
        vars(future)[_ASKED] = True
        return method(future, *args, **named)

    return noted


class Unraised:
    """Errors that were not raised in the snippet itself, in order of occurrence."""

    def __init__(self, files: set[str]) -> None:
        """``files`` are those of the page: errors in ``__del__`` and callbacks of other code are ignored."""
        self.files = files
        self.errors: list[BaseException] = []
        self._install()

    def take(self) -> list[BaseException]:
        """The errors since the last call."""
        found, self.errors = self.errors, []
        return found

    def _install(self) -> None:
        in_thread, ignored = threading.excepthook, sys.unraisablehook

        def of_thread(args: Any) -> None:
            if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
                self.errors.append(args.exc_value)
            in_thread(args)

        def of_callback(args: Any) -> None:
            if args.exc_value is not None and self._is_of_page(args.exc_value):
                self.errors.append(args.exc_value)
            ignored(args)

        threading.excepthook = of_thread
        sys.unraisablehook = of_callback
        never_awaited: Callable[[Any], None] | None = getattr(warnings, "_warn_unawaited_coroutine", None)
        if never_awaited is not None:

            def of_coroutine(coroutine: Any) -> None:
                if getattr(coroutine.cr_code, "co_filename", None) in self.files:
                    self.errors.append(RuntimeError(f"coroutine {coroutine.__qualname__} was never awaited"))
                never_awaited(coroutine)

            vars(warnings)["_warn_unawaited_coroutine"] = of_coroutine

    def watch_tasks(self) -> None:
        """Record exceptions of tasks that are never awaited. Imports asyncio."""
        from asyncio import base_events

        handle = base_events.BaseEventLoop.default_exception_handler

        def of_loop(loop: Any, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if isinstance(error, Exception):
                self.errors.append(error)
            handle(loop, context)

        loops: Any = base_events.BaseEventLoop
        loops.default_exception_handler = of_loop

    def watch_futures(self) -> None:
        """Records failures of tasks given to executors whose result was never retrieved."""
        from concurrent.futures import Future

        if hasattr(Future, "__del__"):
            return
        futures: Any = Future
        for name in ("result", "exception", "add_done_callback"):
            setattr(futures, name, _noted(getattr(futures, name)))

        def of_future(future: Any) -> None:
            error = future._exception
            if isinstance(error, Exception) and _ASKED not in vars(future) and self._is_of_page(error):
                self.errors.append(error)

        futures.__del__ = of_future

    def _is_of_page(self, error: BaseException) -> bool:
        with suppress(Exception):
            if any(frame.f_code.co_filename in self.files for frame, _ in traceback.walk_tb(error.__traceback__)):
                return True
            told = str(error.__cause__)  # the traceback of another process
            return any(f'File "{file}"' in told for file in self.files)
        return False

"""Runs Python snippets in one namespace, and reports errors with line numbers of the page."""

from __future__ import annotations
import __future__

import ast
import asyncio
import builtins
import contextvars
import inspect
import linecache
import re
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from kbtools.fences.expected.raised import TRACEBACK
from kbtools.fences.languages.pycon import Example, examples
from kbtools.run.worker.multiprocessing_main import begin, line_of
from kbtools.run.worker.python.assertions import Assertions
from kbtools.run.worker.python.ast_transforms import (
    CAPTURE,
    HELD,
    PART,
    PRINT,
    SHOW,
    VALUE,
    Place,
    asserts,
    show,
    watch,
)
from kbtools.run.worker.python.captures import Captures
from kbtools.run.worker.python.left_out import left_out
from kbtools.run.worker.python.tracebacks import described, names, summary, unlike

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag
ALWAYS_TRUE = "assertion is always true"
"""Python's warning about an assertion of a tuple."""
compile, eval, exec = builtins.compile, builtins.eval, builtins.exec
_UNREADABLE = re.compile("[\\0\ud800-\udfff]")


Transform = Callable[[ast.Module], ast.Module]


class LeftEarly(Exception):
    """A snippet was ended by ``SystemExit`` before the end of its code."""

    __module__ = "builtins"  # shown without a module


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected result of a snippet."""

    defines: tuple[str, ...] = ()
    raises: str | None = None
    match: str | None = None
    may_raise: bool = False


class Interpreter:
    """A session's namespace: the ``__dict__`` of the module registered as ``__main__``.

    It must be registered for pickling, ``torch.jit`` and ``typing.get_type_hints`` to find the page's classes; it is
    called ``__main__`` so that the ``if __name__ == "__main__":`` of a script runs.
    """

    def __init__(self, path: str, file: str) -> None:
        """``path`` is the page as tracebacks name it, ``file`` an existing, empty file.

        A class finds its source through its module's ``__file__``, and a process started by multiprocessing's spawn
        runs that file: the page itself is not Python and not visible there.
        """
        self.path, self.script = path, file
        self.module = ModuleType("__main__")
        self.module.__file__ = file
        self.module.__dict__["__builtins__"] = builtins
        self.modules: dict[str, int] = {}
        """Files written for ``file=``, with the page line before their first."""
        self.apart = False
        """Statements are compiled one by one, as at the prompt."""
        self._flags = 0
        self._executed = 0
        self._runner: asyncio.Runner | None = None
        self._context = contextvars.copy_context()
        """The state of ContextVars, decimal and NumPy, with ``await`` and without."""
        self._lines: list[str] = []
        self._trees: list[ast.Module] = []
        self.settle: Callable[[], BaseException | None] = lambda: None
        """Called at the end of a snippet: waits for its threads and tasks, and returns the errors raised in them."""
        sys.modules["__main__"] = self.module
        self.assertions = Assertions()
        self.captures = Captures()
        helpers = {
            PRINT: self.captures.print,
            CAPTURE: self.captures.capture,
            VALUE: self.captures.value,
            SHOW: self._shown,
            PART: self.assertions.part,
            HELD: self.assertions.held,
        }
        vars(builtins).update(helpers)

    def run(
        self,
        code: str,
        line: int,
        *,
        watched: frozenset[Place] = frozenset(),
        repl: bool = False,
        transform: Transform | None = None,
        expected: Expected = Expected(),
    ) -> dict[str, Any]:
        """Runs code whose first line is page line ``line + 1``; never raises. Returns a worker's reply. With
        ``repl`` the values of expressions are shown as at Python's prompt."""

        def action() -> None:
            compiled = self._compile(code, line, watched, transform, repl=repl)
            self.remember(code, line)
            self._pass_on(code, line)
            self._execute(compiled)

        self._executed = 0
        # Whether the code was executed; checked by ``grading``.
        return {**self.attempt(action, expected), "executed": self._executed}

    def converse(
        self,
        code: str,
        line: int,
        *,
        loose: bool = False,
        transform: Transform | None = None,
        expected: Expected = Expected(),
    ) -> dict[str, Any]:
        """Runs a session at Python's prompt, example by example, up to the first unexpected exception. ``loose`` as
        in ``pycon.examples``.

        The reply contains the output of each example under the page's line of its prompt; for an expected traceback,
        its last line.
        """
        found, _ = examples(code.split("\n"), loose=loose)

        def action() -> None:
            typed = [example for example in found if "SKIP" not in example.options]
            for number, example in enumerate(typed, 1):
                if not self._answer(example, line, transform):
                    if number < len(typed):
                        raise LeftEarly(f"the session ended at line {line + example.line}, with more behind")
                    break

        self._executed = 0
        return {**self.attempt(action, expected), "executed": self._executed}

    def _answer(self, example: Example, line: int, transform: Transform | None) -> bool:
        """Run one example; returns whether the session continues."""
        key = (self.captures.turn, example.line, 0)
        goes_on, said = True, None
        try:
            with self.captures.capture(key):
                above = line + example.line - 1
                compiled = self._compile(example.source, above, frozenset(), transform, repl=True)
                self.remember(example.source, above)
                self._pass_on(example.source, above)
                self._execute(compiled)
        except SystemExit as stop:
            if stop.code not in (None, 0):
                raise
            goes_on = False
        except Exception as error:
            shown = example.error
            if shown is None or (type(error) is NameError and shown.name != "NameError"):
                raise  # a module that it needs is not installed
            self._executed += isinstance(error, SyntaxError)  # it was tried, and the page expects this exception
            lines = traceback.format_exception_only(error)
            said = lines[-1] if isinstance(error, SyntaxError) else "".join(lines)
            before = "".join(text for text, *_ in self.captures.written.get(key[1:], ()))
            before += "\n" if before and not before.endswith("\n") else ""
            self.captures.written[key[1:]] = [(f"{before}{TRACEBACK}\n    ...\n{said}", None, None)]
        return goes_on

    def attempt(self, action: Callable[[], None], expected: Expected) -> dict[str, Any]:
        """Runs an action on behalf of a snippet; never raises. Returns a worker's reply."""
        self.captures.begin()
        before = dict(self.module.__dict__)
        started = time.perf_counter()
        error: BaseException | None = None
        try:
            action()
        except SystemExit as stop:
            error = stop if stop.code not in (None, 0) or expected.raises is not None else self._early(stop)
        except BaseException as problem:  # noqa: BLE001 - every exception of a snippet is its result
            error = problem
        seconds = time.perf_counter() - started
        unseen = self.settle()
        error = error if error is not None else unseen
        try:
            return self._reply(seconds, error, before, expected)
        finally:
            self.assertions.forget()

    def _early(self, stop: SystemExit) -> LeftEarly | None:
        line = left_out(stop, self.path, reversed(self._trees))
        if line is None:
            return None
        what = f'the snippet ended at line {line} with more behind: write raises="SystemExit" if that is meant'
        return LeftEarly(what).with_traceback(stop.__traceback__)

    def run_tasks(self, limit: float) -> None:
        """Runs pending tasks to their end, for this number of seconds at most."""
        if self._runner is not None:
            loop = self._runner.get_loop()
            with suppress(Exception):
                self._runner.run(_finish(loop, limit), context=self._context)

    def _reply(
        self, seconds: float, error: BaseException | None, before: Mapping[str, object], expected: Expected
    ) -> dict[str, Any]:
        printed = [[line, column, times] for (line, column), times in self.captures.written.items()]
        reply: dict[str, Any] = {"seconds": seconds, "printed": printed}
        raises = expected.raises
        if error is None and (raises is None or expected.may_raise):
            return reply
        reply["intact"] = self._intact(before, expected.defines)
        if error is None:
            reply["error"] = {"message": f"{raises} was expected, nothing was raised", "line": None}
            return reply
        reply["raised"] = names(error)
        if raises is not None:
            complaint = unlike(error, raises, expected.match)
            if complaint is None:
                reply["expected"] = summary(error)
                return reply
            reply["error"] = {**self.describe(error), "expected": complaint}
            reply["bound"] = self._bound(before)
            return reply
        reply["error"] = self.describe(error)
        reply["bound"] = self._bound(before)
        return reply

    def remember(self, code: str, line: int) -> None:
        """Registers the code at its page lines with ``linecache``, for tracebacks and ``inspect.getsource``.

        Only code that compiles, because an invalid fence would make the others unreadable. The code's own lines are
        used, not the page's, which contain the indentation or ``>`` of the enclosing block.
        """
        lines = code.split("\n")
        missing = line + len(lines) - len(self._lines)
        self._lines += ["\n"] * max(0, missing)
        self._lines[line : line + len(lines)] = [text + "\n" for text in lines]
        # No modification time: linecache must not look for the file on disk.
        for name in (self.path, self.script):
            linecache.cache[name] = (sum(map(len, self._lines)), None, self._lines, name)

    def _pass_on(self, code: str, line: int) -> None:
        """Makes the page's definitions so far available to newly started processes."""
        with suppress(OSError), Path(self.script).open("ab") as file:
            file.write((b"" if file.tell() else begin()) + line_of(self.path, code, line))

    def describe(self, error: BaseException) -> dict[str, Any]:
        """Describes an exception with the page's lines, and with the values of a failed assertion."""
        values = self.assertions.why(error, self.path, self._lines)
        return described(error, self.path, self.modules, values)

    def _compile(
        self, code: str, line: int, watched: frozenset[Place], transform: Transform | None, *, repl: bool
    ) -> list[CodeType]:
        """The code, compiled as a whole or statement by statement."""
        bad = _UNREADABLE.search(code)
        if bad is not None:  # compile would report this without a position
            number = code.count("\n", 0, bad.start()) + 1
            what = "a NUL character" if bad[0] == "\0" else "a lone surrogate"
            raise SyntaxError(f"{what} cannot stand in Python code", (self.path, line + number, None, None))
        flags = self._flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        try:
            tree = compile(code, self.path, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        except SyntaxError as error:
            if error.filename == self.path and error.lineno is not None:
                error.lineno += line
                error.msg = re.sub(r"\b(on|at) line (\d+)\b", lambda m: f"{m[1]} line {int(m[2]) + line}", error.msg)
                error.end_lineno = error.end_lineno + line if error.end_lineno else error.end_lineno
            raise
        assert isinstance(tree, ast.Module)
        tree = watch(tree, watched, self.captures.turn)
        ast.increment_lineno(tree, line)
        self._trees.append(tree)
        self.assertions.known.update(asserts(tree))
        if repl:
            tree = show(tree)
        if transform is not None:
            tree = transform(tree)
        with warnings.catch_warnings():
            warnings.filterwarnings("error", ALWAYS_TRUE, SyntaxWarning)
            parts = [ast.Module([node], []) for node in tree.body] if self.apart else [tree]
            compiled: list[CodeType] = []
            for part in parts:
                compiled.append(compile(part, self.path, "exec", flags, dont_inherit=True, optimize=0))
                # A `from __future__ import` applies to the rest of the session, as to the rest of a script.
                flags |= compiled[-1].co_flags & _FUTURE
        self._flags |= flags & _FUTURE
        return compiled

    def _execute(self, parts: list[CodeType]) -> None:
        self._executed += 1
        for compiled in parts:
            if compiled.co_flags & inspect.CO_COROUTINE:
                if self._runner is None:
                    self._runner = asyncio.Runner()
                coroutine = self._context.run(eval, compiled, self.module.__dict__)
                self._runner.run(coroutine, context=self._context)
            else:
                self._context.run(exec, compiled, self.module.__dict__)

    def _shown(self, value: object) -> None:
        self.captures.shown(value)
        sys.displayhook(value)

    def _bound(self, before: Mapping[str, object]) -> list[str]:
        """Names bound by a failed snippet that may be unfinished; modules are complete."""
        now = self.module.__dict__.items()
        is_new = ((name, value) for name, value in now if name not in before or before[name] is not value)
        return [name for name, value in is_new if not isinstance(value, ModuleType)]

    def _intact(self, before: Mapping[str, object], defines: tuple[str, ...]) -> list[str]:
        """Names that a failed snippet would have bound and that are usable: unchanged ones, and modules."""
        now = self.module.__dict__
        return [
            name
            for name in defines
            if name in now and (isinstance(now[name], ModuleType) or (name in before and before[name] is now[name]))
        ]


async def _finish(loop: asyncio.AbstractEventLoop, limit: float) -> None:
    """Runs until every other task has ended, or waits for something that no timer or callback will trigger."""
    deadline = loop.time() + limit
    own = asyncio.current_task()
    while loop.time() < deadline and any(not task.done() for task in asyncio.all_tasks(loop) if task is not own):
        await asyncio.sleep(0)
        if not getattr(loop, "_ready", ()):
            timers = [timer for timer in getattr(loop, "_scheduled", ()) if not timer.cancelled()]
            if not timers or min(timer.when() for timer in timers) > deadline:
                return
            await asyncio.sleep(max(0.0, min(timer.when() for timer in timers) - loop.time()))

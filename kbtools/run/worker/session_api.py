"""Implements ``languages.Session`` for the fences of a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kbtools.fences.languages.protocol import Language, SnippetFailed
from kbtools.fences.languages.pycon import has_prompts
from kbtools.fences.languages.registry import BrokenLanguage
from kbtools.fences.python.pycode import runnable
from kbtools.run.worker import figures, scripts
from kbtools.run.worker.python.interpreter import Expected, Interpreter, Transform


class SessionApi:
    """Runs one fence in a session. ``reply`` is the worker's reply."""

    def __init__(
        self, interpreter: Interpreter, step: dict[str, Any], folder: Path, transform: Transform | None
    ) -> None:
        self.interpreter, self.step, self.folder, self.transform = interpreter, step, folder, transform
        self.page: str = interpreter.path
        self.line: int = step["line"]
        self.device: str = step["device"]
        self.namespace: dict[str, Any] = interpreter.module.__dict__
        self.expected = Expected(tuple(step["defines"]), step["raises"], step["match"], step["may_raise"])
        self.reply: dict[str, Any] | None = None

    def run(self, language: Language | BrokenLanguage | None) -> dict[str, Any]:
        """Runs the fence with its language; never raises."""
        if not isinstance(language, Language):
            message = f"{language.message}\n{language.help}" if language else "no language runs this fence here"
            return {"seconds": 0.0, "error": {"message": message, "line": self.line, "config": True}}
        if type(language).__module__.startswith("kbtools."):
            language.run(self.step["code"], self)
        else:
            self.reply = self._foreign(language)
        assert self.reply is not None
        drawn, problem = figures.capture()
        if drawn:
            self.reply["figures"] = drawn
        if problem is not None and "error" not in self.reply:
            self.reply["error"] = {"message": problem, "line": None, "summary": problem.partition("\n")[0]}
        return self.reply

    def python(self) -> None:
        """Runs the fence as Python."""
        step = self.step
        code = runnable(step["code"])[0]
        if has_prompts(code):
            self.converse(loose=True)
        elif step["launch"] is not None:
            self.reply = scripts.run_script(code, self.line, self.page, step["launch"], self.folder)
        else:
            self.reply = self.interpreter.run(
                code,
                self.line,
                watched=frozenset((line, column) for line, column in step["watch"]),
                repl=step["repl"],
                transform=self.transform,
                expected=self.expected,
            )

    def converse(self, *, loose: bool = False) -> None:
        """Runs the fence as a session at Python's prompt."""
        self.reply = self.interpreter.converse(
            self.step["code"], self.line, loose=loose, transform=self.transform, expected=self.expected
        )

    def shell(self) -> None:
        """Runs the fence as a shell script."""
        language = self.step["language"].lower()
        self.reply = scripts.run_shell(self.step["code"], self.line, self.page, language, self.folder)

    def _foreign(self, language: Language) -> dict[str, Any]:
        """A language of another package: its errors are shown in one line, without a traceback of its code."""
        caught: list[Exception] = []

        def action() -> None:
            try:
                language.run(self.step["code"], self)
            except Exception as error:
                caught.append(error)
                cause = error.__cause__
                if isinstance(error, SnippetFailed) and cause is not None:
                    raise cause from None  # the exception that ``raises=`` names
                raise

        reply = self.interpreter.attempt(action, self.expected)
        if caught and "error" in reply:
            reply["error"] |= self._described(language, caught[0])
        return reply

    def _described(self, language: Language, error: Exception) -> dict[str, Any]:
        if isinstance(error, SnippetFailed):
            line = self.line + error.line if error.line else self.line
            return {"message": str(error), "line": line, "summary": str(error).partition("\n")[0]}
        where = ""
        trace = error.__traceback__
        while trace is not None:
            where = f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})"
            trace = trace.tb_next
        name = f"{type(language).__module__}.{type(language).__qualname__}"
        message = f"{name} raised {type(error).__name__}: {error}{where}"
        return {"message": message, "line": self.line, "summary": message.partition("\n")[0]}

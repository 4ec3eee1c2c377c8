"""Runs snippets as separate programs: with a launcher such as torchrun, and shell fences."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from kbtools.fences.bad_value import BadValue
from kbtools.fences.languages.shell import SHELLS
from kbtools.fences.launch_options import words

_PYTHON = [sys.executable, "-u"]
_NOT_PASSED_ON = re.compile("PYTHON(?:OPTIMIZE|INSPECT|STARTUP)|BASH_ENV|ENV|SHELLOPTS|BASHOPTS|BASH_FUNC_.*")
"""Variables that would disable assertions, keep a script from ending, or replace its commands."""
_CUT_OFF = 128 + 13
"""The exit code of a process that wrote to a closed pipe."""
_LAST_EXIT = re.compile(r"(?:\A|(?<=\n))[ \t]*exit\b[^\n#;&|]*(?:#[^\n]*)?\s*\Z")
_PIPEFAIL = "set -o pipefail"


def command(launch: str) -> list[str]:
    """The command for ``launch="torchrun --nproc-per-node=2"``, to which a script is appended. Raises BadValue."""
    name, options = words(launch)
    if name == "torchrun":
        # A rendezvous on loopback with a port of its own, so that concurrent runs do not meet; names are not resolved.
        own = [] if any(o.startswith(("--rdzv", "--master", "--standalone")) for o in options) else ["--standalone"]
        return [sys.executable, "-m", "torch.distributed.run", *own, "--local-addr=127.0.0.1", *options]
    if name == "accelerate launch":
        return [sys.executable, "-m", "accelerate.commands.launch", *options]
    return [*_PYTHON, *options]


def run_script(code: str, line: int, path: str, launch: str, scratch: Path) -> dict[str, Any]:
    """Runs code as a script whose line numbers are the page's. Returns a worker's reply."""
    script = scratch / _file_name(path, line, ".py")
    script.write_bytes(b"\n" * line + code.encode("utf-8", "surrogatepass"))
    try:
        started = command(launch)
    except BadValue as problem:
        return {"seconds": 0.0, "error": {"message": "{}: {}".format(*problem.args), "line": None, "config": True}}
    report = Path(tempfile.mkdtemp(prefix="ended"))
    reply = _program([*started, str(Path(__file__).with_name("script_main.py")), str(report), str(script)], scratch)
    return _ended(reply, str(script), _unfinished(report))


def _unfinished(report: Path) -> str | None:
    """The error of a script that ended with exit code 0 before its end: see ``script_main``."""
    reports = [file.read_text("utf-8", "replace").split("\0") for file in sorted(report.iterdir())]
    if not reports:
        return "the script was not run: it has no part in what passed"
    if any(word[0] != "ended" for word in reports):
        return "the script ended before its end, with exit code 0"
    return next((word[1] for word in reports if len(word) > 1), None)


def run_shell(code: str, line: int, path: str, language: str, scratch: Path) -> dict[str, Any]:
    """Runs a shell fence, whose line numbers are the page's, up to the first command that fails. Returns a worker's
    reply.

    That the end was reached is shown by a file that the last line creates: ``exit 0`` before it, or a trap, also
    ends a script with exit code 0.
    """
    shell = SHELLS[language]
    script = scratch / _file_name(path, line, ".sh")
    end = Path(tempfile.mkdtemp(prefix="ended")) / "end"
    script.write_bytes(b"\n" * line + _with_end(code, end).encode("utf-8", "surrogatepass"))
    # By its bare name, because the shell's messages contain it and the scratch folder's path changes.
    reply = _program([shell, "-e", *_pipefail(shell), script.name], scratch)
    code_ = reply.get("exit")
    problem = None if end.exists() or code_ else "the script ended before its end, with exit code 0"
    if code_ == _CUT_OFF:
        reply["hint"] = "a command of a pipe was cut off by the one behind it: head -n 1 < file reads no pipe"
    return _ended(reply, script.name, problem)


def _with_end(code: str, end: Path) -> str:
    """The script with a command that creates a file as its last command, or before its final ``exit``; ``$?`` is
    kept."""
    mark = f"(s=$?; : >> {shlex.quote(str(end))}; exit $s)"
    last = _LAST_EXIT.search(code)
    if last is not None:
        return f"{code[: last.start()]}{mark}; {code[last.start() :].lstrip()}"
    return f"{code}\n\n{mark}\n"


@cache
def _pipefail(shell: str) -> tuple[str, ...]:
    """The options that make a pipeline fail if one of its commands does, if the shell has them (dash does not)."""
    try:
        tried = subprocess.run([shell, "-c", _PIPEFAIL], capture_output=True, check=False)
    except OSError:
        return ()
    return ("-o", "pipefail") if tried.returncode == 0 else ()


def _file_name(path: str, line: int, suffix: str) -> str:
    return re.sub(r"\W+", "_", Path(path).stem) + f"_{line}{suffix}"


def _program(started: list[str], scratch: Path) -> dict[str, Any]:
    began = time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if _NOT_PASSED_ON.fullmatch(name) is None}
    try:
        code = subprocess.run(started, cwd=scratch, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    except OSError as problem:
        message = f"{Path(started[0]).name} cannot be started: {problem.strerror}"
        return {"seconds": 0.0, "error": {"message": message, "line": None, "config": True}}
    return {"seconds": time.perf_counter() - began, "script": True, "exit": code}


def _ended(reply: dict[str, Any], script: str, problem: str | None) -> dict[str, Any]:
    """The reply with the error of the program's end: its exit code, or ``problem``."""
    code = reply.pop("exit", None)
    hint = reply.pop("hint", None)
    if code:
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        reply["ended"] = f"the script {ended}" + (f"\n{hint}" if hint else "")
        reply["error"] = {"message": reply["ended"], "line": None, "script": script}
    elif code == 0 and problem is not None:
        reply["error"] = {"message": problem, "line": None, "script": script, "unseen": True}
    return reply

"""Snippets that run as programs of their own: under a launcher such as torchrun, and shell fences."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from kbtools.fences.languages.shell import SHELLS

_END = """
if __name__ == "__main__":
    __import__("threading")._shutdown()
    __import__("atexit")._run_exitfuncs()
    __import__("sys").stdout.flush()
    __import__("sys").stderr.flush()
    __import__("os")._exit(0)
"""
# Behind the last line of a script that came to its end. With several ranks leaving at once, torch's C++ threads now
# and then abort while the interpreter is torn down ("terminate called without an active exception"), after all that
# the page says has happened. What Python itself does at exit is done; the teardown is left out.


def command(launch: str) -> list[str]:
    """The command of ``launch="torchrun --nproc-per-node=2"``, to which a script is added.

    Raises ValueError for a launcher that is not known: naming one must not be a way to run any program.
    """
    words = shlex.split(launch)
    name, options = (words[0], words[1:]) if words else ("", [])
    if name == "torchrun":
        # A rendezvous of its own on loopback, so that runs side by side do not meet; names are not looked up.
        own = [] if any(o.startswith(("--rdzv", "--master", "--standalone")) for o in options) else ["--standalone"]
        return [sys.executable, "-m", "torch.distributed.run", *own, "--local-addr=127.0.0.1", *options]
    if name in ("python", "python3"):
        return [sys.executable, "-u", *options]
    if name == "accelerate" and options[:1] == ["launch"]:
        return [sys.executable, "-m", "accelerate.commands.launch", *options[1:]]
    raise ValueError(f'launch="{launch}": the launchers are torchrun, accelerate launch and python')


def run_script(code: str, line: int, path: str, launch: str, scratch: Path) -> dict[str, Any]:
    """Run code as a script whose line numbers are the page's. Returns a worker's reply."""
    script = scratch / _file_name(path, line, ".py")
    script.write_bytes(b"\n" * line + (code + _END).encode("utf-8", "surrogatepass"))
    try:
        words = command(launch)
    except ValueError as problem:
        return {"seconds": 0.0, "error": {"message": str(problem), "line": None, "config": True}}
    return _program([*words, str(script)], scratch, str(script))


def run_shell(code: str, line: int, path: str, language: str, scratch: Path) -> dict[str, Any]:
    """Run a shell fence, whose line numbers are the page's, up to the first command that fails.

    Returns a worker's reply.
    """
    script = scratch / _file_name(path, line, ".sh")
    script.write_bytes(b"\n" * line + code.encode("utf-8", "surrogatepass"))
    # By its bare name: the shell's own messages show it, and the scratch folder's is another every time.
    return _program([SHELLS[language], "-e", script.name], scratch, script.name)


def _file_name(path: str, line: int, suffix: str) -> str:
    return re.sub(r"\W+", "_", Path(path).stem) + f"_{line}{suffix}"


def _program(words: list[str], scratch: Path, script: str | None) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        code = subprocess.run(words, cwd=scratch, stdin=subprocess.DEVNULL, check=False).returncode
    except OSError as problem:
        message = f"{Path(words[0]).name} cannot be started: {problem.strerror}"
        return {"seconds": 0.0, "error": {"message": message, "line": None, "config": True}}
    reply: dict[str, Any] = {"seconds": time.perf_counter() - started, "script": True}
    if code:
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        reply["ended"] = f"the script {ended}"
        reply["error"] = {"message": f"the script {ended}", "line": None, "script": script}
    return reply

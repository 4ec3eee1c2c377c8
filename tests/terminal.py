"""The real command, in a process of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PYTEST_ALONE = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_PLUGINS": "kbtools.adapters.pytest_plugin,xdist.plugin",
}
"""For pytest in a process of its own: the plugins of this environment take three quarters of its start."""


def run_kb(
    words: Sequence[str], cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "kbtools.cli", *words],
        cwd=cwd,
        env={**clean, "NO_COLOR": "1", "COLUMNS": "100", **(env or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def run_bash(command: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A command line for bash, in which ``kb`` is the real command; standard error goes to standard output."""
    return subprocess.run(
        ["bash", "-c", f'kb() {{ {shlex.quote(sys.executable)} -m kbtools.cli "$@"; }}; {command}'],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )

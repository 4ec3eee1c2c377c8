"""Searches with a page's regular expression in a process of its own, because some never end (``(a+)+$``)."""

from __future__ import annotations

import json
import subprocess
import sys

_PATIENCE = 5.0
_CODE = "import json, re, sys; p, t = json.load(sys.stdin); sys.exit(3 * (re.search(p, t) is None))"


def search_problem(pattern: str, text: str) -> str | None:
    """Why a program's standard error is not as ``match`` says, or None."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _CODE],
            input=json.dumps([pattern, text]).encode("ascii"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"match={pattern!r} was searched in standard error for {_PATIENCE:g} s without an end"
    return None if done.returncode == 0 else f"it failed, but standard error does not match {pattern!r}"

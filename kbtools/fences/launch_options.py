"""Launchers of ``launch=`` and the options each accepts.

Only listed options are accepted. Others replace the script (``-c``, ``-m``, ``--version``, ``--no-python``) or
disable its assertions (``-O``), so that a fence would pass without having been tested.
"""

from __future__ import annotations

import re

from kbtools.fences.bad_value import BadValue, cut

_NUMBER = r"[0-9]{1,6}"
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}"
_X_OPTIONS = r"dev|faulthandler|importtime|utf8(?:=[01])?|tracemalloc(?:=[0-9]{1,3})?|no_debug_ranges|gil=[01]"

_PYTHON = {
    "-u": None,
    "-b": None,
    "-bb": None,
    "-B": None,
    "-s": None,
    "-W": r"[a-z]{1,8}(?::[\w .:]{0,99})?",
    "-X": f"(?:{_X_OPTIONS})",
}
_TORCHRUN = {
    "--nproc-per-node": f"(?:{_NUMBER}|auto|cpu|gpu)",
    "--nnodes": r"[0-9]{1,4}(?::[0-9]{1,4})?",
    "--node-rank": _NUMBER,
    "--standalone": None,
    "--rdzv-backend": _NAME,
    "--rdzv-endpoint": _NAME,
    "--rdzv-id": _NAME,
    "--master-addr": _NAME,
    "--master-port": _NUMBER,
    "--local-addr": _NAME,
    "--max-restarts": _NUMBER,
    "--monitor-interval": r"[0-9.]{1,8}",
    "--start-method": "(?:spawn|fork|forkserver)",
    "--role": _NAME,
    "--redirects": _NUMBER,
    "--tee": _NUMBER,
}
_ACCELERATE = {
    "--num-processes": _NUMBER,
    "--num-machines": _NUMBER,
    "--machine-rank": _NUMBER,
    "--main-process-ip": _NAME,
    "--main-process-port": _NUMBER,
    "--num-cpu-threads-per-process": _NUMBER,
    "--mixed-precision": "(?:no|fp16|bf16|fp8)",
    "--dynamo-backend": _NAME,
    "--gpu-ids": r"(?:all|[0-9,]{1,99})",
    "--cpu": None,
    "--multi-gpu": None,
    "--use-fsdp": None,
    "--same-network": None,
}
_OPTIONS: dict[str, dict[str, str | None]] = {
    "python": _PYTHON,
    "python3": _PYTHON,
    "torchrun": _TORCHRUN,
    "accelerate launch": _ACCELERATE,
}
"""By launcher: the options, spelled with hyphens, and a pattern for the value of each (None: no value)."""
_WAY_OUT = 'write launch="torchrun --nproc-per-node=2" or launch="python"'


def words(launch: str) -> tuple[str, tuple[str, ...]]:
    """The launcher and its options. Raises BadValue for unknown launchers and for options that are not listed, so
    that ``launch=`` cannot run arbitrary programs."""
    import shlex

    try:
        found = shlex.split(launch)
    except ValueError as error:
        raise BadValue(f"it does not read as a command line: {error}", "close every quote") from None
    name = " ".join(found[:2]) if found[:1] == ["accelerate"] else "".join(found[:1])
    if name not in _OPTIONS:
        raise BadValue(f'"{cut(name)}" is not a launcher' if name else "it is empty", _WAY_OUT)
    options = tuple(found[len(name.split()) :])
    _check(name, options)
    return name, options


def _check(name: str, options: tuple[str, ...]) -> None:
    known = _OPTIONS[name]
    left = list(options)
    while left:
        word = left.pop(0)
        key, joined, value = _parted(word)
        if key not in known:
            said = f'"{cut(word)}" is no option of {name} that may be given here'
            raise BadValue(said, f"{name} takes {', '.join(known)}")
        pattern = known[key]
        if pattern is None and not joined:
            continue
        if not joined:
            value = left.pop(0) if left else ""
        if pattern is None or re.fullmatch(pattern, value) is None:
            raise BadValue(f'"{cut(value)}" is not a value of {key}', f"{name} takes {', '.join(known)}")


def _parted(word: str) -> tuple[str, bool, str]:
    """An option, whether its value is in the same word, and that value: ``--nnodes=2``, ``-Xdev``."""
    if word.startswith("--"):
        key, joined, value = word.partition("=")
        return key.replace("_", "-"), bool(joined), value
    if word[:2] in ("-W", "-X") and len(word) > 2:
        return word[:2], True, word[2:]
    return word, False, ""

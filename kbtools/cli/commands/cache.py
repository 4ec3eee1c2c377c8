"""``kb cache``: shows the size of stored results and caches; ``kb cache prune`` removes unused entries."""

from __future__ import annotations

import re
from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit, plural, project
from kbtools.errors import KbError

_UNITS = {"h": 3600.0, "d": 86400.0, "w": 604800.0}


def configure(arguments: Arguments) -> None:
    arguments.add_argument(
        "action", nargs="?", choices=["show", "prune"], default="show", help="what to do (default: show)"
    )
    arguments.add_argument(
        "--older-than", metavar="AGE", help="prune: also delete entries older than this, such as 12h, 30d or 8w"
    )
    arguments.add_argument("--format", choices=["text", "json"], default="text", help="output format (default: text)")


def run(args: SimpleNamespace) -> int:
    from dataclasses import asdict

    from kbtools.output.json import dumps
    from kbtools.run.results.prune import prune, usage

    age = None if args.older_than is None else _seconds(args.older_than)
    if age is not None and args.action != "prune":
        raise KbError("--older-than goes with prune", f"kb cache prune --older-than {args.older_than}")
    found = project(args)
    if args.action == "prune":
        from kbtools.vault.loading import load

        try:
            used = prune(found.state, load(found).pages, age)
        except OSError as problem:
            raise KbError(
                f"{found.state} cannot be written: {problem.strerror}",
                "make it writable, or remove it: it holds nothing that cannot be made again",
            ) from problem
    else:
        used = usage(found.state)
    if args.format == "json":
        emit((dumps({"version": 1, "folder": str(found.state), **asdict(used)}, indent=1),))
        return 0
    what = "removed: " if args.action == "prune" else ""
    emit(
        (
            f"{what}{plural(used.results, 'result')} of {plural(used.pages, 'page')}, {size(used.result_bytes)}",
            f"{what}{plural(used.compiled_files, 'file')} of compiled code, {size(used.compiled_bytes)}",
            *([] if args.action == "prune" else [f"in {found.state}"]),
        )
    )
    return 0


def _seconds(given: str) -> float:
    found = re.fullmatch(r"(\d{1,6})([hdw])", given.strip())
    if found is None:
        raise KbError(
            f'--older-than takes hours, days or weeks such as 12h, 30d or 8w, not "{given}"', "as in --older-than 30d"
        )
    return int(found[1]) * _UNITS[found[2]]


def size(count: int) -> str:
    """A size in readable form: ``1.2 MiB``."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"

"""``kb serve``: previews the site and rebuilds it when files change."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import project, say
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.config.project import Project


def configure(arguments: Arguments) -> None:
    arguments.add_argument("--port", type=int, default=8000, help="default: 8000; 0: a free one")
    arguments.add_argument("--no-run", action="store_true", help="do not run the snippets of pages that are edited")
    arguments.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")


def run(args: SimpleNamespace) -> int:
    from kbtools.site.preview.serve import serve

    if args.host not in ("127.0.0.1", "::1", "localhost"):
        raise KbError(
            f"kb serve is a preview for this machine: {args.host} is no loopback address",
            "leave --host out, or give 127.0.0.1; kb build makes a site for others",
        )
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    found = project(args)
    serve(found, args.host, args.port, say, None if args.no_run else _runner(found))
    return 0


def _runner(found: Project) -> Callable[[Sequence[str]], None]:
    """Runs the snippets of pages in a process of their own, confined as `kb run` confines them."""

    def run(pages: Sequence[str]) -> None:
        files = [str(file) for page in pages if (file := found.vault / page).is_file()]
        if files:
            where = ["--vault", str(found.vault)] if found.foreign else ["--root", str(found.root)]
            command = [sys.executable, "-m", "kbtools.cli", "run", *where, *files]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            said = (done.stdout + done.stderr).splitlines()
            say("\n".join(line for line in said if line.strip() and not line.startswith("each session:")))

    return run

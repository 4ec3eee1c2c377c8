"""``kb serve``: previews the site and rebuilds it when files change."""

from __future__ import annotations

import os
from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import project, say
from kbtools.errors import KbError


def configure(arguments: Arguments) -> None:
    arguments.add_argument("--port", type=int, default=8000, help="default: 8000")
    arguments.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")


def run(args: SimpleNamespace) -> int:
    from kbtools.site.build import serve

    if args.host not in ("127.0.0.1", "::1", "localhost"):
        raise KbError(
            f"kb serve is a preview for this machine: {args.host} is no loopback address",
            "leave --host out, or give 127.0.0.1; kb build makes a site for others",
        )
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    serve(project(args), args.host, args.port, say)
    return 0

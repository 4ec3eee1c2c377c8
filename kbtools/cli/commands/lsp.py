"""``kb lsp``: runs the language server over standard input and output."""

from __future__ import annotations

import os
from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.errors import KbError


def configure(arguments: Arguments) -> None:
    """No options: an editor says everything else."""


def run(args: SimpleNamespace) -> int:
    try:
        from kbtools.adapters.lsp.server import make
    except ImportError as error:
        raise KbError(f"the language server needs {error.name}", "pip install 'kbtools[lsp]'") from error
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else writes to standard output must not break into the protocol
    make().start_io(os.fdopen(os.dup(0), "rb"), answers)
    return 0

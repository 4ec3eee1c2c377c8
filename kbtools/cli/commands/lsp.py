"""``kb lsp``: runs the language server over standard input and output."""

from __future__ import annotations

import io
import os
from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.errors import KbError


def configure(arguments: Arguments) -> None:
    """Adds no options: the editor configures the server through the protocol."""


def run(args: SimpleNamespace) -> int:
    from kbtools.adapters.lsp.server import Server

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # other output must not be mixed into the protocol on standard output
    server = Server(io.FileIO(os.dup(0)), answers)
    code = server.serve()
    if server.connection.broken is not None:
        message = f"the client's messages cannot be read: {server.connection.broken}"
        raise KbError(message, "kb lsp is started by an editor, and reads messages of the Language Server Protocol")
    return code

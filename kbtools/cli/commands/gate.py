"""``kb gate -- COMMAND``: checks and runs everything, then runs a command: another builder, a deployment."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.output_file import write_output
from kbtools.cli.proving import add_gate_options, passes
from kbtools.cli.workspace import read, say
from kbtools.errors import KbError


def configure(arguments: Arguments) -> None:
    add_gate_options(arguments)
    arguments.add_argument(
        "--assets",
        metavar="DIR",
        help="first write kb's style sheet and script into DIR, for builders that do not run MkDocs plugins",
    )
    arguments.usage = "kb gate [options] [-- COMMAND …]"
    arguments.takes_command = True


def run(args: SimpleNamespace) -> int:
    from kbtools.site.build import assets
    from kbtools.site.data.results import obstacles, refusal
    from kbtools.site.data.stored import stored

    command = args.command
    wiki = read(args, lasting=True).load()
    if not passes(wiki, args):
        say("the command was not run" if command else "not all is well")
        return 1
    pages = wiki.index.pages.values()
    if found := obstacles(pages, stored(wiki.project, pages), wiki.project.config.publish):
        say(refusal(found))
        return 1
    if args.assets:
        folder = Path(args.assets)
        try:
            for name, content in assets(wiki.project).items():
                write_if_changed(folder / name, content)
        except OSError as e:
            raise KbError(f"{e.filename or folder} cannot be written: {e.strerror}", "name another folder") from e
    if not command:
        return 0
    say(f"== {' '.join(command)}")
    try:
        return subprocess.run(command, check=False).returncode
    except OSError as e:
        hint = "see that it is installed in this environment, and how it is spelled"
        raise KbError(f"{command[0]} cannot be run: {e.strerror}", hint) from e


def write_if_changed(file: Path, content: bytes) -> None:
    """Write a file unless it already has this content, so that builders that watch files are not triggered."""
    if not file.is_file() or file.read_bytes() != content:
        write_output(file, content)

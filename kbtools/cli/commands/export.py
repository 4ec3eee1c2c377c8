"""``kb export``: writes a page as a Jupyter notebook with the outputs and figures of its snippets."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.output_file import write_output
from kbtools.cli.workspace import emit, read, say
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.cli.workspace import Workspace
    from kbtools.run.results.outcomes import Outcome


def configure(arguments: Arguments) -> None:
    arguments.add_argument("page", metavar="PAGE", help="the page, by path, title, id or file name")
    arguments.add_argument(
        "--to", choices=["ipynb"], default="ipynb", help="format (default: ipynb, a Jupyter notebook)"
    )
    arguments.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="file to write; - for standard output (default: the page's file name, in the current folder)",
    )
    arguments.add_argument("--device", default="cpu", metavar="D", help="device whose results are shown (default: cpu)")
    arguments.add_argument("--overwrite", action="store_true", help="replace an existing file")


def run(args: SimpleNamespace) -> int:
    from kbtools.cli.commands.rename import page_given
    from kbtools.notebooks.export import ExportContext, export
    from kbtools.notebooks.pictures import Pictures

    wiki = read(args)
    path = page_given(wiki, args.page)
    page = wiki.index.pages[path]
    found = _outcomes(wiki, path, args.device)
    text = export(page, found, ExportContext(picture=Pictures(wiki.project.vault, wiki.index.attachments).of(path)))
    if args.output == "-":
        emit((text.rstrip("\n"),))
        return 0
    file = Path(args.output or f"{page.stem}.ipynb")
    if not args.overwrite and os.path.lexists(file):
        raise KbError(f"{file} is there already", "name another with -o, or replace it with --overwrite")
    try:
        write_output(file, text.encode("utf-8"))
    except OSError as e:
        raise KbError(f"{file} cannot be written: {e.strerror}", "name another with -o") from e
    runnable = sum(s.executable for s in page.snippets)
    emit((str(file),))
    if runnable and len(found) < runnable:
        say(
            f"results of {len(found)} of {runnable} snippets are known on {args.device}; kb run {path} makes the others"
        )
    return 0


def _outcomes(wiki: Workspace, path: str, device: str) -> list[Outcome]:
    """The stored results of a page's snippets that are still valid."""
    from kbtools.site.data.stored import stored

    results = stored(wiki.project, [wiki.index.pages[path]])
    return [run.outcome for runs in results.runs.values() for run in runs if run.fresh and run.outcome.device == device]

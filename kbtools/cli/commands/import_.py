"""``kb import``: writes a Jupyter notebook as a page, with its outputs as expectations."""

from __future__ import annotations

from datetime import date
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import Workspace, emit, read, say, undo_command, unified_diff, use_color
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.notebooks.importing import Imported

COMMAND = "kb import"


def configure(arguments: Arguments) -> None:
    arguments.add_argument("notebook", metavar="NOTEBOOK", help="an .ipynb file")
    arguments.add_argument(
        "--title", metavar="TITLE", help="title of the page (default: the notebook's first heading, or its file name)"
    )
    arguments.add_argument(
        "--folder",
        metavar="DIR",
        help="folder of the vault to create the page in (default: the one the schema applies to)",
    )
    arguments.add_argument("--into", metavar="PAGE", help="take edits of an exported notebook back into its page")
    arguments.add_argument(
        "--diff", action="store_true", help="with --into: show the changes as a patch and write nothing"
    )


def run(args: SimpleNamespace) -> int:
    from kbtools.notebooks.importing import import_notebook
    from kbtools.notebooks.importing import read as read_notebook

    file = Path(args.notebook)
    try:
        data = file.read_bytes()
    except OSError as e:
        raise KbError(f"{file} cannot be read: {e.strerror}", "name a notebook: kb import analysis.ipynb") from e
    notebook = read_notebook(data, str(file))
    wiki = read(args)
    name = " ".join((args.title or file.stem.replace("_", " ").replace("-", " ")).split())
    made = import_notebook(notebook, name, f"assets/{file.stem}")
    for note in made.notes:
        say(f"{file.name}: {note}")
    return _into(wiki, made, args) if args.into else _new(wiki, made, args)


def _new(wiki: Workspace, made: Imported, args: SimpleNamespace) -> int:
    from kbtools.check.checker import schemas
    from kbtools.edit.history import write
    from kbtools.edit.new_names import default_folder, file_name
    from kbtools.fields.new_page import new_page
    from kbtools.links import can_be_target
    from kbtools.rewrite import FileChange
    from kbtools.vault.links.resolution import Missing

    title = " ".join((args.title or made.title).split())
    if not title or not can_be_target(title):
        raise KbError(f'"{title}" cannot be written in a wikilink', 'give it another name: --title "…"')
    folder = args.folder.strip("/") if args.folder else default_folder(wiki.project.config.schema)
    path = str(PurePosixPath(folder, file_name(title)))
    if not isinstance(wiki.index.resolve_name(title, path), Missing):
        hint = (
            f"--into {made.path} takes it back into its page; --title names it anew"
            if made.path
            else "--title names it anew"
        )
        raise KbError(f'there is a page called "{title}" already', hint)
    text = made.text
    if made.path is None:
        schema = schemas([path], wiki.project.config).get(path)
        head = new_page(title, schema, date.today()).partition(f"# {title}")[0] if schema is not None else ""
        text = head + text
    target = wiki.project.vault / path
    base = wiki.project.vault.resolve()
    if not target.resolve().is_relative_to(base):
        raise KbError(f"{folder} is outside the vault", "name a folder in it: --folder topics")
    wanted = []
    for name, content in made.files.items():
        picture = target.parent / name
        if not (picture.is_file() and picture.read_bytes() == content):
            wanted.append(FileChange(picture.relative_to(wiki.project.vault).as_posix(), None, content))
    wanted.append(FileChange(path, None, text.encode("utf-8")))
    write(wiki.project, wanted, COMMAND)
    emit(change.path for change in wanted)
    say(f"kb check {path} reads it and runs its snippets")
    return 0


def _into(wiki: Workspace, made: Imported, args: SimpleNamespace) -> int:
    import sys

    from kbtools.cli.commands.rename import page_given
    from kbtools.edit.history import changes, write

    path = page_given(wiki, args.into)
    if made.path is None:
        raise KbError("this notebook was not made from a page", "without --into it becomes a page of its own")
    old = wiki.index.pages[path].source.text
    if made.text == old:
        say(f"{path} says all of it already")
        return 0
    emit(unified_diff({path: old}, {path: made.text}, use_color(sys.stdout)))
    if args.diff:
        say("nothing was written")
        return 0
    done = write(wiki.project, changes(wiki.index.pages, {path: made.text}), COMMAND)
    say(f"{path} changed; {undo_command(wiki.project, done)} restores it")
    return 0

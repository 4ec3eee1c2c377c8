"""``kb new``: writes a new page with every field its schema requires."""

from __future__ import annotations

from datetime import date
from pathlib import PurePosixPath
from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit, read, say
from kbtools.errors import KbError


def configure(arguments: Arguments) -> None:
    arguments.add_argument("title", metavar="TITLE", help="title of the page; its file is named after it")
    arguments.add_argument(
        "--folder",
        metavar="DIR",
        help="folder of the vault to create the page in (default: the one the schema applies to)",
    )


def run(args: SimpleNamespace) -> int:
    from kbtools.check.checker import schemas
    from kbtools.edit.history import write
    from kbtools.edit.new_names import default_folder, file_name
    from kbtools.fields.new_page import new_page
    from kbtools.links import can_be_target
    from kbtools.rewrite import FileChange
    from kbtools.vault.links.resolution import Missing, Resolved

    wiki = read(args)
    title = " ".join(args.title.split())
    if not title or not can_be_target(title):
        raise KbError(f'"{args.title}" cannot be written in a wikilink', "leave out [ ] | # and line ends")
    folder = args.folder.strip("/") if args.folder else default_folder(wiki.project.config.schema)
    path = str(PurePosixPath(folder, file_name(title)))
    taken = wiki.index.resolve_name(title, path)
    pages = () if isinstance(taken, Missing) else (taken.page,) if isinstance(taken, Resolved) else taken.candidates
    if pages:
        raise KbError(f'"{title}" is a name of {", ".join(pages)}', "choose another title, or edit that page")
    target = wiki.project.vault / path
    if not target.parent.resolve().is_relative_to(wiki.project.vault.resolve()):
        raise KbError(f"{folder} is outside the vault", "name a folder in it: --folder topics")
    schema = schemas([path], wiki.project.config).get(path)
    text = new_page(title, schema, date.today())
    write(wiki.project, [FileChange(path, None, text.encode("utf-8"))], "kb new")
    emit((path,))
    if schema is not None:
        say(f"{_to_fill_in(text)}kb check {path} tells what is missing")
    return 0


def _to_fill_in(text: str) -> str:
    """``fill in aliases, tags and raw_sources; ``: the fields of the new page that are still empty."""
    from kbtools.frontmatter import parse

    found = parse(text)
    empty = [key for key, value in found.data.items() if value in ("", [], {})] if found else []
    if not empty:
        return ""
    *first, last = empty
    names = f"{', '.join(first)} and {last}" if first else last
    return f"fill in {names}; "

"""The command ``kb``: imports the module of one command, and turns errors into one line and an exit code.

Only the chosen command is imported, so that ``kb --help`` needs nothing but the standard library.
"""

from __future__ import annotations

import errno
import gc
import importlib
import keyword
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kbtools import __version__
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.cli.arguments import Arguments

COMMANDS = {
    "init": "set up kb for a folder of Markdown, an Obsidian vault or a MkDocs site",
    "check": "check frontmatter and links, and run the snippets (unless --no-run)",
    "fix": "apply the safe fixes",
    "reconcile": "preview wikilinks respelled as their targets' titles; --apply writes",
    "run": "run the snippets on every available device",
    "baseline": "accept today's findings, so that only new ones fail",
    "build": "check, run the snippets, and build the site if both pass",
    "gate": "check, run the snippets, and run the command after -- if both pass",
    "serve": "preview the site while you write",
    "lsp": "start the language server for an editor (standard input and output)",
    "new": "create a page with every field of the schema",
    "import": "turn a notebook into a page, its outputs into expected outputs",
    "export": "turn a page into a notebook, with the output and figures of its snippets",
    "rename": "rename a page: title, file, and every link to it; --apply writes",
    "reinforce": "record that a page was verified again today",
    "undo": "restore the files that a command changed",
    "history": "list the commands that changed files, newest first",
    "links": "list every wikilink and its target",
    "snippets": "list every code fence, and whether and where it runs",
    "pages": "list every page with its metadata and headings",
    "graph": "print pages and links as a graph",
    "stats": "count pages and links; list wanted, orphaned, most linked and stale pages",
    "results": "merge the run reports of several machines",
    "cache": "show stored results and caches, or prune them",
    "config": "show every setting, its value and its origin",
    "schema": "print the JSON Schema of frontmatter or of the configuration",
    "rule": "explain a rule, or list all rules",
    "completion": "print the shell script that completes kb commands",
}

LISTS = frozenset({"completion", "links", "snippets", "pages", "graph", "stats", "history", "config", "schema", "rule"})
"""Commands that only print, in ``kbtools.cli.lists``."""

USAGE = "usage: kb COMMAND [options]"


def _help() -> str:
    width = max(map(len, COMMANDS)) + 2
    listed = "\n".join(f"  {name:<{width}}{summary}" for name, summary in COMMANDS.items())
    return f"""kb {__version__}: the wiki engine whose code examples are proven to run.

{USAGE}

{listed}

kb COMMAND --help lists a command's options. kb finds its project from the current folder upwards: by kb.toml, [tool.kb]
in pyproject.toml, or mkdocs.yml. For any other folder of Markdown, kb check --vault DIR checks it without setup, and
kb init DIR sets it up.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 clean, 1 findings, 2 usage, configuration or internal error."""
    words = list(sys.argv[1:] if argv is None else argv)
    collecting, thresholds = gc.isenabled(), gc.get_threshold()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        if "_ARGCOMPLETE" in os.environ and "COMP_LINE" in os.environ:
            from kbtools.cli.lists.completion import complete

            complete(COMMANDS, parser_of)
        return _dispatch(words)
    except KbError as e:
        print(f"kb: {e}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("kb: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe has closed it: output, also that of interpreter shutdown, is discarded.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as e:
        if e.errno not in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise
        where = f" ({e.filename})" if e.filename else ""
        print("kb:", KbError(f"{e.strerror}{where}", "free space, then run the command again"), file=sys.stderr)
        return 2
    finally:
        if argv is None:
            gc.freeze()  # the process ends: garbage collection is not needed
        else:
            gc.unfreeze()
            gc.set_threshold(*thresholds)
            if collecting:
                gc.enable()


def _dispatch(words: list[str]) -> int:
    name = words[0] if words else "--help"
    if name in ("--help", "-h", "help"):
        if len(words) > 1 and words[1] in COMMANDS:
            return _dispatch([words[1], "--help"])
        print(_help(), end="")
        return 0
    if name in ("--version", "-V", "version"):
        print(f"kb {__version__}")
        return 0
    if name not in COMMANDS:
        import difflib

        close = difflib.get_close_matches(name, COMMANDS, n=1)
        what = f"no option {name} before the command" if name.startswith("-") else f'no command "{name}"'
        raise KbError(what, f"did you mean kb {close[0]}?" if close else "kb --help lists the commands")
    parser = parser_of(name)
    try:
        return int(module_of(name).run(parser.parse(words[1:])))
    finally:
        sys.stdout.flush()


def module_of(name: str) -> Any:
    """The module of a command."""
    room = "lists" if name in LISTS else "commands"
    return importlib.import_module(f"kbtools.cli.{room}.{name}{'_' if keyword.iskeyword(name) else ''}")


def parser_of(name: str) -> Arguments:
    """The command-line parser of a command."""
    from kbtools.cli.arguments import Arguments

    parser = Arguments(name, COMMANDS[name])
    module_of(name).configure(parser)
    return parser

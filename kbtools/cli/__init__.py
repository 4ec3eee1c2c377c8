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
    "init": "make a folder of Markdown, an Obsidian vault or a MkDocs project a project of kb",
    "check": "check frontmatter, links and snippets (runs them, unless --no-run)",
    "fix": "apply the safe fixes",
    "reconcile": "respell wikilinks as the titles they mean; --apply writes",
    "run": "run the snippets on every available device",
    "baseline": "accept the present findings, so that checks fail on new ones only",
    "build": "check, run, then build the site",
    "gate": "check, run, then run the command after --: another builder, a deployment",
    "serve": "preview the site while you write",
    "lsp": "the language server, for editors, over standard input and output",
    "new": "start a page with every field of the schema",
    "import": "make a page of a notebook, with its outputs as expectations",
    "export": "make a notebook of a page, with what its snippets printed and drew",
    "rename": "give a page another title and file name, and rewrite every link to it",
    "reinforce": "record that a page was verified again",
    "undo": "restore what a command has written: the last one, or the run that is named",
    "history": "list what commands have written, newest first",
    "links": "list every wikilink and what it means",
    "snippets": "list every code fence and what becomes of it",
    "pages": "list every page with its metadata and headings",
    "graph": "print pages and links as a graph",
    "stats": "figures of the wiki: wanted pages, orphans, most linked, stale",
    "results": "join the reports of several machines",
    "cache": "stored results and caches; prune removes unused entries",
    "config": "every setting with its value and where that comes from",
    "schema": "print a JSON Schema for editors: of frontmatter, or of the configuration",
    "rule": "explain a rule, or list all",
    "completion": "what a shell needs to complete kb's words with the Tab key",
}

LISTS = frozenset({"completion", "links", "snippets", "pages", "graph", "stats", "history", "config", "schema", "rule"})
"""Commands that print what there is, and change nothing."""

USAGE = "usage: kb COMMAND [options]"


def _help() -> str:
    width = max(map(len, COMMANDS)) + 2
    listed = "\n".join(f"  {name:<{width}}{summary}" for name, summary in COMMANDS.items())
    return f"""kb {__version__}: a wiki that stays true.
Validates pages, reconciles links, runs every snippet, builds the site.

{USAGE}

{listed}

kb COMMAND --help shows a command's options. kb looks for its project from here upwards: [tool.kb] in pyproject.toml,
kb.toml, or mkdocs.yml. Any other folder of Markdown: kb check --vault DIR looks at it as it is, kb init DIR makes it a
project.
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
        print(f"kb: {e.message}", *([f"  hint: {e.hint}"] if e.hint else []), sep="\n", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("kb: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away; nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as e:
        if e.errno not in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise
        where = f" ({e.filename})" if e.filename else ""
        print(f"kb: {e.strerror}{where}", "  hint: free space, then run the command again", sep="\n", file=sys.stderr)
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
    """The command line of a command."""
    from kbtools.cli.arguments import Arguments

    parser = Arguments(name, COMMANDS[name])
    module_of(name).configure(parser)
    return parser

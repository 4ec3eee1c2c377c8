"""Recognizes fences written for other tools (pytest-examples, Quarto, Sybil): options, code they complete.

Options with a clear meaning are applied (a group is a session, ``test="skip"`` skips); other fences are only shown.
Options of other tools are never errors.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import NamedTuple

TOOLS: Mapping[str, tuple[str, ...]] = {
    "pytest-examples": ("test", "lint", "upgrade", "group", "output", "dependency_group", "title_prefix"),
    "markdown-exec": (
        *("exec", "source", "html", "result", "tabs", "returncode", "width", "updatetoc", "workdir", "idprefix"),
        *("id", "install", "assets", "theme", "height", "bootstrap", "admonition"),
    ),
    "Quarto": (
        *("echo", "eval", "include", "warning", "message", "label", "fig-cap", "fig-width", "fig-height", "results"),
        *("cache", "out-width", "code-fold", "column", "output-location"),
    ),
    "MyST": ("tags", "name", "caption", "emphasize-lines", "lineno-start", "lines", "dedent", "force", "mystnb"),
    "Quarto's display": ("filename", "code-line-numbers", "code-summary", "code-overflow", "error", "fig-alt", "fold"),
    "Hugo": ("linenos", "linenostart", "anchorlinenos", "lineanchors", "hl_style", "noclasses", "style", "tabwidth"),
    "Pandoc": ("startFrom", "number-lines", "code-annotations"),
    "Markdown Preview Enhanced": ("cmd", "run_on_save", "element", "code_block", "matplotlib", "hide", "stdin"),
    "Docusaurus": ("showLineNumbers", "live", "metastring", "noInline"),
    "Quartz and rehype": ("showlinenumbers", "caption", "word-wrap"),
    "Zensical and Material": ("select", "copy", "annotate"),
    "pytest-markdown-docs": ("fixture", "continuation", "notest", "retry", "memory-limit"),
    "Sybil and phmdoctest": ("clear-namespace", "phmdoctest", "invisible-code"),
    "runme": ("interactive", "background", "cwd", "interpreter", "mimeType", "promptEnv", "terminalRows", "category"),
    "mdbook and rustdoc": ("ignore", "no_run", "should_panic", "editable", "compile_fail", "edition"),
}
"""Options of fences that belong to other tools."""
OPTIONS: Mapping[str, str] = {option: tool for tool, options in TOOLS.items() for option in options}
_OFF = ("skip", "false", "off", "no", "0", "ignore")
_ON = ("on", "true", "yes", "1")

_INCLUDES = re.compile(r"^[ \t]*;?-{1,}8<-{1,}(?:[ \t]|$)", re.MULTILINE)
_MACROS = re.compile(r"\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}")
_PLACEHOLDERS = re.compile(r"^[ \t]*(?:\{\*[^{}\n]*\*\}|\{!>?[^{}\n]*!\}|\{\{<[^{}\n]*>\}\}|!include\b)", re.MULTILINE)
_CELL = re.compile(r"\A(?:[ \t]*\n)*[ \t]*%%(\w+)[ \t]*([^\n]*)(?:\n|\Z)")
_CELL_OPTIONS = re.compile(r"(?:---\n(?:[^\n]*\n)*?---(?:\n|\Z))?(?:[ \t]*:[\w-]+:[^\n]*(?:\n|\Z))*")
_TIMED = ("time", "timeit", "capture", "prun", "memit", "mprun", "ipytest")
"""Cell magics that execute their cell like ordinary code."""


class Reading(NamedTuple):
    """How a fence for another tool is treated."""

    shown: str | None = None
    """Why it is only shown."""
    file: str | None = None
    """The file that it is written to instead of being run."""


RUN = Reading()


def read(code: str) -> Reading:
    """How Python code for another tool is treated; ``RUN`` for code that runs unchanged."""
    if "8<" in code and _INCLUDES.search(code):
        return Reading("another tool's: it includes a file (pymdownx.snippets)")
    if "{" in code:
        if _PLACEHOLDERS.search(code):
            return Reading("another tool's: it includes a file")
        if _MACROS.search(code) and _is_template(code):
            return Reading("another tool's: a template (mkdocs-macros)")
    if "%%" in code and (cell := _CELL.match(code)) is not None:
        if cell[1] == "writefile":
            words = [word for word in cell[2].split() if word not in ("-a", "--append")]
            return Reading(file=words[0]) if len(words) == 1 else Reading("another tool's: %%writefile (IPython)")
        if cell[1] not in _TIMED:
            return Reading(f"another tool's: %%{cell[1]} (IPython)")
    return RUN


def without_options(code: str) -> str:
    """The code of a cell without lines about the cell, with line numbers kept: magics that only measure it, options
    of MyST (``:tags: [hide]``), and the line of ``%%writefile``."""
    head = _CELL.match(code) if "%%" in code else _CELL_OPTIONS.match(code)
    if head is None or not head[0]:
        return code
    return "\n" * head[0].count("\n") + code[head.end() :]


def _is_template(code: str) -> bool:
    """Whether code with ``{{ … }}`` is a template: it does not parse, or builds sets of sets, which Python does not
    allow."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return any(isinstance(n, ast.Set) and any(isinstance(e, ast.Set) for e in n.elts) for n in ast.walk(tree))


class OtherToolOptions(NamedTuple):
    """What the options of another tool say about running the fence."""

    skip: str | None = None
    """The option that disables it, as written."""
    session: str | None = None
    alone: bool = False


def interpret(options: Mapping[str, str]) -> OtherToolOptions:
    """Interprets ``test="skip"`` and ``group="x"`` (pytest-examples), ``exec="on"`` (markdown-exec),
    ``eval="false"``."""
    skip = None
    for key in ("test", "eval", "exec"):
        if options.get(key, "").lower() in _OFF:
            skip = f'{key}="{options[key]}"'
    skip = skip or next((key for key in ("notest", "no_run", "ignore") if key in options), None)
    group = re.sub(r"[\[\]:\s]+", "-", options.get("group", "")) or None
    executed = options.get("exec", "").lower() in _ON
    return OtherToolOptions(skip, group, executed)

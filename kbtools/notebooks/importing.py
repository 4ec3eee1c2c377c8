"""Converts a notebook to a page: Markdown unchanged, code as fences, outputs as expectations."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import nbformat

from kbtools.errors import KbError
from kbtools.notebooks.export import digest

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CELL_MAGIC = re.compile(r"^%%(\w+)[ \t]*(.*)$")
_LINE_MAGIC = re.compile(r"^[ \t]*(?:[%!](?!=)|\w[\w., ]*=[ \t]*[%!]|\?|[\w.]+\?{1,2}[ \t]*$)", re.MULTILINE)
_IDLE_MAGIC = re.compile(r"^[ \t]*%(?:matplotlib|load_ext|autoreload|config|pylab)\b.*\n?", re.MULTILINE)
_SHELLS = {"bash": "bash", "sh": "sh", "script": "bash", "html": "html", "javascript": "javascript", "js": "javascript"}
_SHELLS |= {
    "latex": "latex",
    "markdown": "markdown",
    "svg": "xml",
    "sql": "sql",
    "R": "r",
    "ruby": "ruby",
    "perl": "perl",
}
_NAME = re.compile(r"[^\w.-]+")
_LONGEST = 4_000
"""Maximum characters of an output that becomes an expectation; longer ones are cut with ``...``."""


@dataclass(slots=True)
class Imported:
    """A page made from a notebook."""

    text: str
    title: str
    files: dict[str, bytes] = field(default_factory=dict)
    """Pictures used in the text, by file name."""
    notes: list[str] = field(default_factory=list)
    """What could not be converted, one line each."""
    path: str | None = None
    """The page that the notebook was exported from."""


def read(data: bytes, where: str) -> Any:
    """A notebook of any version, converted to the current format. Raises KbError if it is not a notebook."""
    try:
        text = data.decode("utf-8-sig")
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as e:  # nbformat may raise any exception of its parsers
        reason = " ".join(str(e).split())[:200] or type(e).__name__
        raise KbError(f"{where} is not a notebook: {reason}", "kb import reads what Jupyter saves (.ipynb)") from e
    return notebook


def import_notebook(notebook: Any, name: str, folder: str = "assets") -> Imported:
    """The page made from a notebook. ``name`` is its title if it has no heading; pictures are put into ``folder``.

    A notebook exported by kb becomes its page again: unchanged cells byte for byte, edited ones with their edits.
    """
    kb = notebook.metadata.get("kb")
    out = Imported("", name)
    if isinstance(kb, Mapping) and isinstance(kb.get("path"), str):
        out.path = kb["path"]
        out.title = str(kb.get("title") or name)
        out.text = str(kb.get("frontmatter") or "") + _rejoined(notebook, out, folder)
        return out
    body = "".join(_fresh(notebook, out, folder))
    heading = re.search(r"(?m)^#[ \t]+(.+?)[ \t#]*$", body)
    if heading:
        out.title = re.sub(r"[`*_\[\]]", "", heading[1]).strip() or name
    else:
        body = f"# {name}\n\n{body}"
    out.text = body.rstrip("\n") + "\n"
    return out


# --- cells that came from a page


def _rejoined(notebook: Any, out: Imported, folder: str) -> str:
    parts: list[str] = []
    for cell in notebook.cells:
        kb = cell.metadata.get("kb")
        kb = kb if isinstance(kb, Mapping) else {}
        if cell.cell_type == "markdown" and isinstance(kb.get("raw"), str):
            parts.append(_text_again(cell, kb))
        elif cell.cell_type == "code" and all(isinstance(kb.get(k), str) for k in ("head", "body", "tail")):
            parts.append(_code_again(cell, kb))
        else:
            if parts and not parts[-1].endswith("\n\n"):
                parts.append("\n" if parts[-1].endswith("\n") else "\n\n")
            parts += _cell(cell, notebook, out, folder)
    return "".join(parts)


def _text_again(cell: Any, kb: Mapping[str, Any]) -> str:
    """The text of a page from which a cell was made; in edited cells, unedited lines are restored, including their
    links."""
    raw = str(kb["raw"])
    shown = str(kb.get("shown", raw))
    if cell.source == shown:
        return raw
    lead = len(raw) - len(raw.lstrip("\n"))
    tail = raw[len(raw.rstrip("\n")) :]
    old, new = raw.strip("\n").split("\n"), cell.source.split("\n")
    was = shown.split("\n")
    lines: list[str] = []
    for tag, a, b, c, d in SequenceMatcher(None, was, new, autojunk=False).get_opcodes():
        same = tag == "equal" and len(old) == len(was)
        lines += old[a:b] if same else _with_links(old[a:b], new[c:d])
    return raw[:lead] + "\n".join(lines) + (tail or "\n")


_WIKILINK = re.compile(r"!?\[\[([^\[\]|\n]+)(?:\|([^\[\]\n]+))?\]\]")


def _with_links(old: list[str], new: list[str]) -> list[str]:
    """Edited lines with wikilinks restored whose text is still there."""
    links = [(m[2] or m[1], m[0]) for line in old for m in _WIKILINK.finditer(line)]
    out = []
    for line in new:
        again = line
        for words, link in links:
            pattern = rf"\[{re.escape(words)}\]\([^()\s]*\)|(?<![\w\[]){re.escape(words)}(?!\]\])"
            again = re.sub(pattern, link.replace("\\", r"\\"), again, count=1)
        out.append(again)
    return out


def _code_again(cell: Any, kb: Mapping[str, Any]) -> str:
    head, body, tail = str(kb["head"]), str(kb["body"]), str(kb["tail"])
    if digest(cell.source) == kb.get("sha"):
        return head + body + tail
    source = cell.source
    if isinstance(kb.get("magic"), str):
        source = source.removeprefix(kb["magic"] + "\n")
    opener = head.rstrip("\r\n")
    prefix = re.match(r"[ \t>]*", opener)
    end = "\r\n" if head.endswith("\r\n") else "\n"
    indent = prefix[0] if prefix else ""
    lines = "".join(f"{indent}{line}".rstrip(" ") + end for line in source.split("\n"))
    return head + lines + tail


# --- other notebooks


def _fresh(notebook: Any, out: Imported, folder: str) -> Iterator[str]:
    for cell in notebook.cells:
        yield from _cell(cell, notebook, out, folder)


def _cell(cell: Any, notebook: Any, out: Imported, folder: str) -> Iterator[str]:
    if cell.cell_type == "markdown":
        text = _with_attachments(cell, out, folder).strip("\n")
        if text.strip():
            yield text + "\n\n"
    elif cell.cell_type == "raw":
        if cell.source.strip():
            yield _fence("text", cell.source) + "\n"
    else:
        yield from _code(cell, notebook, out)


def _language(notebook: Any) -> str:
    info = notebook.metadata.get("language_info", {}).get("name")
    kernel = notebook.metadata.get("kernelspec", {})
    name = str(info or kernel.get("language") or "python").lower()
    return "python" if name in ("ipython", "python3", "python") else _NAME.sub("-", name)


def _code(cell: Any, notebook: Any, out: Imported) -> Iterator[str]:
    source = cell.source.strip("\n")
    tags = set(cell.metadata.get("tags", ()))
    language = _language(notebook)
    marks: list[str] = []
    magic = _CELL_MAGIC.match(source.split("\n")[0]) if source else None
    if magic:
        rest = source.partition("\n")[2]
        if magic[1] in ("writefile", "file"):
            marks.append(f'file="{magic[2].strip().removeprefix("-a").strip()}"')
            source = rest
        elif magic[1] in _SHELLS:
            yield _fence(_SHELLS[magic[1]], rest) + "\n"
            return
        elif magic[1] in ("capture", "time", "timeit", "prun", "memit"):
            out.notes.append(f"%%{magic[1]} was left out of a cell: its code runs as it is")
            source = rest
    if language == "python":
        source = _IDLE_MAGIC.sub("", source).strip("\n")
        shell = [line for line in source.split("\n") if line.strip()]
        if shell and all(line.startswith("!") for line in shell):
            yield _fence("bash", "\n".join(line[1:].strip() for line in shell)) + "\n"
            return
    if not source.strip():
        return
    if language == "python" and (_LINE_MAGIC.search(source) and not _compiles(source)):
        marks += [".skip", 'reason="it uses commands of IPython"']
    if {"skip-execution", "skip"} & tags:
        marks += [".skip", 'reason="the notebook does not run it"']
    if {"hide-input", "hide-cell", "remove-input", "remove-cell"} & tags or cell.metadata.get("jupyter", {}).get(
        "source_hidden"
    ):
        marks.append(".hidden")
    expected, value = "", ""
    if ".skip" not in marks:
        error = next((o for o in cell.outputs if o.output_type == "error"), None)
        if error is not None and language == "python":
            marks.append(f'raises="{_NAME.sub("", str(error.ename)) or "Exception"}"')
        expected, value = _printed(cell, out)
    if value and language == "python" and error is None:
        lines = value.split("\n")
        if (
            len(lines) == 1
            and "\n" not in source.rsplit("\n", 1)[-1]
            and len(source.rsplit("\n", 1)[-1]) + len(value) < 100
        ):
            source = f"{source}  #> {value}"
        else:
            source += "".join(f"\n#> {line}".rstrip() for line in lines)
    info = language + (f" {{{' '.join(marks)}}}" if marks else "")
    yield _fence(info, source)
    if expected.strip() and language == "python":
        yield "\n" + _fence("output", expected)
    yield "\n"


def _compiles(source: str) -> bool:
    try:
        compile(source, "cell", "exec", flags=0x2000, dont_inherit=True)  # with top-level await, as in notebooks
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _printed(cell: Any, out: Imported) -> tuple[str, str]:
    """The output of a cell, and the value of its last expression."""
    printed, value = "", ""
    for o in cell.outputs:
        if o.output_type == "stream" and o.name == "stdout":
            printed += o.text
        elif o.output_type == "execute_result":
            value = str(o.data.get("text/plain", ""))
        elif o.output_type == "display_data":
            note = "pictures and other displays are not taken over: a run draws them again"
            if note not in out.notes:
                out.notes.append(note)
    return _steady(printed), _steady(value)


def _steady(text: str) -> str:
    """Output in a form that can match the next run: without colours and memory addresses, and not too long."""
    text = _ADDRESS.sub("...", _ANSI.sub("", text)).replace("\r\n", "\n")
    lines = [line.rpartition("\r")[2] for line in text.split("\n")]  # the rest of a progress bar on its line
    text = "\n".join(line.rstrip() for line in lines).strip("\n")
    return text if len(text) <= _LONGEST else text[: text.rfind("\n", 0, _LONGEST) + 1] + "..."


def _fence(info: str, body: str) -> str:
    longest = max((len(m[0]) for m in re.finditer(r"(?m)^[ \t]*(`{3,})", body)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{info}\n{body.rstrip(chr(10))}\n{marks}\n"


def _with_attachments(cell: Any, out: Imported, folder: str) -> str:
    """Markdown with the attachments of the cell as files."""
    text: str = cell.source
    for name, kinds in (cell.get("attachments") or {}).items():
        kind, data = next(iter(kinds.items()), ("", ""))
        try:
            content = base64.b64decode("".join(data) if isinstance(data, list) else data, validate=False)
        except (binascii.Error, ValueError, TypeError):
            out.notes.append(f"the picture {name} cannot be read and was left out")
            continue
        if not kind.startswith("image/"):
            out.notes.append(f"the attachment {name} is not a picture and was left out")
            continue
        safe = _NAME.sub("-", name.rpartition("/")[2]).strip("-.") or "picture"
        target = f"{folder}/{safe}"
        number = 2
        while out.files.get(target, content) != content:
            stem, dot, ending = safe.rpartition(".")
            target = f"{folder}/{stem or ending}-{number}{dot}{ending if stem else ''}"
            number += 1
        out.files[target] = content
        for written in (name, name.replace(" ", "%20")):
            text = text.replace(f"attachment:{written}", target)
    return text

"""Converts a page to a notebook: text and code cells, stored results and figures as outputs."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any

import nbformat
from nbformat.v4 import nbformat as MAJOR
from nbformat.v4 import nbformat_minor as MINOR
from nbformat.v4.rwbase import split_lines

from kbtools.links import WikiLink
from kbtools.run.results.figures import Figure
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.snippets import Snippet
from kbtools.text.source import Span
from kbtools.vault.page import Page

PYTHON = ("python", "py", "python3")
_DONE = (Status.PASSED, Status.XFAILED)
_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "svg": "image/svg+xml"}
_CALLOUT = re.compile(r"^([ \t]*)(?:!!!|\?\?\?\+?)[ \t]+(\w[\w -]*?)(?:[ \t]+\"([^\"]*)\")?[ \t]*$")
_TAB = re.compile(r"^([ \t]*)===[!+]*[ \t]+\"([^\"]*)\"[ \t]*$")
_ATTRIBUTES = re.compile(r"^(#{1,6}[ \t].*?)[ \t]*\{:?[ \t]*[#.][^{}]*\}[ \t]*$")
_PICTURE = re.compile(r"!\[([^\[\]]*)\]\(<?([^()<>\s]+)>?\)")


@dataclass(frozen=True, slots=True)
class ExportContext:
    """Resolves links and pictures of a page. By default links are replaced by their text, and pictures keep their
    addresses."""

    address: Callable[[WikiLink], str | None] = lambda link: None
    """The address of a wikilink's target on a published site."""
    picture: Callable[[str], bytes | None] = lambda name: None
    """The bytes of a picture of the vault, by the name or path used on the page."""
    hidden: tuple[Span, ...] | None = None
    """For a published notebook: the comments of the page, which are omitted, as are its frontmatter and everything
    that would allow importing edits. None for the author's own notebook."""


@dataclass(slots=True)
class _Shown:
    """A part of the Markdown in the form for a notebook."""

    text: str
    attachments: dict[str, dict[str, str]] = field(default_factory=dict)


def export(page: Page, outcomes: Iterable[Outcome] = (), around: ExportContext | None = None) -> str:
    """The notebook of a page, as JSON text. ``outcomes`` are those of one device; output and figures of a snippet
    become the outputs of its cell. The same page and outcomes give the same bytes."""
    by_id = {o.id.rpartition("[")[0].partition("::")[2]: o for o in outcomes if o.path == page.path}
    around = around or ExportContext()
    cells: list[dict[str, Any]] = []
    count = 0
    for piece in _pieces(page):
        if isinstance(piece, Span):
            cell = _text_cell(page, piece, around)
            if cell["source"] or around.hidden is None:
                cells.append(cell)
            continue
        snippet, head, body, tail = piece
        outcome = by_id.get(snippet.id)
        count += outcome is not None
        cells.append(_code_cell(snippet, head, body, tail, outcome, count))
    metadata: dict[str, object] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    if around.hidden is None:
        front = page.structure.frontmatter
        held = front.of(page.source.text) if front else ""
        metadata["kb"] = {"path": page.path, "title": page.title, "frontmatter": held}
    else:
        metadata["title"] = page.title
        for cell in cells:
            cell["metadata"].pop("kb")
    for number, cell in enumerate(cells):  # random ids would differ in every export
        cell["id"] = sha256(f"{number}\0{cell['source']}".encode("utf-8", "replace")).hexdigest()[:12]
    notebook = {"nbformat": MAJOR, "nbformat_minor": MINOR, "metadata": metadata, "cells": cells}
    return f"{_as_json(split_lines(nbformat.from_dict(notebook)))}\n"


def _as_json(value: Any, indent: str = "\n") -> str:
    """As nbformat writes a notebook: keys in order, a space for each level. A notebook is made by hand and valid, so
    that to validate it in every build, and to leave the indented writing to ``json``, would be most of the work."""
    if isinstance(value, str):
        return encode_basestring(value)
    if not value or not isinstance(value, (dict, list)):
        return json.dumps(value)
    deeper = f"{indent} "
    if isinstance(value, list):
        return f"[{deeper}{f',{deeper}'.join([_as_json(item, deeper) for item in value])}{indent}]"
    rows = [f"{encode_basestring(key)}: {_as_json(value[key], deeper)}" for key in sorted(value)]
    return f"{{{deeper}{f',{deeper}'.join(rows)}{indent}}}"


def _pieces(page: Page) -> Iterator[Span | tuple[Snippet, str, str, str]]:
    """The page's body, cut into Markdown and code; concatenated they are the body. A code piece has the text before
    the code (opening fence), the lines of code with their prefixes, and the text after it (closing fence and blank
    lines)."""
    text = page.source.text
    lines = page.source.lines
    at = page.structure.frontmatter.end if page.structure.frontmatter else 0
    for snippet in page.snippets:
        if not snippet.executable or snippet.options.skip is not None:
            continue  # "Run all" must not run code that the page does not run
        if snippet.language.lower() not in PYTHON or not snippet.fence.lines:
            continue
        start = lines.line(lines.line_of(snippet.fence.span.start)).start
        first = lines.line(snippet.line + 1).start
        last = lines.line_of(snippet.fence.lines[-1].start)
        body_end = lines.line(last + 1).start if last < len(lines) else len(text)
        closing = lines.line_of(snippet.fence.span.end)
        end = lines.line(closing + 1).start if closing < len(lines) else len(text)
        blank = re.compile(r"(?:[ \t]*\r?\n)*").match(text, end)
        end = blank.end() if blank else end
        if start < at:
            continue
        if start > at:
            yield Span(at, start)
        yield snippet, text[start:first], text[first:body_end], text[body_end:end]
        at = end
    if at < len(text):
        yield Span(at, len(text))


def _text_cell(page: Page, span: Span, around: ExportContext) -> dict[str, Any]:
    raw = span.of(page.source.text)
    shown = _shown(_without(around.hidden or (), span, page), around)
    kb: dict[str, object] = {"raw": raw}
    text = shown.text.strip("\n")
    if text != raw:
        kb["shown"] = text
    cell: dict[str, Any] = {"cell_type": "markdown", "metadata": {"kb": kb}, "source": text}
    if shown.attachments:
        cell["attachments"] = shown.attachments
    return cell


def _without(hidden: Iterable[Span], span: Span, page: Page) -> str:
    """A part of a page without its hidden parts."""
    kept: list[str] = []
    at = span.start
    for gone in sorted(hidden):
        if gone.end > at and gone.start < span.end:
            kept.append(page.source.text[at : max(at, gone.start)])
            at = gone.end
    kept.append(page.source.text[at : span.end])
    return "".join(kept)


def _shown(raw: str, around: ExportContext) -> _Shown:
    """Markdown in the form that Jupyter renders, line by line: wikilinks as links or text, callouts and tabs as
    quotes, pictures of the vault as attachments."""
    from kbtools.links import find
    from kbtools.markdown.scanner import scan

    attachments: dict[str, dict[str, str]] = {}

    def attached(name: str, alt: str) -> str | None:
        ending = name.rpartition(".")[2].lower()
        data = around.picture(name) if ending in _TYPES else None
        if data is None:
            return None
        short = name.rpartition("/")[2]
        attachments[short] = {_TYPES[ending]: base64.b64encode(data).decode("ascii")}
        return f"![{alt}](attachment:{short.replace(' ', '%20')})"

    out: list[str] = []
    at = 0
    for link in find(raw, scan(raw)) if "[[" in raw else ():
        out.append(raw[at : link.start])
        words = link.label or "#".join(part for part in (link.target, link.anchor) if part)
        picture = attached(link.target, words) if link.embed else None
        address = around.address(link)
        out.append(picture or (f"[{words}]({address})" if address else words))
        at = link.end
    out.append(raw[at:])
    text = "".join(out)
    opaque = scan(text).opaque if attachments or "![" in text else ()
    text = _PICTURE.sub(
        lambda m: (
            m[0]
            if any(m.start() in span for span in opaque) or "://" in m[2] or m[2].startswith("attachment:")
            else attached(m[2], m[1]) or m[0]
        ),
        text,
    )
    return _Shown("\n".join(_plain_lines(text.split("\n"))), attachments)


def _plain_lines(lines: list[str]) -> Iterator[str]:
    """Callouts and Material's tabs as quotes, without attributes of headings. The number of lines is unchanged."""
    depth: list[int] = []
    fence = ""
    for line in lines:
        indent = len(line) - len(line.lstrip(" \t"))
        while depth and line.strip() and indent < depth[-1]:
            depth.pop()
        inner = line[depth[-1] :] if depth and line.strip() else line
        quote = "> " * len(depth)
        mark = re.match(r"\s*(`{3,}|~{3,})", inner)
        if mark:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        found = None if fence else _CALLOUT.match(line) or _TAB.match(line)
        if found is not None and len(found[1]) == (depth[-1] if depth else 0):
            title = found[found.lastindex or 2] or found[2].capitalize()
            depth.append(len(found[1]) + 4)
            yield f"{quote}> **{title}**"
        elif not fence and not depth and (heading := _ATTRIBUTES.match(line)):
            yield heading[1]
        else:
            yield f"{quote}{inner}" if depth else line


def _code_cell(
    snippet: Snippet, head: str, body: str, tail: str, outcome: Outcome | None, count: int
) -> dict[str, Any]:
    options = snippet.options
    source = snippet.code.rstrip("\n")
    kb: dict[str, object] = {"head": head, "body": body, "tail": tail, "sha": digest(source), "id": snippet.id}
    tags = []
    metadata: dict[str, object] = {"kb": kb}
    if options.hidden:
        metadata["jupyter"] = {"source_hidden": True}
        tags.append("hide-input")
    if options.raises:
        tags.append("raises-exception")
    if tags:
        metadata["tags"] = tags
    if options.file:
        kb["magic"] = f"%%writefile {options.file}"
        source = f"{kb['magic']}\n{source}"
        kb["sha"] = digest(source)
    outputs: list[dict[str, Any]] = []
    if outcome is not None:
        outputs = list(_outputs(snippet, outcome, count))
    elif expected := _expected(snippet):
        outputs = [_stream("stdout", expected)]
    return {
        "cell_type": "code",
        "metadata": metadata,
        "source": source,
        "outputs": outputs,
        "execution_count": None if outcome is None else count,
    }


def _expected(snippet: Snippet) -> str:
    """The output stated by the page: complete only if it is an output fence."""
    return next((e.text.rstrip("\n") + "\n" for e in snippet.expects if e.of_line is None and e.text.strip()), "")


def _stream(name: str, text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def _outputs(snippet: Snippet, outcome: Outcome, count: int) -> Iterator[dict[str, Any]]:
    if outcome.stdout:
        yield _stream("stdout", outcome.stdout)
    for figure in outcome.figures:
        yield {"output_type": "display_data", "data": _picture(figure), "metadata": {}}
    if outcome.outcome not in _DONE or (snippet.options.raises and outcome.message):
        text = outcome.message or outcome.reason or outcome.outcome.value
        if outcome.outcome in (Status.SKIPPED, Status.BLOCKED):
            yield _stream("stderr", f"{outcome.outcome.value}: {text}\n")
            return
        first = text.strip().split("\n")[0]
        name, _, value = first.partition(": ")
        known = re.fullmatch(r"[A-Za-z_][\w.]*", name) is not None
        yield {
            "output_type": "error",
            "ename": name if known else "Failed",
            "evalue": value if known else first,
            "traceback": text.split("\n"),
        }


def _picture(figure: Figure) -> Mapping[str, str]:
    ending = figure.name.rpartition(".")[2]
    data = figure.data.decode("utf-8") if ending == "svg" else base64.b64encode(figure.data).decode("ascii")
    return {_TYPES[ending]: data, "text/plain": figure.alt or "figure"}


def digest(source: str) -> str:
    """The hash that shows whether a cell was edited."""
    return sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:16]

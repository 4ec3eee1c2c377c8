"""Code actions: mend a finding, accept it, ignore it; write the page that a link asks for; respell links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import PurePosixPath

from kbtools.adapters.lsp.diagnostics import as_published
from kbtools.adapters.lsp.edits.named import named_page
from kbtools.adapters.lsp.offered import ACCEPT, FIX_ALL, RESPELL
from kbtools.adapters.lsp.open_vault import OpenVault
from kbtools.adapters.lsp.wire.protocol import TOP, CodeAction, CodeActionKind, WorkspaceEdit
from kbtools.check.baseline import FILE, Baseline, BaselineEntry, key_of
from kbtools.check.checker import schemas
from kbtools.edit.fix import choose
from kbtools.edit.history import write
from kbtools.edit.new_names import default_folder, file_name
from kbtools.errors import KbError
from kbtools.fields.new_page import new_page
from kbtools.links import can_be_target
from kbtools.rewrite import FileChange
from kbtools.text.diagnostics import Applicability, Diagnostic, Edit
from kbtools.text.source import Span
from kbtools.vault.links.resolution import Missing
from kbtools.vault.links.spelling import is_in_table
from kbtools.vault.page import Page

_PREFIX = re.compile(r"[ \t>]*")
"""Of a line in quotations and lists."""


def actions(
    space: OpenVault, page: Page, wanted: Span, only: tuple[str, ...] = (), *, creates: bool = True
) -> Iterator[CodeAction]:
    """What can be done where the cursor is: mend a finding, accept it, ignore it; write the page a link asks for, if
    the client ``creates`` files."""
    source, uri = page.source, space.uri(page.path)
    new, _ = space.findings(page.path)

    def of_page(edits: tuple[Edit, ...]) -> WorkspaceEdit:
        return {"changes": {uri: space.text_edits(source, edits)}}

    here = [d for d in new if d.span.start <= wanted.end and wanted.start <= d.span.end]
    for d in here:
        diagnostic = as_published(space, source, d)
        if d.fix is not None and d.fix.applicability is not Applicability.DISPLAY:
            yield {
                "title": _sentence(d.fix.title),
                "kind": CodeActionKind.QUICK_FIX,
                "diagnostics": [diagnostic],
                "isPreferred": d.fix.applicability is Applicability.SAFE,
                "edit": of_page(d.fix.edits),
            }
        if creates and (create := _new_page(space, page, d)) is not None:
            create["diagnostics"] = [diagnostic]
            yield create
        yield {
            "title": f"Ignore {d.rule} here",
            "kind": CodeActionKind.QUICK_FIX,
            "diagnostics": [diagnostic],
            "edit": of_page((_ignore(page, d),)),
        }
        if not space.project.foreign:
            arguments = [uri, d.rule, d.span.start, d.span.end]
            yield {
                "title": f"Accept this {d.rule} into the baseline",
                "kind": CodeActionKind.QUICK_FIX,
                "diagnostics": [diagnostic],
                "command": {"title": "Accept into the baseline", "command": ACCEPT, "arguments": arguments},
            }
    if (named := named_page(space, page, wanted.start)) is not None:
        yield {
            "title": f"Respell all links to {named.name}",
            "kind": CodeActionKind.REFACTOR_REWRITE,
            "command": {"title": "Respell links", "command": RESPELL, "arguments": [space.uri(named.path)]},
        }
    safe = [d.fix for d, _ in choose(new) if d.fix is not None]
    if safe and any(FIX_ALL.startswith(kind) for kind in only):
        edits = tuple(dict.fromkeys(edit for fix in safe for edit in fix.edits))
        yield {"title": "Apply all safe fixes", "kind": FIX_ALL, "edit": of_page(edits)}


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]


def _ignore(page: Page, d: Diagnostic) -> Edit:
    """A comment above the finding, or above the fence it lies in; of the whole page for a finding in the frontmatter.
    Within a paragraph or a table, which a line of its own would cut in two, at the end of the finding's line."""
    comment, lines, text = f"<!-- kb: ignore[{d.rule}] -->", page.source.lines, page.source.text
    if d.span.start < page.body_start:
        return Edit(Span(page.body_start, page.body_start), f"{comment}\n\n")
    fence = next((f for f in page.structure.fences if f.span.start <= d.span.start < f.span.end), None)
    number = lines.line_of(d.span.start if fence is None else fence.span.start)
    line = lines.line(number)
    above = lines.line(number - 1).of(text) if number > 1 else ""
    is_block = fence is not None or any(h.span.start == line.start for h in page.headings)
    prefix = _PREFIX.match(text, line.start, line.end)
    assert prefix is not None
    if is_block or not above.strip(" \t>"):
        return Edit(Span(line.start, line.start), f"{prefix[0]}{comment}\n")
    end = line.start + len(line.of(text).rstrip(" \t\\"))
    in_cell = is_in_table(page, line.start) and text[line.start : end].endswith("|")
    return Edit(Span(end - in_cell, end - in_cell), f"{comment} " if in_cell else f" {comment}")


def _new_page(space: OpenVault, page: Page, d: Diagnostic) -> CodeAction | None:
    """Writes the page that a wikilink asks for, where the wiki would put it."""
    if d.rule not in ("broken-link", "unwritten-note"):
        return None
    for link, meaning in space.links(page).wiki:
        if isinstance(meaning, Missing) and link.span.overlaps(d.span):
            made = new_page_file(space, link.name)
            if made is None:
                return None
            uri, text = made
            edit: WorkspaceEdit = {
                "documentChanges": [
                    {"kind": "create", "uri": uri, "options": {"ignoreIfExists": True}},
                    {"textDocument": {"uri": uri, "version": None}, "edits": [{"range": TOP, "newText": text}]},
                ]
            }
            return {"title": f"Write the page {link.name}", "kind": CodeActionKind.QUICK_FIX, "edit": edit}
    return None


def new_page_file(space: OpenVault, title: str) -> tuple[str, str] | None:
    """The address and the text of a new page; None for a name that no page can have."""
    folder, _, name = title.rpartition("/")
    if not can_be_target(name) or ".." in folder.split("/"):
        return None
    path = str(PurePosixPath(folder or default_folder(space.project.config.schema), file_name(name)))
    schema = schemas([path], space.project.config).get(path)
    return space.uri(path), new_page(name, schema, date.today())


def accept(space: OpenVault, path: str, rule: str, start: int, end: int) -> None:
    """Write one finding into the baseline. Raises KbError where it is not found any more."""
    page = space.page(path)
    new, _ = space.findings(path)
    found = [d for d in new if (d.rule, d.span.start, d.span.end) == (rule, start, end)]
    if page is None or not found:
        raise KbError(f"{rule} is not found there any more", "nothing is to be accepted")
    file = space.project.root / FILE
    added = BaselineEntry(key_of(found[0], lambda _: page.source), date.today())
    held = space.baseline.entries if space.baseline is not None else ()
    fresh = Baseline.of([*held, added])
    before = file.read_bytes() if file.is_file() else None
    change = FileChange(FILE, before, fresh.text().encode("utf-8"))
    write(space.project, [change], "kb baseline", of_project=True)
    space.baseline = fresh

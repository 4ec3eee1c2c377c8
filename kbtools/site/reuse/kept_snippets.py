"""Snippets of pages, kept in the memo from one build to the next: to read them takes a parser of Python for each fence.

Another page, another policy or another program has another key. What is restored equals what would be read.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from typing import Any

from kbtools.fences.annotations import Options
from kbtools.fences.expected.form import Form
from kbtools.fences.python.names import Names, Read
from kbtools.markdown.structure import Fence
from kbtools.snippets import Expectation, Snippet
from kbtools.state import program
from kbtools.state.memo import Memo, StoredValue
from kbtools.state.user_folder import secret
from kbtools.text.source import Span
from kbtools.vault.listing import digest
from kbtools.vault.page import Page

KIND = "snippets"
_PLAIN = Options()


def restore(memo: Memo, pages: Iterable[Page]) -> None:
    """Give pages the snippets that are kept of them."""
    kept = memo.all(KIND)
    program_key = _program()
    for page in pages:
        value = kept.get(page.path)
        if value is not None and "snippets" not in vars(page) and value.key == _key(page, program_key):
            try:
                vars(page)["snippets"] = load(page, value.data)  # where cached_property keeps it
            except (ValueError, TypeError, LookupError, zlib.error):
                continue


def remember(memo: Memo, pages: Iterable[Page]) -> None:
    """Keep the snippets of pages that have been read. Within a transaction."""
    kept = memo.keys(KIND)
    program_key = _program()
    now = {page.path: _key(page, program_key) for page in pages if page.structure.fences and "snippets" in vars(page)}
    fresh = (page for page in pages if page.path in now and kept.get(page.path) != now[page.path])
    values = [(page.path, StoredValue(now[page.path], dump(page.snippets))) for page in fresh]
    memo.put(KIND, values, kept.keys() - {page.path for page in pages})


def _program() -> str:
    return digest("\n".join((secret(), *program.contents())).encode())


def _key(page: Page, program_key: str) -> str:
    told = "\n".join((program_key, page.path, repr(page.policy), page.source.text))
    return digest(told.encode("utf-8", "surrogatepass"))


def dump(snippets: Iterable[Snippet]) -> bytes:
    return zlib.compress(json.dumps([_row(s) for s in snippets], separators=(",", ":")).encode("ascii"), 1)


def load(page: Page, data: bytes) -> tuple[Snippet, ...]:
    """Raises ValueError, TypeError, LookupError or zlib.error for bytes that ``dump`` did not write of this page."""
    rows = json.loads(zlib.decompress(data))
    return tuple(_snippet(fence, row) for fence, row in zip(page.structure.fences, rows, strict=True))


def _row(s: Snippet) -> list[Any]:
    given = ((name, getattr(s.options, name)) for name in Options.__dataclass_fields__)
    options = {name: value for name, value in given if value != getattr(_PLAIN, name)}
    where = [s.executable, s.why_not, s.devices, s.device_reason, s.gpus]
    reads = [[r.name, _span(r.span), r.late, r.guarded, r.builtin] for r in s.names.reads]
    names = [s.names.defines, s.names.removes, reads, s.names.open]
    what = [s.id, s.session, s.language, s.code, s.line, s.end_line]
    return [what, options, dict(s.declared), where, list(map(_shown, s.expects)), s.defines, s.uses, names]


def _shown(e: Expectation) -> list[Any]:
    comment = _span(e.comment) if e.comment is not None else None
    place = [_span(e.span), e.line, e.text, e.of_line, e.block, e.statement]
    return [*place, e.form, e.value, e.short, comment, e.why_not, e.last, e.shows]


def _snippet(fence: Fence, row: list[Any]) -> Snippet:
    what, options, declared, where, expects, defines, uses, (bound, removed, reads, is_open) = row
    id, session, language, code, line, end_line = what
    executable, why_not, devices, device_reason, gpus = where
    given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in options.items()}
    return Snippet(
        fence,
        id,
        session,
        language,
        code,
        line,
        end_line,
        Options(**given),
        declared,
        executable,
        why_not,
        tuple(devices),
        device_reason,
        gpus,
        tuple(map(_expectation, expects)),
        tuple(defines),
        tuple(uses),
        Names(tuple(bound), tuple(removed), tuple(Read(n, Span(*at), *rest) for n, at, *rest in reads), is_open),
    )


def _expectation(row: list[Any]) -> Expectation:
    at, line, text, of_line, block, statement, form, value, short, comment, why_not, last, shows = row
    return Expectation(
        Span(*at),
        line,
        text,
        of_line,
        block,
        tuple(statement) if statement is not None else None,
        Form(form),
        value,
        short,
        Span(*comment) if comment is not None else None,
        why_not,
        tuple(last) if last is not None else None,
        tuple((line, column) for line, column in shows) if shows is not None else None,
    )


def _span(span: Span) -> tuple[int, int]:
    return span.start, span.end

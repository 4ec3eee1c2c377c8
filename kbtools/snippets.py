"""Snippets: fences as things to execute, with ids, sessions, options, devices and expected output."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from kbtools.fences.extraction import Extraction
from kbtools.fences.python.hints import hint
from kbtools.fences.python.names import Names
from kbtools.fences.python.pycode import runnable
from kbtools.fences.python.sessions import SessionPart, undefined
from kbtools.fences.snippet import Expectation, Snippet
from kbtools.markdown.structure import Structure
from kbtools.text.diagnostics import Problem, Severity

__all__ = ["Expectation", "Snippet", "extract", "not_run", "undefined_names"]

_NOTHING: Mapping[str, object] = MappingProxyType({})


def extract(
    text: str, structure: Structure, *, defaults: Mapping[str, object] = _NOTHING, page_slug: str
) -> tuple[tuple[Snippet, ...], tuple[Problem, ...]]:
    """One snippet for every fence of a page, in order, and what is wrong with their annotations, code and data.

    ``defaults`` is the page's ``snippets:`` mapping; ``page_slug`` names snippets that stand before any heading.
    Never raises. Names are checked by ``undefined_names``.
    """
    return Extraction(text, structure, defaults, page_slug).run()


def not_run(snippets: Iterable[Snippet], why: str) -> tuple[Snippet, ...]:
    """The same snippets, none executable, for this reason."""
    return tuple(
        replace(s, executable=False, why_not=why, devices=(), device_reason=None, expects=(), names=Names())
        if s.executable
        else s
        for s in snippets
    )


def undefined_names(snippets: Sequence[Snippet]) -> tuple[Problem, ...]:
    """``undefined-name`` at the first place where a page's snippet reads a name nothing before it binds.

    Snippets share names with the earlier ones of their session; a function's body may read what a later one binds.
    Reports nothing where the names are unknown: after a star import or a snippet that does not parse, and where the
    page provides for the name's absence.
    """
    sessions: dict[str, list[SessionPart]] = {}
    for snippet in snippets:
        if snippet.executable or snippet.names.open:
            # A launched script is a process of its own: it shares files, not names.
            key = f"launch:{snippet.id}" if snippet.options.launch else snippet.session
            quiet = (
                not snippet.executable
                or snippet.options.skip is not None
                or (snippet.options.raises or "").endswith("NameError")
            )
            sessions.setdefault(key, []).append(SessionPart(snippet.line, snippet.names, quiet))
    found = [problem for session in sessions.values() for problem in undefined(session)]
    return tuple(sorted((_advised(problem, snippets) for problem in found), key=lambda problem: problem.span))


_METHOD = re.compile(r"^(?:async )?def \w+\(\s*(?:self|cls)\b|^(?:[^\s#].*)?\bself\.", re.MULTILINE)
"""A method, or a part of one, outside a class."""


def _advised(problem: Problem, snippets: Iterable[Snippet]) -> Problem:
    """An undefined name, with a hint about code that raises it: the fence may not contain Python at all."""
    code = next((snippet.code for snippet in snippets if problem.span.start in snippet.fence.span), "")
    if _METHOD.search(runnable(code)[0]) is not None:
        way = 'for an excerpt that is not whole, mark it `.skip reason="…"`'
        return problem._replace(help=f"code of a method is shown without its class; {way}", severity=Severity.INFO)
    advice = hint(f"NameError: {problem.message}", code)
    return problem._replace(help=advice) if advice is not None else problem

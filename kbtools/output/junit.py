"""JUnit XML: findings by page, outcomes by snippet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from kbtools.output.findings import Findings, Sources
from kbtools.text.diagnostics import Diagnostic, Severity


def junit(findings: Findings) -> Iterator[str]:
    """A test case for each page, failed by its errors, so that CI lists pages without findings too."""
    sources = findings.sources
    by_path: dict[str, list[Diagnostic]] = {p: [] for p in sorted(findings.pages)}
    for d in findings.diagnostics:
        by_path.setdefault(d.path, []).append(d)
    cases = []
    for path, found in by_path.items():
        errors = [d for d in found if d.severity is Severity.ERROR]
        others = [d for d in found if d.severity is not Severity.ERROR]
        body = ""
        if errors:
            body = _element("failure", "\n".join(_line(d, sources) for d in errors), message=errors[0].message)
        if others:
            body += _element("system-out", "\n".join(_line(d, sources) for d in others))
        cases.append((_element("testcase", body, raw=True, classname="kb.check", name=path), bool(errors), False))
    yield suite("kb check", cases)


def _line(d: Diagnostic, sources: Sources) -> str:
    at = sources(d.path).lines.position(d.span.start)
    return f"{d.path}:{at.line}:{at.column}: {d.severity.value}[{d.rule}] {d.message}"


def case(name: str, classname: str, seconds: float, *, failure: str | None = None, skipped: str | None = None) -> str:
    """One test case; ``failure`` and ``skipped`` are reasons, their first line is the headline."""
    body = ""
    if failure is not None:
        body = _element("failure", failure, message=failure.partition("\n")[0])
    elif skipped is not None:
        body = _element("skipped", "", message=skipped)
    return _element("testcase", body, raw=True, classname=classname, name=name, time=f"{seconds:.3f}")


def suite(name: str, cases: Sequence[tuple[str, bool, bool]]) -> str:
    """A document of cases, each with whether it failed and whether it was skipped."""
    failed, skipped = sum(c[1] for c in cases), sum(c[2] for c in cases)
    head = f'<testsuite name={_attribute(name)} tests="{len(cases)}" failures="{failed}" skipped="{skipped}">'
    lines = ('<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", head, *(c[0] for c in cases))
    return "\n".join((*lines, "</testsuite>", "</testsuites>"))


def _element(tag: str, body: str, *, raw: bool = False, **attributes: str) -> str:
    listed = "".join(f" {key}={_attribute(value)}" for key, value in attributes.items())
    return f"<{tag}{listed}>{body if raw else _quiet(escape(_legal(body)))}</{tag}>"


def _quiet(text: str) -> str:
    """The text, escaped so that a CI runner that prints it interprets nothing as a command: see ``text.harmless``."""
    return _COMMAND.sub(lambda m: m[0][:-2] + "&#58;:", text).replace("##[", "##&#91;").replace("\r", "&#13;")


def _attribute(text: str) -> str:
    return quoteattr(_legal(text))


_COMMAND = re.compile(r"(?m)^\s*::")
_MOVES = re.compile(r"[\x7f-\x9f\u202a-\u202e]")
"""Control characters and direction overrides, which terminals interpret."""


def _legal(text: str) -> str:
    """Without the characters that XML 1.0 cannot represent, and those in ``_MOVES``."""
    return _MOVES.sub("\ufffd", "".join(c if _is_legal(c) else "\ufffd" for c in text))


def _is_legal(c: str) -> bool:
    return c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"

"""Turns unreachable, broken and moved external links into findings."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from kbtools.external.client import Answer, AnswerKind
from kbtools.external.urls import Url, find
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem
from kbtools.vault.page import Page

RULES = {AnswerKind.BROKEN: "broken-url", AnswerKind.UNREACHABLE: "unreachable-url", AnswerKind.MOVED: "moved-url"}
"""The rule for each kind of answer; others are not findings."""


class Located(NamedTuple):
    """The position of an address."""

    page: Page
    url: Url


def located(pages: Iterable[Page], ignore: tuple[str, ...] = ()) -> list[Located]:
    """Every external address of pages, except those that a pattern excludes (``https://*.corp.example/*``)."""
    return [
        Located(page, url)
        for page in pages
        for url in find(page)
        if not any(fnmatch.fnmatchcase(url.address, pattern) for pattern in ignore)
    ]


def problems(found: Iterable[Located], answers: Mapping[str, Answer]) -> Iterator[tuple[Page, Problem]]:
    """The findings about addresses, from their answers."""
    for page, url in found:
        answer = answers.get(url.address)
        rule = RULES.get(answer.kind) if answer is not None else None
        if answer is None or rule is None:
            continue
        written = url.span.of(page.source.text)
        help_, fix = None, None
        if answer.archived:
            help_ = f"an archive has a copy: {answer.archived}"
        elif answer.moved_to is not None:
            fragment = written.partition("#")[1] + written.partition("#")[2] if "#" not in answer.moved_to else ""
            new = answer.moved_to + fragment
            help_ = f"write {new}"
            if _plain(new):
                fix = Fix(f"write {new}", Applicability.UNSAFE, (Edit(url.span, new),))
        elif answer.kind is AnswerKind.UNREACHABLE:
            help_ = "look at it in a browser; `external.ignore` in the configuration leaves it out"
        yield page, Problem(rule, url.span, answer.reason or rule, help_, fix)


def _plain(address: str) -> bool:
    """Whether an address can replace another one in any syntax."""
    return address.isascii() and not set(address) & set(" <>\"'`\\^{}|()[]*_\n\r\t")

"""What holds for every page whatsoever: asserted by the fuzzer, and by a test on the cases it has found."""

from __future__ import annotations

from kbtools.errors import KbError
from kbtools.fields.compose import read
from kbtools.fields.locate import body_of
from kbtools.fields.schema import Schema, validate
from kbtools.fields.simple import read_simple
from kbtools.frontmatter import parse, set_field
from kbtools.markdown.frontmatter_block import frontmatter_span
from kbtools.text.diagnostics import Applicability, Edit, apply_edits
from kbtools.text.source import Source
from kbtools.vault.page import Page, decode

TOPIC = Schema.load("topic")


def hold_of_bytes(data: bytes) -> None:
    """A file is a page or says why it is none; a page gives back its bytes."""
    page = decode("page.md", data)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        assert [problem.rule for problem in page.problems] == ["unreadable-page"]
        assert not page.links
        return
    assert page.source.encode() == data
    hold_of(page)


def hold_of_text(text: str) -> None:
    """Any text at all, also one that no file can hold."""
    hold_of(Page.parse(Source("page.md", text)))


def hold_of(page: Page) -> None:
    text = page.source.text
    spans = [*page.structure.opaque, *(link.span for link in page.links), *(p.span for p in page.problems)]
    spans += [part.span for part in (*page.structure.headings, *page.structure.fences, *page.structure.comments)]
    for span in spans:
        assert 0 <= span.start <= span.end <= len(text), span
    _simple_frontmatter(text)
    _frontmatter(page)
    _links(page)
    _fixes(page)


def _simple_frontmatter(text: str) -> None:
    located = frontmatter_span(text)
    if located:
        yaml = body_of(text, located).of(text)
        simple = read_simple(yaml)
        if simple is not None:
            found = read(yaml)
            assert repr(simple) == repr(found.data)
            assert not found.problems
            assert not found.duplicates


def _frontmatter(page: Page) -> None:
    text, found = page.source.text, page.frontmatter
    if found is not None:
        for entry in found.entries.values():
            assert 0 <= entry.value.start <= entry.value.end <= len(text)
        for problem in validate(found, TOPIC):
            assert 0 <= problem.span.start <= problem.span.end <= len(text)
    try:
        edit = set_field(text, "kb_fuzz", ["a: b", 1])
    except KbError:
        return
    after = parse(apply_edits(text, [edit]))
    assert after is not None
    assert after.data["kb_fuzz"] == ["a: b", 1]


def _links(page: Page) -> None:
    text = page.source.text
    opaque = page.structure.opaque
    for link in page.links:
        assert link.target_span.of(text) == link.target
        assert link.span.start <= link.target_span.start <= link.target_span.end <= link.span.end
        assert not any(span.start <= link.span.start < span.end for span in opaque)
    edits = [Edit(link.target_span, "New Name") for link in page.links if link.target]
    rewritten = apply_edits(text, edits)
    after = Page.parse(Source("page.md", rewritten))
    if page.structure.frontmatter == after.structure.frontmatter:
        assert [link.target for link in after.links] == ["New Name" if link.target else "" for link in page.links]
        assert [link.label for link in after.links] == [link.label for link in page.links]


def _fixes(page: Page) -> None:
    text = page.source.text
    for problem in page.problems:
        if problem.fix is None:
            continue
        for edit in problem.fix.edits:
            assert 0 <= edit.span.start <= edit.span.end <= len(text)
        fixed = apply_edits(text, problem.fix.edits)
        if problem.fix.applicability is Applicability.SAFE:
            assert fixed != text, problem
        Page.parse(Source("page.md", fixed))

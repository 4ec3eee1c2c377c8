"""Markdown links to pages' files: what is one, where its parts stand, in linear time and for any text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from growth import assert_linear
from hypothesis import given
from hypothesis import strategies as st

from kbtools.filelinks import find, target, written
from kbtools.markdown.scanner import scan


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[x](a.md)", [("a.md", None)]),
        ("![x](a.md#b)", [("a.md", "b")]),
        ("[x]( a%20b.md#%EC%A0%88 'title')", [("a b.md", "절")]),
        ("[x](<a b.md#c d>)", [("a b.md", "c d")]),
        ("[x](a_(b).md)", [("a_(b).md", None)]),
        ("[x](a\\_b.md)", [("a_b.md", None)]),
        ("[x](#here) [y](a.md)", [("", "here"), ("a.md", None)]),
        ("[x]: a.md\n   [y]: <b.md>\n", [("a.md", None), ("b.md", None)]),
        ("[^1]: a.md", []),
        ("[x](a.markdown) [y](a.md.txt) a.md", []),
        ("[x](https://e.org/a.md) [y](//e.org/a.md) [z](mailto:a.md)", []),
        ("`[x](a.md)`\n\n    [x](a.md)\n\n<!-- [x](a.md) -->\n\n```\n[x](a.md)\n```\n", []),
        ("[x](a.md", [("a.md", None)]),
    ],
)
def test_what_is_a_link(text: str, found: list[tuple[str, str | None]]) -> None:
    assert [(link.path, link.fragment) for link in find(text, scan(text))] == found


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("b.md", "a/b.md"),
        ("./b.md", "a/b.md"),
        ("../b.md", "b.md"),
        ("../../b.md", None),
        ("/b.md", "b.md"),
        ("", "a/p.md"),
    ],
)
def test_where_it_leads(path: str, leads: str | None) -> None:
    text = f"[x]({path}#s) .md"
    (link,) = find(text, scan(text))
    assert target(link, "a/p.md") == leads


PIECES = (
    "](",
    "](<",
    ">",
    ")",
    "(",
    "[",
    "]",
    "]:",
    "a.md",
    "#",
    "%20",
    "\\",
    "\n",
    "\r",
    " ",
    "`",
    "[x]: ",
    "텐서",
    "\x00",
    "\ud800",
)


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)).map(lambda text: text + ".md"))
def test_total_and_in_bounds(text: str) -> None:
    at = 0
    for link in find(text, scan(text)):
        assert at <= link.span.start <= link.span.end <= len(text)
        at = link.span.end
        if link.fragment_span is not None:
            assert link.span.end < link.fragment_span.start <= link.fragment_span.end <= len(text)
        target(link, "a/b.md")


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20),
    st.sampled_from(("<{}#part>", "{}#part", "%61{}#part")),
)
def test_what_is_written_is_read_back(name: str, way: str) -> None:
    """A name put in a link's place is that name, however the link was written."""
    name = name.strip().replace("/", "") or "x"
    text = f"[x]({way.format('old.md')})"
    (link,) = find(text, scan(text))
    renewed = text[: link.span.start] + written(f"{name}.md", link, text) + text[link.span.end :]
    (again,) = find(renewed, scan(renewed))
    assert (again.path, again.fragment) == (f"{name}.md", "part")


@pytest.mark.parametrize("piece", ["](", "](a.md", "](a(b", "](<a", "[x]: a", "[x", "](a(b)", "](a(b)c(d"])
def test_linear_time(piece: str) -> None:
    structure = scan("")

    def work(size: int) -> Callable[[], object]:
        text = piece * size + ".md"
        return lambda: find(text, structure)

    assert_linear(work, 20_000)

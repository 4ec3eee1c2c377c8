"""Markdown links to files: what is one, where its parts stand, in linear time and for any text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from growth import assert_linear
from hypothesis import example, given
from hypothesis import strategies as st

from kbtools.markdown.file_links import find, written
from kbtools.markdown.scanner import scan
from kbtools.vault.links.resolve import joined


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[x](a.md)", [("a.md", None)]),
        ("![x](a.md#b)", [("a.md", "b")]),
        ("[x]( a%20b.md#%EC%A0%88 'title')", [("a b.md", "절")]),
        ("[x](<a b.md#c d>)", [("a b.md", "c d")]),
        ("[x](a b.md)", [("a b.md", None)]),
        ("[x](a_(b).md)", [("a_(b).md", None)]),
        ("[x](a\\_b.md)", [("a_b.md", None)]),
        ("[x](a&amp;b.md)", [("a&b.md", None)]),
        ("[x](a.png?raw=true)", [("a.png", None)]),
        ("[x](#here) [y](a.md)", [("", "here"), ("a.md", None)]),
        ("[x]()", [("", None)]),
        ("[x]: a.md\n   [y]: <b.md>\n", [("a.md", None), ("b.md", None)]),
        ("[^1]: a.md", []),
        ("[x](a.markdown) [y](a.md.txt) a.md", [("a.markdown", None), ("a.md.txt", None)]),
        ("[x](https://e.org/a.md) [y](//e.org/a.md) [z](mailto:a.md)", []),
        ("`[x](a.md)`\n\n    [x](a.md)\n\n<!-- [x](a.md) -->\n\n```\n[x](a.md)\n```\n", []),
        ("[x](a.md", []),
        ('<a href="a%20b.md#c">x</a> <img src=p.png>', [("a b.md", "c"), ("p.png", None)]),
        ('<div>\n<a href="a.md">x</a>\n<!-- <a href="b.md"> -->\n</div>', [("a.md", None)]),
    ],
)
def test_what_is_a_link(text: str, found: list[tuple[str, str | None]]) -> None:
    assert [(link.path, link.fragment) for link in find(text, scan(text))] == found


@pytest.mark.parametrize(
    ("path", "leads"),
    [("b.md", "a/b.md"), ("./b.md", "a/b.md"), ("../b.md", "b.md"), ("../../b.md", None), (".", "a"), ("..", "")],
)
def test_where_it_leads(path: str, leads: str | None) -> None:
    assert joined(path, "a") == leads


def test_a_definition_no_link_uses_is_seen_but_shown_to_nobody() -> None:
    text = "[a][x] [y]\n\n[x]: used.md\n\n[y]: short.md\n\n[z]: idle.md\n"
    assert [(link.path, link.is_used) for link in find(text, scan(text))] == [
        ("used.md", True),
        ("short.md", True),
        ("idle.md", False),
    ]


PIECES = ("](", "](<", ">", ")", "(", "[", "]", "]:", "a.md", "#", "%20", "\\", "\n", "\r", " ", "`", "[x]: ", "텐서",
          "\x00", "\ud800", "<a href=", '"', "<img src='", "![")  # fmt: skip


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)).map(lambda text: text + ".md"))
def test_total_and_in_bounds(text: str) -> None:
    at = 0
    for link in find(text, scan(text)):
        assert at <= link.start <= link.path_start <= link.path_end <= link.end <= len(text)
        at = link.start
        if link.fragment is not None:
            assert link.path_end < link.fragment_start <= link.fragment_end <= link.end


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20),
    st.sampled_from(("[x](<{}#part>)", "[x]({}#part)", "[x](%61{}#part)", '<a href="{}#part">x</a>')),
)
@example("A:", "[x](<{}#part>)")
@example("note: x", "[x]({}#part)")
def test_what_is_written_is_read_back(name: str, way: str) -> None:
    """A name put in a link's place is that name, however the link was written."""
    name = name.strip().replace("/", "") or "x"
    text = way.format("old.md")
    (link,) = find(text, scan(text))
    renewed = text[: link.path_start] + written(f"{name}.md", link, text) + text[link.path_end :]
    (again,) = find(renewed, scan(renewed))
    assert (again.path, again.fragment) == (f"{name}.md", "part")


@pytest.mark.parametrize(
    "piece",
    [
        "](",
        "](a.md",
        "[](a(b",
        "[](<a",
        "[x]: a\n",
        "[x",
        "[](a(b)",
        "[](a(b)c(d",
        "[",
        "[a](b'",
        "[a](b.md) ",
        "![a](",
        "[]",
    ],
)
def test_linear_time(piece: str) -> None:
    def work(size: int) -> Callable[[], object]:
        text = piece * size + ".md"
        return lambda: find(text, scan(text))

    assert_linear(work, 2_000)

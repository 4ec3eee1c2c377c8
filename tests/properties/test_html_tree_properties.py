"""The elements of a page's HTML: those a browser's parser finds, each with its place; what is not changed stays."""

from __future__ import annotations

from html import escape
from typing import Any

import pytest
from growth import assert_linear
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from kbtools.site.html.tree import Tree

PIECES = st.sampled_from(
    [
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "--!>",
        "<?x?>",
        "=",
        '"',
        "'",
        "a='b",
        'b="c',
        "<p>",
        "</p>",
        "<li>",
        "<br/>",
    ]
) | st.sampled_from(["<svg>", "<path/>", "</svg>", "<script>", "</script", "</script >", "<title>", "</title/>"])
ANY_HTML = st.lists(PIECES | st.text(max_size=6), max_size=30).map("".join)

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6)
VALUES = TEXT.map(escape)
ATTRIBUTES = st.one_of(
    st.just(""),
    VALUES.map(lambda v: f' title="{v}"'),
    VALUES.map(lambda v: f" class='{v}' hidden"),
    st.sampled_from([" id=x", " title=it's", ' data-a="1>2"', " onclick = 'a(\"b\")'", " disabled", " a=b/c "]),
)


def _element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    tag = st.sampled_from(["div", "section", "ul", "span", "em", "aside"])
    whole = st.builds(lambda t, a, c: f"<{t}{a}>{c}</{t}>", tag, ATTRIBUTES, inner)
    items = st.lists(inner, max_size=3).map(lambda held: "".join(f"<li>{text}" for text in held))
    listed = items.map(lambda text: f"<ul>{text}</ul>")
    void = st.builds(lambda a, end: f"<img{a}{end}", ATTRIBUTES, st.sampled_from([">", " />"]))
    aside = st.sampled_from(["<!-- <b> -->", "<!---->", "<script>if (a<b) '<i>'</script>", "<style>a>b{}</style>"])
    return st.lists(whole | listed | void | aside, max_size=3).map("".join)


PAGES = st.recursive(TEXT.map(escape), _element, max_leaves=12)


@given(ANY_HTML)
def test_any_text_is_read_and_stays_as_it_is(html: str) -> None:
    tree = Tree(html)
    assert str(tree) == html
    for element in tree.elements:
        assert 0 <= element.start < element.inside <= element.close <= element.end <= len(html)
        if element.parent is not None:
            assert element.parent.inside <= element.start
            assert element.end <= element.parent.close


@given(PAGES)
def test_the_elements_are_those_of_a_browser(html: str) -> None:
    body = LexborHTMLParser(f"<!doctype html><body>{html}").body
    assert body is not None
    browser = [(str(n.tag), {k: v or "" for k, v in n.attributes.items()}) for n in body.css("*")][1:]
    tree = Tree(html)
    assert [(e.name, {name: e.get(name) for name in e.written}) for e in tree.elements] == browser
    if (
        "<script" not in html and "<style" not in html
    ):  # the content of scripts and styles is text to both, of different kinds
        assert tree.plain(0, len(html)) == body.text()


@given(PAGES, st.data())
def test_a_change_leaves_all_else(html: str, data: st.DataObject) -> None:
    tree = Tree(html)
    if tree.elements:
        element = data.draw(st.sampled_from(tree.elements))
        tree.insert(element.start, "<b>1</b>")
        tree.insert(element.start, "<b>2</b>")
        assert str(tree) == f"{html[: element.start]}<b>1</b><b>2</b>{html[element.start :]}"


@pytest.mark.parametrize(
    "piece", ["<a ", "<a b='", '<a b="', "<a =>", "<div>", "</div>", "<p>", "<title>", "<!--", "<"]
)
def test_time_is_linear(piece: str) -> None:
    def work(size: int) -> Any:
        html = piece * size + ">"
        return lambda: Tree(html).plain(0, len(html))

    assert_linear(work, 4000)

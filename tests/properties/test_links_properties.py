"""Properties of finding, folding and rewriting wikilinks (P1 to P5 and P8)."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kbtools.links import can_be_target, find, fold_title, page_name
from kbtools.markdown.scanner import scan

any_text = st.text(alphabet=st.characters(), max_size=60)
linkish = st.lists(
    st.sampled_from(
        [
            "[[",
            "]]",
            "!",
            "|",
            "\\|",
            "#",
            "^",
            "\\",
            "\n",
            "\r\n",
            "`",
            "$",
            "a",
            "텐서",
            " ",
            "(",
            ")",
            "%%",
            "<!--",
            "-->",
        ]
    )
    | st.text(max_size=3),
    max_size=30,
).map("".join)


@given(any_text)
def test_folding_is_total_and_idempotent(name: str) -> None:
    assert fold_title(fold_title(name)) == fold_title(name)


@given(any_text)
def test_folding_does_not_see_normal_forms_or_case_of_plain_letters(name: str) -> None:
    assert fold_title(unicodedata.normalize("NFD", name)) == fold_title(unicodedata.normalize("NFC", name))


@given(linkish)
def test_links_are_in_bounds_in_order_and_apart(text: str) -> None:
    at = 0
    for link in find(text, scan(text)):
        assert at <= link.span.start < link.span.end <= len(text)
        assert link.span.start < link.target_span.start <= link.target_span.end < link.span.end
        assert link.target_span.of(text) == link.target
        raw = link.span.of(text)
        assert raw.startswith("![[" if link.embed else "[[")
        assert raw.endswith("]]")
        assert "\n" not in raw
        at = link.span.end


@given(linkish)
def test_no_link_starts_in_opaque_text(text: str) -> None:
    structure = scan(text)
    for link in find(text, structure):
        assert not any(link.span.start in span for span in structure.opaque)


@given(any_text)
def test_a_name_that_can_be_a_target_is_read_back(name: str) -> None:
    text = f"[[{name}]]"
    if can_be_target(name) and not any(c in name for c in "`$%<\\*_~^=+&\x02\x03"):
        assert [page_name(x.target) for x in find(text, scan(text))] == [page_name(name)]

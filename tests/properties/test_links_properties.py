"""Properties of finding, folding and rewriting wikilinks (P1 to P5 and P8)."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kbtools.diagnostics import apply_edits
from kbtools.links import can_be_target, find, fold_title, page_name, reconcile
from kbtools.markdown.scanner import scan
from kbtools.source import Span

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


@given(linkish, st.sampled_from(["New Title", "텐서 연산", "C#", "a/b"]))
def test_reconcile_changes_targets_only_and_once(text: str, name: str) -> None:
    links = find(text, scan(text))
    edits = reconcile(links, lambda link: name if link.target else None)
    changed = apply_edits(text, edits)
    kept = [text[a:b] for a, b in _gaps(text, [e.span for e in edits])]
    again = [changed[a:b] for a, b in _gaps(changed, _moved([e.span for e in edits], name))]
    assert kept == again


def _gaps(text: str, spans: list[Span]) -> list[tuple[int, int]]:
    edges = [0, *(e for s in spans for e in (s.start, s.end)), len(text)]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _moved(spans: list[Span], name: str) -> list[Span]:
    out, by = [], 0
    for s in spans:
        out.append(Span(s.start + by, s.start + by + len(name)))
        by += len(name) - len(s)
    return out


@given(any_text)
def test_a_name_that_can_be_a_target_is_read_back(name: str) -> None:
    text = f"[[{name}]]"
    if can_be_target(name) and not any(c in name for c in "`$%<\\*_~^=+&\x02\x03"):
        assert [page_name(x.target) for x in find(text, scan(text))] == [page_name(name)]

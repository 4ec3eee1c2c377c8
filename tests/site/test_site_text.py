# ruff: noqa: E501
"""Plain words out of Markdown for excerpts, and escapes for what stands in generated pages."""

from __future__ import annotations

import html
import time

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbtools.site.html.text import clean, escape, first_paragraph, markdown_escape, plain, sentence_at
from kbtools.site.words import words_of


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("하나. 둘은 [[X]]다. 셋.", "둘은 X다."),
        ("하나. 둘은 [[X|그것]]을\n이어서 쓴다. 셋.", "둘은 그것을 이어서 쓴다."),
        ("앞 문단.\n\n[[X#H]] 뿐\n\n뒤 문단.", "X › H 뿐"),
        ("앞 문단.\r\n\r\n[[X]] 뿐\r\n\r\n뒤 문단.", "X 뿐"),
        ("- 첫째\n- **둘째** [[X]] `code`\n- 셋째", "둘째 X code"),
        ("1. 첫째\n2. 둘째 [[X]]\n", "둘째 X"),
        ("> 인용 [[X]]", "인용 X"),
        ("> [!note]- 알림 [[X]]", "알림 X"),
        ("# 제목\n[[X]] 본문", "X 본문"),
        ("| a | b |\n|---|---|\n| [[X\\|y]] | 값 |\n", "y · 값"),
        ("버전 2.13에서 [[X]]가 v1.0을 이긴다! 다음", "버전 2.13에서 X가 v1.0을 이긴다!"),
        ("[문서](a.md)와 ![그림](b.png) [[X]] <b>굵게</b> {: .c }", "문서와 그림 X 굵게"),
        ("[시작](a.md){ .md-button .md-button--primary } [[X]] { .md-button }", "시작 X"),
        ('!!! danger "짝이 맞지 않는 설치"\n    [[X]]는 짝이 있다.', "X는 짝이 있다."),
        ('???+ note inline "둘째 [[X]]"\n    본문', "둘째 X"),
        ("!!! note\n    [[X]] 본문", "X 본문"),
        ('=== "탭 [[X]]"\n\n    본문', "탭 X"),
        ("가" * 5000 + " [[X]] " + "나" * 5000, None),
    ],
)
def test_the_sentence_of_a_link(page: str, sentence: str | None) -> None:
    start = page.index("[[")
    found = sentence_at(page, start, page.index("]]") + 2)
    assert len(found) <= 170
    if sentence is not None:
        assert found == sentence


def test_the_first_paragraph_is_prose() -> None:
    page = "# 제목\n\n```python\nx = 1\n```\n\n| a |\n|---|\n\n첫 **문단**은\n두 줄이다.\n\n둘째."
    assert first_paragraph(page, len("# 제목\n")) == "첫 문단은 두 줄이다."
    assert first_paragraph("```\ncode\n```\n", 0) == ""


@given(st.text())
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    shown = " ".join(clean(text).split())
    out = markdown.markdown(
        f"- [{markdown_escape(text)}](x.md) .", extensions=["tables", "attr_list", "pymdownx.caret"]
    )
    inner = out.partition('<a href="x.md">')[2].partition("</a>")[0]
    assert html.unescape(inner) == shown
    assert "<" not in escape(text)
    assert '"' not in escape(text)


@given(st.text(), st.integers(0, 50), st.integers(0, 50))
def test_excerpts_are_total(text: str, start: int, length: int) -> None:
    for found in (sentence_at(text, start, start + length), plain(text), first_paragraph(text, start)):
        assert "\n" not in found
        assert "\x02" not in found


@pytest.mark.parametrize(
    "piece", ["[[", "[", "<!-- ", "<a ", "*", "_", "`", "[a](", "{: ", "| ", "> ", "1. ", "\n", "[[a]] "]
)
def test_excerpts_take_bounded_time(piece: str) -> None:
    page = piece * 200_000
    began = time.process_time()
    sentence_at(page, 1000, 1010)
    first_paragraph(page, 0)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("title", "letter"),
    [("가", "ㄱ"), ("까치", "ㄱ"), ("힣", "ㅎ"), ("\u1112\u1161\u11ab글", "ㅎ"), ("abc", "A"), ("“Quoted”", "Q"), ("3D", "0–9"),
     ("Éclair", "E"), ("Жук", "Ж"), ("漢字", "기타"), ("", "기타"), ("*", "기타")],
)  # fmt: skip
def test_letters(title: str, letter: str) -> None:
    assert words_of("ko").letter(title) == letter

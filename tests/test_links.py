"""Finding wikilinks, folding names, rewriting targets."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from kbtools.links import WikiLink, can_be_target, find, fold_title, other_readings
from kbtools.markdown.scanner import scan

SUITES = Path(__file__).parent / "suites"
_CASE = re.compile(r"^## (.+?)\n\n````markdown\n(.*?)````\n\n```links\n(.*?)```", re.MULTILINE | re.DOTALL)
CASES = _CASE.findall((SUITES / "wikilinks.md").read_text(encoding="utf-8"))


def links_of(text: str) -> tuple[WikiLink, ...]:
    return find(text, scan(text))


@pytest.mark.parametrize(("name", "text", "expected"), CASES, ids=[c[0] for c in CASES])
def test_suite(name: str, text: str, expected: str) -> None:
    rows = [
        " | ".join((x.span.of(text), *(p if p else "-" for p in (x.target, x.anchor, x.block, x.label))))
        for x in links_of(text)
    ]
    assert rows == ([] if expected == "nothing\n" else expected.rstrip("\n").split("\n"))


@pytest.mark.parametrize(("name", "text", "expected"), CASES, ids=[c[0] for c in CASES])
def test_line_ends_do_not_matter(name: str, text: str, expected: str) -> None:
    crlf = text.replace("\n", "\r\n")
    assert [x.span.of(crlf) for x in links_of(crlf)] == [x.span.of(text) for x in links_of(text)]


def _names() -> list[list[str]]:
    block = re.search(r"```names\n(.*?)```", (SUITES / "fold_title.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block
    return [[n.strip() for n in line.split(" | ")] for line in block[1].strip().split("\n")]


def test_spellings_of_one_name_fold_alike_and_names_apart_do_not() -> None:
    folded = [{fold_title(n) for n in line} for line in _names()]
    assert [len(f) for f in folded] == [1] * len(folded)
    assert len(set().union(*folded)) == len(folded)


def test_decomposed_hangul_is_the_same_name() -> None:
    assert fold_title(unicodedata.normalize("NFD", "텐서 연산")) == fold_title("텐서 연산")


def test_a_name_with_a_number_sign_can_be_read_whole() -> None:
    text = "[[C# 기초|x]]"
    (link,) = links_of(text)
    assert (link.target, link.anchor) == ("C", "기초")
    (whole,) = other_readings(link, text)
    assert (whole.target, whole.anchor, whole.target_span.of(text)) == ("C# 기초", None, "C# 기초")


def test_a_number_sign_of_a_name_can_stand_before_an_anchor() -> None:
    text = "| [[C##Heading\\|x]] |"
    (link,) = links_of(text)
    assert (link.target, link.anchor) == ("C", "Heading")
    readings = [(r.target, r.anchor) for r in other_readings(link, text)]
    assert readings == [("C##Heading", None), ("C#", "Heading")]


@pytest.mark.parametrize("name", ["a|b", "a]b", "[x", "a#b", "", " a", "x\n", "ends\\"])
def test_names_no_link_can_hold(name: str) -> None:
    assert not can_be_target(name)


@pytest.mark.parametrize("name", ["C#", "C++", "텐서 연산", "torch.compile", "a/b", "(x)", "a^b"])
def test_names_a_link_can_hold(name: str) -> None:
    text = f"[[{name}]]"
    assert can_be_target(name)
    assert [x.target for x in links_of(text)] == [name]


@pytest.mark.parametrize("hostile", ["[" * 200_000, "[[a" * 70_000, "[[a|" * 50_000, "![[" * 70_000, "]]" * 100_000])
def test_hostile_text_is_no_trouble(hostile: str) -> None:
    assert links_of(hostile) == ()

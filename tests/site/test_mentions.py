"""Pages that speak of a page without a link to it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from growth import assert_linear
from small_site import broken_links, make, read, topic

from kbtools.site.build import build
from kbtools.site.data.mentions import mentions
from kbtools.text.source import Source
from kbtools.vault.index import Index
from kbtools.vault.page import Page


def vault(**texts: str) -> Index:
    return Index({f"{n}.md": Page.parse(Source(f"{n}.md", t)) for n, t in texts.items()})


def found(index: Index) -> dict[str, list[tuple[str, str, int]]]:
    return {
        path: [(m.path, index.pages[m.path].source.text[m.span.start : m.span.end], m.count) for m in held]
        for path, held in mentions(index, index.pages.values()).items()
    }


def spoken_of(title: str, text: str, aliases: str = "") -> str | None:
    """What of a text is taken for a mention of a page with a title."""
    index = vault(target=f"---\ntitle: {title!r}\naliases: [{aliases}]\n---\n", other=text)
    held = found(index).get("target.md")
    return held[0][1] if held else None


@pytest.mark.parametrize(
    "text",
    [
        "텐서",
        "텐서를 쓴다",
        "(텐서)",
        "텐서에서는",
        "그 텐서, 이",
        "「텐서」입니다",
        "텐서들이",
        "**텐서**는",
        "텐서.",
        "딥러닝/텐서",
        "텐서이다.",
    ],
)
def test_korean_names_with_particles(text: str) -> None:
    expected = None if "/" in text else "텐서"
    assert spoken_of("텐서", text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "텐서보드",
        "하이텐서",
        "텐 서",
        "텐서플로를",
        "`텐서`",
        "[[other|텐서]]",
        "[텐서](x.md)",
        "# 텐서",
        "<!-- 텐서 -->",
        "%%텐서%%",
        "    텐서",
        "```\n텐서\n```",
        "$텐서$",
        "https://x.org/텐서",
        "---\ntitle: 텐서\n---\n",
        "![텐서](a.png)",
    ],
)
def test_what_is_no_mention(text: str) -> None:
    assert spoken_of("텐서", f"앞 글\n\n{text}\n" if not text.startswith("---") else text) is None


@pytest.mark.parametrize(
    ("title", "text", "span"),
    [
        ("Chain Rule", "the chain rule is", "chain rule"),
        ("Chain Rule", "a Chain-Rule", "Chain-Rule"),
        ("Chain Rule", "chain\nrule", "chain\nrule"),
        ("Chain Rule", "chainrule", None),
        ("Chain Rule", "chain ruler", None),
        ("Autograd", "Autograd를 쓴다", "Autograd"),
        ("Autograd", "torch.autograd", None),
        ("Autograd", "autograd.grad", None),
        ("Autograd", "autograd_x", None),
        ("Autograd", "AUTOGRAD.", "AUTOGRAD"),
        ("GPU", "GPU가속", None),
        ("C++", "C++로 쓴", None),
        ("CUDA C", "CUDA C++", None),
        ("torch.compile", "torch.compile은", "torch.compile"),
        ("torch.compile", "torch compile", None),
        ("자동 미분", "자동 미분으로", "자동 미분"),
        ("자동 미분", "자동미분으로", None),
        ("PyTorch 기초", "PyTorch 기초를", "PyTorch 기초"),
        ("no_grad", "no_grad 블록", "no_grad"),
        ("나", "나는 간다", None),
        ("is", "it is", None),
        ("2026", "2026년", None),
        ("!!!", "!!!", None),
        ("", "x", None),
    ],
)  # fmt: skip
def test_names(title: str, text: str, span: str | None) -> None:
    assert spoken_of(title, text) == span


def test_aliases_longest_names_and_order() -> None:
    index = vault(
        a="---\ntitle: 역전파\naliases: [Backpropagation]\n---\n",
        b="---\ntitle: 역전파 알고리즘\n---\n",
        c="역전파 알고리즘은 길다.",
        d="Backpropagation은 역전파를 뜻한다. 역전파!",
        e="역전파를 [[역전파]]로 잇는다.",
        f="역전파만.",
    )
    assert found(index) == {
        "b.md": [("c.md", "역전파 알고리즘", 1)],
        "a.md": [("d.md", "Backpropagation", 3), ("f.md", "역전파", 1)],
    }


def test_shared_names_and_pages_that_stand_aside() -> None:
    index = vault(
        a="---\ntitle: 하나\naliases: [같은 이름]\n---\n",
        b="---\ntitle: 둘둘\naliases: [같은 이름]\n---\n",
        c="---\ntitle: 옛날 하나\nduplicate_of: '[[하나]]'\n---\n하나를 말한다.",
        d="같은 이름과 옛날 하나.",
    )
    assert found(index) == {"a.md": [("d.md", "옛날 하나", 1)]}


def test_common_names_say_nothing() -> None:
    texts = {f"p{n}": "모두가 데이터를 말한다." for n in range(20)}
    assert found(vault(t="---\ntitle: 데이터\n---\n", **texts)) == {}
    few = dict(list(texts.items())[:10])
    assert len(found(vault(t="---\ntitle: 데이터\n---\n", **few))["t.md"]) == 10


@given(
    st.text(alphabet="텐서를 a.b[]`#\n$%<>_-\x00\ud800", max_size=80), st.text(alphabet="텐서 a.+_-[]\n", max_size=12)
)
def test_any_text(text: str, title: str) -> None:
    spoken_of(title, text)


@pytest.mark.parametrize("unit", ["텐서를 ", "a.", "[a", "텐서 텐서 ", "http", "체인 ", "[[텐서", "가"])
def test_linear_time(unit: str) -> None:
    names = {f"n{i}": f"---\ntitle: {'체인 ' * 7}끝{i}\n---\n" for i in range(8)}

    def work(n: int) -> Callable[[], object]:
        index = vault(t="---\ntitle: 텐서\n---\n", x=unit * n, **names)
        index.graph.backlinks  # noqa: B018
        return lambda: mentions(index, index.pages.values())

    assert_linear(work, 2000)


def test_on_the_site(tmp_path: Path) -> None:
    many = {f"topics/M{n}.md": topic(f"M{n}", f"앞 문장. {n}번째로 오토그래드를 말한다. 뒤.") for n in range(8)}
    make(
        tmp_path,
        {
            "topics/A.md": topic("Autograd", "본문", aliases="[오토그래드]"),
            "topics/L.md": topic("L", "[[Autograd]]"),
            **many,
        },
    )
    from kbtools.config.project import find_project

    site = build(find_project(tmp_path), strict=True)
    assert broken_links(site) == []
    page = read(site / "topics/A/index.html")
    assert "링크 없이 언급한 문서 8" in page.text
    assert "3번째로 오토그래드를 말한다." in page.text
    assert "앞 문장." not in page.text
    assert page.text.index("이 문서를 가리키는 문서") < page.text.index("링크 없이 언급한")
    assert "3개 더 보기" in page.text

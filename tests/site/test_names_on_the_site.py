# ruff: noqa: E501
"""Other names of pages as addresses, pages that redirect, names of several pages, names of none."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from in_browser import served
from small_site import CONFIG, broken_links, make, read, topic

from kbtools.config.project import find_project
from kbtools.site.build import build
from kbtools.site.data.model import load
from kbtools.site.files.redirects import is_fit, plan


def refresh(file: Path) -> str | None:
    m = re.search(r'http-equiv="refresh" content="0; url=([^"]*)"', file.read_text(encoding="utf-8"))
    return m[1] if m else None


def test_other_names_lead_to_the_page(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "topics/Autograd.md": topic(
                "Autograd", "본문", aliases="[자동 미분, 오토그래드, Tensor, autograd, 자동 미분 엔진]", id="wiki-2026-0001-autograd",
                redirect_from="[old/Grad.md, topics/Auto]",
            ),
            "topics/Tensor.md": topic("Tensor", "본문", aliases="[자동 미분]"),
            "topics/Copy.md": topic("Copy", "자신의 글", duplicate_of='"[[Autograd]]"', aliases="[사본]"),
        },
    )  # fmt: skip
    site = build(find_project(tmp_path), strict=True)
    assert refresh(site / "topics/오토그래드/index.html") == "../Autograd/"
    assert refresh(site / "id/wiki-2026-0001-autograd/index.html") == "../../topics/Autograd/"
    assert refresh(site / "old/Grad/index.html") == "../../topics/Autograd/"
    assert refresh(site / "topics/Auto/index.html") == "../Autograd/"
    assert refresh(site / "topics/자동-미분-엔진/index.html") == "../Autograd/"  # the file of a page of that title
    assert refresh(site / "topics/사본/index.html") == "../Autograd/"  # where the way ends
    choice = read(site / "topics/자동 미분/index.html")
    assert [a["href"] for a in choice.all("a")] == ["../Autograd/", "../Tensor/"]
    assert "본문" in read(site / "topics/Tensor/index.html").text  # never in a real page's place
    assert "본문" in read(site / "topics/Autograd/index.html").text
    assert not (site / "topics/autograd").exists()  # one file with the real one on many disks
    page = (site / "topics/오토그래드/index.html").read_text(encoding="utf-8")
    assert '<link rel="canonical" href="../Autograd/">' in page
    assert "<script" not in page
    assert "noindex" in page
    assert broken_links(site) == []


def test_absolute_where_the_site_has_an_address(tmp_path: Path) -> None:
    config = f"{CONFIG}site_url: https://example.org/wiki/\n"
    pages = {
        "topics/A.md": topic("A", "글", aliases="[에이]"),
        "topics/B.md": topic("B", "자신의 글", duplicate_of='"[[A]]"'),
        "topics/C.md": topic("C", "→ [[A]]", redirect_to="A"),
    }
    make(tmp_path, pages, config)
    site = build(find_project(tmp_path), strict=True)
    canonical = '<link rel="canonical" href="https://example.org/wiki/topics/A/">'
    for name in ("에이", "B", "A", "C"):
        html = (site / "topics" / name / "index.html").read_text(encoding="utf-8")
        assert html.count('rel="canonical"') == 1, name
        assert canonical in html, name
    assert "자신의 글" in read(site / "topics/B/index.html").text
    assert refresh(site / "topics/B/index.html") is None
    assert refresh(site / "topics/C/index.html") == "../A/"


def test_pages_as_files(tmp_path: Path) -> None:
    make(
        tmp_path, {"topics/A.md": topic("A", "글", aliases="[에이]", id="x-1")}, f"{CONFIG}use_directory_urls: false\n"
    )
    site = build(find_project(tmp_path), strict=True)
    assert refresh(site / "topics/에이.html") == "A.html"
    assert refresh(site / "id/x-1.html") == "../topics/A.html"


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/../b", "/x", "a//b", ".hidden", "a.", " a", "a ", "a\\b", "C:x", "a<b>", 'a"b', "a|b", "a?b", "a*b",
     "con", "NUL.txt", "a\x00b", "a\nb", "\ud800", "가" * 100, "a/.git/b"],
)  # fmt: skip
def test_names_that_are_no_addresses(name: str) -> None:
    assert not is_fit(name)


def test_nothing_is_written_elsewhere_or_over_anything(tmp_path: Path) -> None:
    names = [
        "../../up",
        "..",
        "/etc/x",
        "index",
        "assets",
        "assets/kb.css",
        "404",
        "search",
        "Page",
        "page",
        "<b>",
        "sitemap.xml",
        "data.csv",
    ]
    listed = ", ".join(f"'{n}'" for n in names)
    make(
        tmp_path,
        {
            "Page.md": topic("Page", "글", aliases=f"[{listed}]", redirect_from=f"[{listed}]", id="'../../x'"),
            "data.csv": "a",
        },
    )
    before = {p.name for p in tmp_path.parent.iterdir()}
    site = build(find_project(tmp_path), strict=True)
    assert {p.name for p in tmp_path.parent.iterdir()} == before
    assert refresh(site / "index.html") is None
    assert refresh(site / "404.html") is None
    assert refresh(site / "Page/index.html") is None
    assert (site / "data.csv").read_text() == "a"
    assert (site / "assets" / "kb.css").is_file()
    assert refresh(site / "404/index.html") == "../Page/"


def test_taken_names_of_other_case(tmp_path: Path) -> None:
    make(
        tmp_path,
        {"A.md": topic("A", "x", aliases="[Readme, 'Straße', STRASSE]"), "B.md": topic("B", "x", aliases="[readme]")},
    )
    wiki = load(find_project(tmp_path))
    found = plan(wiki, ["index.html", "README/index.html"])
    assert list(found.values()) == [("A.md",)]
    assert plan(wiki, ["STRASSE"]).keys() == {"Readme/index.html"}
    assert plan(wiki, [])["Readme/index.html"] == ("A.md", "B.md")


def test_names_of_several_pages_and_of_none(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "a/Same.md": topic("하나", "첫째 글입니다.", aliases="[공통]"),
            "b/Same.md": topic("둘", "둘째 글입니다.", aliases="[공통]"),
            "topics/X.md": topic("X", "[[Same]] [[same|라벨]] [[공통]] [[없는 것]] [[또 없는 것]] [[그림.png]]"),
            "topics/Y.md": topic("Y", "[[없는_것]]"),
        },
    )
    site = build(find_project(tmp_path), strict=True)
    assert broken_links(site) == []
    page = read(site / "topics/X/index.html")
    assert [a["href"] for a in page.all("a", "kb-ambiguous")] == [
        "../../ambiguous/#name-same", "../../ambiguous/#name-same", "../../ambiguous/#name-공통"
    ]  # fmt: skip
    choices = read(site / "ambiguous/index.html")
    assert {"../a/Same/", "../b/Same/"} <= {a.get("href", "") for a in choices.all("a")}
    assert "첫째 글입니다." in choices.text
    asked = {a["href"]: a["title"] for a in page.all("a", "kb-missing")}
    assert asked == {
        "../../wanted/#wanted-없는-것": "‘없는 것’ 문서가 아직 없습니다. 찾는 문서: X, Y",
        "../../wanted/#wanted-또-없는-것": "‘또 없는 것’ 문서가 아직 없습니다. 찾는 문서: X",
    }
    assert [s["title"] for s in page.all("span", "kb-missing")] == ["‘그림.png’ 파일이 없습니다"]
    listed = read(site / "wanted/index.html")
    assert {f"#{e['id']}" for tag, e in listed.elements if tag == "b" and "id" in e} == {
        href.removeprefix("../../wanted/") for href in asked
    }
    wanted = read(site / "wanted/index.html").text.partition("아직 없는 문서")[2]
    assert "2편" in wanted
    assert wanted.index("없는 것") < wanted.index("또 없는 것")
    assert "그림.png" not in wanted


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_readers_without_scripts_arrive(browser: Any, tmp_path: Path) -> None:
    make(tmp_path, {"topics/A.md": topic("A", "다 왔습니다.", aliases="[에이]")})
    with served(build(find_project(tmp_path))) as base:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{base}topics/{quote('에이')}/")
        page.wait_for_url("**/topics/A/")
        assert "다 왔습니다." in page.content()
        context.close()


def test_number_signs_in_names_are_shown_as_they_are(tmp_path: Path) -> None:
    """[[C# 기초]] is one name where a page is called so; a number sign before a blank is no sign of a section."""
    body = "[[C# 기초]]의 [[C# 기초#첫 절]], [[C#]]와 [[A#첫 절]].\n\n## [[C# 기초]]에서\n\n글\n"
    pages = {
        "topics/C# 기초.md": topic("C# 기초", "## 첫 절\n\n글\n"),
        "topics/C#.md": topic("C#", "글"),
        "topics/A.md": topic("A", body + "\n## 첫 절\n\n[[#[[C# 기초]]에서]]\n"),
    }
    project = make(tmp_path, pages)
    build(project)
    site = project.root / "site/topics"
    page = (site / "A/index.html").read_text(encoding="utf-8")
    labels = re.findall(r'<a class="kb-link[^"]*" href="[^"]*">([^<]*)</a>', page)
    assert labels[:4] == ["C# 기초", "C# 기초 › 첫 절", "C#", "A › 첫 절"]
    (anchor,) = [h.id for h in load(project).index.pages["topics/A.md"].headings if "에서" in h.text]
    assert f'id="{anchor}"' in page
    backlinks = (site / "C# 기초/index.html").read_text(encoding="utf-8").partition("이 문서를 가리키는")[2]
    assert "C# 기초의 C# 기초 › 첫 절, C#와 A › 첫 절." in backlinks
    assert "[C# 기초](" in next(site.glob("A*/**/*.md"), site / "A.md").read_text(encoding="utf-8")

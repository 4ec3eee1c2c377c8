# ruff: noqa: E501
"""``![[…]]`` on the site: pages, sections and blocks as they are at home, within other pages."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import small_site
from in_browser import SIZES, tab
from small_site import Document, broken_links, make, read, store, topic

from kbtools.config.project import Project
from kbtools.site.build import build

TARGET = """앞 문단. [표](../data/table.csv)와 [[#둘째]]와 [글](Other.md).

## 첫째

첫째의 글 **굵게** [[Other|다른]] [[#둘째|아래]]. 각주[^1].

```python {#shown}
print(1 + 1)
```

### 첫째의 안

- 항목 하나
- 항목 둘 ^item

![그림](../img/a.png)

## 둘째

둘째의 글. ^para

| a | b |
|---|---|
| 1 | 2 |

=== "탭 하나"
    하나

=== "탭 둘"
    둘

> 인용문입니다.

^quote

[^1]: 각주의 글.
"""


def vault(root: Path, **pages: str) -> Project:
    given = {f"{name.replace('__', '/')}.md": text for name, text in pages.items()}
    project = make(
        root,
        {
            "topics/Target.md": topic("Target", TARGET),
            "topics/Other.md": topic("Other", "다른 글."),
            "data/table.csv": "a",
            "img/a.png": "png",
            **given,
        },
    )
    store(project, shown={"stdout": "2\n"})
    return project


def html(root: Path, path: str) -> str:
    text = (root / "site" / path / "index.html").read_text(encoding="utf-8")
    return text.partition("<article")[2].partition("</article>")[0]


def frames(text: str) -> list[str]:
    return re.findall(r'<section class="kb-embed".*?</section>', text, re.DOTALL)


def no_id_twice(document: Document) -> None:
    ids = [a["id"] for _, a in document.elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_a_page_a_section_and_a_block(tmp_path: Path) -> None:
    body = "## 위\n\n![[Target]]\n\n### 더\n\n앞 ![[Target#첫째]] 뒤\n\n- ![[Target#^item]]\n\n| 표 |\n|---|\n| ![[Target#^para]] |\n\n![[Target#^quote]]\n"
    vault(tmp_path, a__deep__Page=topic("Page", body))
    site = build(small_site.find_project(tmp_path), strict=True)
    assert broken_links(site) == []
    page = read(site / "a/deep/Page/index.html")
    no_id_twice(page)
    whole, section, item, para, quote = frames(html(tmp_path, "a/deep/Page"))
    there = "../../../topics/Target/"
    assert f'<a class="kb-link" href="{there}">Target</a>' in whole
    assert "<h1" not in whole  # the frame says its name
    assert "앞 문단." in whole
    assert '<h3 id="kb-embed-1-첫째">첫째</h3>' in whole  # below the heading it stands under
    assert '<h4 id="kb-embed-1-첫째의-안">' in whole
    assert f'href="{there}#첫째">Target › 첫째</a>' in section
    assert '<h4 id="kb-embed-2-첫째의-안">' in section
    assert "둘째의 글" not in section
    assert f'href="{there}#둘째"' in section  # a place that is not in this part
    assert 'href="#kb-embed-1-둘째"' in whole
    assert '<li id="kb-embed-3-block-item">항목 둘</li></ul>' in item
    assert "항목 하나" not in item
    assert '<p id="kb-embed-4-block-para">둘째의 글.</p>' in para
    assert "인용문입니다." in quote
    for part in (whole, section):
        assert 'src="../../../img/a.png"' in part
        assert '<a class="kb-link" href="../../../topics/Other/">다른</a>' in part
        assert "<samp>2</samp>" in part  # what it printed, run once, on its own page
        assert "headerlink" not in part
    assert 'href="../../../data/table.csv"' in whole
    assert 'for="kb-embed-1-__tabbed_1_1"' in whole
    assert "앞 </p>" in html(tmp_path, "a/deep/Page")
    assert "<p> 뒤</p>" in html(tmp_path, "a/deep/Page").replace("<p>뒤", "<p> 뒤")
    toc = (site / "a/deep/Page/index.html").read_text(encoding="utf-8").partition("<article")[0]
    assert "#kb-embed" not in toc
    assert "위" in toc


def test_a_page_may_show_its_own_section(tmp_path: Path) -> None:
    vault(tmp_path, A=topic("A", "![[#아래]]\n\n## 아래\n\n여기."))
    build(small_site.find_project(tmp_path), strict=True)
    (frame,) = frames(html(tmp_path, "A"))
    assert "여기." in frame


def test_circles_end(tmp_path: Path) -> None:
    pages = {
        "A": topic("A", "에이\n\n![[B]]"),
        "B": topic("B", "비\n\n![[A]]"),
        "Self": topic("Self", "![[Self]]"),
        "Ring": topic("Ring", "## 고리\n\n![[#고리]]\n"),
    }
    vault(tmp_path, **pages)
    build(small_site.find_project(tmp_path), strict=True)
    text = html(tmp_path, "A")
    assert text.count("비</p>") == 1
    assert text.count("에이</p>") == 1
    assert text.count("이미 들어 있어") == 1
    assert html(tmp_path, "Self").count("이미 들어 있어") == 1
    assert html(tmp_path, "Ring").count("이미 들어 있어") == 1


def test_a_tower_of_embeds_is_cut(tmp_path: Path) -> None:
    """Each page shows the next one twice: without limits the first would be a thousand times as long as the last."""
    deep = {f"p{n}": topic(f"P{n}", f"층 {n}\n\n![[P{n + 1}]]\n\n![[P{n + 1}]]") for n in range(10)}
    wide = {"wide": topic("Wide", "![[P9]]\n\n" * 150), "p10": topic("P10", "끝")}
    vault(tmp_path, **deep, **wide)
    build(small_site.find_project(tmp_path), strict=True)
    text = html(tmp_path, "p0")
    assert "층 4" in text
    assert "층 5" not in text
    assert text.count("너무 많거나 깊어") == 32
    assert html(tmp_path, "wide").count('<div class="kb-embed-body">') == 100


def test_where_a_block_cannot_stand_there_is_a_link(tmp_path: Path) -> None:
    body = "## ![[Target]]\n\n**![[Target]]** ![[Target#없음]] ![[없음]] ![[a.png|100]] ![[a.png|100x145]] ![[Target|이름]]\n"
    vault(tmp_path, A=topic("A", body))
    build(small_site.find_project(tmp_path), strict=True)
    text = html(tmp_path, "A")
    assert len(frames(text)) == 1
    assert 'href="topics/Target/">이름</a>' in frames(text)[0].replace("../", "")
    assert "<h2" in text
    assert "kb-embed-at" not in text.replace('<div class="kb-embed-at">', "")
    document = read(tmp_path / "site" / "A" / "index.html")
    assert len(document.all("a", "kb-embed")) == 3
    assert document.all("a", "kb-lost-anchor")
    assert document.all("a", "kb-missing")
    assert [(i["width"], i.get("height")) for i in document.all("img", "kb-image")] == [("100", None), ("100", "145")]


def test_embeds_are_not_found_twice_by_search(tmp_path: Path) -> None:
    vault(tmp_path, A=topic("A", "![[Target]]"))
    build(small_site.find_project(tmp_path), strict=True)
    index = json.loads((tmp_path / "site" / "search" / "search_index.json").read_text(encoding="utf-8"))
    assert sum("둘째의 글" in entry["text"] for entry in index["docs"]) == 1


def test_without_plugins_as_well(tmp_path: Path) -> None:
    """Builders that only run Markdown extensions get the same from the extension alone."""
    import markdown

    vault(tmp_path, A=topic("A", "![[Target#둘째]]"))
    text = (tmp_path / "docs" / "A.md").read_text(encoding="utf-8").partition("---\n\n")[2]
    out = markdown.markdown(
        text, extensions=["toc", "kbtools"], extension_configs={"kbtools": {"root": str(tmp_path), "path": "A.md"}}
    )
    (frame,) = frames(out)
    assert "둘째의 글." in frame
    assert "각주의 글" not in frame  # nothing in this part refers to it
    assert '<div class="tabbed-set' in frame  # as mkdocs.yml has it
    assert 'href="topics/Target.md#둘째"' in frame  # a path from the page's source, which builders make an address


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize(("size", "scheme"), [("screen", "light"), ("phone", "dark")])
def test_tabs_and_widths_in_a_browser(browser: object, tmp_path: Path, size: str, scheme: str) -> None:
    from in_browser import served

    vault(tmp_path, A=topic("A", "![[Target#둘째]]\n\n![[Target#둘째]]\n\n![[Target]]"))
    with (
        served(build(small_site.find_project(tmp_path), strict=True)) as base,
        tab(browser, base, "A/", size, scheme) as page,
    ):
        second = page.locator(".kb-embed").nth(1)
        second.locator("label", has_text="탭 둘").click()
        assert second.locator(".tabbed-block").nth(1).is_visible()
        assert page.locator(".kb-embed").nth(0).locator(".tabbed-block").nth(0).is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
        if folder := os.environ.get("KB_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/embed-{size}.png", full_page=True)

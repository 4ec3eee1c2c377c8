# ruff: noqa: E501
"""What Obsidian's Markdown has beyond links, on the site: callouts, formulas, highlights."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import markdown
import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from growth import assert_linear
from in_browser import SIZES, served, tab
from small_site import CONFIG, make, store, topic

from kbtools.markdown.scanner import scan
from kbtools.site.build import build
from kbtools.site.markdown.callouts import KINDS, title_of
from kbtools.site.words import words_of

CALLOUTS = """> [!note] 알림의 **제목** [[Two|둘]]과 `코드`
> - 하나
> - 둘
>
> ```python {#inside}
> print(1)
> ```

> [!warning]- 접힌 것
> 안의 글 ==표시==.
>
> > [!tip]+ 안쪽
> > 더 안쪽의 글
> >
> > > [!example]
> > > 가장 안쪽

> [!CAUTION]

> 그냥 인용

> [!나만의-것] 새 종류
> 글
"""
MATH = r"""
오차는 $\sum_{i=1}^{n} (y_i - \hat y_i)^2$ 입니다.

$$
\begin{aligned}
\frac{\partial L}{\partial W} &= \mathbb{E}_{x \sim p}\left[\nabla_W \ell(x)\right] \\
\mathrm{softmax}(x)_i &= \frac{e^{x_i}}{\sum_j e^{x_j}} + a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s
\end{aligned}
$$

틀린 것은 $\frac{a$ 그대로, $\href{javascript:alert(1)}{x}$ 도 그대로 보입니다.
"""


def render(text: str, *extensions: str) -> str:
    configs = {"kbtools": {"root": str(Path(__file__).parents[2]), "path": "x.md"}}
    return markdown.markdown(text, extensions=[*extensions, "kbtools"], extension_configs=configs)


def test_callouts() -> None:
    html = render(CALLOUTS, "pymdownx.superfences")
    assert (
        '<div class="admonition note">\n<p class="admonition-title">알림의 <strong>제목</strong> <span class="kb-link'
        in html
    )
    assert "<li>하나</li>" in html
    assert '<details class="warning">\n<summary>접힌 것</summary>' in html
    assert "<mark>표시</mark>" in html
    assert '<details class="tip" open="open">\n<summary>안쪽</summary>' in html
    assert '<div class="admonition example">\n<p class="admonition-title">예시</p>\n<p>가장 안쪽</p>' in html
    assert '<div class="admonition warning caution">\n<p class="admonition-title">주의</p>' in html.replace(
        '<div class="admonition warning">', '<div class="admonition warning caution">'
    )
    assert "<blockquote>\n<p>그냥 인용</p>\n</blockquote>" in html
    assert "새 종류" in html
    assert "[!" not in html


@pytest.mark.parametrize("written", [*KINDS, "Note", "WARNING", "mine"])
@pytest.mark.parametrize("fold", ["", "+", "-"])
def test_every_kind(written: str, fold: str) -> None:
    kind, name = KINDS.get(written.lower(), "note"), title_of(written.lower(), words_of("ko")) or written
    html = render(f"> [!{written}]{fold}\n> 글")
    assert re.search(rf'class="(?:admonition )?{kind}\b', html)
    assert f">{name}</" in html
    assert ("<details" in html) == bool(fold)
    assert ("open=" in html) == (fold == "+")
    assert "<p>글</p>" in html


@pytest.mark.parametrize(
    "quote", ["> [!] x", "> [!note]x", "> a\n> [!note] x", "> [ !note] x", "> !note", "> [!note x", "[!note] x"]
)
def test_what_is_no_callout(quote: str) -> None:
    assert "admonition" not in render(quote)


def test_the_scanner_sees_what_the_site_shows() -> None:
    text = "> [!note] [[제목]]\n>     [[코드]]\n>\n> ## 소제목 [[링크]]\n> ```python\n> x = 1\n> ```\n"
    found = scan(text)
    assert text[found.opaque[0].start : found.opaque[0].end].strip() == "[[코드]]"
    assert [h.text for h in found.headings] == ["소제목 링크"]
    assert len(found.fences) == 1
    html = render(text, "pymdownx.superfences")
    assert "<code>[[코드]]" in html
    assert "<h2" in html


def test_many_callouts_take_linear_time() -> None:
    for unit in ("> [!note]\n", "> [!note] x\n> y\n\n", "==x", "== ", "==x=="):

        def work(n: int, unit: str = unit) -> Callable[[], str]:
            return lambda: render(unit * n)

        assert_linear(work, 200)


@pytest.fixture(scope="module")
def obsidian_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("obsidian")
    config = CONFIG.replace("theme:\n  name: material", "theme:\n  name: material\n  palette: {scheme: default}")
    pages = {
        "topics/One.md": topic("One", CALLOUTS),
        "topics/Two.md": topic("Two", MATH),
        "topics/Three.md": topic("Three", "값은 $5와 $6입니다."),
    }
    project = make(root, pages, config)
    store(project, inside={"stdout": "1\n"})
    return build(project, strict=True)


def test_code_in_a_callout_is_run(obsidian_site: Path) -> None:
    html = (obsidian_site / "topics" / "One" / "index.html").read_text(encoding="utf-8")
    assert html.count("<samp>1</samp>") == 1
    assert "katex" not in html


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize(("size", "scheme"), [("screen", "light"), ("phone", "dark")])
def test_in_a_browser(browser: Any, obsidian_site: Path, size: str, scheme: str) -> None:
    with served(obsidian_site) as base:
        with tab(browser, base, "topics/Two/", size, scheme) as page:
            page.locator(".katex").first.wait_for()
            assert page.locator(".arithmatex .katex").count() == 3
            assert page.locator(".katex-display").count() == 1
            assert page.locator(".katex a").count() == 0
            assert page.locator(".katex math").count() >= 3  # for screen readers
            assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px KaTeX_Main'))")
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
            shot(page, f"math-{size}")
        with tab(browser, base, "topics/One/", size, scheme) as page:
            folded = page.locator("details.warning")
            assert not folded.evaluate("e => e.open")
            folded.locator("summary").first.click()
            assert page.get_by_text("더 안쪽의 글").is_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
            shot(page, f"callouts-{size}")


def shot(page: Any, name: str) -> None:
    if folder := os.environ.get("KB_SCREENSHOTS"):
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=f"{folder}/{name}.png")


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_formulas_from_disk(browser: Any, tmp_path: Path) -> None:
    project = make(tmp_path, {"topics/Two.md": topic("Two", MATH)}, f"{CONFIG}use_directory_urls: false\n")
    folder = build(project)
    context = browser.new_context()
    page = context.new_page()
    wrong: list[str] = []
    page.on("request", lambda r: None if r.url.startswith("file:") else wrong.append(r.url))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto((folder / "topics" / "Two.html").as_uri())
    page.locator(".katex").first.wait_for()
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px KaTeX_Main'))")
    assert wrong == []
    context.close()

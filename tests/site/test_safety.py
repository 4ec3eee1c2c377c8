# ruff: noqa: E501
"""Nothing that stands in a page runs in its reader's browser, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
import sys
import time
import xml.etree.ElementTree as etree
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown import Markdown
from markdown.blockprocessors import BlockProcessor
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor

sys.path.insert(0, str(Path(__file__).parent))

import hostile
import small_site
from in_browser import at_rest, served
from small_site import make, read, topic

from kbtools.errors import KbError
from kbtools.site.build import build
from kbtools.site.html.contents import sanitize_contents
from kbtools.site.html.sanitize import removed, sanitize
from kbtools.text.svg import is_remote

# Everything that a browser would run, once it has made a page of the text.
LEFT = """() => {
  const found = []
  for (const e of document.querySelectorAll("*")) {
    for (const a of e.attributes) {
      if (a.name.startsWith("on")) found.push(`${e.tagName} ${a.name}`)
      if (/^(href|src|action|formaction|data|xlink:href|poster|srcset)$/.test(a.name)
          && /^[\\s\\x00-\\x20]*(javascript|vbscript|data:text)/i.test(a.value)) found.push(`${e.tagName} ${a.value}`)
    }
  }
  for (const e of document.querySelectorAll(".md-content :is(script, iframe, object, embed, style, link, meta, base, form)"))
    if (!e.closest(".mermaid")) found.push(e.outerHTML)
  for (const e of document.querySelectorAll("[data-clipboard-text], [data-clipboard-target]"))
    if (!e.closest(".md-code__nav")) found.push(e.outerHTML)
  for (const e of document.querySelectorAll("[class*=kb-], [data-kb-path]"))
    if (e.textContent.includes("forged") && !e.closest(".kb-infobox, .kb-backlinks") && e.children.length < 3) found.push(e.outerHTML)
  if (document.querySelector("a[href*=overlay]"))
    for (const e of document.querySelectorAll(".md-content :is(p, h1, h2), .md-nav__link, .md-header__title")) {
      if (!e.checkVisibility() || e.querySelector("[href*=overlay]")) continue
      e.scrollIntoView({ block: "center" })
      const r = e.getBoundingClientRect()
      const over = document.elementFromPoint(r.left + Math.min(9, r.width / 2), r.top + r.height / 2)
      if (over?.closest("[href*=overlay]")) found.push(`a link lies over ${e.outerHTML.slice(0, 80)}`)
    }
  if (document.querySelector(".md-content [data-md-component=search], .md-content #__config, .md-content .md-overlay"))
    found.push("parts of the theme")
  return found
}"""


@pytest.fixture(scope="module", params=[", csp: false", ""], ids=["without a policy", "with a policy"])
def hostile_site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    project = hostile.make(tmp_path_factory.mktemp("hostile"), request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_MKDOCS_2_WARNING", "1")
        patch.setattr("kbtools.site.mkdocs_plugin.obstacles", lambda *_: [])
        patch.setattr("kbtools.site.build.obstacles", lambda *_: [])
        return build(project), not request.param


def is_redirect(file: Path) -> bool:
    return file.read_bytes().startswith(b"<!doctype html><!-- a redirect of kb -->")


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_nothing_fires(browser: Any, hostile_site: Any) -> None:
    folder, has_policy = hostile_site
    files = sorted(folder.rglob("*.html"))
    for file in filter(is_redirect, files):
        tags = {tag for tag, _ in read(file).elements}
        assert tags <= {"html", "head", "meta", "title", "link", "body", "p", "a", "h1", "ul", "li"}
        assert not any("script:" in value for _, a in read(file).elements for value in a.values())
    paths = [f.relative_to(folder).as_posix() for f in files if not is_redirect(f)]
    assert len(paths) > 25
    with served(folder) as base:
        context = browser.new_context(locale="ko-KR")
        page = context.new_page()
        wrong: list[str] = []
        page.on("dialog", lambda d: (wrong.append(f"{page.url}: dialog {d.message}"), d.dismiss()))
        own = (base, "data:", "blob:")

        def foreign(request: Any) -> bool:
            return not request.url.startswith(own)

        # What a diagram names elsewhere mermaid tries to load, and the policy refuses it; nothing else may even try.
        def tolerated(request: Any) -> bool:
            return "Diagram" in page.url and request.failure == "csp"

        page.on("response", lambda r: foreign(r) and wrong.append(f"{page.url}: asked {r.url}"))
        page.on("requestfailed", lambda r: foreign(r) and not tolerated(r) and wrong.append(f"{page.url}: {r.url}"))
        page.on(
            "console",
            lambda m: "Content Security" in m.text and "Diagram" not in page.url and wrong.append(m.text),
        )
        page.on("pageerror", lambda e: "Diagram" in page.url or wrong.append(f"{page.url}: {e}"))
        page.on("popup", lambda p: wrong.append(f"{page.url}: popup"))
        for path in paths:
            page.goto(base + quote(path), wait_until="load")
            if "Diagram" in path:
                page.locator("div.mermaid").nth(2).wait_for(state="attached")
                page.wait_for_timeout(1500)
            wrong += [f"{path}: {what}" for what in page.evaluate(LEFT)]
            has_diagram = "Diagram" in path or "/Html/" in path
            assert (page.locator("meta[http-equiv=Content-Security-Policy]").count() == 1) == (
                has_policy or has_diagram
            )
            for link in page.query_selector_all(".md-content a.kb-link")[:3]:
                link.hover(force=True)
        page.goto(base)
        page.locator("[data-kb-search], .md-search__input").first.click()
        for query in ("img", "script", "fired"):
            page.keyboard.type(query)
            page.wait_for_timeout(700)
            wrong += page.evaluate(LEFT)
            for _ in query:
                page.keyboard.press("Backspace")
        assert wrong == []
        context.close()


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_a_payload_would_be_seen(browser: Any, tmp_path: Path) -> None:
    """The same page without the sanitizer does fire: the test above can fail."""
    config = small_site.CONFIG.replace("  - kbtools\nmarkdown", "  - kbtools: {sanitize: false, csp: false}\nmarkdown")
    project = make(tmp_path, {"a.md": f"# A\n\n{hostile.IMG}\n"}, config)
    with served(build(project)) as base:
        context = browser.new_context()
        page = context.new_page()
        said: list[str] = []
        page.on("dialog", lambda d: (said.append(d.message), d.dismiss()))
        with page.expect_event("dialog"):
            page.goto(f"{base}a/", wait_until="commit")
        page.wait_for_load_state()
        assert said == ["fired"]
        assert page.evaluate(LEFT)
        context.close()


def test_what_authors_write_on_purpose_stays(tmp_path: Path) -> None:
    body = (
        '<div class="grid cards" markdown>\n\n- 하나\n\n</div>\n\n<details open><summary>접기</summary>안</details>\n\n'
        '<kbd>Ctrl</kbd> <sub>2</sub> <mark>표시</mark> <span style="color: red; position: fixed">빨강</span>\n\n'
        '<img src="a.png" alt="그림" width="20">\n\n<a href="https://example.org/" target="_blank" rel="noopener">밖</a>\n\n'
        '=== "탭"\n    하나\n\n- [ ] 할 일\n\n[버튼](https://example.org){ .md-button .md-button--primary }\n'
    )
    config = small_site.CONFIG.replace("  - kbtools\nmark", "  - kbtools\nmark").replace(
        "  - pymdownx.details\n", "  - pymdownx.details\n  - pymdownx.tasklist: {custom_checkbox: true}\n"
    )
    project = make(tmp_path, {"a.md": f"# A\n\n{body}", "a.png": "png"}, config)
    build(project)
    html = (tmp_path / "site" / "a" / "index.html").read_text(encoding="utf-8").partition("<article")[2]
    for part in (
        '<div class="grid cards">', "<details open=", "<kbd>Ctrl</kbd> <sub>2</sub> <mark>표시</mark>",
        '<span style="color:red">빨강</span>', '<img src="../a.png" alt="그림" width="20">', 'target="_blank" rel="noopener"',
        '<div class="tabbed-set tabbed-alternate" data-tabs="1:1">', 'name="__tabbed_1"', 'type="checkbox" disabled',
        'class="md-button md-button--primary"',
    ):  # fmt: skip
        assert part in html, part


def test_what_is_not_published_is_told(tmp_path: Path) -> None:
    project = make(tmp_path, {"a.md": "# A\n\n`<script>` <b>ok</b>\n", "b.md": "# B\n\n<iframe src='x'></iframe>\n"})
    with pytest.raises(KbError, match=r"b\.md:3: not published: <iframe>") as caught:
        build(project, strict=True)
    assert "1 warning" in str(caught.value)


def test_remote_pictures_are_links_unless_wanted(tmp_path: Path) -> None:
    body = "# A\n\n![그림](https://example.org/a.png) ![안](b.png) [![배지](https://example.org/b.svg)](https://example.org/)\n\n<img src='https://example.org/c.png' alt=다>\n"
    build(make(tmp_path, {"a.md": body, "b.png": "png"}), strict=True)
    document = read(tmp_path / "site" / "a" / "index.html")
    assert [i.get("src") for i in document.all("img") if i.get("alt")] == ["../b.png", None]
    assert [a["href"] for a in document.all("a", "kb-remote")] == ["https://example.org/a.png"]
    assert "배지" in document.text
    config = small_site.CONFIG.replace("  - kbtools\nmarkdown", "  - kbtools: {remote_images: true}\nmarkdown")
    build(make(tmp_path, {}, config), strict=True)
    shown = [i.get("src", "") for i in read(tmp_path / "site" / "a" / "index.html").all("img")]
    assert [s for s in shown if s.startswith("https")] == [
        f"https://example.org/{n}" for n in ("a.png", "b.svg", "c.png")
    ]


@pytest.mark.parametrize(
    ("address", "remote"),
    [
        ("a.png", False), ("../a b.png", False), ("/a.png", False), ("data:image/png;base64,x", False), ("#x", False),
        ("https://x/a", True), ("//x/a", True), ("/\\x/a", True), ("\\\\x", True), (" \thttp://x", True),
        ("/\t/x", True), ("ht\ntps://x", True), ("ftp://x", True),
    ],
)  # fmt: skip
def test_addresses_elsewhere(address: str, remote: bool) -> None:
    assert is_remote(address) == remote


MARKUP = st.lists(
    st.sampled_from(
        ["<", ">", "/", "=", '"', "'", " ", "img", "svg", "math", "mtext", "style", "script", "a", "onerror", "src", "href",
         "javascript:", "data:", "id", "__config", "data-md-x", "class", "md-x", "<!--", "-->", "&lt;", "&#x3c;", "x", "\n",
         "<table>", "<p>", "</p>", "<noscript>", "<template>", "<mglyph>", "title", "https://evil.invalid"]
    ),
    max_size=40,
)  # fmt: skip


@given(MARKUP)
def test_sanitized_html_is_at_rest_and_holds_nothing(parts: list[str]) -> None:
    out = sanitize("".join(parts))
    assert not [what for what, _ in removed(out, sanitize(out)) if what.startswith("<")]
    assert not re.search(r'<[a-z][^<>]* (?:id|name)="__config', out)
    again = sanitize(out)
    assert sanitize(again) == again


SCRIPT_IN_TEMPLATE = "document.documentElement.dataset.owner = 'ran'"


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_policy_lets_the_owner_s_scripts_run_and_no_author_s(browser: Any, tmp_path: Path) -> None:
    """Without the sanitizer, to see the policy alone."""
    config = small_site.CONFIG.replace("  - kbtools\nmarkdown", "  - kbtools: {sanitize: false}\nmarkdown").replace(
        "  font: false\n", "  font: false\n  custom_dir: over\n  features: [navigation.instant, content.code.copy]\n"
    )
    template = f"{{% extends 'base.html' %}}{{% block scripts %}}{{{{ super() }}}}<script>{SCRIPT_IN_TEMPLATE}</script>{{% endblock %}}"
    (tmp_path / "over").mkdir()
    (tmp_path / "over/main.html").write_text(template, encoding="utf-8")
    body = "# A\n\n<script>alert('fired')</script>\n\n<img src=x onerror=\"alert('fired')\"> <img src='https://evil.invalid/p'>\n"
    site = build(make(tmp_path, {"a.md": body, "deep/b.md": topic("B", "[[a]]\n\n```text\nx\n```")}, config))
    with served(site) as base:
        page = browser.new_page()
        said: list[str] = []
        page.on("dialog", lambda d: (said.append(d.message), d.dismiss()))
        page.on("response", lambda r: r.url.startswith(base) or said.append(r.url))
        wait = at_rest(page)
        page.goto(f"{base}a/")
        wait()
        assert page.evaluate("document.documentElement.dataset.owner") == "ran"
        refused: list[str] = []
        page.on("console", lambda m: refused.append(m.text) if "Content Security" in m.text else None)
        page.goto(f"{base}deep/b/")
        wait()
        page.locator("a.kb-link").click()  # instant navigation puts the other page into this one
        page.wait_for_url("**/a/")
        page.wait_for_timeout(300)
        assert said == []
        assert all("evil" in text or "inline" in text for text in refused)
        page.close()


def test_the_policy_names_what_the_owner_names(tmp_path: Path) -> None:
    config = (
        small_site.CONFIG.replace(
            "plugins:\n",
            """repo_url: https://github.com/a/b
extra_javascript: [https://scripts.example/math.js, js/own.js]
extra_css: [//styles.example/a.css]
plugins:
""",
        )
        .replace("  - kbtools\nmarkdown", "  - kbtools: {csp_hosts: ['https://added.example']}\nmarkdown")
        .replace("  font: false\n", "")
    )
    pages = {"js/own.js": 'fetch("https://data.example/x")', "a.md": "# A\n\n[x](https://author.example/)\n"}
    site = build(make(tmp_path, pages, config))
    (value,) = [m["content"] for t, m in read(site / "a/index.html").elements if t == "meta" and "http-equiv" in m]
    hosts = (
        "scripts.example",
        "styles.example",
        "added.example",
        "data.example",
        "api.github.com",
        "fonts.gstatic.com",
    )
    assert [host for host in hosts if f"https://{host}" not in value] == []
    assert "author.example" not in value
    assert "'unsafe-inline'" not in value.partition("script-src")[2].partition(";")[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<p align="center"><b>a</b></p>', None),
        ('<div align="center"><picture><source media="(x)" srcset="a.png"><img src="b.png" alt="b"></picture></div>', None),
        ('<center>a</center><dialog open="">b</dialog><br clear="all"><font color="red">c</font>', None),
        ('<span style="color:red;padding:2px 4px">a</span><div style="margin:1em auto;width:80%">b</div>', ""),
        ('<table border="1" cellpadding="4"><tbody><tr><td valign="top" bgcolor="#eee">a</td></tr></tbody></table>', None),
        ('<svg viewBox="0 0 9 9"><defs><linearGradient id="g"><stop offset="0" stop-color="red"></stop></linearGradient></defs>'
         '<rect fill="url(#g)" width="9" height="9"></rect></svg>', None),
        ('<a style="margin:-9px">a</a>', "<a>a</a>"),
        ('<span class="kb-badge x md-header" data-kb-x="1" data-other="2">a</span>', '<span class="x" data-other="2">a</span>'),
        ('<img src="a.png" srcset="https://evil.invalid/a.png 2x">', '<img src="a.png">'),
    ],
)  # fmt: skip
def test_harmless_html_stays_as_it_is(before: str, after: str | None) -> None:
    found = sanitize(before)
    assert found == (before if after is None else after or found)
    if not after:
        assert list(removed(before, found)) == []


def test_html_that_nests_too_deep_is_text() -> None:
    began = time.process_time()
    assert sanitize("<b><pre>" * 200_000).startswith("&lt;b&gt;&lt;pre&gt;")
    assert sanitize("<p>" * 3000 + "<li>x" * 3000).startswith("<p>")
    assert sanitize("<b>" * 900) == "<b>" * 900 + "</b>" * 900
    assert time.process_time() - began < 20


def test_what_plugins_put_into_the_tree_stays_and_what_authors_write_goes() -> None:
    class Player(InlineProcessor):
        def handleMatch(self, m: Any, data: str) -> Any:  # type: ignore[override]
            return etree.Element("iframe", {"src": "https://player.example/1", "onload": "x()"}), m.start(0), m.end(0)

    class Shelf(BlockProcessor):
        def test(self, parent: Any, block: str) -> bool:
            return block == "SHELF"

        def run(self, parent: Any, blocks: list[str]) -> None:
            blocks.pop(0)
            etree.SubElement(parent, "div").text = self.parser.md.htmlStash.store("<form class='md-form'>plugin</form>")

    class Theirs(Extension):
        def extendMarkdown(self, md: Markdown) -> None:
            md.inlinePatterns.register(Player("PLAYER", md), "player", 200)
            md.parser.blockprocessors.register(Shelf(md.parser), "shelf", 200)

    text = (
        "PLAYER <iframes src=x></iframes>\n\nSHELF\n\n/// html | object\n///\n\n<form class='md-form'>author</form>\n"
    )
    for order in (["kbtools", Theirs()], [Theirs(), "kbtools"]):
        out = Markdown(extensions=[*order, "pymdownx.blocks.html"]).convert(text)  # type: ignore[list-item]
        assert (
            '<iframe onload="x()" src="https://player.example/1"></iframe>' in out
            or '<iframe src="https://player.example/1" onload="x()"></iframe>' in out
        )
        assert "<form class='md-form'>plugin</form>" in out
        assert "author" in out
        assert out.count("<form") == 1
        assert "<object" not in out
    written = Markdown(extensions=[Theirs(), "kbtools"]).convert("PLAYER <iframe src=y>\n")
    assert "<iframe" not in written  # where an author writes one, none is taken for a plugin's


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('<code class="doc-symbol doc-symbol-toc"></code>\xa0a &lt; "b"', '<code class="doc-symbol doc-symbol-toc"></code>\xa0a &lt; &quot;b&quot;'),
        ("&lt;code&gt;x&lt;/code&gt;", "&lt;code&gt;x&lt;/code&gt;"),
        ("<code>open", "&lt;code&gt;open"),
        ('<span class="a onload=x">b</span>', "&lt;span class=&quot;a onload=x&quot;&gt;b&lt;/span&gt;"),
        ('<span class="md-toggle">b</span>', '<span class="">b</span>'),
        ('<span title="x">b</span>', "&lt;span title=&quot;x&quot;&gt;b&lt;/span&gt;"),
        ("<script>b</script>", "&lt;script&gt;b&lt;/script&gt;"),
    ],
)  # fmt: skip
def test_symbols_in_the_contents_are_kept_and_all_else_is_text(name: str, shown: str) -> None:
    tokens: list[Any] = [{"name": "x", "id": "x", "children": [{"name": name, "id": "y"}]}]
    sanitize_contents(tokens)
    assert tokens[0]["children"][0]["name"] == shown

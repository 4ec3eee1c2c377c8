"""What a site holds for programs: Markdown beside pages, llms.txt, a feed, JSON-LD, JSON files."""

from __future__ import annotations

import html
import json
import re
import uuid
import xml.etree.ElementTree as etree
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_site import CONFIG, make, read, store, topic

from kbtools.frontmatter import parse
from kbtools.site.build import build
from kbtools.site.files.feed import atom
from kbtools.site.files.linked_data import linked_data, script
from kbtools.site.files.page_markdown import page_markdown
from kbtools.site.html.urls import Site, markdown_of, relative_url
from kbtools.vault.page import Page

NASTY = '</script><script>alert(1)</script> <!-- & ]]> "x" y'
ATOM = "{http://www.w3.org/2005/Atom}"
WITH_URL = CONFIG + "site_url: https://wiki.example.org/kb\nsite_description: 설명 <b>\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pages = {
        "topics/텐서 연산.md": topic(
            "텐서 연산",
            "첫 **문단**. [[Autograd|미분]]과 [[없는 것]], ![[그림.png]], [[자동#아래]]. %%쉿%%\n\n<!-- 비밀 -->\n\n"
            "```python {#one}\nprint('[[코드]]')\n```\n",
            last_reinforced="2026-05-01",
            tags="[t, 'a & b']",
            secret="'안 보임'",
            id="wiki-1",
        ),
        "topics/Autograd.md": topic(f"'{NASTY}'", "본문.", last_reinforced="2026-06-01", aliases="[자동]"),
        "topics/Undated.md": topic("Undated", "[[텐서 연산]]"),
        "topics/그림.png": "png",
        "paths/p.md": "---\ntitle: 길\nlearning_path: true\n---\n\n# 길\n\n처음.\n\n1. [[텐서 연산]]\n2. [[Undated]]\n",
    }
    pages["topics/Autograd.md"] = pages["topics/Autograd.md"].replace(f"\n# {NASTY}", "\n# Autograd")
    root = tmp_path_factory.mktemp("machine")
    project = make(root, pages, WITH_URL)
    store(project, one={"stdout": "[[코드]]\n"})
    return build(project, strict=True)


def heads(file: Path) -> tuple[list[dict[str, str]], list[object]]:
    """A page's alternate links and JSON-LD as a browser takes them."""
    text = file.read_text(encoding="utf-8")
    data = [json.loads(m) for m in re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)]
    return [a for a in read(file).all("link") if "alternate" in a.get("rel", "").split()], data


def test_every_page_has_its_markdown_beside_it(folder: Path) -> None:
    text = (folder / "topics" / "텐서 연산" / "index.md").read_text(encoding="utf-8")
    front = parse(text)
    assert front is not None
    assert front.problems == ()
    assert front.data["title"] == "텐서 연산"
    assert str(front.data["last_reinforced"]) == "2026-05-01"
    assert "[미분](../Autograd/index.md)과 없는 것, ![그림.png](../%EA%B7%B8%EB%A6%BC.png)" in text
    assert "](../Autograd/index.md)." in text
    assert "print('[[코드]]')" in text
    for hidden in ("쉿", "비밀", "안 보임"):
        assert hidden not in text
    links, _ = heads(folder / "topics" / "텐서 연산" / "index.html")
    assert {(a["type"], a["href"]) for a in links} == {
        ("text/markdown", "index.md"),
        ("application/atom+xml", "../../feed.xml"),
    }
    for page in folder.rglob("*.html"):
        for link in heads(page)[0]:
            assert (page.parent / unquote(link["href"])).is_file(), (page, link)


def test_llms_txt_lists_them(folder: Path) -> None:
    text = (folder / "llms.txt").read_text(encoding="utf-8")
    assert text.startswith("# 작은 위키\n\n> 설명 <b>\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["학습 경로", "문서", "Optional"]
    urls = re.findall(r"^- \[[^\]]+\]\((\S+)\)", text, re.MULTILINE)
    assert len(urls) == 5
    for url in urls:
        assert (folder / unquote(url.removeprefix("https://wiki.example.org/kb/"))).is_file()
    assert ": 첫 문단. " in text
    assert "코드 1개 중 1개 실행 확인" in text
    full = (folder / "llms-full.txt").read_text(encoding="utf-8")
    assert full.count("\ntitle: ") == 3


def test_the_feed_is_atom(folder: Path) -> None:
    feed = etree.fromstring((folder / "feed.xml").read_bytes())
    assert feed.tag == f"{ATOM}feed"
    for one in ("title", "id", "updated", "author/{http://www.w3.org/2005/Atom}name"):
        assert feed.findtext(f"{ATOM}{one}")
    assert feed.findtext(f"{ATOM}updated") == "2026-06-01T00:00:00Z"
    entries = feed.findall(f"{ATOM}entry")
    assert [e.findtext(f"{ATOM}title") for e in entries] == [NASTY, "텐서 연산"]
    for entry in entries:
        uuid.UUID((entry.findtext(f"{ATOM}id") or "").removeprefix("urn:uuid:"))
        datetime.fromisoformat(entry.findtext(f"{ATOM}updated") or "")
        link = entry.find(f"{ATOM}link")
        assert link is not None
        url = link.get("href", "")
        assert (folder / unquote(url.removeprefix("https://wiki.example.org/kb/")) / "index.html").is_file()
        assert entry.findtext(f"{ATOM}summary")
    assert [c.get("term") for c in entries[1].findall(f"{ATOM}category")] == ["t", "a & b"]
    links = {a.get("rel"): a.get("href") for a in feed.findall(f"{ATOM}link")}
    assert links == {"alternate": "https://wiki.example.org/kb/", "self": "https://wiki.example.org/kb/feed.xml"}


def test_linked_data_says_what_a_page_is(folder: Path) -> None:
    _, (article,) = heads(folder / "topics" / "텐서 연산" / "index.html")
    assert article["@type"] == "TechArticle"
    assert article["headline"] == "텐서 연산"
    assert article["dateModified"] == "2026-05-01"
    assert article["keywords"] == ["t", "a & b"]
    assert article["url"] == "https://wiki.example.org/kb/topics/%ED%85%90%EC%84%9C%20%EC%97%B0%EC%82%B0/"
    _, (nasty,) = heads(folder / "topics" / "Autograd" / "index.html")
    assert nasty["headline"] == NASTY
    assert "alert(1)</script>" not in (folder / "topics" / "Autograd" / "index.html").read_text().split("<body")[0]
    _, (path,) = heads(folder / "paths" / "p" / "index.html")
    assert [step["name"] for step in path["itemListElement"]] == ["텐서 연산", "Undated"]
    assert heads(folder / "index.html")[1][0]["@type"] == "WebSite"
    assert heads(folder / "all" / "index.html")[1] == []


def test_graph_and_results_are_data(folder: Path) -> None:
    graph = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
    assert {"source": "topics/Undated.md", "target": "topics/텐서 연산.md", "count": 1} in graph["edges"]
    for node in graph["nodes"]:
        assert (folder / unquote(node["url"]) / "index.html").is_file()
    (snippet,) = json.loads((folder / "results.json").read_text(encoding="utf-8"))["snippets"]
    assert (snippet["path"], snippet["id"], snippet["devices"]) == (
        "topics/텐서 연산.md",
        "one",
        ["cpu", "cuda", "mps"],
    )
    (run,) = snippet["runs"]
    assert (run["device"], run["outcome"], run["fresh"], run["stdout"]) == ("cpu", "passed", True, "[[코드]]\n")


def test_the_site_map_has_the_days_of_the_pages(folder: Path) -> None:
    text = (folder / "sitemap.xml").read_text(encoding="utf-8")
    assert "<loc>https://wiki.example.org/kb/topics/Autograd/</loc>\n         <lastmod>2026-06-01</lastmod>" in text


def test_without_an_address_and_with_flat_urls(tmp_path: Path) -> None:
    pages = {"topics/A.md": topic("A", "[[B]]", last_reinforced="2026-01-01"), "topics/B.md": topic("B", "b")}
    made = make(tmp_path, {**pages, "llms.txt": "mine\n"}, CONFIG + "use_directory_urls: false\n")
    config = CONFIG.replace("  - kbtools\nmark", "  - kbtools: {active_files: [llms.txt]}\nmark")
    (tmp_path / "mkdocs.yml").write_text(config + "use_directory_urls: false\n", encoding="utf-8")
    folder = build(made, strict=True)
    assert (folder / "llms.txt").read_text() == "mine\n"
    assert "[B](B.md)" in (folder / "topics" / "A.md").read_text()
    links, (data,) = heads(folder / "topics" / "A.html")
    assert [a["href"] for a in links] == ["../feed.xml", "A.md"]
    assert "url" not in data
    assert (
        etree.fromstring((folder / "feed.xml").read_bytes()).find(f"{ATOM}entry/{ATOM}link").get("href")
        == "topics/A.html"
    )


def test_the_same_wiki_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780000000")
    found = []
    for name in ("one", "two"):
        root = tmp_path / name
        root.mkdir()
        pages = {
            "topics/A.md": topic("A", "[[B]]", last_reinforced="2026-01-01", tags="[x, y]"),
            "topics/B.md": topic("B", "b"),
        }
        site = build(make(root, pages, WITH_URL), strict=True)
        found.append(
            {
                f.relative_to(site).as_posix(): f.read_bytes()
                for f in site.rglob("*")
                if f.is_file() and f.suffix != ".gz"
            }
        )
    assert found[0].keys() == found[1].keys()
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []


@given(st.text(), st.text())
def test_any_page_is_written(title: str, body: str) -> None:
    from test_generated_pages import wiki

    text = f"---\ntitle: {json.dumps(title)}\nlast_reinforced: 2026-01-01\n---\n{body}"
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    held = wiki({"A.md": text, "B.md": ""})
    page: Page = held.index.pages["A.md"]
    site = Site("name", {"A.md": "A/", "B.md": "B/"})
    assert isinstance(page_markdown(page, held, site), str)
    etree.fromstring(atom(held, site).encode("utf-8"))
    data = linked_data(page, held, site)
    assert data is not None
    element = script(data)
    inner = element.removeprefix('<script type="application/ld+json">').removesuffix("</script>")
    assert not set("<>&") & set(inner)
    assert json.loads(inner)["@type"] == "TechArticle"
    assert html.unescape(inner) == inner


WAYS = [("", "feed.xml"), ("a/", ""), ("a/b/", "feed.xml"), ("a/b.html", "a/c.html"), ("a/b/", "a/"), ("", "")]


@pytest.mark.parametrize(("here", "target"), [*WAYS, ("a/", "b/c/")])
def test_ways_lead_there(here: str, target: str) -> None:
    base = "https://e.org/x/"
    assert urljoin(base + here, relative_url(target, here)) == base + target


def test_markdown_stands_beside_its_page() -> None:
    assert [markdown_of(a) for a in ("", "a/", "a/b.html")] == ["index.md", "a/index.md", "a/b.md"]


def test_titles_in_llms_txt_are_text(tmp_path: Path) -> None:
    """A title is no Markdown: what looks like a list or a tag is part of it."""
    folder = build(make(tmp_path, {"A.md": "---\ntitle: '+ 더하기 <c> [1]'\n---\n\n# 글\n"}))
    assert "- [+ 더하기 <c> (1)](" in (folder / "llms.txt").read_text(encoding="utf-8")

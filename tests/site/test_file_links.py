"""Where Markdown links, pictures and raw HTML lead on the site: to what ``kb check`` says they mean."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from small_site import CONFIG, broken_links, make

from kbtools.site.build import build

START = """# Start

[path](sub/b.md) [bare](sub/b) [folder](sub/) [html](sub/b.html) [address](sub/b/) [words](sub/b.md#Head?)
[id](sub/b.md#head) [block](sub/b.md#^x1) [own](#Here!) [made](all.md) [query](sub/b.md?x=1#Head?) [draft](Draft.md)
[root](/sub/b.md) ![picture](img/p.png) <a href="sub/b.md#Head?">raw</a> <img src="img/p.png" alt="inline">

# Here!
"""
BELOW = """# B

## Head?

A paragraph. ^x1

<img src="../img/p.png" alt="by path"> <img src="../../img/p.png" alt="by address"> <a href="../index.md">raw up</a>

[folder up](..) [page up](../index.md) ![picture](../img/p.png)

<video src="../img/v.mp4"></video>
"""
FILES = {
    "index.md": START,
    "sub/b.md": BELOW,
    "sub/index.md": "# Sub\n\n[b](b.md) <img src='../img/p.png' alt='inline'>\n",
    "Draft.md": "---\ndraft: true\n---\n\n# Draft\n",
    "img/p.png": "x",
    "img/v.mp4": "x",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from kbtools.config.project import find_project

    project = make(tmp_path_factory.mktemp("file-links"), FILES, CONFIG)
    return build(find_project(project.root))


def led(site: Path, page: str) -> dict[str, str]:
    """The addresses of a page's links and pictures, by what a reader sees of each."""
    html = (site / page).read_text(encoding="utf-8").partition("<article")[2].partition("kb-backlinks")[0]
    links = {words: href for href, words in re.findall(r'<a href="([^"]*)">([a-z ]+)<', html)}
    for tag in re.findall(r"<(?:img|video) [^>]*>", html):
        source = re.search(r'src="([^"]*)"', tag)
        name = re.search(r'alt="([^"]*)"', tag)
        assert source
        links[name[1] if name else "video"] = source[1]
    return links


def test_from_the_start(site: Path) -> None:
    below = "sub/b/"
    assert led(site, "index.html") == {
        "path": below,
        "bare": below,
        "folder": "sub/",
        "html": below,
        "address": below,
        "words": f"{below}#head",
        "id": f"{below}#head",
        "block": f"{below}#block-x1",
        "own": "#here",
        "made": "all/",
        "query": f"{below}?x=1#head",
        "root": below,
        "picture": "img/p.png",
        "raw": f"{below}#head",
        "inline": "img/p.png",
    }


def test_from_a_page_that_is_a_folder_on_the_site(site: Path) -> None:
    assert led(site, "sub/b/index.html") == {
        "by path": "../../img/p.png",
        "by address": "../../img/p.png",
        "raw up": "../../",
        "folder up": "../",  # as browsers read it, and MkDocs leaves it
        "page up": "../../",
        "picture": "../../img/p.png",
        "video": "../../img/v.mp4",
    }


def test_a_folder_s_own_page(site: Path) -> None:
    found = led(site, "sub/index.html")
    assert (found["b"], found["inline"]) == ("b/", "../img/p.png")


def test_a_link_to_a_draft_is_its_words(site: Path) -> None:
    assert "<span>draft</span>" in (site / "index.html").read_text(encoding="utf-8")


def test_nothing_leads_nowhere(site: Path) -> None:
    assert broken_links(site) == []


def test_the_markdown_for_machines_leads_there_too(site: Path) -> None:
    text = (site / "sub/b/index.md").read_text(encoding="utf-8")
    assert "[page up](../../index.md) ![picture](../../img/p.png)" in text

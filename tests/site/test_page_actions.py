"""What readers take along of a page: its notebook, its Markdown, its way to Colab."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from in_browser import served, tab
from mkdocs.config import load_config
from mkdocs.exceptions import PluginError
from small_site import CONFIG, make, read, store, topic

from kbtools.site.build import build
from kbtools.site.page.page_actions import colab_folder, notebook_of

WITH_COLAB = CONFIG.replace("  - kbtools\nmarkdown", "  - kbtools: {colab: true}\nmarkdown") + (
    "site_url: https://wiki.example.org/kb/\nrepo_url: https://github.com/me/wiki\n"
)
PAGES = {
    "topics/텐서 연산.md": topic(
        "텐서 연산",
        "첫 문단은 [[Autograd|미분]]. %%쉿%%\n\n<!-- 비밀 -->\n\n```python {#one}\nprint('하나')\n```\n\n끝.",
        secret="'안 보임'",
    ),
    "topics/Autograd.md": topic("Autograd", "본문.\n\n```bash\necho x\n```"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:

    project = make(tmp_path_factory.mktemp("actions"), PAGES, WITH_COLAB)
    store(project, one={"stdout": "하나\n"})
    return build(project, strict=True)


def test_a_page_with_code_has_its_notebook(site: Path) -> None:
    file = site / "topics/텐서 연산/텐서 연산.ipynb"
    notebook = nbformat.reads(file.read_text(encoding="utf-8"), as_version=4)
    nbformat.validate(notebook)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert code.source == "print('하나')"
    assert code.outputs[0].text == "하나\n"
    assert "[미분](https://wiki.example.org/kb/topics/Autograd/)" in notebook.cells[0].source


def test_what_the_site_does_not_show_is_not_in_the_notebook(site: Path) -> None:
    text = json.dumps(
        json.loads((site / "topics/텐서 연산/텐서 연산.ipynb").read_text(encoding="utf-8")), ensure_ascii=False
    )
    assert "끝." in text
    for private in ("쉿", "비밀", "secret", "안 보임"):
        assert private not in text


def test_the_links_stand_on_pages_with_code_alone(site: Path) -> None:
    found = read(site / "topics/텐서 연산/index.html")
    names = [a["href"] for a in found.all("a")]
    assert "%ED%85%90%EC%84%9C%20%EC%97%B0%EC%82%B0.ipynb" in names
    assert "index.md" in names
    at = "topics/%ED%85%90%EC%84%9C%20%EC%97%B0%EC%82%B0/%ED%85%90%EC%84%9C%20%EC%97%B0%EC%82%B0.ipynb"
    assert f"https://colab.research.google.com/github/me/wiki/blob/gh-pages/{at}" in names
    assert not read(site / "topics/Autograd/index.html").all("nav", "kb-actions")
    assert not list(site.rglob("Autograd.ipynb"))


def test_colab_needs_a_repository_on_github(tmp_path: Path) -> None:
    project = make(tmp_path, {}, WITH_COLAB.replace("github.com", "gitlab.com"))
    config = load_config(str(project.root / "mkdocs.yml"))
    with pytest.raises(PluginError, match=r"colab: https://gitlab.com/me/wiki is not a repository on GitHub"):
        config.plugins["kbtools"].on_config(config)


@pytest.mark.parametrize(
    ("repository", "found"),
    [
        ("https://github.com/me/wiki", "me/wiki"),
        ("https://github.com/me/wiki.git/", "me/wiki"),
        ("https://github.com/me", None),
        ("https://example.org/me/wiki", None),
        ("", None),
    ],
)
def test_where_colab_looks(repository: str, found: str | None) -> None:
    address = colab_folder(repository, "gh-pages")
    assert address == (found and f"https://colab.research.google.com/github/{found}/blob/gh-pages/")


@pytest.mark.parametrize(
    ("path", "url", "found"),
    [
        ("topics/A b.md", "topics/A%20b/", "topics/A%20b/A%20b.ipynb"),
        ("topics/A.md", "topics/A.html", "topics/A.ipynb"),
        ("index.md", "", "index.ipynb"),
        ("topics/index.md", "topics/", "topics/index.ipynb"),
    ],
)
def test_where_a_notebook_is(path: str, url: str, found: str) -> None:
    assert notebook_of(path, url) == found


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_markdown_is_copied_and_one_mark_folds_the_output(browser: Any, tmp_path: Path) -> None:
    project = make(tmp_path, {"topics/A.md": PAGES["topics/텐서 연산.md"]})
    store(project, one={"stdout": "하나\n"})
    with served(build(project, strict=True)) as base, tab(browser, base, "topics/A/", "screen", "light") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator("a[data-kb-copy]").click()
        page.wait_for_function("navigator.clipboard.readText().then((text) => text.startsWith('---\\ntitle: '))")
        marks = page.evaluate(
            """() => [".kb-stdout > summary", ".kb-stdout .kb-toggle"]
                .map((s) => getComputedStyle(document.querySelector(s), "::before"))
                .filter((s) => s.display !== "none" && s.content !== "none").length"""
        )
        assert marks == 1

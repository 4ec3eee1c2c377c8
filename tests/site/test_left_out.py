"""What is not a page for kb is none on the site, whichever of the two was told: no address, no list, no search."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_site import CONFIG, broken_links, make

from kbtools.site.build import build

LEFT_OUT = ("Secretive", "Draftlike", "Unlisted", "Hidden", "Templated", "Later")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("left-out")
    links = " ".join(f"[[{name}]]" for name in ("Kept", "Kept2"))
    pages = {
        "index.md": f"# 처음\n\n{links}\n",
        "Kept.md": "# Kept\n\n[[index]]\n",
        "Kept2.md": "---\npublish: true\ndraft: false\n---\n# Kept2\n\n[[Kept]]\n",
        "priv/Secretive.md": "# Secretive\n\n[[Kept]]\n",
        "priv/secret.txt": "Secretive",
        "ex/Hidden.md": "# Hidden\n\n[[Kept]]\n",
        "Draftlike.md": "---\ndraft: true\ntags: [Draftlike]\n---\n# Draftlike\n\n[[Kept]]\n",
        "Unlisted.md": "---\npublish: false\naliases: [Unlisted too]\n---\n# Unlisted\n\n[[Kept]]\n",
        "templates/Templated.md": "# Templated\n\n[[Kept]]\n",
        "Later.md": "# Later\n\n[[Kept]]\n",
        "node_modules/x/Hidden.md": "# Hidden\n",
    }
    config = CONFIG.replace("plugins:", "exclude_docs: ex/\ndraft_docs: Later.md\nplugins:")
    project = make(root, pages, config)
    (root / "kb.toml").write_text('docs = "docs"\nexclude = ["priv/**"]\n', encoding="utf-8")
    from kbtools.config.project import find_project

    return build(find_project(project.root))


def test_nothing_of_it_is_published(site: Path) -> None:
    files = [f for f in site.rglob("*") if f.is_file()]
    assert (site / "Kept2/index.html").is_file()
    for name in LEFT_OUT:
        named = [f for f in files if name.lower() in f.relative_to(site).as_posix().lower()]
        telling = [f for f in files if f.suffix in (".html", ".json", ".xml", ".txt", ".md") and _tells(f, name)]
        assert not named + telling, name


def _tells(file: Path, name: str) -> bool:
    return name in file.read_text(encoding="utf-8", errors="replace")


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    assert broken_links(site) == []


def test_a_page_whose_text_is_not_read_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    project = make(tmp_path, {"index.md": "# Start\n\n[[Linked]]\n"})
    (tmp_path / "README.md").write_text("# Outside\n", encoding="utf-8")
    (tmp_path / "docs/Linked.md").symlink_to("../README.md")
    site = build(project)
    assert "Outside" not in (site / "Linked/index.html").read_text(encoding="utf-8")
    assert "Linked.md: published without its text: the symbolic link leads out of the vault" in caplog.text

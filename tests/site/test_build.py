"""``kb build``: warnings are heard, what was proven is published, parts can be switched."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_site import CONFIG, make, read, store, topic

from kbtools.cli import main
from kbtools.config.project import find_project
from kbtools.errors import KbError
from kbtools.site.build import build
from kbtools.site.data.model import of_vault
from kbtools.vault import loading as vaults

CODE = topic(
    "A", "```python {#one}\nprint(1)\n```\n\n[[B]] speaks.\n", confidence_score="0.9", last_reinforced="2026-01-01"
)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")


def with_options(options: str) -> str:
    return CONFIG.replace("  - search\n", "").replace("  - kbtools\nmark", f"  - kbtools: {{{options}}}\nmark")


def test_warnings_of_mkdocs_are_heard(tmp_path: Path) -> None:
    text = "# A\n\n[gone](gone.md) ![x](no.png) <iframe src=x></iframe>\n\n<span onclick=a>b</span>\n"
    said: list[str] = []
    build(make(tmp_path, {"a.md": text}), say=said.append)
    output = "\n".join(said)
    for expected in (
        "gone.md",
        "no.png",
        "a.md:3: not published: <iframe>",
        'a.md:5: not published: onclick="a" of <span>',
    ):
        assert re.search(rf"(?m)^warning: .*{re.escape(expected)}", output), (expected, output)


def test_mkdocs_strict_is_honoured(tmp_path: Path) -> None:
    project = make(tmp_path, {"a.md": "# A\n\n[gone](gone.md)\n"}, CONFIG + "strict: true\n")
    with pytest.raises(KbError, match=r"gone\.md"):
        build(project)
    assert not (tmp_path / "site").exists()


def test_inheritance_environment_and_folders_of_mkdocs_are_honoured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAME_OF_THE_SITE", "From outside")
    (tmp_path / "base.yml").write_text(CONFIG.replace("site_name: 작은 위키\n", ""), encoding="utf-8")
    make(tmp_path, {"a.md": "# A\n"}, "INHERIT: base.yml\nsite_name: !ENV NAME_OF_THE_SITE\nsite_dir: public/out\n")
    site = build(find_project(tmp_path))
    assert site == tmp_path / "public/out"
    assert "From outside" in (site / "index.html").read_text(encoding="utf-8")


def test_docs_of_kb_is_the_folder_of_mkdocs(tmp_path: Path) -> None:
    make(tmp_path, {})
    (tmp_path / "docs").rename(tmp_path / "en")
    (tmp_path / "kb.toml").write_text('docs = "en"\n')
    assert (build(find_project(tmp_path)) / "index.html").is_file()


def test_what_was_proven_is_published_whatever_is_saved_meanwhile(tmp_path: Path) -> None:
    project = make(tmp_path, {"topics/A.md": CODE, "topics/B.md": topic("B", "First.")})
    store(project)
    wiki = of_vault(project, vaults.load(project))
    for name in ("A", "B"):
        file = project.vault / f"topics/{name}.md"
        file.write_text(
            file.read_text(encoding="utf-8") + "\nSAVED MEANWHILE\n\n```python\n1 / 0\n```\n", encoding="utf-8"
        )
    site = build(project, wiki=wiki)
    published = [f for f in site.rglob("*") if f.is_file() and b"SAVED MEANWHILE" in f.read_bytes()]
    assert published == []
    assert "First." in (site / "topics/B/index.html").read_text(encoding="utf-8")


def test_pages_are_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {f"p{n}.md": f"# P{n}\n\n[[P{n + 1}]]\n" for n in range(5)} | {"p5.md": "# P5\n"})
    script = f"""
import sys
from collections import Counter
opened = Counter()
def hook(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        name = args[0].decode() if isinstance(args[0], bytes) else args[0]
        if name.endswith(".md") and "/docs/" in name: opened[name] += 1
sys.addaudithook(hook)
from kbtools.cli import main
code = main(["build", "--root", {str(tmp_path)!r}])
print(code, sorted(opened.values()))
"""
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env, timeout=300, check=False
    )
    assert done.stdout.strip().split("\n")[-1] == f"0 {[1] * 7}", done.stdout + done.stderr


def test_a_site_without_a_first_page_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    project = make(
        tmp_path, {"Home.md": "# Home\n", "b.mdx": "x", "c.ipynb": "{}"}, CONFIG.replace("nav:\n  - index.md\n", "")
    )
    (tmp_path / "docs/index.md").unlink()
    said: list[str] = []
    build(project, say=said.append)
    assert any("no first page" in line and "index.md" in line for line in said), said
    assert any(line.startswith("note: ") and "b.mdx, c.ipynb" in line for line in said), said


PARTS: dict[str, tuple[str, Any]] = {
    "results": ("topics/A/index.html", "kb-run"),
    "infobox": ("topics/A/index.html", "kb-infobox"),
    "backlinks": ("topics/B/index.html", "kb-backlinks"),
    "mentions": ("topics/B/index.html", "kb-mentions"),
    "previews": ("topics/A/index.html", "kb-preview.js"),
    "graph": ("topics/A/index.html", "data-kb-graph"),
    "search": ("index.html", "data-kb-search"),
    "pages": ("all/index.html", "kb-generated"),
    "feed": ("feed.xml", "<feed"),
    "llms": ("llms.txt", "# "),
    "redirects": ("topics/다른 이름/index.html", "refresh"),
    "data_files": ("graph.json", "nodes"),
}


def test_each_part_can_be_switched(tmp_path: Path) -> None:
    pages = {
        "topics/A.md": CODE,
        "topics/B.md": topic("B", "x", aliases="[다른 이름]"),
        "topics/C.md": topic("C", "여기 다른 이름 하나."),
    }
    sites = {}
    for value in ("true", "false"):
        options = ", ".join(f"{name}: {value}" for name in PARTS)
        project = make(tmp_path / value, pages, with_options(options))
        store(project, one={"stdout": "1\n"})
        sites[value] = build(project, strict=True)
    for part, (name, mark) in PARTS.items():
        on, off = (sites[value] / name for value in ("true", "false"))
        assert mark in on.read_text(encoding="utf-8"), part
        assert not off.exists() or mark not in off.read_text(encoding="utf-8"), part
    chosen = build(make(tmp_path / "some", pages | {"topics/A.md": "# A\n"}, with_options("pages: [tags]")))
    assert [n for n in ("all", "tags", "runs") if (chosen / n).exists()] == ["tags"]


def test_a_switch_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KbError, match='devices must be true, false or "auto"'):
        build(make(tmp_path, {}, with_options("devices: sometimes")))


def test_defaults_suit_a_site_that_knows_nothing_of_kb(tmp_path: Path) -> None:
    """No devices, no box for a status of the theme's, no mentions of common words, nothing in the navigation."""
    config = with_options("").replace("nav:\n  - index.md\n", "")
    pages = {
        "index.md": "---\nstatus: new\ncategory: news\n---\n# Types\n\nConfig and errors.\n\n"
        "```python {#one}\nprint(1)\n```\n",
        "config.md": "# Config\n\nTypes and errors.\n", "errors.md": "# Errors\n\n[config](config.md)\n",
    }  # fmt: skip
    project = make(tmp_path, pages, config)
    (tmp_path / "kb.toml").unlink()
    project = find_project(tmp_path)
    store(project)
    site = build(project)
    page = read(site / "index.html")
    assert page.all("a", "kb-is-passed")[0]["title"] == "통과"
    assert not {"kb-infobox", "kb-mentions"} & {kind for _, a in page.elements for kind in a.get("class", "").split()}
    assert "CUDA" not in page.text
    assert "CUDA" not in read(site / "runs/index.html").text
    assert page.all("span", "md-status--new") or "md-status--new" in (site / "index.html").read_text(encoding="utf-8")
    links = {a.get("href") for a in page.all("a", "md-nav__link")}
    assert not links & {"all/", "graph/", "tags/"}


def test_kb_build_prints_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path, {"a.md": "# A\n\n<script>x</script>\n"})
    logging.getLogger("mkdocs").setLevel(logging.WARNING)
    assert main(["build", "--timings", "--root", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "warning: a.md:3: not published: <script>" in said
    stages = [line.split(" s  ")[1] for line in said.splitlines() if " s  " in line]
    assert stages[:2] == ["read, check and run", "pages"]
    assert len(stages) == 5

"""What kb asks of MkDocs beyond its plugin API is still there, and means what it meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config import load_config
from mkdocs.structure.files import get_files
from mkdocs.structure.pages import Page

from kbtools.site.mkdocs import mkdocs_seam


def test_mkdocs_asks_twice_whether_a_page_is_modified_and_leaves_out_what_is_not(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("index", "a", "b"):
        (tmp_path / "docs" / f"{name}.md").write_text(f"# {name}\n", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text("site_name: s\nplugins: []\nhooks: [hook.py]\n", encoding="utf-8")
    (tmp_path / "hook.py").write_text("", encoding="utf-8")
    config = load_config(str(tmp_path / "mkdocs.yml"), strict=True)
    asked: list[str] = []

    def on_files(files, config):  # type: ignore[no-untyped-def]
        for file in files.documentation_pages():
            mkdocs_seam.answer(file, lambda name=file.src_uri: asked.append(name) or name != "a.md")
        return files

    config.plugins._register_event("files", on_files)
    mkdocs_seam.build_site(config)  # strict: its own warning of such builds would end it
    assert sorted(asked) == sorted(["index.md", "a.md", "b.md"] * 2)
    assert (tmp_path / "site/b/index.html").is_file()
    assert not (tmp_path / "site/a/index.html").exists()


def test_a_page_is_taken_apart_and_put_together_again(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("---\nx: 1\n---\n# One *two*\n\n## Three\n\n[b](b.md#four)\n", encoding="utf-8")
    (tmp_path / "docs/b.md").write_text("# B\n", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text("site_name: s\nplugins: []\n", encoding="utf-8")
    config = load_config(str(tmp_path / "mkdocs.yml"), validation={"links": {"anchors": "warn"}})
    files = mkdocs_seam.follow(get_files(config))
    file = files.get_file_from_path("a.md")
    assert file is not None
    page = Page(None, file, config)
    with mkdocs_seam.asking(files) as asked:
        mkdocs_seam.render(page, config, files)
    assert asked == {"b.md": files.place_of("b.md")}
    other = Page(None, file, config)
    mkdocs_seam.restore_facts(other, files, mkdocs_seam.titles_of(page), mkdocs_seam.anchors_of(page))
    mkdocs_seam.restore_body(other, page.markdown or "", page.content or "", mkdocs_seam.contents_of(page))
    assert vars(other).keys() == vars(page).keys()
    assert (other.title, other.content, str(other.toc)) == (page.title, page.content, str(page.toc))
    assert (other.present_anchor_ids, other.links_to_anchors) == (page.present_anchor_ids, page.links_to_anchors)


def test_an_id_without_a_value_is_no_anchor(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text('# One\n\nA raw <div id> and <a name="two"></a>.\n', encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text("site_name: s\nplugins: []\n", encoding="utf-8")
    config = load_config(str(tmp_path / "mkdocs.yml"))
    files = mkdocs_seam.follow(get_files(config))
    page = Page(None, files.src_uris["a.md"], config)
    mkdocs_seam.render(page, config, files)
    assert mkdocs_seam.anchors_of(page)[0] == ["one", "two"]


def test_one_page_of_a_built_site_is_rendered_again_into_another_folder(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("index", "a"):
        (tmp_path / "docs" / f"{name}.md").write_text(f"# {name}\n", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text("site_name: s\nplugins: []\nhooks: [hook.py]\n", encoding="utf-8")
    (tmp_path / "hook.py").write_text("", encoding="utf-8")
    config = load_config(str(tmp_path / "mkdocs.yml"))
    held: dict[str, Any] = {}

    def on_env(env, config, files):  # type: ignore[no-untyped-def]
        held.update(env=env, files=files)

    def on_nav(nav, config, files):  # type: ignore[no-untyped-def]
        held.update(nav=nav)

    config.plugins._register_event("env", on_env)
    config.plugins._register_event("nav", on_nav)
    mkdocs_seam.build_site(config)
    file = held["files"].get_file_from_path("a.md")
    mkdocs_seam.give(file, "# Other title\r\n\r\nOther text.\r\n")
    mkdocs_seam.write_into(file, tmp_path / "other")
    mkdocs_seam.set_title(file.page, None)
    mkdocs_seam.render(file.page, config, held["files"])
    mkdocs_seam.put_into_template(file.page, config, held["files"], held["nav"], held["env"])
    text = (tmp_path / "other/a/index.html").read_text("utf-8")
    assert "Other text." in text
    assert "<title>Other title - s</title>" in text
    assert "Other text." not in (tmp_path / "site/a/index.html").read_text("utf-8")


def test_the_files_of_a_theme_are_those_that_mkdocs_finds(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "own/.hidden").mkdir(parents=True)
    (tmp_path / "own/in/.deep").mkdir(parents=True)
    for name in (".hidden/a.css", "in/.deep/b.css", "in/c.css", ".d.css", "e.js"):
        (tmp_path / "own" / name).write_text("")
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: s\nplugins: []\ntheme: {name: material, custom_dir: own}\n", encoding="utf-8"
    )
    config = load_config(str(tmp_path / "mkdocs.yml"))
    usual, ours = config.theme.get_env(), config.theme.get_env()
    assert usual.loader is not None
    ours.loader = mkdocs_seam.ThemeLoader(config.theme.dirs)
    found = [get_files(config) for _ in range(2)]
    for files, env in zip(found, (usual, ours), strict=True):
        files.add_files_from_theme(env, config)
    assert list(found[0].src_uris) == list(found[1].src_uris)
    assert {"in/c.css", "e.js"} <= found[1].src_uris.keys()
    assert len(ours.list_templates()) < len(usual.list_templates()) / 10

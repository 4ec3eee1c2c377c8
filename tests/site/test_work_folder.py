"""The folder a build works in: a killed build's is removed by the next, a living build's is left alone."""

from __future__ import annotations

from pathlib import Path

from kbtools.site.mkdocs.work_folder import OLD, work_folder


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_killed_build_leaves_nothing_and_its_old_site_is_put_back(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (tmp_path / ".kb-site-killed" / OLD).mkdir(parents=True)
    (tmp_path / ".kb-site-killed" / OLD / "index.html").write_text("the old one")
    (tmp_path / ".kb-site2").mkdir()
    with work_folder(site):
        assert (site / "index.html").read_text() == "the old one"
    assert names(tmp_path) == [".kb-site2", "site"]


def test_a_living_build_is_left_alone(tmp_path: Path) -> None:
    with work_folder(tmp_path / "site") as one, work_folder(tmp_path / "site") as two:
        assert one != two
        assert one.is_dir()
    assert names(tmp_path) == []

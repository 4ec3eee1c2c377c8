"""Which project a folder belongs to, and what its settings mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbtools.config import Config, find_project, foreign_vault, from_mapping, parse_size
from kbtools.errors import KbError


def project(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "docs").mkdir(exist_ok=True)
    for name, text in files.items():
        (tmp_path / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return tmp_path


def test_defaults_suit_any_folder() -> None:
    assert from_mapping({}) == Config()


def test_pyproject_comes_before_kb_toml_and_mkdocs(tmp_path: Path) -> None:
    root = project(
        tmp_path, pyproject__toml="[tool.kb]\nstale_after = 1\n", kb__toml="stale_after = 2\n", mkdocs__yml=""
    )
    assert find_project(root).config.stale_after == 1


def test_a_pyproject_without_kb_is_passed_over(tmp_path: Path) -> None:
    root = project(tmp_path, pyproject__toml="[project]\nname='x'\n", kb__toml="stale_after = 2\n")
    assert find_project(root).config.stale_after == 2


def test_a_bare_mkdocs_names_the_vault_whatever_tags_it_holds(tmp_path: Path) -> None:
    (tmp_path / "wiki").mkdir()
    root = project(tmp_path, mkdocs__yml="site_name: x\nx: !!python/name:a.b\ndocs_dir: 'wiki'  # here\n")
    assert find_project(root).vault == root / "wiki"


def test_a_project_is_found_from_within(tmp_path: Path) -> None:
    inner = project(tmp_path, mkdocs__yml="site_name: x\n") / "docs" / "a" / "b"
    inner.mkdir(parents=True)
    assert find_project(inner).root == tmp_path


def test_no_project_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(KbError, match=r"no wiki in .*: no \[tool.kb\]") as caught:
        find_project(tmp_path)
    assert "--vault" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"exlude": []}, 'unknown key "exlude"'),
        ({"exclude": "a"}, "exclude must be"),
        ({"exclude": [1]}, "exclude must be"),
        ({"link_style": "wiki"}, "link_style must be"),
        ({"stale_after": True}, "stale_after must be"),
        ({"rules": {"broken-link": "fatal"}}, "rules.broken-link must be one of"),
        ({"run": {"timeout": "soon"}}, "timeout must be"),
        ({"run": {"memory": "lots"}}, "run.memory must be a size"),
        ({"max_page_size": "lots"}, "kb.toml: max_page_size must be a size"),
        ({"run": {"speed": 1}}, 'unknown key "speed"'),
        ({"schema": {"a/**": 1}}, 'schema."a/\\*\\*" must name a schema'),
    ],
)
def test_mistakes_are_named(table: dict[str, object], message: str) -> None:
    with pytest.raises(KbError, match=message):
        from_mapping(table)


def test_broken_toml_is_an_error_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(KbError, match=r"kb.toml: not readable as TOML"):
        find_project(project(tmp_path, kb__toml="a = "))


def test_a_missing_docs_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KbError, match="there is no folder"):
        find_project(project(tmp_path, kb__toml='docs = "nope"\n'))


def test_a_foreign_vault_keeps_its_state_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = foreign_vault(tmp_path)
    assert found.state.is_relative_to(tmp_path / "cache" / "kbtools")
    assert found.config.schema == (("**", "none"),)


@pytest.mark.parametrize(("text", "size"), [("4GiB", 4 * 2**30), ("512 MB", 512 * 10**6), ("100", 100), ("lots", None)])
def test_sizes(text: str, size: int | None) -> None:
    assert parse_size(text) == size

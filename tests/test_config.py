"""Which project a folder belongs to, and what its settings mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbtools.config.project import Config, explain, find_project, foreign_vault, from_mapping
from kbtools.config.setting_types import parse_size
from kbtools.config.settings import SETTINGS, json_schema, pyproject_schema
from kbtools.errors import KbError
from kbtools.rules import all_rules


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
        ({"run": {"speed": 1}}, 'unknown key "run.speed"'),
        ({"rules_url": "rules/"}, "rules_url must be an address with {rule}"),
        ({"terms": {"*": "x"}}, "is not a word to avoid"),
        ({"schema": {"a/**": 1}}, 'schema."a/\\*\\*" must be the name of a schema'),
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


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ({"exlude": []}, 'did you mean "exclude"?'),
        ({"timeout": 3}, 'did you mean "external.timeout" or "run.timeout"?'),
        ({"run": {"tiemout": 3}}, 'did you mean "timeout"?'),
        ({"link_style": "filenam"}, 'did you mean "filename"?'),
        ({"qqq": 1}, "known keys: docs, exclude, "),
    ],
)
def test_unknown_keys_get_the_nearest(table: dict[str, object], hint: str) -> None:
    with pytest.raises(KbError) as caught:
        from_mapping(table)
    assert str(caught.value.hint).startswith(hint)


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("kb.toml", "# settings\n\nexlude = []\n", 3),
        ("kb.toml", "[run]\ntimeout = 1\nmemory = 'lots'\n", 3),
        ("kb.toml", "run.memory = 'lots'\n", 1),
        ("kb.toml", "[rules]\n'broken-link' = 'fatal'\n", 1),
        ("pyproject.toml", "[project]\nstale_after = 1\n[tool.kb]\nstale_after = 'x'\n", 4),
        ("pyproject.toml", "[tool]\nkb.stale_after = 'x'\n", 2),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(KbError) as caught:
        find_project(tmp_path)
    assert caught.value.message.startswith(f"{tmp_path / name}:{line}")


VALID = [
    {},
    *({s.key: s.example} for s in SETTINGS if not s.table),
    {"run": {"timeout": 1.5, "memory": 1000}},
    {"max_page_size": "512 MB"},
]
INVALID = [
    {"exlude": []},
    {"exclude": "a"},
    {"exclude": [1]},
    {"link_style": "wiki"},
    {"stale_after": True},
    {"stale_after": 1.5},
    {"rules": {"broken-link": "fatal"}},
    {"run": {"timeout": "soon"}},
    {"run": {"memory": "lots"}},
    {"run": {"speed": 1}},
    {"run": 1},
    {"schema": {"a/**": 1}},
    {"rules_url": "rules/"},
]


@pytest.mark.parametrize("table", VALID + INVALID, ids=str)
def test_editors_are_told_the_same_as_kb_tells(table: dict[str, object]) -> None:
    """The published JSON Schema accepts what kb accepts, and refuses what kb refuses."""
    import jsonschema_rs

    rules = {name: rule.summary for name, rule in all_rules().items()}
    whole = jsonschema_rs.validator_for(pyproject_schema(rules))
    schema = jsonschema_rs.validator_for(json_schema(rules))
    try:
        from_mapping(table)
        accepted = True
    except KbError:
        accepted = False
    assert accepted == (table in VALID)
    assert schema.is_valid(table) == accepted
    assert whole.is_valid({"project": {"name": "x"}, "tool": {"kb": table}}) == accepted


def test_every_setting_is_a_field_of_the_configuration() -> None:
    fields = {
        f
        for f in Config._fields
        if f not in ("external", "run", "mkdocs", "obsidian", "dialect", "generator", "slashes")
    }
    fields |= {f"{table}.{f}" for table in ("external", "run") for f in getattr(Config(), table)._fields}
    assert {s.key for s in SETTINGS} == fields
    assert from_mapping({s.key: s.default for s in SETTINGS if not s.table and s.default is not None}) == Config()


def test_origins_are_told(tmp_path: Path) -> None:
    root = project(tmp_path, kb__toml='stale_after = 2\n[run]\nmemory = "1GiB"\n', mkdocs__yml="site_name: x\n")
    told = {e.setting.key: (e.written, e.origin) for e in explain(find_project(root))}
    assert told["stale_after"] == (2, "kb.toml:1")
    assert told["run.memory"] == ("1GiB", "kb.toml:3")
    assert told["run.timeout"] == (60, "default")
    assert told["docs"] == ("docs", "docs_dir of mkdocs.yml")

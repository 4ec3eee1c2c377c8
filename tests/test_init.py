"""``kb init``: what a folder is, what is proposed, and that nothing of it is lost."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbtools.adopt.mkdocs_yml import load, plugins_of, with_plugin
from kbtools.adopt.proposal import propose, settings
from kbtools.adopt.survey import survey
from kbtools.config.obsidian import read as read_settings
from kbtools.config.project import find_project, from_mapping
from kbtools.errors import KbError

# --- one entry more in somebody's mkdocs.yml

EDITED = {
    "site_name: x\n": "site_name: x\n\nplugins:\n  - search\n  - kbtools\n",
    "site_name: x": "site_name: x\n\nplugins:\n  - search\n  - kbtools\n",
    "plugins:\n  - search # s\n\n# next\nx: 1\n": "plugins:\n  - search # s\n  - kbtools\n\n# next\nx: 1\n",
    "plugins:\n- search\n- blog:\n    a: 1 # c\nx: 1\n": "plugins:\n- search\n- blog:\n    a: 1 # c\n- kbtools\nx: 1\n",
    "plugins: [search, 'a'] # c\n": "plugins: [search, 'a', kbtools] # c\n",
    "plugins: [\n  search,\n]\n": "plugins: [\n  search, kbtools\n]\n",
    "plugins: []\n": "plugins: [kbtools]\n",
    "plugins: {search: {}}\n": "plugins: {search: {}, kbtools: {}}\n",
    "plugins:\n  a:\n  b:\n    c: true\n# c\n": "plugins:\n  a:\n  b:\n    c: true\n  kbtools: {}\n# c\n",
    "plugins:\n": "plugins: [search, kbtools]\n",
    "plugins:\r\n  - search\r\ny: 1\r\n": "plugins:\r\n  - search\r\n  - kbtools\r\ny: 1\r\n",
    "x: !!python/name:a.b\nplugins:\n  - s: !ENV [A, b]\n": "x: !!python/name:a.b\n"
    "plugins:\n  - s: !ENV [A, b]\n  - kbtools\n",
    "plugins:\n  - kbtools\n": "plugins:\n  - kbtools\n",
    "plugins:\n  - kbtools:\n      csp: true\n": "plugins:\n  - kbtools:\n      csp: true\n",
}


@pytest.mark.parametrize("text", EDITED)
def test_one_entry_is_added_and_nothing_else(text: str) -> None:
    assert with_plugin(text) == EDITED[text]
    assert with_plugin(with_plugin(text)) == with_plugin(text)


OPTIONS = {"remote_images": True, "active_files": ["CNAME", "a: b.html"]}
WITH_OPTIONS = {
    "site_name: x\n": "site_name: x\n\nplugins:\n  - search\n  - kbtools:\n      remote_images: true\n"
    "      active_files: [CNAME, 'a: b.html']\n",
    "plugins:\n- search # s\nx: 1\n": "plugins:\n- search # s\n- kbtools:\n    remote_images: true\n"
    "    active_files: [CNAME, 'a: b.html']\nx: 1\n",
    "plugins:\n  a:\nx: 1\n": "plugins:\n  a:\n  kbtools:\n    remote_images: true\n"
    "    active_files: [CNAME, 'a: b.html']\nx: 1\n",
    "plugins: [a]\n": "plugins: [a, kbtools: {remote_images: true, active_files: [CNAME, 'a: b.html']}]\n",
    "plugins: {a: {}}\n": "plugins: {a: {}, kbtools: {remote_images: true, active_files: [CNAME, 'a: b.html']}}\n",
    "plugins:\n": "plugins: [search, kbtools: {remote_images: true, active_files: [CNAME, 'a: b.html']}]\n",
}


@pytest.mark.parametrize("text", WITH_OPTIONS)
def test_an_entry_has_its_options(text: str) -> None:
    assert with_plugin(text, options=OPTIONS) == WITH_OPTIONS[text]
    assert with_plugin(WITH_OPTIONS[text], options=OPTIONS) == WITH_OPTIONS[text]


@pytest.mark.parametrize(
    "text",
    [
        "a: &p [search]\nplugins: *p\n",
        "plugins:\n  -\n    search\n",
        "{site_name: x}\n",
        "- a\n",
        "a: [\n",
        "a: *b\n",
        "",
    ],
)
def test_what_cannot_be_edited_safely_is_left_with_the_way_out(text: str) -> None:
    with pytest.raises(KbError) as caught:
        with_plugin(text)
    assert caught.value.hint


NAMES = st.sampled_from(["search", "tags", "blog", "a-b", "'quoted'", "x.y"])


@given(
    st.lists(
        st.tuples(NAMES, st.sampled_from(["", ":", ":\n      a: 1", ":\n      t: |\n        text\n", "  # c"])),
        min_size=1,
    ),
    st.sampled_from(["", "  ", "    "]),
    st.sampled_from(["", "\n", "# c\n", "\n\n# a\n", "nav:\n  - a.md\n", "theme: {name: x}\n"]),
    st.booleans(),
)
def test_any_list_of_plugins_keeps_its_bytes(
    entries: list[tuple[str, str]], indent: str, rest: str, crlf: bool
) -> None:
    text = f"site_name: x\nplugins:\n{''.join(f'{indent}- {n}{more}{chr(10)}' for n, more in entries)}{rest}"
    text = text.replace("\n", "\r\n") if crlf else text
    try:
        before = load(text)
        new = with_plugin(text)
    except KbError:
        return
    added = [line for line in new.splitlines() if "kbtools" in line]
    assert len(added) == 1
    assert new.replace(added[0] + ("\r\n" if crlf else "\n"), "", 1) == text
    assert load(new) == {**before, "plugins": [*before["plugins"], "kbtools"]}
    assert plugins_of(load(new))


# --- what a folder is

NOTE = "# A\n\n[[b]] and [[Nowhere]]\n\n```python\nprint(1)  # 1\n```\n"


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return root


OBSIDIAN = {
    ".obsidian/app.json": json.dumps({"attachmentFolderPath": "Files", "userIgnoreFilters": ["Old/", "/^x/", "none"]}),
    ".obsidian/templates.json": json.dumps({"folder": "Meta/Templates"}),
    ".obsidian/plugins/templater-obsidian/data.json": json.dumps({"templates_folder": "Templater"}),
    ".obsidian/daily-notes.json": json.dumps({"folder": "Daily"}),
    "Meta/Templates/T.md": "{{title}} [[{{date}}]]\n",
    "Templater/P.md": "<% x %>\n",
    "Meta/Templates/Bases/All.base": "views: []\n",
    "Files/x.png": "x",
    "Old/o.md": "# Old\n",
    "Daily/2026-11-29.md": "[[A]]\n",
    "A.md": NOTE,
    "B.md": "[[A]]\n\n![[All.base]]\n",
    "plot.excalidraw.md": "drawing\n",
}


def test_an_obsidian_vault_is_understood(tmp_path: Path) -> None:
    put(tmp_path, OBSIDIAN)
    read = read_settings(tmp_path)
    assert read.templates == ("Meta/Templates", "Templater")
    assert (read.daily_notes, read.attachment_folder, read.ignored) == ("Daily", "Files", ("Old",))
    found = survey(tmp_path)
    assert (found.kind, found.docs) == ("obsidian", ".")
    assert 'exclude = ["Meta/Templates/**.md", "Templater/**.md", "Old", "*.excalidraw.md", "site/**"]' in settings(
        found
    )


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"attachmentFolderPath": 3, "userIgnoreFilters": {}}', '{"folder": "/etc"}']
)
def test_damaged_settings_of_obsidian_say_nothing(tmp_path: Path, text: str) -> None:
    put(tmp_path, {f".obsidian/{name}.json": text for name in ("app", "templates", "daily-notes")})
    read = read_settings(tmp_path)
    assert (read.templates, read.daily_notes, read.attachment_folder, read.ignored) == ((), None, None, ())


@pytest.mark.parametrize(
    ("files", "kind", "docs"),
    [
        ({"mkdocs.yml": "site_name: x\ndocs_dir: pages\n", "pages/a.md": "a"}, "mkdocs", "pages"),
        ({"mkdocs.yml": "site_name: x\n", "docs/a.md": "a"}, "mkdocs", "docs"),
        ({"mkdocs.yml": "INHERIT: b.yml\n", "b.yml": "docs_dir: pages\n", "pages/a.md": "a"}, "mkdocs", "pages"),
        ({"README.md": "a", "docs/a.md": "a", "docs/b.md": "b"}, "markdown", "docs"),
        ({"README.md": "a", "one/README.md": "a"}, "markdown", "."),
        ({"notes/.obsidian/app.json": "{}", "notes/a.md": "a", "README.md": "r"}, "obsidian", "notes"),
        ({".vscode/settings.json": '{"foam.x": 1}', "a.md": "a"}, "foam", "."),
    ],
)
def test_kinds_of_folders(tmp_path: Path, files: dict[str, str], kind: str, docs: str) -> None:
    found = survey(put(tmp_path, files))
    assert (found.kind, found.docs) == (kind, docs)


def test_what_is_proposed_is_accepted(tmp_path: Path) -> None:
    put(tmp_path, {**OBSIDIAN, 'we"ird\\name/a.md': "a"})
    for file in propose(survey(tmp_path)):
        assert file.before is None
        (tmp_path / file.path).write_bytes(file.after)
    project = find_project(tmp_path)
    assert project.vault.samefile(tmp_path)
    assert project.config.link_style == "filename"
    from_mapping({"docs": "."})


@pytest.mark.parametrize(("version", "python"), [("3.12.1", ".venv/bin/python"), ("3.9.2", None)])
def test_code_runs_in_the_projects_own_environment(tmp_path: Path, version: str, python: str | None) -> None:
    put(tmp_path, {"docs/A.md": "```python\nprint(1)\n```\n", ".venv/pyvenv.cfg": f"version = {version}\n"})
    (tmp_path / ".venv/bin").mkdir()
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    written = from_mapping(tomllib.loads(settings(survey(tmp_path))))
    assert [(policy.mode, policy.python or None) for _, policy in written.snippets] == [("run", python)]


def test_the_language_of_the_text_is_that_of_the_site(tmp_path: Path) -> None:
    assert survey(put(tmp_path / "en", {"a.md": "Plain English text, with one 한글 word."})).language == "en"
    assert survey(put(tmp_path / "ko", {"a.md": "PyTorch는 텐서를 다루는 라이브러리입니다."})).language == "ko"
    assert survey(put(tmp_path / "ja", {"a.md": "これは日本語の文書です。"})).language == "ja"


def test_plugins_that_a_file_inherits_are_edited_where_they_are_named(tmp_path: Path) -> None:
    put(
        tmp_path,
        {"mkdocs.yml": "INHERIT: base.yml\nsite_name: x\n", "base.yml": "plugins:\n  - search\n", "docs/a.md": "a"},
    )
    changed = {f.path: f.after.decode() for f in propose(survey(tmp_path))}
    assert changed["base.yml"] == "plugins:\n  - search\n  - kbtools\n"
    assert "mkdocs.yml" not in changed


def test_a_site_goes_on_showing_what_it_shows(tmp_path: Path) -> None:
    root = put(
        tmp_path,
        {
            "base.yml": "theme: {name: material, custom_dir: docs/over}\n",
            "mkdocs.yml": "INHERIT: base.yml\nsite_name: x\nplugins:\n  - search\n",
            "docs/index.md": "# Home\n\n![b](https://img.shields.io/b.svg)\n\n<img src='https://img.shields.io/c.svg'>\n"
            "[a link](https://elsewhere.dev/)\n",
            "docs/CNAME": "x.example\n",
            "docs/demo.html": "<p>demo</p>\n",
            "docs/a.txt": "text\n",
            "docs/over/main.html": '{% extends "base.html" %}\n',
        },
    )
    told = kb(root, "init", "--yes")
    assert "2 from other machines: img.shields.io" in told
    options = load((root / "mkdocs.yml").read_text(encoding="utf-8"))["plugins"][1]["kbtools"]
    assert options == {"remote_images": True, "active_files": ["CNAME", "demo.html"]}
    assert "warning" not in kb(root, "build")
    site = root / "site"
    assert all((site / name).is_file() for name in ("CNAME", "demo.html", "a.txt"))
    assert 'src="https://img.shields.io/c.svg"' in (site / "index.html").read_text(encoding="utf-8")


def test_code_that_imports_what_is_not_installed_is_shown(tmp_path: Path) -> None:
    fence = "```python\nimport no_such_package_here.x\n```\n"
    root = put(tmp_path, {"docs/a/A.md": fence * 3, "docs/b/B.md": "```python\nimport json\n```\n"})
    assert '"b/**" = "run"\n"**" = "show"' in settings(survey(root))
    told = kb(root, "init", "--yes")
    assert "4 fences, 1 of which can probably run here" in told
    assert "no_such_package_here (3): imported by so many fences" in told


# --- the command


def tree(root: Path) -> dict[str, str]:
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else ""
        for p in root.rglob("*")
    }


def kb(root: Path, *words: str, code: int = 0) -> str:
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "XDG_CACHE_HOME": str(root.parent / "cache")}
    command = [sys.executable, "-m", "kbtools.cli", *words]
    done = subprocess.run(
        command,
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


SKIPPED = "```python {.skip reason='no'}\nprint(1)\n```\n"
FAILS = "# Fails\n\n```python\nprint(2)  # 3\n```\n"


def test_a_vault_becomes_a_project_and_what_it_was(tmp_path: Path) -> None:
    """The vault is the project's own folder, as with Obsidian always."""
    root = put(tmp_path / "vault", {**OBSIDIAN, "F.md": FAILS, "S.md": SKIPPED, ".gitignore": "x"})
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    before = tree(root)
    assert "nothing was written" in kb(root, "init")
    assert "site_name: vault" in kb(root, "init", "--diff")
    assert tree(root) == before
    told = kb(root, "init", "--yes")
    for file in ("kb.toml", "mkdocs.yml", "index.md", ".gitignore", "kb-baseline.json"):
        assert f"wrote {file}" in told
    assert (root / ".gitignore").read_text(
        encoding="utf-8"
    ) == "x\n.kb/\n_link_reconcile_backup/\n/site/\n/.kb-site-*/\n"
    assert "nothing new to report" in kb(root, "check")
    kb(root, "check", "--no-baseline", code=1)
    assert "is a project already" in kb(root, "init", code=2)
    told = kb(root, "build")
    assert "in site/" in told, told
    built = {p.relative_to(root / "site").as_posix() for p in (root / "site").rglob("*")}
    assert {"index.html", "A/index.html"} <= built
    home = (root / "site/index.html").read_text(encoding="utf-8")
    assert 'href="A/"' in home
    assert 'data-md-color-scheme="slate"' in home  # where the reader's system is dark
    assert "fonts.googleapis.com" not in home
    assert not {
        p
        for p in built
        if p.startswith(("kb.toml", "mkdocs.yml", "site/", "Meta/Templates/T", "Templater", "Old/", "_link"))
    }
    assert "Meta/Templates/Bases/All.base" in built
    failing = (root / "site/F/index.html").read_text(encoding="utf-8")
    assert "kb-is-failed" in failing
    assert "known to fail since" in failing
    assert "kb-is-passed" not in failing
    subprocess.run(["rm", "-r", "site"], cwd=root, check=True)
    told = kb(root, "undo")
    assert "kb.toml removed" in told
    assert ".gitignore restored" in told
    assert tree(root) == before
    assert "there is nothing to undo" in kb(root, "init", "--undo", code=2)


def test_what_it_announces_is_what_the_commands_do(tmp_path: Path) -> None:
    """``[[index]]`` is spelled as the file is called: with link_style = "filename" nothing is to be respelled."""
    pages = {"index.md": "# Team wiki\n\n[[on call]]\n", "On-Call.md": "# On-Call\n\n[[index]] [[Gone]] ![[x.png]]\n"}
    root = put(tmp_path / "notes", pages)
    told = kb(root, "init", "--yes")
    assert "links          4: 2 broken, 1 can be reconciled" in told
    assert "4 links: 2 broken" in kb(root, "check", "--no-baseline", code=1)
    assert "1  broken-link (1 error)" in told
    assert "1 link respelled" in told
    assert "1 link in 1 page would be respelled" in kb(root, "reconcile")


@pytest.mark.parametrize(("more", "said"), [((), "4  orphan-page (4 infos)"), (("--no-site",), None)])
def test_what_it_announces_of_a_site_is_what_the_check_finds(
    tmp_path: Path, more: tuple[str, ...], said: str | None
) -> None:
    """With kb's plugin the navigation, which lists all pages, is no way in."""
    pages = {f"docs/p{i}.md": f"# Page {i}\n" for i in range(4)}
    root = put(tmp_path / "notes", {"mkdocs.yml": "site_name: x\n", "docs/index.md": "# Home\n", **pages})
    told = kb(root, "init", "--yes", "--no-run", *more)
    assert ("findings       4" in told) == (said is not None)
    assert ("wrote kb-baseline.json: 4 findings accepted" in told) == (said is not None)
    assert said is None or said in told


BOTH = {
    "a.md": "# A\n\n[[b]] [[Nowhere]] [x](#a-b) [y](gone.md) ![[gone.png]]\n\n## A & B\n",
    "b.md": "# B\n\n- ```python notest\n  x\n  ```\n",
    "shown/c.md": "```python\nx = undefined\n```\n\n```python\nprint(\n```\n\n[[A.B](c)]\n",
    **{f"daily/{i}.md": f"---\ntitle: Day\n---\n\n[[Nobody {i}]]\n" for i in range(25)},
}
"""Findings that only a site has, that only a garden has, and that many pages have."""


@pytest.mark.parametrize("more", [(), ("--no-site",)])
@pytest.mark.parametrize("extra", [{}, {".obsidian/app.json": "{}"}, {"mkdocs.yml": "site_name: x\n"}])
def test_what_it_announces_is_what_the_check_finds(
    tmp_path: Path, extra: dict[str, str], more: tuple[str, ...]
) -> None:
    """Where ``kb init`` writes ``mkdocs.yml``, findings are those of a site."""
    folder = "docs/" if "mkdocs.yml" in extra else ""
    root = put(tmp_path / "notes", {**{f"{folder}{path}": text for path, text in BOTH.items()}, **extra})
    told = kb(root, "init", "--yes", "--no-run", *more)
    announced = re.findall(r"findings +(\d+)", told)
    assert len(announced) == 1, told
    assert re.findall(r"kb-baseline.json: (\d+) findings accepted", told) == announced, told


@pytest.mark.skipif(os.name == "nt", reason="needs a terminal")
@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("\n", True), ("n\n", False), ("\x04", False)])
def test_on_a_terminal_it_asks(tmp_path: Path, answer: str, written: bool) -> None:
    import pty

    root = put(tmp_path / "notes", {"A.md": "# A\n"})
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    command = [sys.executable, "-m", "kbtools.cli", "init", "--no-site", "--no-run"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        command, cwd=root, env=environment, stdin=theirs, capture_output=True, text=True, check=False, timeout=300
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert "write these files? [Y/n]" in done.stdout
    assert (root / "kb.toml").exists() == written


MKDOCS = """\
# Ours
site_name: x
theme:
  name: material # the look
plugins:
  - search
  - tags  # ours
markdown_extensions: [pymdownx.superfences]
extra:
  value: !ENV [NOWHERE, 1]
"""


def test_a_mkdocs_project_keeps_its_configuration(tmp_path: Path) -> None:
    root = put(
        tmp_path / "project", {"mkdocs.yml": MKDOCS, "docs/index.md": "# Home\n\n[a](a.md)\n", "docs/a.md": FAILS}
    )
    before = tree(root)
    kb(root, "init", "--yes")
    assert (root / "mkdocs.yml").read_text(encoding="utf-8") == MKDOCS.replace("# ours\n", "# ours\n  - kbtools\n")
    assert "nothing new to report" in kb(root, "check")
    kb(root, "build")
    assert (root / "site/a/index.html").is_file()
    plain = [sys.executable, "-m", "mkdocs", "build", "-q", "-d", str(tmp_path / "plain")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(plain, cwd=root, env=environment, check=True, capture_output=True, timeout=300)
    assert "known to fail since" in (tmp_path / "plain/a/index.html").read_text(encoding="utf-8")
    (root / "kb-baseline.json").rename(tmp_path / "kept.json")
    refused = subprocess.run(plain, cwd=root, env=environment, check=False, capture_output=True, text=True, timeout=300)
    assert refused.returncode != 0
    assert "failed on cpu" in refused.stdout + refused.stderr
    (tmp_path / "kept.json").rename(root / "kb-baseline.json")
    subprocess.run(["rm", "-r", "site"], cwd=root, check=True)
    (root / "kb.toml").write_text("# mine now\n", encoding="utf-8")
    assert "kb.toml is left as it is" in kb(root, "init", "--undo", code=1)
    assert (root / "mkdocs.yml").read_text(encoding="utf-8") == MKDOCS
    (root / "kb.toml").unlink()
    kb(root, "init", "--undo")
    assert tree(root) == before


SAFE_HTML = (
    "# A\n\n`<script>` <https://a.org> <me@a.org> <b>b</b>\n\n```html\n<script>1</script>\n```\n\n<!-- <form> -->\n"
)


def test_a_site_with_html_of_its_own_stays_as_it_is(tmp_path: Path) -> None:
    """A site that MkDocs builds with ``strict`` would not be built any more."""
    strict = "site_name: x\nstrict: true\n"
    kept = kb(put(tmp_path / "safe", {"mkdocs.yml": strict, "docs/index.md": SAFE_HTML}), "init", "--diff")
    assert "sanitize" not in kept
    written = SAFE_HTML + '\n<div>\n<a href="#x" onmouseover="a()">x</a>\n</div>\n'
    root = put(tmp_path / "own", {"mkdocs.yml": strict, "docs/index.md": written})
    told = kb(root, "init", "--yes")
    assert "HTML           on 1 page as kb publishes it only with sanitize: false" in told
    assert "      sanitize: false\n" in (root / "mkdocs.yml").read_text(encoding="utf-8")
    kb(root, "build")
    assert 'onmouseover="a()"' in (root / "site/index.html").read_text(encoding="utf-8")


SECTIONS = """# A

## Development - Contributing

## CI / failures & `<script>` tags

## 텐서

## 텐서

### Twice

### Twice

## Named { #twice_1 }
"""


def test_addresses_of_sections_lead_there_still(tmp_path: Path) -> None:
    """Where the site has Python-Markdown's ids, which leave out all but ASCII."""
    root = put(
        tmp_path / "site", {"mkdocs.yml": "site_name: x\nmarkdown_extensions: [attr_list]\n", "docs/index.md": SECTIONS}
    )
    plain = [sys.executable, "-m", "mkdocs", "build", "-q", "-d", str(tmp_path / "plain")]
    subprocess.run(plain, cwd=root, check=True, capture_output=True, timeout=300)
    kb(root, "init", "--yes")
    kb(root, "build")
    before, after = (
        re.findall(r'\bid="([^"]+)"', (folder / "index.html").read_text(encoding="utf-8"))
        for folder in (tmp_path / "plain", root / "site")
    )
    assert {"development-contributing", "ci-failures-script-tags", "_1", "_2", "twice"} <= set(before) <= set(after)
    assert {"development---contributing", "텐서", "텐서_1"} <= set(after)
    assert len(after) == len(set(after))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "there is no page"),
        ({"a.mdx": "x"}, "there are MDX files"),
        ({"a.ipynb": "{}"}, "kb import NOTEBOOK"),
        ({"kb.toml": "", "docs/a.md": "a"}, "is a project already"),
        ({"mkdocs.yml": "a: [", "docs/a.md": "a"}, "not YAML"),
    ],
)
def test_what_cannot_be_adopted_is_told(tmp_path: Path, files: dict[str, str], words: str) -> None:
    root = put(tmp_path / "x", files)
    root.mkdir(exist_ok=True)
    assert words in kb(root, "init", "--yes", code=2)
    assert not (root / "_link_reconcile_backup").exists()

"""What no tool should trip over: a diagnostic with file and place each, the other pages checked, nothing changed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from growth import assert_linear, cpu_of_children
from terminal import run_kb

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)
NFD = unicodedata.normalize("NFD", "텐서")

PAGES: dict[str, tuple[bytes, str]] = {
    "latin.md": ("제목".encode("cp949"), "unreadable-page"),
    "utf16.md": ("# 제목".encode("utf-16"), "unreadable-page"),
    "nul.md": (b"# a\n\nb\x00c [[Good]]\n", "unreadable-page"),
    "bare.md": (b"# No frontmatter\n", "missing-frontmatter"),
    "yaml.md": (b"---\ntitle: 'a\n---\n\n[[Good]]\n", "invalid-yaml"),
    "huge.md": (b"---\ntitle: " + b"x" * 1_000_000 + b"\n---\n", "invalid-yaml"),
    "deep.md": (b"---\na: " + b"[" * 30_000 + b"\n---\n", "invalid-yaml"),
    "bomb.md": (f"---\n{BOMB}---\n".encode(), "invalid-yaml"),
    "object.md": (b"---\na: !!python/object/apply:os.system [echo hi]\n---\n", "invalid-yaml"),
    "fence.md": (b"---\ntitle: x\n---\n\n```python\nx = 1\n", "irregular-fence"),
    f"{NFD}.md": (b"# a\n", "decomposed-file-name"),
}

LONG: dict[str, tuple[bytes, str]] = {
    "giant.md": (b"word [[Good]]\n" * 3_600_000, "unreadable-page"),  # 50 MB
    "line.md": (b"word " * 2_000_000, "unreadable-page"),  # 10 MB
    "brackets.md": (b"[" * 1_000_000, "missing-frontmatter"),
    "headings.md": (b"# Heading\n\n" * 100_000, "missing-frontmatter"),
    "quotes.md": (b">" * 200_000 + b"\n" + b"> " * 200_000 + b"x [[Good]]\n", "missing-frontmatter"),
    "lists.md": (b"".join(b"  " * n + b"- x\n" for n in range(500)), "missing-frontmatter"),
    "tags.md": (b"<div>" * 100_000 + b"<" * 100_000, "missing-frontmatter"),
    "ticks.md": (b"".join(b"`" * (n % 300) + b" " for n in range(3_000)), "missing-frontmatter"),
}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "v"
    folder.mkdir()
    for name, (data, _) in PAGES.items():
        (folder / name).write_bytes(data)
    (folder / "Good.md").write_bytes(b"# Good\n\n[[Nope]]\n")
    (tmp_path / "outside.md").write_bytes(b"# Outside\n")
    (folder / "out.md").symlink_to(tmp_path / "outside.md")
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "dead.md").symlink_to(folder / "nowhere.md")
    (folder / "ring").symlink_to(folder)
    return folder


def state(folder: Path) -> dict[str, str]:
    return {
        str(p): str(p.readlink()) if p.is_symlink() else hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_symlink() or p.is_file()
    }


def test_every_bad_page_is_named_and_the_good_ones_are_checked(vault: Path) -> None:
    for name, (data, _) in LONG.items():
        (vault / name).write_bytes(data)
    before = state(vault)
    done = run_kb(("check", "--no-run", "--vault", str(vault), "--schema", "topic", "--format", "json"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    found = {(d["path"], d["rule"]) for d in json.loads(done.stdout)["diagnostics"]}
    expected = {(name, rule) for name, (_, rule) in (PAGES | LONG).items()}
    expected |= {(link, "unreadable-page") for link in ("out.md", "loop.md", "dead.md", "ring")}
    assert expected <= found
    assert ("Good.md", "broken-link") in found
    assert state(vault) == before


def test_every_command_that_reads_survives(vault: Path) -> None:
    before = state(vault)
    for words in (("links",), ("snippets",), ("pages",), ("graph",), ("stats",), ("reconcile",), ("fix", "--diff")):
        done = run_kb((*words, "--vault", str(vault)))
        assert "Traceback" not in done.stderr, words
        assert done.returncode == 0, (words, done.stderr)
    assert state(vault) == before


def test_help_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; from kbtools.cli import main; main(['--help']); "
        "own = [m for m in sys.modules if m.partition('.')[0] not in {*sys.stdlib_module_names, 'kbtools', '__main__'}"
        " and not m.startswith(('_', 'sitecustomize', 'usercustomize'))]; print(own, file=sys.stderr)"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env=_paths())
    assert done.stderr.strip() == "[]"


def _paths() -> dict[str, str]:
    import kbtools

    return {**os.environ, "PYTHONPATH": str(Path(kbtools.__file__).parent.parent)}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_page_without_permission_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("# x")
    (tmp_path / "secret.md").chmod(0)
    done = run_kb(("check", "--no-run", "--vault", str(tmp_path), "--format", "concise"))
    assert "secret.md:1:1: error[unreadable-page]" in done.stdout


def test_a_name_that_is_no_text_is_named(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"\xff.md")).write_text("# x")
    except OSError:
        pytest.skip("this file system has only names in Unicode")
    done = run_kb(("check", "--no-run", "--vault", str(tmp_path), "--format", "concise"))
    assert "error[unreadable-page] the file's name is not UTF-8" in done.stdout
    assert done.returncode == 1


GROWING: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "[" * n,
    "links": lambda n: "[[Good#a|b]] ![[x " * (n // 18),
    "one line": lambda n: "word [[Good]] `code` $x$ " * (n // 25),
    "headings": lambda n: "# Heading\n\n" * (n // 11),
    "quotes": lambda n: "".join(">" * (i % 50) + " x\n" for i in range(n // 28)),
    "lists": lambda n: "".join("    " * (i % 20) + "- x\n" for i in range(n // 44)),
    "html": lambda n: "<div>\n<!-- a -->\n" * (n // 17),
    "fences": lambda n: "```python\nx = 1\n```\n\n" * (n // 21),
    "frontmatter": lambda n: "---\n" + "".join(f"k{i}: [a]\n" for i in range(n // 20)) + "---\n",
}


@pytest.mark.parametrize("kind", GROWING)
def test_a_page_four_times_as_long_takes_four_times_as_long(tmp_path: Path, kind: str) -> None:
    def check(size: int) -> Callable[[], object]:
        folder = tmp_path / f"{size}"
        folder.mkdir()
        (folder / "Good.md").write_text("# a\n", encoding="utf-8")
        (folder / "page.md").write_text(GROWING[kind](size), encoding="utf-8")

        def run() -> None:
            done = run_kb(("check", "--no-run", "--vault", str(folder), "--format", "concise"))
            assert done.returncode in (0, 1), done.stderr
            assert "Traceback" not in done.stderr

        return run

    assert_linear(check, 60_000, clock=cpu_of_children, times=1)


def test_the_largest_page_is_for_the_project_to_say(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("word " * 500, encoding="utf-8")
    for size, code in (("2KiB", 1), ("4KiB", 0)):
        (tmp_path / "kb.toml").write_text(f'max_page_size = "{size}"', encoding="utf-8")
        done = run_kb(("check", "--no-run", "--root", str(tmp_path), "--format", "concise"))
        assert done.returncode == code, done.stdout
        assert ("the page is too large: 0.0 MiB" in done.stdout) == bool(code)


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize(("site", "severity"), [(False, "warning"), (True, "error")])
def test_a_linked_folder_is_an_error_only_where_a_site_shows_its_pages(
    site: bool, severity: str, inside: bool, tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    (docs / "own").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (docs / "index.md").write_text("# Index\n\n[[b]]\n", encoding="utf-8")
    (docs / "own/b.md").write_text("# B\n\n[[index]]\n", encoding="utf-8")
    (docs / "linked").symlink_to(docs / "own" if inside else tmp_path / "other")
    if site:
        (tmp_path / "mkdocs.yml").write_text("site_name: x\n", encoding="utf-8")
    where = ("--root", str(tmp_path)) if site else ("--vault", str(docs))
    done = run_kb(("check", "--no-run", "--select", "unreadable-page", "--format", "json", *where))
    found = [(d["path"].rpartition("/")[2], d["severity"]) for d in json.loads(done.stdout)["diagnostics"]]
    assert found == [("linked", severity)]
    assert done.returncode == (severity == "error")

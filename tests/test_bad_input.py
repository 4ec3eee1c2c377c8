"""What no tool should trip over: a diagnostic with file and place each, the other pages checked, nothing changed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import unicodedata
from pathlib import Path

import pytest
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
    "huge.md": (b"---\ntitle: " + b"x" * 10_000_000 + b"\n---\n", "invalid-yaml"),
    "deep.md": (b"---\na: " + b"[" * 30_000 + b"\n---\n", "invalid-yaml"),
    "bomb.md": (f"---\n{BOMB}---\n".encode(), "invalid-yaml"),
    "object.md": (b"---\na: !!python/object/apply:os.system [echo hi]\n---\n", "invalid-yaml"),
    "fence.md": (b"---\ntitle: x\n---\n\n```python\nx = 1\n", "irregular-fence"),
    f"{NFD}.md": (b"# a\n", "decomposed-file-name"),
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
    before = state(vault)
    done = run_kb(("check", "--no-run", "--vault", str(vault), "--schema", "topic", "--format", "json"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    found = {(d["path"], d["rule"]) for d in json.loads(done.stdout)["diagnostics"]}
    expected = {(name, rule) for name, (_, rule) in PAGES.items()}
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

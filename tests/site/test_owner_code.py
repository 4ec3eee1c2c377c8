"""What a stranger's ``mkdocs.yml`` would run is refused under ``--sandbox strict``, and is not run to be found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from small_site import CONFIG, make

from kbtools.cli import main
from kbtools.site.mkdocs.owner_code import running_code

RUNS = {
    "extra: !!python/object/apply:os.system ['touch FILE']\n": "!!python/object/apply:os.system",
    "extra:\n  deep: [{a: !!python/name:os.system }]\n": "!!python/name:os.system",
    "extra: !!python/object/new:pymdownx.__init__:evil []\n": "pymdownx",
    "hooks: [hook.py]\n": "hooks",
    "theme: {name: material, custom_dir: over}\n": "custom_dir",
    "plugins: [kbtools, macros]\n": "macros",
    "plugins:\n  kbtools: {}\n  gen-files: {scripts: [a.py]}\n": "gen-files",
    "markdown_extensions: [mine.extension]\n": "mine.extension",
    "INHERIT: base.yml\n": "base.yml",
}


@pytest.mark.parametrize("text", RUNS)
def test_it_is_found(tmp_path: Path, text: str) -> None:
    ran = tmp_path / "ran"
    (tmp_path / "base.yml").write_text("hooks: [x.py]\n")
    file = tmp_path / "mkdocs.yml"
    file.write_text("site_name: x\n" + text.replace("FILE", str(ran)))
    (found, *_) = list(running_code(file))
    assert RUNS[text] in found
    assert not ran.exists()


def test_what_everybody_writes_is_not(tmp_path: Path) -> None:
    file = tmp_path / "mkdocs.yml"
    emoji = "  - pymdownx.emoji: {emoji_index: !!python/name:material.extensions.emoji.twemoji ''}\n"
    file.write_text(CONFIG + emoji + "extra: {a: !ENV [A, b]}\n", encoding="utf-8")
    assert list(running_code(file)) == []


def test_kb_build_refuses_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = tmp_path / "ran"
    make(tmp_path, {}, CONFIG + f"extra: !!python/object/apply:os.system ['touch {ran}']\n")
    assert main(["build", "--sandbox", "strict", "--root", str(tmp_path)]) == 2
    assert "mkdocs.yml:" in capsys.readouterr().err
    assert not ran.exists()

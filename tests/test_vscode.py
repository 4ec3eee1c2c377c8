"""The extension for VS Code: its parts fit each other and the language server, and it can be packaged."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from kbtools.adapters.lsp import results

HERE = Path(__file__).parents[1] / "editors" / "vscode"
MANIFEST = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
SCRIPT = (HERE / "extension.js").read_text(encoding="utf-8")


def test_what_the_manifest_offers_is_there() -> None:
    offered = {command["command"] for command in MANIFEST["contributes"]["commands"]}
    assert offered == set(re.findall(r'registerCommand\("([\w.]+)"', SCRIPT))
    assert {results.RUN, results.UPDATE} <= set(re.findall(r'"(kb\.\w+)"', SCRIPT))
    asked = set(re.findall(r'\bsetting\("(\w+)"\)', SCRIPT))
    assert {f"kb.{name}" for name in asked} == set(MANIFEST["contributes"]["configuration"]["properties"])
    for grammar in MANIFEST["contributes"]["grammars"]:
        assert (HERE / grammar["path"]).is_file()


def test_its_buttons_are_told_from_those_of_markdown() -> None:
    """VS Code shows its own preview of Markdown as ``open-preview``, beside the buttons of the extension."""
    icons = [command["icon"] for command in MANIFEST["contributes"]["commands"] if "icon" in command]
    assert len(set(icons)) == len(icons)
    assert "$(open-preview)" not in icons


def test_it_runs_nothing_in_folders_that_are_not_trusted() -> None:
    assert MANIFEST["capabilities"]["untrustedWorkspaces"]["supported"] is False
    assert MANIFEST["capabilities"]["virtualWorkspaces"]["supported"] is False
    assert "sendText" not in SCRIPT  # no shell reads what a setting or a path says


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_its_grammar_holds_and_it_is_packaged_without_a_warning(tmp_path: Path) -> None:
    folder = tmp_path / "vscode"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("node_modules", "dist", "*.vsix"))

    def npm(*words: str) -> str:
        done = subprocess.run(["npm", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=390)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    npm("ci", "--no-audit", "--no-fund")
    npm("test")
    assert "WARNING" not in npm("run", "package", "--", "--out", "kb.vsix")
    with zipfile.ZipFile(folder / "kb.vsix") as package:
        held = set(package.namelist())
    assert held == {
        "[Content_Types].xml",
        "extension.vsixmanifest",
        *(
            f"extension/{name}"
            for name in (
                "LICENSE.txt",
                "dist/extension.js",
                "icon.png",
                "package.json",
                "picture.png",
                "readme.md",
                "syntaxes/kb.json",
            )
        ),
    }

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
GRAMMAR = json.loads((HERE / "syntaxes/kb.json").read_text(encoding="utf-8"))


def test_what_the_manifest_offers_is_there() -> None:
    offered = {command["command"] for command in MANIFEST["contributes"]["commands"]}
    assert offered == set(re.findall(r'registerCommand\("([\w.]+)"', SCRIPT))
    assert {results.RUN, results.UPDATE} <= set(re.findall(r'"(kb\.\w+)"', SCRIPT))
    asked = set(re.findall(r'getConfiguration\("kb"\)\.get\("(\w+)"\)', SCRIPT))
    assert {f"kb.{name}" for name in asked} == set(MANIFEST["contributes"]["configuration"]["properties"])
    for grammar in MANIFEST["contributes"]["grammars"]:
        assert (HERE / grammar["path"]).is_file()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[[Tensor]]", ("[[", "Tensor", None, None, None, "]]")),
        ("![[Tensor#Shape|세모]]", ("![[", "Tensor", "#Shape", "|", "세모", "]]")),
        (r"[[Tensor\|세모]]", ("[[", "Tensor\\", None, "|", "세모", "]]")),
    ],
)
def test_wikilinks_are_coloured(text: str, parts: tuple[str | None, ...]) -> None:
    found = re.search(GRAMMAR["repository"]["wikilink"]["match"], text)
    assert found is not None
    assert found[0] == text
    assert found.groups() == parts


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_it_is_packaged(tmp_path: Path) -> None:
    folder = tmp_path / "vscode"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("node_modules", "*.vsix"))
    for command in (["npm", "ci", "--no-audit", "--no-fund"], ["npm", "run", "package", "--", "--out", "kb.vsix"]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    held = set(zipfile.ZipFile(folder / "kb.vsix").namelist())
    assert {"extension/extension.js", "extension/syntaxes/kb.json", "extension/package.json"} <= held
    assert any(name.startswith("extension/node_modules/vscode-languageclient/") for name in held)
    checked = ["node", "--check", str(folder / "extension.js")]
    assert subprocess.run(checked, capture_output=True, check=False).returncode == 0

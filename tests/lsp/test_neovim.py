"""The client that is built into Neovim, started as the guide says: once through every feature, without a screen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from a_wiki import make

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "editors.md"
ASK = """
local out = {}
local function at(line, column)
  vim.api.nvim_win_set_cursor(0, { line, column })
  return vim.lsp.util.make_position_params(0, "utf-16")
end
local function ask(name, method, params)
  for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 250000) or {}) do
    out[name] = answer.result
  end
end
vim.wait(250000, function() return #vim.diagnostic.get(0) > 0 end, 50)
out.diagnostics = vim.diagnostic.get(0)
local text = vim.api.nvim_buf_get_lines(0, 0, -1, false)
local line
for number, words in ipairs(text) do if words:find("[[tensor]]", 1, true) then line = number end end
local column = text[line]:find("tensor", 1, true) - 1
ask("hover", "textDocument/hover", at(line, column))
ask("definition", "textDocument/definition", at(line, column))
local references = at(line, column)
references.context = { includeDeclaration = false }
ask("references", "textDocument/references", references)
ask("completion", "textDocument/completion", at(line, column + 2))
local rename = at(line, column)
rename.newName = "Array"
ask("rename", "textDocument/rename", rename)
ask("symbols", "textDocument/documentSymbol", { textDocument = vim.lsp.util.make_text_document_params() })
local action = vim.lsp.util.make_given_range_params({ line, column }, { line, column }, 0, "utf-16")
action.context = { diagnostics = {} }
ask("actions", "textDocument/codeAction", action)
local whole = { textDocument = vim.lsp.util.make_text_document_params() }
ask("folds", "textDocument/foldingRange", whole)
ask("links", "textDocument/documentLink", whole)
ask("tokens", "textDocument/semanticTokens/full", whole)
ask("pages", "workspace/symbol", { query = "Ten" })
out.listed = vim.lsp.util.symbols_to_items(out.pages, 0, "utf-16")
ask("lenses", "textDocument/codeLens", whole)
for _, lens in ipairs(out.lenses) do
  if lens.command.title == "▶ Run" then ask("ran", "workspace/executeCommand", lens.command) end
end
ask("lenses", "textDocument/codeLens", whole)
local range = vim.lsp.util.make_given_range_params({ 1, 0 }, { #text, 0 }).range
local shown = { textDocument = whole.textDocument, range = range }
ask("hints", "textDocument/inlayHint", shown)
vim.fn.writefile({ vim.json.encode(out) }, "answers.json")
vim.cmd("qall!")
"""


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")
def test_once_through_every_feature(tmp_path: Path) -> None:
    root = make(tmp_path)
    snippet = re.search(r"```lua\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert snippet is not None
    (root / "init.lua").write_text(snippet[1], encoding="utf-8")
    (root / "ask.lua").write_text(ASK, encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["nvim", "--headless", "-n", "-u", "init.lua", "docs/topics/Autograd.md", "-c", "luafile ask.lua"]
    done = subprocess.run(
        command,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PATH": path, "XDG_STATE_HOME": str(tmp_path / "state"), "NVIM_LOG_FILE": os.devnull},
    )
    assert (root / "answers.json").is_file(), done.stderr
    found: dict[str, Any] = json.loads((root / "answers.json").read_text(encoding="utf-8"))
    assert {d["code"] for d in found["diagnostics"]} >= {"variant-link", "broken-link"}
    assert "**Tensor**" in found["hover"]["contents"]["value"]
    assert found["definition"]["uri"] == (root / "docs/topics/Tensor.md").as_uri()
    assert len(found["references"]) == 3
    assert "Tensor" in {item["label"] for item in found["completion"]["items"]}
    assert any(change.get("kind") == "rename" for change in found["rename"]["documentChanges"])
    assert [symbol["name"] for symbol in found["symbols"]] == ["Autograd"]
    assert any(action["title"].startswith("Write [[Tensor") for action in found["actions"])
    assert {(fold["startLine"], fold["endLine"]) for fold in found["folds"]} >= {(0, 2), (10, 13)}
    assert len(found["links"]) == 3
    assert len(found["tokens"]["data"]) == 3 * 5
    assert [symbol["name"] for symbol in found["pages"]] == ["Tensor"]
    assert [(Path(item["filename"]).name, item["lnum"]) for item in found["listed"]] == [("Tensor.md", 1)]
    assert any(lens["command"]["title"].startswith("✓ passed on cpu") for lens in found["lenses"])
    assert [hint["label"] for hint in found["hints"]] == ["→ 3"]

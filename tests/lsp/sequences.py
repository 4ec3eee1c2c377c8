"""Random sequences of what an editor does to a wiki: types, saves, closes, renames, moves, is killed.

The client holds the texts of its open documents, and makes the edits that the server sends as an editor does. After
each sequence the findings of the open documents are those of a check of the same texts from scratch.

usage: PYTHONPATH=.:tests:tests/lsp python tests/lsp/sequences.py SEED SECONDS FOLDER
"""

from __future__ import annotations

import random
import shutil
import sys
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from a_wiki import make
from raw_client import CHANGES_FILES, RawClient

from kbtools.config.project import find_project
from kbtools.incremental.check import check
from tests.waiting import LIMIT

PAGES = {
    "kb.toml": 'docs = "docs"\n',
    "docs/a/Tensor.md": (
        "---\ntitle: Tensor\naliases: [텐서, nd array]\n---\n\n# Tensor\n\nText 😀. ^one\n\n## The *shape* of `x`\n\n"
        "- item ^two\n\n[[#^one]] ![p](pic.png)\n"
    ),
    "docs/a/Autograd.md": (
        "---\ntitle: Autograd\nrelated: '[[Tensor#^one]]'\n---\n\n# Autograd\n\n[[텐서]]는 [[Tensor|텐서]] [[tensor]] "
        "[[Tensor#The shape of x]] [t](Tensor.md#^two) [u](../b/Loss.md) [[Nowhere]]\n\n"
        "```python {#one}\nx = 1\nprint(x)\n```\n"
    ),
    "docs/b/Loss.md": "# Loss\n\n[[a/Tensor]] ![[Tensor#^one]] [[Autograd|x]] [[nd array]]\n\n## 손실 함수\n",
    "docs/b/Index.md": (
        "---\ntitle: 시작\nredirect_to: Loss\n---\n\n[[Loss#손실 함수]] [[시작]] [x](../a/Autograd.md)\n"
    ),
    "docs/a/pic.png": "",
}
PIECES = (
    "[[Tensor]]",
    "[[tensor#",
    "[[텐서",
    "]]",
    "|x",
    "#^one",
    " ^one\n\n",
    "\n",
    "\r\n",
    "\u2028",
    "😀",
    "한글",
    "```python\nprint(y)\n```\n",
    "---\n",
    "title: Loss\n",
    "aliases: [텐서]\n",
    "\n# 제목\n",
    "<!-- kb: ignore[broken-link] -->\n",
    "[a](Tensor.md#shape)",
    "",
)
NAMES = ("배열", "New *name*", "Tensor", "one", "three-3", "C#", "a/b", "", "Loss", "x `y` z", "텐서")
PLACES = ("docs/b", "docs/c/d", "docs", "docs/a")
CAN = {
    "workspace": {
        "workspaceEdit": CHANGES_FILES,
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    }
}


class Sequence:
    """An editor on a wiki of its own."""

    def __init__(self, root: Path, seed: int) -> None:
        self.chosen = random.Random(seed)
        self.root = make(root / "wiki", PAGES)
        self.truth = root / "truth"
        self.texts: dict[Path, str] = {}
        self.version = 0
        self.done: list[str] = []
        self.client = self._start()

    def _start(self) -> RawClient:
        client = RawClient(self.root)
        client.initialize(**CAN)
        return client

    def close(self) -> None:
        self.client.__exit__(None)

    # -- what an editor does

    def pages(self) -> list[Path]:
        return sorted(p for p in self.root.joinpath("docs").rglob("*.md"))

    def open(self, file: Path) -> None:
        if file not in self.texts:
            self.texts[file] = file.read_bytes().decode()
            self.client.open(file.as_uri(), self.texts[file], self._next())

    def set(self, file: Path, text: str) -> None:
        self.texts[file] = text
        self.client.change(file.as_uri(), text, self._next())

    def shut(self, file: Path) -> None:
        del self.texts[file]
        self.client.note("textDocument/didClose", {"textDocument": {"uri": file.as_uri()}})

    def save(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.texts[file].encode())
        self.client.note("textDocument/didSave", {"textDocument": {"uri": file.as_uri()}})
        self.tell(file)

    def tell(self, *files: Path) -> None:
        changes = [{"uri": file.as_uri(), "type": 2 if file.exists() else 3} for file in files]
        self.client.note("workspace/didChangeWatchedFiles", {"changes": changes})

    def _next(self) -> int:
        self.version += 1
        return self.version

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        answer = self.client.ask(method, params)
        error = answer.get("error")
        assert error is None or error["code"] != -32603, error
        return answer.get("result")

    # -- steps

    def step(self) -> None:
        steps = (
            [self.type] * 6
            + [self.rename] * 4
            + [self.move] * 2
            + [self.look_around] * 2
            + [self.save_one, self.close_one, self.open_one, self.write_outside, self.remove, self.kill, self.configure]
        )
        if not self.texts:
            steps = [self.open_one]
        step = self.chosen.choice(steps)
        self.done.append(step.__name__)
        step()

    def one(self) -> Path:
        return self.chosen.choice(sorted(self.texts))

    def open_one(self) -> None:
        if pages := self.pages():
            self.open(self.chosen.choice(pages))

    def close_one(self) -> None:
        self.shut(self.one())

    def save_one(self) -> None:
        self.save(self.one())

    def type(self) -> None:
        file = self.one()
        text = self.texts[file]
        start = self.chosen.randint(0, len(text))
        end = min(len(text), start + self.chosen.choice((0, 0, 1, 5, 40)))
        self.set(file, text[:start] + self.chosen.choice(PIECES) + text[end:])

    def rename(self) -> None:
        file = self.one()
        text = self.texts[file]
        names = [i for i, c in enumerate(text) if c in "[]#^|:"] or [0]
        offset = min(len(text), self.chosen.choice(names) + self.chosen.randint(0, 3))
        at = {"textDocument": {"uri": file.as_uri()}, "position": _position(text, offset)}
        self.ask("textDocument/prepareRename", at)
        name = self.chosen.choice(NAMES)
        self.done[-1] += f" {file.name}:{offset} {name!r}"
        self.make(self.ask("textDocument/rename", {**at, "newName": name}))

    def move(self) -> None:
        what = self.chosen.choice(
            [*self.pages(), self.root / "docs/a", self.root / "docs/b", self.root / "docs/a/pic.png"]
        )
        new = (
            self.root / self.chosen.choice(PLACES) / (what.name if self.chosen.random() < 0.5 else f"Moved-{what.name}")
        )
        if not what.exists() or new.exists() or new.is_relative_to(what):
            return
        self.done[-1] += f" {what.relative_to(self.root)} {new.relative_to(self.root)}"
        files = [{"oldUri": what.as_uri(), "newUri": new.as_uri()}]
        self.make(self.ask("workspace/willRenameFiles", {"files": files}))
        self.move_file(what, new)

    def look_around(self) -> None:
        file = self.one()
        document = {"textDocument": {"uri": file.as_uri()}}
        offset = self.chosen.randint(0, len(self.texts[file]))
        at = {**document, "position": _position(self.texts[file], offset)}
        for what in ("hover", "definition", "completion"):
            self.ask(f"textDocument/{what}", at)
        self.ask("textDocument/references", {**at, "context": {"includeDeclaration": True}})
        whole = {"start": at["position"], "end": at["position"]}
        self.ask("textDocument/codeAction", {**document, "range": whole, "context": {"diagnostics": []}})
        for what in ("documentSymbol", "semanticTokens/full", "foldingRange", "codeLens", "documentLink"):
            self.ask(f"textDocument/{what}", document)

    def write_outside(self) -> None:
        if pages := self.pages():
            file = self.chosen.choice(pages)
            file.write_bytes(file.read_bytes() + self.chosen.choice(PIECES).encode())
            self.tell(file)

    def remove(self) -> None:
        if len(pages := self.pages()) > 2:
            file = self.chosen.choice(pages)
            file.unlink()
            self.tell(file)

    def kill(self) -> None:
        self.close()
        self.client = self._start()
        for file, text in self.texts.items():
            self.client.open(file.as_uri(), text, self._next())

    def configure(self) -> None:
        lines = ('docs = "docs"\n', 'docs = "docs"\nlink_style = "filename"\n', "docs = [\n")
        (self.root / "kb.toml").write_text(self.chosen.choice(lines), encoding="utf-8")
        self.tell(self.root / "kb.toml")

    # -- edits that the server sends

    def make(self, edit: dict[str, Any] | None) -> None:
        """Make an edit: in open documents, and in the files of others, which an editor opens and saves."""
        for change in (edit or {}).get("documentChanges", ()):
            if change.get("kind") == "rename":
                self.move_file(_file(change["oldUri"]), _file(change["newUri"]))
                continue
            file = _file(change["textDocument"]["uri"])
            was = self.texts[file] if file in self.texts else file.read_bytes().decode()
            now = _edited(was, change["edits"])
            if file in self.texts:
                self.set(file, now)
            else:
                file.write_bytes(now.encode())
                self.tell(file)

    def move_file(self, old: Path, new: Path) -> None:
        """Move a file or folder; documents in it are open under their new names."""
        new.parent.mkdir(parents=True, exist_ok=True)
        assert not new.exists()
        with suppress(FileNotFoundError):
            old.rename(new)
        for file in [file for file in self.texts if file.is_relative_to(old)]:
            text = self.texts[file]
            self.shut(file)
            there = new / file.relative_to(old) if file != old else new
            self.texts[there] = text
            self.client.open(there.as_uri(), text, self._next())
        self.tell(old, new)

    # -- what must hold

    def verify(self) -> None:
        (self.root / "kb.toml").write_text('docs = "docs"\n', encoding="utf-8")
        self.tell(self.root / "kb.toml")
        shutil.rmtree(self.truth, ignore_errors=True)
        shutil.copytree(self.root, self.truth, ignore=shutil.ignore_patterns(".kb"))
        for file, text in self.texts.items():
            there = self.truth / file.relative_to(self.root)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(text.encode())
        found = check(find_project(self.truth), date.today())
        for file in self.texts:
            path = file.relative_to(self.root / "docs").as_posix()
            expected = sorted(
                (d.rule, f"{d.message}\n{d.help}" if d.help else d.message) for d in found.diagnostics(path.__eq__)
            )
            deadline = time.monotonic() + LIMIT
            while (told := self.told(file)) != expected and time.monotonic() < deadline:
                time.sleep(0.05)  # what other pages say of this one is checked once the server is idle
            assert told == expected, (path, told, expected, self.done)

    def told(self, file: Path) -> list[tuple[str, str]]:
        """The findings that were told last, once all that was sent is dealt with."""
        self.client.ask("workspace/symbol", {"query": "nothing is called so"})
        notes = [n for n in self.client.notes if n.get("method") == "textDocument/publishDiagnostics"]
        self.client.notes = notes[-200:]
        of_file = [n["params"]["diagnostics"] for n in notes if n["params"]["uri"] == file.as_uri()]
        return sorted((d["code"], d["message"]) for d in of_file[-1]) if of_file else []


def _file(uri: str) -> Path:
    return Path(unquote(uri.removeprefix("file://")))


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _position(text: str, offset: int) -> dict[str, int]:
    before = _lines(text[:offset])
    return {"line": len(before) - 1, "character": len(before[-1].encode("utf-16-le")) // 2}


def _edited(text: str, edits: list[dict[str, Any]]) -> str:
    for edit in sorted(edits, key=lambda e: list(e["range"]["start"].values()), reverse=True):
        start, end = (_offset(text, edit["range"][key]) for key in ("start", "end"))
        text = text[:start] + edit["newText"] + text[end:]
    return text


def _offset(text: str, at: dict[str, int]) -> int:
    start = line = 0
    while line < at["line"]:
        ends = [i for i in (text.find("\n", start), text.find("\r", start)) if i >= 0]
        start = min(ends) + (2 if text.startswith("\r\n", min(ends)) else 1)
        line += 1
    units, end = 0, start
    while units < at["character"]:
        units += 2 if text[end] > "\uffff" else 1
        end += 1
    return end


def run(root: Path, seed: int, steps: int) -> list[str]:
    """A sequence of so many steps, verified in the middle and at the end."""
    sequence = Sequence(root, seed)
    try:
        sequence.open_one()
        for number in range(steps):
            sequence.step()
            if number == steps // 2:
                sequence.verify()
        sequence.verify()
        said = _errors(sequence)
        assert not said, said
    except BaseException:
        print(f"seed {seed}:", *sequence.done, sequence.client.log, sep="\n  ")
        raise
    finally:
        sequence.close()
    return sequence.done


def _errors(sequence: Sequence) -> str:
    """What the server has said on standard error: tracebacks of mistakes that it outlived."""
    process = sequence.client.process
    process.stdin.close()  # type: ignore[union-attr]
    process.wait(LIMIT)
    said = sequence.client.log
    return said if "Traceback" in said else ""


def main(seed: str, seconds: str, folder: str) -> None:
    end, number = time.monotonic() + float(seconds), int(seed)
    while time.monotonic() < end:
        root = Path(folder, str(number))
        shutil.rmtree(root, ignore_errors=True)
        try:
            run(root, number, 24)
            print("ok", number, flush=True)
            shutil.rmtree(root, ignore_errors=True)
        except Exception as error:  # noqa: BLE001
            print("FAILED", number, type(error).__name__, str(error)[:3000], flush=True)
        number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])

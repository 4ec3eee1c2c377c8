"""Every command that writes, killed or out of space at each call that changes a file: the table and its judge.

A command runs in a fork of the test process, where its k-th changing call fails; k counts up until it ends by itself.
Afterwards each file is as before or as after, the next check works, ``kb undo`` restores every byte, and the same
command, run again, comes to the same end and leaves nothing lying about.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rewrite_faults import CHANGING, NEEDS_SPACE, Fault, faulty, kill, raising

HOME = """---
title: Home
last_reinforced: 2025-01-01
---

# Home

[[tensor_ops]], [[Nowhere]] and [old](topics/Tensor-Ops.md).

```python
print(1 + 1)  # 3
```
"""
PAGES = {
    "kb.toml": "",
    "mkdocs.yml": "site_name: A wiki\ntheme:\n  name: material\nplugins:\n  - kbtools\n",
    "docs/index.md": HOME,
    "docs/topics/Tensor-Ops.md": "---\ntitle: Tensor Ops\n---\n\n# Tensor Ops\n\n[[index]] and [[tensor_ops]]\n",
}
NOTEBOOK = """{"cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "attachments": {"dot.png": {"image/png":
"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}},
"source": "# Notes\\n\\n![dot](attachment:dot.png)"}, {"cell_type": "code", "id": "b", "execution_count": null,
"metadata": {}, "outputs": [], "source": "1 + 1"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"""
REPORT = "run --device cpu --no-baseline --report"


@dataclass(frozen=True, slots=True)
class Command:
    """A command that writes, and what was done before it."""

    words: str
    before: tuple[str, ...] = ()
    undoable: bool = True
    """Whether ``kb undo`` takes it back: what a command writes outside the vault on demand is made again instead."""
    bare: bool = False
    """Without kb.toml and mkdocs.yml."""
    steps: int = 1
    """Transactions, one after another: killed between them, some are done. The undoing takes each back."""


COMMANDS = {
    "fix": Command("fix"),
    "fix --unsafe": Command("fix --unsafe"),
    "check --fix": Command("check --fix --no-run"),
    "reconcile": Command("reconcile --apply"),
    "rename": Command("rename Tensor-Ops Shapes --apply", ("baseline --no-run",), steps=2),
    "reinforce": Command("reinforce docs/index.md"),
    "new": Command("new Momentum --folder new/folder"),
    "init": Command("init . --yes --no-run", bare=True, steps=2),
    "import": Command("import ../notes.ipynb --folder from/notebooks"),
    "import --into": Command("import index.ipynb --into index", ("export index", "edit index.ipynb")),
    "baseline": Command("baseline --no-run"),
    "baseline --prune": Command("baseline --prune --no-run", ("baseline --no-run", "fix")),
    "undo": Command(
        "undo",
        (
            "baseline --no-run",
            "rename Tensor-Ops Shapes --apply",
        ),
        undoable=False,
    ),
    "undo of new": Command("undo", ("new Momentum --folder new/folder",), undoable=False),
    "run --update": Command("run --update --device cpu"),
    "run --report": Command(f"{REPORT} new/report.json", undoable=False),
    "check --output": Command("check --no-run --output sarif=found.sarif --output junit=found.xml", undoable=False),
    "export": Command("export index -o page.ipynb", undoable=False),
    "export --overwrite": Command("export index -o page.ipynb --overwrite", ("write page.ipynb",), undoable=False),
    "results merge": Command("results merge a.json -o all.json", (f"{REPORT} a.json", "write all.json"), False),
    "gate --assets": Command("gate --no-run --no-baseline --assets docs/assets", ("good",), undoable=False),
    "build": Command("build --no-run", ("good",), undoable=False),
    "build again": Command("build --no-run", ("good", "build --no-run", "grow"), undoable=False),
    "build over another": Command("build --no-run", ("good", "write site/index.html"), undoable=False),
}

FULL = raising(lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
FAULTS: dict[str, tuple[Fault, tuple[str, ...], bool]] = {
    "killed": (kill, ("open", *CHANGING), False),
    "full once": (FULL, NEEDS_SPACE, False),
    "full from then on": (FULL, NEEDS_SPACE, True),
}

ALL = 48
"""Up to twice as many calls all fail, one after another."""

Tree = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    failed: bool
    """Whether it came to the call that was to fail."""
    output: str
    calls: int
    """How many calls could fail, where it was not killed."""


class Project:
    """A wiki in a folder of its own, put back before each run, and the state of its user beside it."""

    def __init__(self, base: Path, command: Command) -> None:
        self.base, self.root, self.command = base, base / "wiki", command
        for name, text in PAGES.items():
            if not (command.bare and not name.endswith(".md")):
                self._write(self.root / name, text)
        self._write(base / "notes.ipynb", NOTEBOOK)
        for words in command.before:
            self._prepare(words)
        self.before = self.tree()
        for place in ("wiki", "state"):
            (base / place).mkdir(exist_ok=True)
            shutil.copytree(base / place, base / "aside" / place, symlinks=True)
        done = self.run(command.words)
        assert done.status in (0, 1), done.output
        self.after = self.tree()
        assert self.after != self.before, done.output

    @staticmethod
    def _write(file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def _prepare(self, words: str) -> None:
        what, _, file = words.partition(" ")
        if what == "write":
            self._write(self.root / file, "an earlier one\n" * 500)
        elif what == "edit":
            text = (self.root / file).read_text(encoding="utf-8")
            self._write(self.root / file, text.replace("# Home", "# Home\\n\\nEdited."))
        elif what == "good":
            for name in ("docs/index.md", "docs/topics/Tensor-Ops.md"):
                self._write(self.root / name, "# A page\n\nAll is well.\n" * 3)
        elif what == "grow":
            self._write(self.root / "docs/topics/More.md", "# More\n\nAll is well.\n")
            (self.root / "docs/topics/Tensor-Ops.md").unlink()
        else:
            done = self.run(words)
            assert done.status in (0, 1), done.output

    def put_back(self) -> None:
        for place in ("wiki", "state"):
            shutil.rmtree(self.base / place)
            shutil.copytree(self.base / "aside" / place, self.base / place, symlinks=True)

    def tree(self) -> Tree:
        """Every file but what kb keeps for itself."""
        found = {}
        for at, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name not in (".kb", "_link_reconcile_backup")]
            for name in names:
                file = Path(at, name)
                content = file.read_bytes()
                if name == "report.json":  # holds times: another each run, but whole
                    content = ",".join(json.loads(content)).encode() if content.endswith(b"}\n") else b"cut short"
                found[file.relative_to(self.root).as_posix()] = content
            if not folders and not names:
                found[Path(at).relative_to(self.root).as_posix() + "/"] = b""
        return found

    def run(
        self, words: str, fault: Fault | None = None, at: int = -1, only: tuple[str, ...] = (), lasting: bool = False
    ) -> Ended:
        """kb in a forked process, which does not go on in ours whatever happens."""
        output_file, mark, loaded = self.base / "output", self.base / "failed", self.base / "loaded"
        calls = self.base / "calls"
        for old in (mark, calls):
            old.unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            status = 70
            try:
                output = os.open(output_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(output, 1)
                os.dup2(output, 2)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                sys.stdin, sys.stdout, sys.stderr = (os.fdopen(fd, mode) for fd, mode in ((0, "r"), (1, "w"), (2, "w")))
                status = self._in_child(words, fault, at, only, lasting, mark)
                sys.stdout.flush()
                if fault is None:
                    loaded.write_text("\n".join(sys.modules))
            except BaseException:  # noqa: BLE001 (nothing may go on in the copy of the test run)
                import traceback

                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if fault is None and loaded.exists():
            _load(loaded.read_text().splitlines())
        said = output_file.read_text(encoding="utf-8", errors="replace")
        return Ended(status, mark.exists(), said, int(calls.read_text()) if calls.exists() else 0)

    def fail(self, kind: str, at: int) -> Ended:
        """The command with a fault at a call, from where it began."""
        fault, only, lasting = FAULTS[kind]
        self.put_back()
        return self.run(self.command.words, fault, at, only, lasting)

    def faults(self, kind: str) -> Iterator[tuple[int, Ended]]:
        """The command failing at its first call, at its second, and so on until it ends by itself; where it makes very
        many, at some of them and at the last."""
        calls = self.count(kind)
        assert calls, "nothing was written"
        last = max(calls - ALL, 0)
        for at in (*range(0, last, max(last // ALL, 1)), *range(last, calls)):
            ended = self.fail(kind, at)
            assert ended.failed, "it makes other calls each time"
            yield at, ended

    def count(self, kind: str) -> int:
        """How many calls can fail."""
        return self.fail(kind, 1_000_000).calls

    def _in_child(
        self, words: str, fault: Fault | None, at: int, only: tuple[str, ...], lasting: bool, mark: Path
    ) -> int:
        from kbtools.cli import main

        os.chdir(self.root)
        os.environ["XDG_STATE_HOME"] = str(self.base / "state")
        if fault is None:
            return main(words.split())
        touch = os.open

        def marked(*call: object) -> None:
            os.close(touch(mark, os.O_WRONLY | os.O_CREAT))
            fault(*call)  # type: ignore[arg-type]

        with faulty(at, marked, only, lasting) as calls:
            status = main(words.split())
        (self.base / "calls").write_text(str(len(calls)))
        return status


def _load(modules: list[str]) -> None:
    """Load here what a command needs, so that later forks have it."""
    for name in modules:
        if name not in sys.modules and name.partition(".")[0] in (
            "kbtools",
            "nbformat",
            "mkdocs",
            "material",
            "markdown",
            "pymdownx",
            "jsonschema",
        ):
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def judge(project: Project, kind: str, ended: Ended) -> None:
    """Raises AssertionError when something is lost, unsaid or left over."""
    before, after, now = project.before, project.after, project.tree()
    assert "Traceback" not in ended.output, ended.output
    if kind == "killed":
        assert ended.status == -signal.SIGKILL, ended
    else:
        assert ended.status in (0, 1, 2), ended
    for path in before.keys() & after.keys():
        whole_site_away = path.startswith("site/") and not any(p.startswith("site/") for p in now)
        assert path in now or whole_site_away, f"{path} is gone\n{ended.output}"
    for path in now.keys() & (before.keys() | after.keys()):
        assert now[path] in (before.get(path), after.get(path)), f"{path} is neither old nor new\n{ended.output}"
    check = project.run(
        "check --no-run --no-baseline" if not project.command.bare else "check --no-run --no-baseline --vault ."
    )
    assert check.status in (0, 1), check.output
    assert "Traceback" not in check.output, check.output
    unfinished = "was stopped" in check.output
    left_over = {path for path in now if path not in before and path not in after and not path.endswith("/")}
    if kind != "killed" and not unfinished:
        assert not left_over, f"left over: {left_over}\n{ended.output}"
    if project.command.undoable:
        pages = "unfinished" if unfinished else "old" if now == before else "new" if now == after else "mixed"
        assert pages != "mixed" or project.command.steps > 1, (
            f"{sorted(p for p in now | before if now.get(p) != before.get(p))}\n{ended.output}"
        )
        if ended.status in (0, 1) and kind != "killed" and "No space" not in ended.output:
            assert pages == "new", ended.output
        if pages != "old":
            undone = project.run("undo" if not project.command.bare else "init . --undo")
            assert undone.status == 0, undone.output
        assert project.tree() == before, sorted(project.tree().keys() ^ before.keys())
    elif unfinished:
        done = project.run("undo")
        assert done.status == 0, done.output
        assert project.tree() in (before, after)
    if project.tree() != after:
        again = project.run(project.command.words)
        assert again.status in (0, 1), again.output
        assert project.tree() == after, (sorted(project.tree().keys() ^ after.keys()), again.output)

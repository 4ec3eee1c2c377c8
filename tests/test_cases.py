"""Small vaults in Markdown, and what kb's commands say of each: ``tests/cases/*.md``.

A heading is a case. Below it a fence titled with a path is a file, and in a ``console`` fence stand commands with what
they print, first on stdout, then on stderr. ``$ kb …`` runs in this process, in the folder of the case; ``$ cat FILE``
shows a file and ``$ ls`` lists all of them. ``[1]`` on a last line is an exit code that is not 0. ``⟨U+00A0⟩`` is that
character. ``--update-golden`` rewrites what is printed.
"""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from kbtools.cli import main

FILES = sorted((Path(__file__).parent / "cases").glob("*.md"))
_CASE = re.compile(r"^## ([^\n]+)\n|^(?P<marks>`{3,})[^\n]*\n.*?^(?P=marks)$", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(
    r"^(?P<marks>`{3,})(?P<kind>console|[a-z]* title=\"(?P<file>[^\"]+)\")\n(?P<body>.*?)^(?P=marks)$",
    re.MULTILINE | re.DOTALL,
)
_CHARACTER = re.compile(r"⟨U\+([0-9A-F]{4,6})⟩")
_VARIABLE = (
    (re.compile(r"\b\d+\.\d+ (s|min)\b"), "0.0 s"),
    (re.compile(r"\b\d{8}T\d{6}-[0-9a-f]+\b"), "20260101T000000-0000"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One heading of a file."""

    file: Path
    name: str
    body: str

    def __str__(self) -> str:
        return f"{self.file.stem}: {self.name}"


def cases(file: Path) -> Iterator[Case]:
    text = file.read_text(encoding="utf-8")
    heads = [m for m in _CASE.finditer(text) if m[1]]
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        yield Case(file, head[1], text[head.end() : following.start() if following else len(text)])


CASES = [case for file in FILES for case in cases(file)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_COLOR", "1")
    expected: list[str] = []
    found: list[str] = []

    def replay(block: re.Match[str]) -> str:
        if block["file"]:
            target = folder / _characters(block["file"])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_characters(block["body"]).encode())
            return block[0]
        commands = re.findall(r"^\$ (.*)$", block["body"], re.MULTILINE)
        now = "".join(_shown(command, folder) for command in commands)
        expected.append(block["body"])
        found.append(now)
        return f"{block['marks']}console\n{now}{block['marks']}"

    replayed = _BLOCK.sub(replay, case.body)
    assert found, "a case without a command proves nothing"
    if update_golden:
        text = case.file.read_text(encoding="utf-8")
        case.file.write_text(text.replace(case.body, replayed, 1), encoding="utf-8", newline="\n")
    else:
        assert found == expected


def _characters(text: str) -> str:
    return _CHARACTER.sub(lambda m: chr(int(m[1], 16)), text)


def _shown(command: str, folder: Path) -> str:
    name, *words = shlex.split(_characters(command))
    out, err = io.StringIO(), io.StringIO()
    code = 0
    if name == "cat":
        out.write((folder / words[0]).read_bytes().decode())
    elif name == "ls":
        files = (p for p in sorted(folder.rglob("*")) if p.is_file())
        out.writelines(f"{p.relative_to(folder).as_posix()}\n" for p in files)
    else:
        assert name == "kb", f"no command {name}"
        with redirect_stdout(out), redirect_stderr(err):
            code = main(words)
    printed = (out.getvalue() + err.getvalue()).replace(str(folder), "/wiki")
    for pattern, constant in _VARIABLE:
        printed = pattern.sub(constant, printed)
    if printed and not printed.endswith("\n"):
        printed += "\n"
    return f"$ {command}\n{printed}" + (f"[{code}]\n" if code else "")

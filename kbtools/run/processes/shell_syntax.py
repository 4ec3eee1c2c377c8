"""Checks the syntax of shell fences with a shell: many fences per process, with cached results.

A shell reads every script with ``-n`` in force, which parses and runs nothing (bash(1), "set -n"). Results are
cached in the project's state folder by a hash of the code and the shell.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kbtools.fences.languages.registry import JUDGED
from kbtools.fences.languages.shell import commands, is_plain
from kbtools.snippets import Snippet

_BATCH = 500
_TIMEOUT = 60.0
_KEPT = 20_000
_MESSAGE = re.compile(r"\./(\d+): (?:line )?(\d+): (.*)")
_ENDS_EARLY = re.compile(r"unexpected (?:end of file|EOF)|unmatched|parse error near `\\n'")
_READ = {
    "bash": ("--norc", "--noprofile", "-c", 'for f; do ( . "./$f" ); done', "kb"),
    "zsh": ("-f", "-c", 'for f; do ( . "./$f" ); done', "kb"),
}


@dataclass(frozen=True, slots=True)
class SyntaxResults:
    """Results of syntax checks of the shell fences of a vault."""

    complaints: Mapping[tuple[str, str], tuple[int, str]]
    """By the fence's language in lower case and its code: the line in the code, from 1, and the error."""
    unchecked: Mapping[tuple[str, str], str]
    """Fences that could not be checked, by language and code: the name of the missing shell."""


def check(snippets: Iterable[Snippet], state: Path | None = None) -> SyntaxResults:
    """Checks the shell fences among ``snippets``. Results are cached in ``state``, if that is not None."""
    asked: dict[tuple[str, str], tuple[str, str, bool]] = {}
    missing: dict[tuple[str, str], str] = {}
    programs: dict[str, str | None] = {}
    for snippet in snippets:
        language = snippet.language.lower()
        if snippet.options.skip is not None or language not in JUDGED:
            continue
        found = commands(language, snippet.code)
        if found is None or is_plain(found[0]):
            continue
        shell = "zsh" if language == "zsh" else "bash"
        if shell not in programs:
            programs[shell] = shutil.which(shell)
        if programs[shell] is None:
            missing[language, snippet.code] = shell
            continue
        asked[language, snippet.code] = (shell, *found)
    known = _load(state)
    keys = {question: _key(programs[a[0]], a[1]) for question, a in asked.items()}
    for shell, program in programs.items():
        new = {keys[q]: a[1] for q, a in asked.items() if a[0] == shell and keys[q] not in known}
        if new and program is not None:
            known.update(_ask(program, _READ[shell], new))
    _save(state, known, frozenset(keys.values()))
    complaints = {}
    for question, (_, _, transcript) in asked.items():
        answer = known.get(keys[question])
        # In a transcript, what follows the first line of a command may stand there without a prompt, like output.
        if answer is not None and not (transcript and _ENDS_EARLY.search(answer[1])):
            complaints[question] = answer
    return SyntaxResults(complaints, missing)


Answer = tuple[int, str] | None


def _ask(program: str, words: tuple[str, ...], scripts: Mapping[str, str]) -> dict[str, Answer]:
    answers: dict[str, Answer] = dict.fromkeys(scripts)
    keys = list(scripts)
    environment = {"LC_ALL": "C", "PATH": "", "HOME": os.devnull}
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        with tempfile.TemporaryDirectory(prefix="kb-shell-") as name:
            folder = Path(name)
            for number, key in enumerate(batch):
                (folder / str(number)).write_bytes(b"set -n\n" + scripts[key].encode("utf-8", "surrogatepass") + b"\n")
            try:
                output = subprocess.run(
                    [program, *words, *map(str, range(len(batch)))],
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    timeout=_TIMEOUT,
                    check=False,
                ).stderr
            except (OSError, subprocess.TimeoutExpired):
                for key in batch:
                    del answers[key]
                continue
        for line in output.decode("utf-8", "replace").split("\n"):
            found = _MESSAGE.fullmatch(line)
            if found is None or found[3].startswith("warning") or int(found[1]) >= len(batch):
                continue
            key = batch[int(found[1])]
            if answers[key] is None:
                message = found[3].removeprefix("syntax error: ").removeprefix("syntax error ")
                answers[key] = (max(1, int(found[2]) - 1), message[:200])
    return answers


def _key(program: str | None, code: str) -> str:
    """Identifies the code and the shell that checks it."""
    stamp = ""
    with suppress(OSError):
        stat = Path(program or "").stat()
        stamp = f"{stat.st_mtime_ns} {stat.st_size}"
    content = f"{program}\0{stamp}\0{code}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()[:32]


def _file(state: Path) -> Path:
    return state / "cache" / "shell-syntax.json"


def _load(state: Path | None) -> dict[str, Answer]:
    if state is None:
        return {}
    try:
        data = json.loads(_file(state).read_bytes())
        return {str(k): None if v is None else (int(v[0]), str(v[1])) for k, v in data.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
        return {}


def _save(state: Path | None, known: dict[str, Answer], used: frozenset[str]) -> None:
    """Stores the results, if possible; if there are very many, only those just used."""
    if state is None or not known:
        return
    kept = known if len(known) <= _KEPT else {k: v for k, v in known.items() if k in used}
    data = json.dumps(kept, sort_keys=True).encode("ascii")
    file = _file(state)
    with suppress(OSError):
        if file.is_file() and file.read_bytes() == data:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f".{file.name}-{os.getpid()}")
        fresh.write_bytes(data)
        fresh.replace(file)

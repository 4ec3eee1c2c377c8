"""Shell fences are read by a shell that runs nothing: what it objects to is told at the page's line."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from examples import examples
from growth import assert_linear
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal import run_kb

from kbtools.fences.languages.shell import commands, is_plain
from kbtools.run.processes import shell_syntax
from kbtools.text.source import Source
from kbtools.vault.page import Page

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="bash is not installed")


def fence(code: str, language: str = "bash", info: str = "") -> str:
    return f"```{language} {info}".rstrip() + f"\n{code}\n```\n\n"


def judged(text: str, state: Path | None = None) -> list[tuple[int, str]]:
    found = shell_syntax.check(Page.parse(Source("A.md", text)).snippets, state)
    return sorted(found.complaints.values())


def vault(folder: Path, text: str) -> Path:
    (folder / "A.md").write_bytes(text.encode())
    return folder


FINE = {
    "plain": "pip install torch==2.6 \\\n    --index-url https://example.org/whl/cpu",
    "placeholder": "git clone <repository url>\ncd <name>\nssh <user>@<host> -p <port number>",
    "placeholder in a redirection": "cat <file> > <other file>",
    "real redirections": 'sort < in.txt > out.txt 2>&1\ncat <<EOF >x\n<b> "\nEOF',
    "ellipsis": "make ...\nmake [options] …",
    "arrays and tests": 'a=(1 2)\nif [[ ${a[0]} =~ ^1 ]]; then echo "${#a[@]}"; fi\ndiff <(ls a) <(ls b)',
    "prompts in bash": "$ pip install x\nCollecting x (from y)\n  Downloading (1 MB)\n$ ls",
    "only comments": "# it's nothing (really",
}


@pytest.mark.parametrize("code", FINE.values(), ids=FINE)
@pytest.mark.parametrize("language", ["bash", "sh", "shell", "console"])
def test_nothing_is_said_of_what_a_reader_can_type(code: str, language: str) -> None:
    assert judged(fence(code, language)) == []


BROKEN = {
    "unclosed if": ("if true; then\n  echo a", 2),
    "bracket": ("echo a\necho (b", 2),
    "stray end": ("echo a\n\nfi", 3),
    "open quote": ('echo a\necho "b', 2),
    "loop": ("for i in 1 2\n  echo $i\ndone", 2),
}


@pytest.mark.parametrize(("code", "line"), BROKEN.values(), ids=BROKEN)
def test_what_no_shell_reads_is_told_at_its_line(code: str, line: int, tmp_path: Path) -> None:
    text = "# T\n\n- item\n\n" + "".join(f"    {row}\n" if row else "\n" for row in fence(code).split("\n"))
    done = run_kb(
        ("check", "--no-run", "--vault", str(vault(tmp_path, text)), "--snippets", "check", "--format", "json")
    )
    (found,) = [d for d in json.loads(done.stdout)["diagnostics"] if d["rule"] == "shell-syntax"]
    assert (found["start"]["line"], found["severity"]) == (5 + line, "error")
    assert done.returncode == 1


def test_of_a_transcript_the_commands_are_read_and_not_the_output() -> None:
    good = "$ echo a\noutput (with brackets\n(env) me@host:~/dir$ for i in 1 2; do\n> echo $i\n> done\n1\n"
    assert judged(fence(good, "console")) == []
    assert judged(fence(good + "$ echo )\n", "console")) == [(7, "near unexpected token `)'")]
    typed_on = "$ cat <<EOF\nit's here\nEOF\n$ for i in 1; do\n  echo\ndone\n"
    assert judged(fence(typed_on, "console")) == []


def test_nothing_is_ever_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    ways = [
        f"touch {mark}; echo (",
        f"echo $(touch {mark}) `touch {mark}` (",
        f"set +n\ntouch {mark}\necho (",
        f"trap 'touch {mark}' EXIT; exit 3; (",
        f": ${{x:=$(touch {mark})}}; }}; touch {mark}; {{",
        f"alias a='touch {mark}'\na (",
        f"exec touch {mark}\n(",
    ]
    for way in ways:
        judged(fence(way))
        assert not mark.exists(), way


def test_one_broken_script_does_not_hide_another() -> None:
    text = (
        fence("cat <<EOF\nnever closed") + fence("echo 'open") + fence("if x; then") + fence("fi") + fence("exit 1; )")
    )
    assert len(judged(text)) == 4


def test_answers_are_kept_and_no_process_is_started_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = fence("echo (") + fence("if true; then echo; fi")
    first = judged(text, tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", refuse)
        assert judged(text, tmp_path) == first != []
        with pytest.raises(AssertionError, match="a process"):
            judged(fence("echo ((1"), tmp_path)
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(b'{"broken')
    assert judged(text, tmp_path) == first


def test_a_shell_that_is_missing_is_told_and_nothing_passes(tmp_path: Path) -> None:
    text = "# A\n\n" + fence("echo (") + fence("echo (", "zsh") + fence("pip install x")
    env = {"PATH": str(tmp_path / "nothing"), "KB": "1"}
    done = run_kb(("check", "--no-run", "--vault", str(vault(tmp_path, text)), "--format", "json"), env=env)
    assert "1 shell fence not checked: bash is not installed" in done.stderr
    assert "1 shell fence not checked: zsh is not installed" in done.stderr
    assert "Traceback" not in done.stderr


def test_skipped_and_ignored_fences_are_left_alone(tmp_path: Path) -> None:
    text = "# A\n\n" + fence("echo (", "bash", '{.skip reason="a sketch"}') + fence("echo (", "fish")
    text += "<!-- kb: ignore[shell-syntax] -->\n" + fence("echo (").replace("echo (", "(")
    assert judged(text.split("<!--")[0]) == []
    done = run_kb(
        ("check", "--no-run", "--vault", str(vault(tmp_path, text)), "--format", "concise", "--ignore", "orphan-page")
    )
    assert done.stdout == ""


WORDS = [
    "a",
    "b-c",
    "./x",
    "$HOME",
    '"d e"',
    "'f g'",
    "#",
    "\\",
    "if",
    "done",
    "x=1",
    "--y",
    "~",
    "{",
    "!",
    '"',
    "'",
    ";",
]


@settings(max_examples=examples(150))
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), min_size=1, max_size=4).map("\n".join))
def test_what_is_taken_for_plain_a_shell_takes_too(code: str) -> None:
    if is_plain(code):
        done = subprocess.run([str(BASH), "-n"], input=code.encode(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_time_is_linear() -> None:
    assert_linear(lambda n: lambda: is_plain('a "b' * n), 5_000)
    assert_linear(lambda n: lambda: commands("console", "(a) b@c:d $ e <f g\n" * n), 1_000)
    assert_linear(lambda n: lambda: commands("bash", "<a" * n), 5_000)


def test_many_fences_are_few_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = subprocess.run, []

    def count(*args: object, **kwargs: object) -> object:
        asked.append(args)
        return real(*args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", count)
    text = "".join(fence(f"echo {n} | cat; (") + fence("pip install x") for n in range(600))
    assert len(judged(text, tmp_path)) == 600
    assert len(asked) == 2
    assert judged(text + fence("ls | cat"), tmp_path)[:600] == judged(text, tmp_path)
    assert len(asked) == 3

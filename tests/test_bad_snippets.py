"""Snippets no tool should trip over: a finding or an outcome at the right line each, the rest of the page as usual."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest
from terminal import run_kb
from waiting import alive, until

from kbtools.adapters.testing import run_page
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results.outcomes import Status
from kbtools.vault.page import Page, decode


def fence(code: str, info: str = "", language: str = "python") -> str:
    return f"```{language} {info}".rstrip() + f"\n{code}\n```\n\n"


def findings(page: Page) -> list[tuple[str, int]]:
    return [(p.rule, page.source.lines.line_of(p.span.start)) for p in page.problems]


CASES: dict[str, tuple[str, list[tuple[str, int]]]] = {
    "a syntax error": ("x = 1\n\nif x\n    pass", [("syntax-error", 4)]),
    "never closed": ("x = (1,\n\n2", [("syntax-error", 2)]),
    "an open string": ("x = 1\n'''a\n\n", [("syntax-error", 3)]),
    "tabs": ("if 1:\n\tx = 1\n        y = 2", [("syntax-error", 4)]),
    "tabs that agree": ("if 1:\n\tx = 1\n\ty = 2", []),
    "a form feed": ("x = 1\n\x0c\ny = = 2", [("syntax-error", 4)]),
    "a form feed alone": ("x = 1\n\x0c\ny = 2", []),
    "a line separator": ("s = 'a\u2028b'\ny = = 2", [("syntax-error", 3)]),
    "a vertical tab": ("x = 1\x0b\ny = 1", [("syntax-error", 2)]),
    "NUL": ("x = 1\ny = '\x00'", [("unreadable-page", 3), ("syntax-error", 3)]),
    "a byte order mark": ("\ufeffx = 1", [("syntax-error", 2)]),
    "a lone indent": ("    x = 1\ny = 2", [("syntax-error", 2)]),
    "nested without end": ("x = " + "(" * 500 + ")" * 500, [("syntax-error", 2)]),
    "a number without end": ("x = " + "9" * 10_000, [("syntax-error", 2)]),
    "another Python": ("print 'x'", [("syntax-error", 2)]),
}


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES)
def test_code_as_bad_as_it_gets(code: str, expected: list[tuple[str, int]], launcher: Launcher) -> None:
    text = fence(code, "{#a}") + fence("print(1)  # 1", "{#b .alone}")
    page = decode("Page.md", text.encode())
    assert findings(page) == expected
    found = run_page(text, launcher)
    assert found["b"].outcome is Status.PASSED
    lines = [line for rule, line in expected if rule == "syntax-error"]
    assert found["a"].outcome is (Status.FAILED if lines else Status.PASSED), found["a"].message
    assert found["a"].traceback_line in (lines or [None])


ANNOTATIONS = {
    "an unknown option": ('{nonsense="1"}', "unknown-option"),
    "a misspelled class": ("{.skipp}", "unknown-option"),
    "no requirement": ('{requires="a b ~~ 1"}', "invalid-option"),
    "a version that is none": ('{requires="torch>=two"}', "invalid-option"),
    "a timeout": ('{timeout="soon"}', "invalid-option"),
    "memory": ('{memory="much"}', "invalid-option"),
    "a pattern": ('{raises="ValueError" match="("}', "invalid-option"),
    "a launcher": ('{launch="rm -rf /"}', "invalid-option"),
    "a file": ('{file="../x.py"}', "invalid-option"),
}


@pytest.mark.parametrize(("info", "rule"), ANNOTATIONS.values(), ids=ANNOTATIONS)
@pytest.mark.parametrize(("language", "code"), [("python", "x = 1"), ("pycon", ">>> x = 1"), ("bash", "ls")])
def test_annotations_that_mean_nothing(info: str, rule: str, language: str, code: str) -> None:
    page = decode("Page.md", ("# T\n\n" + fence(code, info, language)).encode())
    assert (rule, 3) in findings(page)


def test_ids_that_clash_keep_their_snippets_apart(launcher: Launcher) -> None:
    text = (
        fence("1", "{#a}") + fence("2", "{#a}") + fence(">>> 3\n3", "{#a}", "pycon") + fence("echo", "{#a .run}", "sh")
    )
    assert findings(decode("Page.md", text.encode())) == [("duplicate-snippet-id", line) for line in (5, 9, 14)]
    assert sorted(run_page(text, launcher)) == ["a", "a-2", "a-3", "a-4"]


def test_a_fence_of_ten_megabytes(launcher: Launcher) -> None:
    text = fence("x = '''" + "a" * 10_000_000 + "'''\nprint(len(x))  # 10000000", "{#a}") + fence("1 / 0", "{#b}")
    page = decode("Page.md", text.encode())
    assert findings(page) == []
    found = run_page(text, launcher)
    assert found["a"].outcome is Status.PASSED
    assert (found["b"].outcome, found["b"].traceback_line) == (Status.FAILED, 7)


def test_five_thousand_fences() -> None:
    text = "# T\n\n" + "".join(fence(f"x{n} = {n}") for n in range(5_000)) + fence("y = = 1")
    page = decode("Page.md", text.encode())
    assert findings(page) == [("syntax-error", 3 + 5_000 * 4 + 1)]
    assert len({snippet.id for snippet in page.snippets}) == 5_001


def test_a_session_of_many_fences(launcher: Launcher) -> None:
    text = (
        fence("x = 0", "{#start}")
        + "".join(fence("x += 1", f"{{#s{n}}}") for n in range(300))
        + fence("assert x < 300", "{#end}")
    )
    found = run_page(text, launcher)
    assert found["end"].outcome is Status.FAILED
    assert "x = 300" in (found["end"].message or "")
    assert sum(o.outcome is Status.PASSED for o in found.values()) == 301


def test_a_page_that_goes_while_the_run_is_under_way(tmp_path: Path) -> None:
    marker = f"8{os.getpid()}.25"
    slow = f"import subprocess\nsubprocess.run(['sleep', '{marker}'])"
    vault = tmp_path / "vault"
    vault.mkdir()
    for name in ("A", "B"):
        (vault / f"{name}.md").write_text(fence(slow, "{#a}") + fence("1 / 0", "{#b}"))

    def remove() -> None:
        (pid,) = until(lambda: alive(marker))
        for name in ("A", "B"):
            (vault / f"{name}.md").unlink()
        os.kill(pid, signal.SIGKILL)
        (pid,) = until(lambda: [other for other in alive(marker) if other != pid])
        os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=remove)
    thread.start()
    done = run_kb(("run", "--vault", str(vault), "--format", "json", "-n", "1"))
    thread.join()
    assert "Traceback" not in done.stderr
    outcomes = {o["id"]: (o["outcome"], o["traceback_line"]) for o in json.loads(done.stdout)["outcomes"]}
    assert outcomes == {
        f"{name}.md::{id}[cpu]": expected
        for name in ("A", "B")
        for id, expected in (("a", ("passed", None)), ("b", ("failed", 7)))
    }

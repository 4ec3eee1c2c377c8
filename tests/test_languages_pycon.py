"""Sessions at Python's prompt: run in the page's namespace, compared, updated; what is wrong with them, and where."""

from __future__ import annotations

import pytest
from examples import examples as tries
from growth import assert_linear
from hypothesis import given, settings
from hypothesis import strategies as st

from kbtools.adapters.testing import run_page
from kbtools.fences.languages.pycon import examples
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.update import update
from kbtools.text.diagnostics import apply_edits
from kbtools.text.source import Source
from kbtools.vault.page import Page


def pycon(code: str, info: str = "{#a}") -> str:
    return f"```pycon {info}\n{code}\n```\n\n"


def page(text: str) -> Page:
    return Page.parse(Source("Page.md", text))


def problems(text: str) -> list[tuple[str, int, str]]:
    found = page(text)
    return [(p.rule, found.source.lines.line_of(p.span.start), p.span.of(text)) for p in found.problems]


def one(text: str, launcher: Launcher) -> Outcome:
    return run_page(text, launcher)["a"]


def test_a_session_shares_the_pages_names_before_and_after(launcher: Launcher) -> None:
    text = (
        "```python\nbase = 40\n```\n\n"
        + pycon(">>> answer = base + 2\n>>> answer\n42\n>>> def twice(x):\n...     return 2 * x\n...\n>>> twice(3)\n6")
        + "```python {#b}\nprint(answer, twice(1))  # 42 2\n```\n"
    )
    found = run_page(text, launcher)
    assert [o.outcome.value for o in found.values()] == ["passed"] * 3, [o.message for o in found.values()]
    assert found["a"].stdout == "42\n6\n"


PASSING = {
    "a float in the digits shown": ">>> 2 / 3\n0.667",
    "an ellipsis without an option": ">>> list(range(20))\n[0, 1, ..., 19]",
    "blanks": ">>> {'a': 1,   'b': 2}\n{'a':  1, 'b': 2}",
    "a blank line in output": '>>> print("a\\n\\nb")\na\n\nb',
    "doctest's blank line": '>>> print("a\\n\\nb")\na\n<BLANKLINE>\nb',
    "nothing for None": ">>> None",
    "a loop shows its values": ">>> for i in range(2):\n...     i\n...\n0\n1",
    "the last value": ">>> 3\n3\n>>> _ + 1\n4",
    "an exception": ">>> 1 / 0\nTraceback (most recent call last):\n  File ...\nZeroDivisionError: division by zero",
    "an exception of several lines": '>>> raise ValueError("a\\n  b")\nTraceback (most recent call last):\n'
    "ValueError: a\n  b",
    "an old traceback": ">>> 1 / 0\nTraceback (innermost last):\nZeroDivisionError: division by zero",
    "an exception without its words": ">>> int('x')  # doctest: +IGNORE_EXCEPTION_DETAIL\n"
    "Traceback (most recent call last):\nValueError: whatever",
    "a syntax error it shows": ">>> 1 +\nTraceback (most recent call last):\n  File '<stdin>', line 1\n    1 +\n"
    "SyntaxError: invalid syntax",
    "skipped": ">>> undefined  # doctest: +SKIP\nanything\n>>> 1\n1",
    "two options": ">>> undefined  # doctest: +ELLIPSIS, +SKIP\n>>> 1\n1",
    "the banner": "Python 3.13.0 (main)\n>>> 1\n1",
    "exit": ">>> 1\n1\n>>> exit()",
    "indented": "    >>> x = 1\n    >>> x\n    1",
    "await": ">>> import asyncio\n>>> await asyncio.sleep(0, 'x')\n'x'",
    "future": ">>> from __future__ import annotations\n>>> def f(x: nowhere): ...\n...\n>>> f.__annotations__\n"
    "{'x': 'nowhere'}",
}


@pytest.mark.parametrize("code", PASSING.values(), ids=PASSING)
def test_passes(code: str, launcher: Launcher) -> None:
    text = pycon(code)
    assert problems(text) == []
    outcome = one(text, launcher)
    assert (outcome.outcome, outcome.message) == (Status.PASSED, None)


FAILING = {
    "another value": (">>> x = 1\n>>> x\n2", 3, "expected: 2\nprinted:  1"),
    "output not shown": (">>> 1\n1\n>>> 5", 4, "nothing was expected\nprinted:  5"),
    "output that is not there": (">>> 1\n1\n>>> None\n5", 4, "printed nothing"),
    "an integer is no float": (">>> 1.0\n1", 2, "printed:  1.0"),
    "an exception nobody expects": (">>> 1\n1\n>>> 1 / 0", 4, "ZeroDivisionError: division by zero"),
    "another exception": (
        ">>> int('x')\nTraceback (most recent call last):\nKeyError: 'x'",
        2,
        "invalid literal",
    ),
    "no exception": (">>> 3\nTraceback (most recent call last):\nKeyError: 'x'", 2, "+ 3"),
    "in a function typed earlier": (
        ">>> def f():\n...     return 1 / 0\n...\n>>> f()",
        3,
        "return 1 / 0",
    ),
}


@pytest.mark.parametrize(("code", "line", "told"), FAILING.values(), ids=FAILING)
def test_fails_at_its_line(code: str, line: int, told: str, launcher: Launcher) -> None:
    outcome = one(pycon(code), launcher)
    assert outcome.outcome is Status.FAILED
    assert outcome.traceback_line == line
    assert told in (outcome.message or "")


def test_all_that_differs_is_told_and_the_examples_go_on(launcher: Launcher) -> None:
    outcome = one(pycon(">>> 1\n2\n>>> 3\n3\n>>> 4\n5"), launcher)
    assert "line 2:" in (outcome.message or "")
    assert "line 6:" in (outcome.message or "")
    assert outcome.stdout == "1\n3\n4\n"


def test_raises_skip_and_expect_off_hold_for_a_session(launcher: Launcher) -> None:
    raising = one(pycon(">>> 1\n1\n>>> [][0]", '{#a raises="IndexError" match="out of range"}'), launcher)
    assert raising.outcome is Status.PASSED
    assert one(pycon(">>> 1\n7", '{#a expect="off"}'), launcher).outcome is Status.PASSED
    assert one(pycon(">>> 1\n7", '{#a .skip reason="r"}'), launcher).outcome is Status.SKIPPED


def test_an_output_fence_behind_it_holds_all_it_writes(launcher: Launcher) -> None:
    text = pycon(">>> 1\n1", '{#a expect="off"}').rstrip() + "\n\n```output\n2\n```\n"
    assert one(text, launcher).outcome is Status.PASSED
    assert one(text.replace(' expect="off"', ""), launcher).outcome is Status.FAILED


def test_names_are_known() -> None:
    text = "```python\nx = 1\n```\n\n" + pycon(">>> y = x + z\n>>> _\n>>> def f(a):\n...     return a + q\n...\n")
    snippet = page(text).snippets[1]
    assert snippet.defines == ("y", "f")
    assert snippet.uses == ("x", "z", "q")
    assert problems(text) == [("undefined-name", 6, "z"), ("undefined-name", 9, "q")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (pycon(">>> x = 1\n1\n>>> y = = 2"), [("syntax-error", 4, "=")]),
        (pycon(">>> def f():\n...     return 1\n...   x"), [("syntax-error", 4, "x")]),
        ("> " + pycon(">>> a = 1\n>>> b = )").rstrip().replace("\n", "\n> "), [("syntax-error", 3, ")")]),
        (pycon(">>>x = 1"), [("syntax-error", 2, ">>>x = 1")]),
        (pycon(">>> x = 1  # doctest: +ELIPSIS"), [("syntax-error", 2, ">>> x = 1  # doctest: +ELIPSIS")]),
        (pycon(">>> s = 'a\x00'"), [("syntax-error", 2, "\x00")]),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, expected: list[tuple[str, int, str]]) -> None:
    assert problems(text) == expected


def test_without_a_prompt_nothing_runs() -> None:
    (snippet,) = page(pycon("x = 1")).snippets
    assert (snippet.executable, snippet.why_not) == (False, "no line begins with the prompt >>>")


def test_code_that_names_a_device_is_bound_to_it() -> None:
    (snippet,) = page(pycon(">>> import torch\n>>> torch.ones(2).cuda()")).snippets
    assert snippet.devices == ("cuda",)
    assert snippet.device_reason == "line 3 calls .cuda()"


def updated(text: str, launcher: Launcher) -> tuple[str, list[str]]:
    made = update(page(text), run_page(text, launcher).values())
    return apply_edits(text, made.edits), [r.why for r in made.refused]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("prefix", ["", "    ", "> "])
def test_update_rewrites_outputs_and_nothing_else(prefix: str, newline: str, launcher: Launcher) -> None:
    before = (
        ">>> x = 1  # stays\n>>> x\n2\n>>> for i in range(2):\n...     i\n...\n>>> x = 2\ngone\nboth\n"
        ">>> 0.123456\n0.12\n>>> print('a\\n\\nb')\nc\n>>> int('x')\nTraceback (most recent call last):\nKeyError: 1"
    )
    after = (
        ">>> x = 1  # stays\n>>> x\n1\n>>> for i in range(2):\n...     i\n...\n0\n1\n>>> x = 2\n>>> 0.123456\n0.12\n"
        ">>> print('a\\n\\nb')\na\n<BLANKLINE>\nb\n>>> int('x')\nTraceback (most recent call last):\n    ...\n"
        "ValueError: invalid literal for int() with base 10: 'x'"
    )

    def around(code: str) -> str:
        lines = [*(["!!! note", ""] if prefix == "    " else []), *pycon(code).rstrip().split("\n")]
        lines = [line if line == "!!! note" or not line else prefix + line for line in lines]
        return newline.join(lines) + newline

    assert updated(around(before), launcher) == (around(after), [])
    assert updated(around(after), launcher) == (around(after), [])
    assert one(around(after), launcher).outcome is Status.PASSED


def test_update_does_not_write_what_would_be_a_prompt(launcher: Launcher) -> None:
    text = pycon(">>> print('>>> x')\ny")
    assert updated(text, launcher) == (text, ["what it prints looks like a prompt"])


@settings(max_examples=tries(200))
@given(
    st.lists(st.sampled_from([">>> a", "... b", ">>>", "...", "out", "", "  >>> c", "  ... d", "  x", ">>>e", "\x0c"]))
)
def test_every_line_belongs_to_at_most_one_example(lines: list[str]) -> None:
    found, _ = examples(lines)
    at = 0
    for example in found:
        assert at < example.line <= example.source_end <= example.end <= len(lines)
        assert lines[example.line - 1].lstrip().startswith(">>>")
        at = example.end
    assert len(found) == sum(line.lstrip().startswith(">>>") for line in lines)


def test_time_is_linear() -> None:
    def work(size: int) -> object:
        text = pycon(">>> x = 1\n>>> x\n1\n" * size)
        return lambda: page(text).problems

    assert_linear(work, 100)

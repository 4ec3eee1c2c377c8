"""Values shown as at Python's prompt (``.repl``), and why an assertion failed."""

from __future__ import annotations

import ast

import pytest

from kbtools.adapters.testing import run_page
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.update import update
from kbtools.run.worker.python.assertions import difference, short
from kbtools.run.worker.python.ast_transforms import asserts
from kbtools.text.diagnostics import apply_edits
from kbtools.text.source import Source
from kbtools.vault.page import Page


def fence(code: str, info: str = "{#a}") -> str:
    return f"```python {info}\n{code}\n```\n\n"


def one(code: str, launcher: Launcher, info: str = "{#a}") -> Outcome:
    return run_page(fence(code, info), launcher)["a"]


# --- .repl


def test_values_are_shown_as_at_the_prompt(launcher: Launcher) -> None:
    code = "x = [1]\nx\nNone\nx.append(2)\n'text'\nfor i in x:\n    i\ndef f():\n    3\n    return 4\nf()\n"
    code += "class A:\n    5\n_"
    assert one(code, launcher, "{#a .repl}").stdout == "[1]\n'text'\n1\n2\n4\n4\n"
    assert one(code.removesuffix("\n_"), launcher).stdout == ""


def test_comments_behind_expressions_are_compared(launcher: Launcher) -> None:
    good = "x = 2 / 3\nx  # 0.667\n[x,\n 1]  # [0.6667, 1]\nprint(x)  # 0.67\nx > 0  #> True\nx  # prose is no value"
    assert one(good, launcher, "{#a .repl}").outcome is Status.PASSED
    bad = one(good.replace("# 0.667", "# 0.668"), launcher, "{#a .repl}")
    assert (bad.outcome, bad.traceback_line) == (Status.FAILED, 3)
    assert one("1  # 2", launcher).outcome is Status.PASSED, "without .repl an expression writes nothing"


def test_an_output_fence_holds_values_and_update_writes_them(launcher: Launcher) -> None:
    text = fence("1 + 1  # 3\n'a'", "{#a .repl}") + "```output\nx\n```\n"
    made = update(Page.parse(Source("Page.md", text)), run_page(text, launcher).values())
    after = apply_edits(text, made.edits)
    assert after == text.replace("# 3", "# 2").replace("\nx\n", "\n2\n'a'\n")
    assert run_page(after, launcher)["a"].outcome is Status.PASSED


def test_repl_as_a_default_of_the_page(launcher: Launcher) -> None:
    text = "---\nsnippets:\n  repl: true\n---\n\n" + fence("1 + 1")
    assert run_page(text, launcher)["a"].stdout == "2\n"


def test_errors_and_await_are_as_everywhere(launcher: Launcher) -> None:
    failed = one("1\n(1 /\n 0)", launcher, "{#a .repl}")
    assert (failed.traceback_line, failed.stdout) == (3, "1\n")
    assert one("import asyncio\nawait asyncio.sleep(0, 7)", launcher, "{#a .repl}").stdout == "7\n"


# --- assertions

FAILING = {
    "comparison": ("a = 3\nassert a == 4", ["a = 3"]),
    "call": ("xs = [1, 2]\nassert len(xs) == 3", ["len(xs) = 2", "xs = [1, 2]"]),
    "attribute": ("class P: x = 5\np = P()\nassert p.x < 0", ["p.x = 5"]),
    "negation": ("ok = [0]\nassert not ok", ["ok = [0]"]),
    "and": ("a, b = 1, 0\nassert a and b", ["a = 1", "b = 0"]),
    "evaluated parts alone": ("a = 0\nassert a and undefined", ["a = 0"]),
    "chain": ("a, b = 1, 5\nassert a < b < 3", ["a = 1", "b = 5"]),
    "arguments": ("x = 'a'\nassert isinstance(x, int)", ["x = 'a'"]),
    "in a loop": ("for i in range(3):\n    assert i < 2", ["i = 2"]),
    "over lines": ("assert (\n    1 +\n    1\n) == len(\n    'abc'\n)", ["1 + 1 = 2", "len( 'abc' ) = 3"]),
    "in a function": ("def f(n):\n    assert n > 2\nf(1)", ["n = 1"]),
    "walrus": ("assert (n := 3) == 4", ["n := 3 = 3"]),
    "lists": ("assert list(range(9)) == [*range(8), 9]", ["they differ at [8]: 8 and 9"]),
    "mappings": ("assert dict(a=1) == {'b': 1}", ["only one of them has 'a'"]),
    "hangul": ("가 = '나'\nassert 가 == '다'", ["가 = '나'"]),
}


@pytest.mark.parametrize(("code", "values"), FAILING.values(), ids=FAILING)
def test_a_failed_assertion_shows_the_values_of_its_parts(code: str, values: list[str], launcher: Launcher) -> None:
    outcome = one(code, launcher)
    assert outcome.outcome is Status.FAILED
    lines = (outcome.message or "").split("\n")
    assert all(value in lines for value in values), outcome.message
    assert (outcome.reason or "").startswith("AssertionError: ")
    assert "__kb" not in (outcome.message or "")


def test_its_own_message_stays_and_the_values_follow(launcher: Launcher) -> None:
    outcome = one("a = 1\nassert a == 2, f'a is {a}'", launcher)
    assert outcome.reason == "AssertionError: a is 1"
    assert (outcome.message or "").endswith("\n\na = 1")


def test_nothing_is_evaluated_twice_or_kept(launcher: Launcher) -> None:
    code = (
        "import gc, weakref\ncalls = []\ndef f(x):\n    calls.append(x)\n    return x\n"
        "assert f(1) == f(1) and not f(0) and f(2) < f(3) < f(4)\nassert calls == [1, 1, 0, 2, 3, 4]\n"
        "class A: pass\na = A()\nassert a == a\nr = weakref.ref(a)\ndel a\nassert r() is None\n"
        "try:\n    assert f(5) == 6, 'words'\nexcept AssertionError as e:\n"
        "    assert str(e) == 'words' and calls.pop() == 5\n"
        "try:\n    assert f(5) == 6\nexcept AssertionError as e:\n    assert e.args == ()\n"
    )
    outcome = one(code, launcher)
    assert outcome.outcome is Status.PASSED, outcome.message


def test_functions_are_left_as_they_are() -> None:
    tree = ast.parse("def f(x):\n    assert x == 1\nclass A:\n    assert True == x\nassert y == 2")
    before = ast.unparse(tree.body[0]), ast.unparse(tree.body[1])
    found = asserts(tree)
    assert (ast.unparse(tree.body[0]), ast.unparse(tree.body[1])) == before
    assert {line: len(parts) for line, (_, parts) in found.items()} == {2: 0, 4: 0, 5: 1}


def test_a_condition_nested_without_end_is_left_alone(launcher: Launcher) -> None:
    deep = "assert " + "+".join(["1"] * 900) + " == 900"
    assert one(deep, launcher).outcome is Status.PASSED
    assert one("assert " + "not " * 150 + "1 == 2", launcher).outcome is Status.FAILED


def test_a_value_whose_repr_fails(launcher: Launcher) -> None:
    outcome = one("class B:\n    def __repr__(self): raise KeyError\nb = B()\nassert b == 1", launcher)
    assert "b = <B instance at " in (outcome.message or "")


def test_tensors_are_short() -> None:
    torch = pytest.importorskip("torch")
    assert short(torch.arange(3)) == "tensor([0, 1, 2])"
    assert short(torch.zeros(64, 10)) == "Tensor of shape (64, 10), torch.float32"
    assert short([torch.zeros(64, 10)]) == "[Tensor of shape (64, 10), torch.float32]"
    assert difference(torch.zeros(4), torch.tensor([0, 0, 0.5, 0])) == "1 of 4 elements differ, at most by 0.5"
    assert difference(torch.zeros(4), torch.zeros(5)) == "the shapes differ: (4,) and (5,)"


def test_tensors_in_a_page(launcher: Launcher) -> None:
    pytest.importorskip("torch")
    code = "import torch\na = torch.zeros(20)\nb = a + 1\nassert torch.allclose(a, b)"
    lines = (one(code, launcher).message or "").split("\n")
    assert "a = Tensor of shape (20,), torch.float32" in lines
    assert "20 of 20 elements differ, at most by 1" in lines
    ambiguous = one("import torch\nassert torch.zeros(2) == 0", launcher)
    assert ambiguous.traceback_line == 3
    assert "ambiguous" in (ambiguous.reason or "")

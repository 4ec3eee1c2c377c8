"""What counts as the output a page promised."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from growth import assert_linear

from kbtools.fences.expected.agreement import agrees
from kbtools.fences.expected.expect import explain, matches

SAME = [
    ("15.0", "15.0"),
    ("0.3", "0.30000000000000004"),
    ("15.0", "15.000000000000002"),
    ("2.", "2.0000"),
    ("-0.", "0."),
    ("0.", "1e-9"),
    ("1e-3", "0.001"),
    ("1.50e+10", "15000000000.0"),
    ("nan inf", "nan inf"),
    ("tensor(0.3333)", "tensor(0.33331)"),
    ("tensor([2., 4., 6.])", "tensor([2.,4.,  6.])"),
    ("tensor([2., 4.])", "tensor([2., 4.], grad_fn=<MulBackward0>)"),
    ("tensor([2.], grad_fn=<AddBackward0>)", "tensor([2.])"),
    ("tensor([1.], device='cuda:0', requires_grad=True)", "tensor([1.], requires_grad=True)"),
    ("tensor([1.])", "tensor([1.], device='mps:0')"),
    ("[1, 2]\n", "[1, 2]"),
    ("[[1. 2.]\n [3. 4.]]", "[[1. 2.]\n  [3. 4.]]"),
    ("[ 1.  2.]", "[1. 2.]"),
    ("a\tb", "a   b"),
    ("가  나", "가 나"),
    ("a ... d", "a b c d"),
    ("a ... d", "a d"),
    ("...", ""),
    ("...", "anything\nat all"),
    ("tensor([1, ..., 9])", "tensor([1, 2, 3, 9])"),
    ("tensor([1, ..., 9])", "tensor([1, ..., 9])"),
    ("3.14...", "3.14159"),
    ("3...", "3.14159"),
    ("model_...pt saved", "model_001.pt saved"),
    ("abc...xyz", "abcdefxyz"),
    ("x...y...z", "x y y z"),
    ("<f object at 0x7f11>", "<f object at 0xabc>"),
    ("<f object at ...>", "<f object at 0xabc>"),
    ("<E object at 0x7f11>", "<__main__.E object at 0xabc>"),
    ("<class '__main__.E'>", "<class 'E'>"),
    ('<code object f at 0x1E, file "<ipython-input-2>", line 5>', '<code object f at 0x7f, file "P.md", line 27>'),
    ("<module 're' from '/usr/lib/python3.6/re.py'>", "<module 're' from '/opt/lib/re/__init__.py'>"),
    ("<module 'math' (built-in)>", "<module 'math' from '/usr/lib/math.so'>"),
    ("{ 'a':1, 'b' : [2] }", "{'a': 1, 'b' : [2]}"),
    ("[don't, do]", "[don't,do]"),
    ("", ""),
    ("123456789012345678901234567890", "123456789012345678901234567890"),
]
DIFFERENT = [
    ("15.0", "15.001"),
    ("0.3", "0.25"),
    ("0.3", "0.35"),
    ("2.0000", "2.0001"),
    ("3", "3.0"),
    ("3.0", "3"),
    ("3", "4"),
    ("tensor([1, 2])", "tensor([1., 2.])"),
    ("ab", "a b"),
    ("<class 'E'>", "<class 'other.E'>"),
    ('<code object f at 0x1E, file "<input>", line 5>', '<code object g at 0x1E, file "<input>", line 5>'),
    ("<module 're' from 'a'>", "<module 'os' from 'a'>"),
    ("['a,b']", "['a, b']"),
    ("['a', 'b: c']", "['a', 'b:c']"),
    ("1 2", "1, 2"),
    ("Loss: 1", "loss: 1"),
    ("tensor([1.], requires_grad=True)", "tensor([1.])"),
    ("tensor([1.])", "tensor([1.], dtype=torch.float64)"),
    ("device(type='cuda')", "device(type='cpu')"),
    ("device='cuda:0'", ""),
    ("2.13.0", "2.13.1"),
    ("10.0.0.1", "10.0.0.2"),
    ("a ... a", "a"),
    ("a ... b ... c", "a c b"),
    ("nan", "0.0"),
    ("inf", "-inf"),
    ("-1.5", "1.5"),
    ("1 - 2", "1 + 2"),
    ("", "x"),
    ("x", ""),
    ("[1, 2]", "[1, 2, 3]"),
    ("123456789012345678901234567890", "123456789012345678901234567891"),
    ("1e400", "2e400"),
]


@pytest.mark.parametrize(("expected", "actual"), SAME)
def test_same(expected: str, actual: str) -> None:
    assert matches(expected, actual)


@pytest.mark.parametrize(("expected", "actual"), DIFFERENT)
def test_different(expected: str, actual: str) -> None:
    assert not matches(expected, actual)


@pytest.mark.parametrize(
    ("make", "answer"),
    [
        (lambda n: ("a ... " * n, "a " * n), True),
        (lambda n: ("a ... " * n + "b", "a " * n), False),
        (lambda n: ("... " + "0. " * n + "1. ...", "0. " * 2 * n), False),
        (lambda n: ("[" * n, "[" * n), True),
        (lambda n: ("tensor(1, grad_fn=<" + "a" * n, "tensor(1, grad_fn=<" + "a" * n), True),
        (lambda n: (", device='cuda:0'" * n, ""), False),
        (lambda n: ("9" * n + ".5", "9" * n + ".5"), True),
        (lambda n: ("1e" + "9" * n, "1e" + "9" * n), True),
        (lambda n: (" " * n + "x", "x"), True),
        (lambda n: (".." * n, ".." * n), True),
    ],
)
def test_linear_time(make, answer) -> None:  # type: ignore[no-untyped-def]
    def work(size: int) -> Callable[[], object]:
        expected, actual = make(size)
        assert matches(expected, actual) is answer
        return lambda: matches(expected, actual)

    assert_linear(work, 1000)


AGREE = [
    ("12", "total: 12"),
    ("(3, 4)", "shape: (3, 4)"),
    ("5", "2 + 3 = 5"),
    ("2.5 1.25", "mean 2.5 std 1.25"),
    ("12", "12 items"),
    ("12.5", "12.5kg"),
    ("85", "85%"),
    ("12.5", "$12.5"),
    ("1,234,567", "n = 1234567"),
    ("1234567", "1,234,567"),
    ("[1.0, 2.0]", "[1. 2.]"),
    ("[[1, 2], [3, 4]]", "[[1 2]\n [3 4]]"),
    ("[1 2]", "[1, 2]"),
    ("'Kim'", "name: Kim"),
    ("{'a', 'b'}", "{'b', 'a'}"),
    ("(2, 3)", "torch.Size([2, 3])"),
    ("[4, 5]", "더 긴 것은[4, 5]"),
    ("12", "결과는12"),
    ("12", "结果是12个"),
    ("'usr\\\\bin'", "'usr/bin'"),
    ("WindowsPath('a/b')", "PosixPath('a/b')"),
    ("<_MainThread(MainThread, started 139908235814720)>", "<_MainThread(MainThread, started 140051585973120)>"),
    ("1, 2", "1 2"),
    ("'a', 'b'", "a b"),
    ("1, 2", "(1, 2)"),
    ("1, 2", "[1 2]"),
    ("1, 2", "{2, 1}"),
    ("1, 3, 224", "torch.Size([1, 3, 224])"),
    ("0, 1, 2", "0\n1\n2"),
    ("[1, 2], (3, 4)", "[1, 2] (3, 4)"),
    ("85%", "85%"),
    ("85%", "acc: 85%"),
    ("85%", "0.853"),
    ("85.3%", "0.8532"),
    ('"[5, 2, 3]"', "[5 2 3]"),
    ("Result:52", "Result: 52"),
    ('"(2, 3)"', "torch.Size([2, 3])"),
]
DISAGREE = [
    ("1, 2", "1 3"),
    ('"[5, 2, 3]"', "[5 2 4]"),
    ("Result:52", "Result: 53"),
    ("1, 2", "1 2 3"),
    ("'a', 'b'", "a c"),
    ("[1, 2], 3", "[1, 2, 3]"),
    ("85%", "95%"),
    ("85%", "85"),
    ("85%", "0.95"),
    ("85.3%", "0.85"),
    ("12", "112"),
    ("12", "total:112"),
    ("12", "x: -12"),
    ("30", "12:30"),
    ("12", "12 of 20"),
    ("12", "[12]"),
    ("12", "12 False"),
    ("3", "4 3"),
    ("2.5 1.75", "mean 2.5 std 1.25"),
    ("13", "12 items"),
    ("12.5", "12.61kg"),
    ("1,234,567", "n = 1234568"),
    ("[1.0, 2.5]", "[1. 2.]"),
    ("[1, 23]", "[1 2 3]"),
    ("'Lee'", "name: Kim"),
    ("(2, 3)", "torch.Size([2, 4])"),
    ("[4, 5]", "더 긴 것은[4, 6]"),
    ("12", "결과는112"),
    ("[0]", "x[0]"),
    ("'usr\\\\bin'", "'usr/lib'"),
]


@pytest.mark.parametrize(("shown", "printed"), AGREE)
def test_a_comment_agrees(shown: str, printed: str) -> None:
    assert agrees(shown, printed)


def test_brackets_at_the_end_may_be_a_remark() -> None:
    assert agrees("I can fly! (from Flyable)", "I can fly!", short=10)
    assert agrees("a, b (one a line)", "a\nb", short=4)
    assert not agrees("I can fly! (from Flyable)", "I can swim!", short=10)
    assert not agrees("Total (3)", "Total (4)", short=5)


@pytest.mark.parametrize(("shown", "printed"), DISAGREE)
def test_a_comment_disagrees(shown: str, printed: str) -> None:
    assert not agrees(shown, printed)


def test_explain_shows_both_lines() -> None:
    assert explain("tensor([2.])", "tensor([3.])\n") == "expected: tensor([2.])\nprinted:  tensor([3.])"
    assert explain("5", "") == "expected: 5\nprinted nothing"


def test_explain_shows_where_lines_differ() -> None:
    told = explain("a\nb\nc\n0.1\nz\ny\n", "a\nb\nd\nc\n0.1\nz\ny\n")
    assert told == "expected (-), printed (+):\n  ⋮\n  b\n+ d\n  c\n  ⋮"


def test_explain_is_short_for_long_output() -> None:
    told = explain("\n".join(map(str, range(1000))), "\n".join(map(str, range(1, 2000))) + "x" * 10_000)
    assert len(told) < 5000
    assert "more lines" in told

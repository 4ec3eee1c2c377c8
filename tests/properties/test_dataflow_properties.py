"""Snippets run with nothing but what they need print what they print in the whole session: for every session."""

from __future__ import annotations

import contextlib
import io
import random
import sys
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbtools.codefence.dataflow import Unit, flows
from kbtools.markdown.scanner import scan
from kbtools.snippets import extract

_NAMES = "abcd"
_STATEMENTS = (
    "{0} = [1, 2]",
    "{0} = 3",
    "{0} = {1}",
    "{0} = [{1}, {2}]",
    "{0} = ({1}, 1)",
    "{0} = {{'k': {1}}}",
    "{0} = [{1} for _ in range(2)]",
    "{0} = {1} if len(str({2})) > 3 else {2}",
    "if isinstance({0}, list):\n    {0}.append(7)",
    "if isinstance({0}, list) and {0} and isinstance({0}[0], list):\n    {0}[0].append(8)",
    "if isinstance({0}, dict):\n    {0}['k'] = {1}",
    "if isinstance({0}, (list, int)):\n    {0} += type({0})()",
    "if isinstance({0}, list):\n    {0} += [5]",
    "if isinstance({0}, list):\n    {1} = {0}[:]",
    "if isinstance({0}, list):\n    {1} = iter({0})",
    "if not isinstance({0}, int):\n    {1} = str(list({0}))",
    "for {0} in [1, [2]]:\n    pass",
    "try:\n    {0} = {1}[0]\nexcept Exception:\n    {0} = 0",
    "def f(x={0}):\n    return x",
    "def f():\n    return {0}",
    "def f():\n    if isinstance({0}, list):\n        {0}.append(9)\n    return {1}",
    "def f():\n    global {0}\n    {0} = [{1}]",
    "def f():\n    return g()",
    "def g():\n    return random.randint(0, 99)",
    "def g(y={0}):\n    if isinstance(y, list):\n        y.append(4)\n    return y",
    "g = lambda: {0}",
    "{0} = f()",
    "{0} = g()",
    "f()",
    "f = g",
    "{0} = f",
    "{0} = [f, g]",
    "if isinstance({0}, list) and {0} and callable({0}[0]):\n    {1} = {0}[0]()",
    "random.seed(0)",
    "{0} = random.random()",
    "{0} = [random.choice([1, 2, 3])]",
    "class K:\n    n = {0}\n    def m(self):\n        if isinstance({1}, list):\n            {1}.append(6)\n"
    "        return {1}",
    "class K:\n    n = 0\n    def __repr__(self):\n        K.n += 1\n        return f'K{{K.n}}'\n",
    "{0} = K()",
    "{0} = K().m() if hasattr(K, 'm') else K()",
    "K.n = {0}",
    "import math\n{0} = math.floor(2.5)",
    "exec('{0} = [1]')",
    "{0} = globals().get('{1}')",
    "print({0})",
    "print({0}, {1})",
    "print(f())",
    "print(f'{{{0}!r}}')",
)


@st.composite
def sessions(draw: st.DrawFn) -> list[str]:
    def statement() -> str:
        text = draw(st.sampled_from(_STATEMENTS))
        return text.format(*(draw(st.sampled_from(_NAMES)) for _ in range(3)))

    start = "import random\na = [0]\nb = [a]\nc = {'k': b}\nd = 1\ndef f():\n    return a\ndef g():\n    return b\n"
    start += "class K:\n    n = 0\nrandom.seed(1)\n"
    rest = [[statement() for _ in range(draw(st.integers(1, 3)))] for _ in range(draw(st.integers(2, 6)))]
    return [start, *("\n".join([*part, f"print({draw(st.sampled_from(_NAMES))})"]) for part in rest)]


def printed(codes: list[str], only: frozenset[int]) -> dict[int, str]:
    """What each snippet prints, or the exception that ended it, when only these run."""
    module = ModuleType("session")
    found = {}
    random.seed(0)
    before = sys.getrecursionlimit()
    for at, code in enumerate(codes):
        if at not in only:
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            try:
                exec(compile(code, "<s>", "exec"), module.__dict__)
            except Exception as error:  # noqa: BLE001
                print(type(error).__name__)
                out.write("!")
        found[at] = out.getvalue()
    sys.setrecursionlimit(before)
    return found


def units(codes: list[str]) -> tuple[Unit, ...]:
    made = []
    for code in codes:
        text = f"```python\n{code}\n```\n"
        (snippet,), _ = extract(text, scan(text), page_slug="p")
        made.append(Unit(snippet.code, snippet.defines))
    return tuple(made)


@settings(max_examples=150)
@given(sessions())
def test_what_a_snippet_needs_is_enough(codes: list[str]) -> None:
    whole = printed(codes, frozenset(range(len(codes))))
    if any(text.endswith("!") for text in whole.values()):
        return  # a session that fails is always run as a whole
    found = flows(units(codes))
    for at, flow in enumerate(found):
        alone = printed(codes, frozenset({at, *flow.needs}))
        if alone[at] != whole[at] and " object at 0x" not in whole[at] and "<function" not in whole[at]:
            raise AssertionError(f"#{at} needs more than {flow.needs}: {alone[at]!r}, not {whole[at]!r}")


_TORCH = [
    ("x = torch.ones(2)\n", "y = x.view(2, 1)\n", "y.add_(1)\n", "print(x)"),
    ("w = torch.ones(2, requires_grad=True)\n", "l = (w * w).sum()\n", "l.backward()\n", "print(w.grad)"),
    ("m = torch.nn.Linear(2, 1)\n", "print(torch.rand(1))\n", "m(torch.ones(2))\n", "print(torch.rand(1))"),
    ("log = []\n", "x = torch.ones(2, requires_grad=True)\nx.register_hook(lambda g: log.append(1))\n",
     "(x * 2).sum().backward()\n", "print(log)"),
    ("torch.set_default_dtype(torch.float64)\n", "a = 1\n", "b = torch.zeros(1)\n", "print(b.dtype)"),
    ("g = torch.Generator().manual_seed(1)\n", "a = torch.rand(2, generator=g)\n", "b = 2\n",
     "print(torch.rand(1, generator=g))"),
    ("torch.rand(3)\n", "torch.manual_seed(3)\n", "n = 1\n", "print(torch.rand(2))"),
    ("t = torch.zeros(2)\n", "torch.add(t, 1, out=t)\n", "torch.nn.functional.relu(t - 5, inplace=True)\n", "print(t)"),
    ("t = torch.zeros(3)\n", "v = t[1:]\n", "v[0] = 5\n", "print(t)"),
    ("d = torch.nn.Dropout()\n", "f = lambda x: d(x)\n", "f(torch.ones(9))\n", "print(f(torch.ones(9)))"),
]  # fmt: skip


@pytest.mark.parametrize("codes", _TORCH)
def test_what_a_snippet_needs_is_enough_with_torch(codes: tuple[str, ...]) -> None:
    torch = pytest.importorskip("torch")
    session = ["import torch\ntorch.manual_seed(0)\n", *codes]
    dtype = torch.get_default_dtype()
    try:
        whole = printed(session, frozenset(range(len(session))))
        torch.set_default_dtype(dtype)
        assert not any(text.endswith("!") for text in whole.values())
        for at, flow in enumerate(flows(units(session))):
            assert printed(session, frozenset({at, *flow.needs}))[at] == whole[at], (at, flow)
            torch.set_default_dtype(dtype)
    finally:
        torch.set_default_dtype(dtype)

"""Code that names nothing telling is not followed, and following it would find nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from kbtools.fences.python.device_needs import analyse, analyse_nodes
from kbtools.fences.python.pycode import nodes_within
from kbtools.markdown.scanner import scan

ROOT = Path(__file__).parent.parent.parent
DEVICES = ('"cuda"', '"cuda:1"', '"mps"', '"c" "uda"', '"nccl"', "0", "1", 'f"cuda:{rank}"', '"torch.cuda.FloatTensor"')
OTHERS = ('"cpu"', "x", "None", '"x"', "torch.float32")
STATEMENTS = (
    "x.to({0})",
    "x = torch.ones(3, device={0})",
    "device = {0}",
    "def f(device={0}): pass",
    "def f(dev): pass\nf({0})",
    "for device in ({0}, {1}): pass",
    "[d for dev in [{0}]]",
    "torch.{2}.synchronize()",
    "x.{2}()",
    "import torch.{2} as c\nc.synchronize()",
    "from torch import {2} as c\nc.synchronize()",
    "if not torch.{2}.is_available():\n    raise SystemExit",
    "if x.is_{2}:\n    y.{2}()",
    "assert available.is_available()",
    "assert is_{2}",
    "assert device == {0}",
    "if not (where == {0}): quit()",
    "DDP(m, device_ids=[{0}])",
    "init_process_group({0}, backend={1})",
    "backend = {0}",
    "loader = DataLoader(d, pin_memory=True)",
    "x.pin_memory()",
    "g({0}, {1})",
    "torch.Generator({0})",
    "with suppress(RuntimeError): x.to({0})",
    "x.ｃｕｄａ()",
    "z: str = {0}",
)
value = st.sampled_from(DEVICES + OTHERS)
statement = st.builds(str.format, st.sampled_from(STATEMENTS), value, value, st.sampled_from(["cuda", "mps", "cpu"]))


@settings(max_examples=examples(400))
@given(st.lists(statement, min_size=1, max_size=3).map("\n".join))
def test_what_is_not_followed_needs_nothing(code: str) -> None:
    tree = ast.parse(code)
    found = analyse(tree).needs
    assert found == analyse(tree, nodes_within(tree, 100)).needs == analyse_nodes(tree, ast.walk(tree)).needs


@pytest.mark.filterwarnings("ignore:invalid escape")
def test_the_same_of_the_manual_and_the_suites() -> None:
    seen = 0
    for file in (*ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/suites/**/*.md")):
        for fence in scan(file.read_bytes().decode()).fences:
            try:
                tree = ast.parse(fence.code)
            except SyntaxError:
                continue
            assert analyse(tree).needs == analyse_nodes(tree, ast.walk(tree)).needs, fence.code
            seen += 1
    assert seen > 20


def test_all_of_a_tree_is_gone_through_as_by_walk() -> None:
    tree = ast.parse("def f(a, *b: int, c=1, **d) -> None:\n    return {**a, 'x': [y for y in b if y]}\n")
    assert nodes_within(tree, 100) == list(ast.walk(tree))
    depth = next(n for n in range(100) if nodes_within(tree, n) is not None)
    assert nodes_within(ast.parse("-x"), depth) is not None
    assert nodes_within(tree, depth - 1) is None

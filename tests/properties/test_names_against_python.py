"""Python itself as the oracle of ``names``: a program runs in a namespace that notes what is looked up in vain."""

from __future__ import annotations

import ast
import builtins

from examples import examples
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kbtools.fences.python.names import analyse
from kbtools.text.source import Span

NAME = st.sampled_from(["a", "b", "c", "d"])


class Anything:
    """Answers every question a program may ask, with itself; iterating gives it once."""

    def __getattr__(self, name: str) -> Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: object, **kwargs: object) -> Anything:
        return self

    def __iter__(self) -> object:
        return iter([self])

    def __enter__(self) -> Anything:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def __sub__(self, other: object) -> Anything:
        return self

    __rsub__ = __isub__ = __sub__  # and no sum: a list that grows while it is gone through never ends


class Builtins(dict[str, object]):
    """Python's own names, where a lookup ends; notes the names that are nowhere, and gives something for them."""

    def __init__(self) -> None:
        super().__init__(vars(builtins))
        self.missing: set[str] = set()

    def __missing__(self, name: str) -> object:
        if name.startswith("__"):
            raise KeyError(name)
        self.missing.add(name)
        return Anything()


def expressions() -> st.SearchStrategy[str]:
    return st.recursive(
        NAME,
        lambda e: st.one_of(
            st.builds("({} - {})".format, e, e),
            st.builds("({} := {})".format, NAME, e),
            st.builds("{}({})".format, NAME, e),
            st.builds("[{} for {} in {}]".format, e, NAME, NAME),
            st.builds("[{1} for {0} in {2} for {1} in {0}]".format, NAME, NAME, NAME),
            st.builds("(lambda {0}, q={1}: {0} - q)".format, NAME, e),
            st.builds("f'{{{}}}'".format, NAME),
        ),
        max_leaves=3,
    )


def statements() -> st.SearchStrategy[str]:
    simple = st.one_of(
        st.builds("{} = {}".format, NAME, expressions()),
        st.builds("{} -= {}".format, NAME, expressions()),
        st.builds("{}, *{} = Anything, {}".format, NAME, NAME, expressions()),
        st.builds("{}: {} = {}".format, NAME, NAME, NAME),
        st.builds("import os as {}".format, NAME),
        expressions(),
    )

    def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        body = st.lists(inner, min_size=1, max_size=3).map(lambda b: "\n".join(b).replace("\n", "\n    "))
        return st.one_of(
            st.builds("for {} in {}:\n    {}".format, NAME, NAME, body),
            st.builds("with {} as {}:\n    {}".format, NAME, NAME, body),
            st.builds("class {}:\n    {}".format, NAME, body),
        )

    return st.recursive(simple, blocks, max_leaves=4)


@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
@given(st.lists(statements(), min_size=1, max_size=5))
def test_reads_and_bindings_are_those_python_finds(program: list[str]) -> None:
    code = "\n".join(program).replace("Anything", "any")
    try:
        tree = ast.parse(code)
        compiled = compile(tree, "<page>", "exec", dont_inherit=True)
    except SyntaxError:
        assume(False)
    lookups = Builtins()
    space: dict[str, object] = {"__name__": "page", "__builtins__": lookups}
    before = set(space)
    try:
        exec(compiled, space)
    except (TypeError, AttributeError, UnboundLocalError, ValueError):
        assume(False)  # the program does something else no value can answer
    found = analyse(tree, lambda node: Span(node.lineno * 1000 + node.col_offset, 0))
    assert set(found.defines) == set(space) - before - {"__annotations__"}
    assert {read.name for read in found.reads if not read.builtin} == lookups.missing
    assert not any(read.guarded for read in found.reads)


@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
@given(st.lists(statements(), min_size=1, max_size=3), st.lists(statements(), max_size=2), NAME)
def test_what_functions_read_is_what_their_calls_miss(body: list[str], rest: list[str], parameter: str) -> None:
    inside = "\n".join(body).replace("Anything", "any").replace("\n", "\n    ")
    outside = "\n".join(rest).replace("Anything", "any")
    code = f"def f({parameter}):\n    {inside}\n{outside}\n"
    try:
        tree = ast.parse(code)
        compiled = compile(tree, "<page>", "exec", dont_inherit=True)
    except SyntaxError:
        assume(False)
    lookups = Builtins()
    space: dict[str, object] = {"__name__": "page", "__builtins__": lookups}
    try:
        exec(compiled, space)
        at_once = set(lookups.missing)
        space["f"](Anything())  # type: ignore[operator]
    except (TypeError, AttributeError, NameError, ValueError):
        assume(False)
    found = analyse(tree, lambda node: Span(node.lineno * 1000 + node.col_offset, 0))
    assert {read.name for read in found.reads if not read.late and not read.builtin} == at_once
    late = {read.name for read in found.reads if read.late and not read.builtin}
    assert late >= lookups.missing - at_once
    assert late <= lookups.missing

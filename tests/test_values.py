"""Classes of values made by ``frozen``: as ``dataclass(frozen=True, slots=True)`` makes them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import cached_property
from types import MappingProxyType

import pytest

from kbtools.values import frozen


@frozen(order=True)
class Ours:
    """A point."""

    x: int
    y: int = 2

    @property
    def sum(self) -> int:
        return self.x + self.y


@dataclass(frozen=True, slots=True, order=True)
class Theirs:
    """A point."""

    x: int
    y: int = 2


@frozen
class Nothing:
    """No fields."""


@frozen(slots=False)
class Roomy:
    name: str
    more: Mapping[str, int] = MappingProxyType({})

    @cached_property
    def shout(self) -> str:
        return self.name.upper()


PAIRS = [((1,), (1,)), ((1,), (2,)), ((1, 2), (1, 3)), ((2, 0), (1, 9))]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_they_compare_as_dataclasses_do(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    a, b, c, d = Ours(*one), Ours(*other), Theirs(*one), Theirs(*other)
    assert [a == b, a < b, a <= b, a > b, a >= b] == [c == d, c < d, c <= d, c > d, c >= d]
    assert (hash(a) == hash(b)) == (hash(c) == hash(d))
    assert repr(a) == repr(c).replace("Theirs", "Ours")


def test_another_class_with_the_same_fields_is_not_equal() -> None:
    assert Ours(1) != Theirs(1)
    assert Nothing() == Nothing()
    assert Nothing() != Roomy("a")
    with pytest.raises(TypeError):
        _ = Ours(1) < Theirs(1)  # type: ignore[operator]


def test_they_cannot_be_changed() -> None:
    it = Ours(1)
    with pytest.raises(AttributeError):
        it.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del it.x
    with pytest.raises(AttributeError):
        it.other = 2  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        Roomy("a").name = "b"  # type: ignore[misc]
    assert (it.x, it.y, it.sum, Ours.__doc__, Ours.__name__) == (1, 2, 3, "A point.", "Ours")


def test_wrong_arguments_are_refused() -> None:
    for wrong in ((), (1, 2, 3)):
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            Ours(*wrong)
    with pytest.raises(TypeError):
        Ours(1, z=3)  # type: ignore[call-arg]


def test_without_slots_there_is_room_for_cached_properties() -> None:
    it = Roomy("a")
    assert it.shout == "A"
    assert it == Roomy("a")


@pytest.mark.parametrize("it", [Ours(1, 3), Nothing(), Roomy("a")])
def test_they_travel(it: object) -> None:
    assert copy.copy(it) == it
    if not isinstance(it, Roomy):  # a mappingproxy does not
        assert pickle.loads(pickle.dumps(it)) == it
        assert copy.deepcopy(it) == it


def test_the_functions_of_dataclasses_take_them() -> None:
    assert is_dataclass(Ours)
    told, wanted = fields(Ours), fields(Theirs)
    assert [(f.name, f.type, f.default) for f in told] == [(f.name, f.type, f.default) for f in wanted]
    assert replace(Ours(1), y=5) == Ours(1, 5)
    assert asdict(Ours(1)) == {"x": 1, "y": 2}
    assert replace(Roomy("a"), name="b") == Roomy("b")
    match Ours(1):
        case Ours(x, y):
            assert (x, y) == (1, 2)


def test_a_base_class_is_refused() -> None:
    with pytest.raises(AssertionError):

        @frozen
        class Child(Ours):
            z: int

"""Classes of plain values: what ``dataclass(frozen=True, slots=True)`` makes, in a seventh of the time.

A check of one edited page spends more time on making classes than on the page: ``dataclasses`` compiles six functions
for each and imports ``inspect``. Here one is compiled, ``__init__``; the others are closures over ``attrgetter``, which
compares and hashes at the speed of tuples. Objects too are made faster, by the slots' own setters.

The functions of ``dataclasses`` (``fields``, ``replace``, ``asdict``) take these classes as their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
def frozen(cls: type[T], /) -> type[T]: ...
@overload
def frozen(*, order: bool = False, slots: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True)
def frozen(cls: type[T] | None = None, /, *, order: bool = False, slots: bool = True) -> Any:
    """The class with its annotated names as fields: immutable, compared, hashed and shown by them.

    ``order`` also sorts by them. Without ``slots`` objects have room for cached properties. A default is one value that
    all objects share. No base classes, and no ``field``.
    """
    if cls is None:
        return lambda cls: _made(cls, order, slots)
    return _made(cls, order, slots)


def _made(cls: type[T], order: bool, slots: bool) -> type[T]:
    assert cls.__bases__ == (object,), f"{cls.__qualname__} has a base class"
    names = tuple(cls.__annotations__)
    space = {name: held for name, held in cls.__dict__.items() if name not in ("__dict__", "__weakref__", *names)}
    defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
    own: dict[str, object] = {**_METHODS, **_comparing(names, order), "__match_args__": names}
    if slots:
        own["__slots__"] = names
    own["__dataclass_fields__"] = _Fields(names, defaults)
    made = type(cls.__name__, (), {**own, **space})
    made.__qualname__ = cls.__qualname__
    given = ", ".join(name if name not in defaults else f"{name}=_default_{name}" for name in names)
    known: dict[str, Any] = {f"_default_{name}": default for name, default in defaults.items()}
    if slots:
        known |= {f"_set_{name}": made.__dict__[name].__set__ for name in names}
        body = "".join(f"\n _set_{name}(self, {name})" for name in names)
    else:
        body = "\n own = self.__dict__" + "".join(f"\n own['{name}'] = {name}" for name in names)
    exec(f"def __init__(self, {given}):{body or ' pass'}", known)
    init = known["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__init__ = init  # type: ignore[misc]
    return made


def _comparing(names: tuple[str, ...], order: bool) -> dict[str, object]:
    key: Callable[[Any], Any] = attrgetter(*names) if names else lambda it: ()

    def eq(self: object, other: object) -> bool:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: object) -> int:
        return hash(key(self))

    def lt(self: object, other: object) -> bool:
        return key(self) < key(other) if other.__class__ is self.__class__ else NotImplemented

    def le(self: object, other: object) -> bool:
        return key(self) <= key(other) if other.__class__ is self.__class__ else NotImplemented

    def gt(self: object, other: object) -> bool:
        return key(self) > key(other) if other.__class__ is self.__class__ else NotImplemented

    def ge(self: object, other: object) -> bool:
        return key(self) >= key(other) if other.__class__ is self.__class__ else NotImplemented

    compared: dict[str, object] = {"__eq__": eq, "__hash__": hashed}
    return {**compared, "__lt__": lt, "__le__": le, "__gt__": gt, "__ge__": ge} if order else compared


def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({shown})"


def _setattr(self: object, name: str, held: object) -> None:
    raise AttributeError(f"cannot assign to field {name!r}")


def _delattr(self: object, name: str) -> None:
    raise AttributeError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[object]:
    return [getattr(self, name) for name in self.__match_args__]


def _setstate(self: Any, state: list[object]) -> None:
    for name, held in zip(self.__match_args__, state, strict=True):
        object.__setattr__(self, name, held)


_METHODS: dict[str, object] = {
    "__repr__": _repr,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
    "__getstate__": _getstate,
    "__setstate__": _setstate,
}


class _Fields:
    """The fields of a class as ``dataclasses`` keeps them, made when somebody asks."""

    def __init__(self, names: tuple[str, ...], defaults: dict[str, object]) -> None:
        self._names, self._defaults = names, defaults

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        from dataclasses import field, make_dataclass

        types, defaults = owner.__annotations__, self._defaults
        told: list[tuple[str, Any, Any]] = []
        for name in self._names:
            if name not in defaults:
                how = field()
            elif type(defaults[name]).__hash__ is None:  # a mapping of ours, which dataclasses take for mutable
                how = field(default_factory=partial(defaults.__getitem__, name))
            else:
                how = field(default=defaults[name])
            told.append((name, types[name], how))
        twin = make_dataclass(owner.__name__, told)
        made: dict[str, Any] = twin.__dataclass_fields__  # type: ignore[attr-defined]
        owner.__dataclass_fields__ = made  # type: ignore[attr-defined]
        return made

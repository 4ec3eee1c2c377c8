"""Looks up the language of a fence by its info string: kb's own, and entry points of installed packages."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from kbtools.fences.languages.protocol import Language

GROUP = "kbtools.languages"
"""The entry-point group: the name is the language's name in lower case, the value a subclass of ``Language``."""

PYTHON = ("python", "py", "python3", "py3", "ipython", "ipython3")
OWN: Mapping[str, str] = {
    **dict.fromkeys(PYTHON, "kbtools.fences.languages.python:Python"),
    **dict.fromkeys(("pycon", "pycon3", "python-console"), "kbtools.fences.languages.pycon:Pycon"),
    **dict.fromkeys(("bash", "sh", "shell", "zsh"), "kbtools.fences.languages.shell:Script"),
    **dict.fromkeys(
        ("console", "shell-session", "sh-session", "shellsession"), "kbtools.fences.languages.shell:Transcript"
    ),
    **dict.fromkeys(("fish", "powershell", "ps1", "bat", "cmd"), "kbtools.fences.languages.shell:Foreign"),
    "json": "kbtools.fences.languages.data:Json",
    "yaml": "kbtools.fences.languages.data:Yaml",
    "yml": "kbtools.fences.languages.data:Yaml",
    "toml": "kbtools.fences.languages.data:Toml",
}
"""kb's own languages, named like entry points."""
JUDGED = frozenset(word for word, kind in OWN.items() if kind.partition(":")[2] in ("Script", "Transcript"))
"""Languages whose syntax is checked by a shell."""


@dataclass(frozen=True, slots=True)
class BrokenLanguage:
    """A language that an installed package declares but that cannot be loaded."""

    word: str
    message: str
    """The package and the error, on one line."""
    help: str


@cache
def find(word: str) -> Language | BrokenLanguage | None:
    """The language of a fence by its first word, ignoring case; None if unknown.

    kb's own languages cannot be replaced. Those of packages are loaded on first use.
    """
    word = word.lower()
    if word in OWN:
        module, _, name = OWN[word].partition(":")
        return _one(getattr(importlib.import_module(module), name))
    return _installed(word) if word and word.isprintable() else None


_MADE: dict[type[Language], Language] = {}


def _one(kind: type[Language]) -> Language:
    """One object for each class, for all its names."""
    if kind not in _MADE:
        _MADE[kind] = kind()
    return _MADE[kind]


@cache
def _announced() -> Mapping[str, tuple[str, str]]:
    """Entry points by name in lower case: the value, and the package and version that defines it."""
    from importlib.metadata import entry_points

    found: dict[str, tuple[str, str]] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else "a package"
        found.setdefault(point.name.lower(), (point.value, package))
    return found


def _installed(word: str) -> Language | BrokenLanguage | None:
    if word not in _announced():
        return None
    value, package = _announced()[word]
    module, _, name = value.partition(":")
    try:
        made: object = importlib.import_module(module.strip())
        for part in name.strip().split(".") if name else ():
            made = getattr(made, part)
        if isinstance(made, type) and issubclass(made, Language):
            made = _one(made)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - importing another package's module can raise anything
        return _broken(word, value, package, f"{type(error).__name__}: {error}")
    if not isinstance(made, Language):
        return _broken(word, value, package, f"{value} is not a subclass of kbtools.languages.Language")
    return made


def _broken(word: str, value: str, package: str, what: str) -> BrokenLanguage:
    name = package.partition(" ")[0]
    message = f'the language "{word}" of {package} cannot be used: {" ".join(what.split())}'
    return BrokenLanguage(word, message, f"its entry point is {value}: correct or uninstall {name}")

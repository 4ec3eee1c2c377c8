"""Versions of the packages a snippet imports, and of their dependencies, for its cache key."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kbtools.run.devices import host_info as machines
from kbtools.run.devices import probe as devices
from kbtools.run.job import ANY
from kbtools.run.results.environment import digest

_SOURCES = (".py", ".pyi", ".so", ".pyd", ".dylib")
_MOST_FILES = 5000


class Machine(Protocol):
    """Properties of a machine that decide whether a result is valid there."""

    def environment(self, device: str) -> Mapping[str, object]:
        """The machine's part of a cache key: a result is valid only if it is equal."""

    def versions(self, imports: Iterable[str]) -> Mapping[str, str]:
        """Versions of its packages: see ``versions``."""

    def machine_label(self, device: str) -> str | None:
        """Its description for readers; not part of any key."""


class LocalMachine:
    """This machine."""

    def environment(self, device: str) -> Mapping[str, object]:
        return environment(device)

    def versions(self, imports: Iterable[str]) -> Mapping[str, str]:
        return versions(imports)

    def machine_label(self, device: str) -> str | None:
        return machines.machine_label(devices.environment(), device)


@dataclass(frozen=True, slots=True)
class RemoteMachine:
    """Another machine, as described by itself."""

    environments: Mapping[str, Mapping[str, object]]
    """By device."""
    packages: Mapping[str, Mapping[str, str]]
    """By imported name, the packages that it depends on."""
    report: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Its environment, as in reports."""

    def environment(self, device: str) -> Mapping[str, object]:
        return self.environments[device]

    def versions(self, imports: Iterable[str]) -> Mapping[str, str]:
        return {k: v for name in sorted(set(imports)) for k, v in self.packages.get(name, {}).items()}

    def machine_label(self, device: str) -> str | None:
        return machines.machine_label(self.report, device)


def versions(imports: Iterable[str]) -> dict[str, str]:
    """By package: its version; for code under development (editable, or on the module path) the state of its files.

    Torch is part of the environment; modules of the standard library have Python's version. For ``keys.ANY``: all
    installed packages, and the folders in which programs are searched.
    """
    found: dict[str, str] = {}
    for name in sorted(set(imports)):
        if name == ANY:
            found[ANY] = _installed()
        elif name != "torch" and name not in sys.stdlib_module_names:
            found.update(_of_module(name))
    return found


@functools.cache
def _installed() -> str:
    """A hash of the names and versions of all installed distributions, from the names of their folders."""
    hasher = hashlib.sha256(os.environ.get("PATH", "").encode("utf-8", "surrogateescape"))
    for place in sys.path:
        try:
            names = sorted(name for name in os.listdir(place or ".") if name.endswith((".dist-info", ".egg-info")))  # noqa: PTH208
        except OSError:
            continue
        for name in names:
            hasher.update(name.encode("utf-8", "surrogateescape") + b"\0")
            if (Path(place) / name / "direct_url.json").exists():
                hasher.update(_in_place(importlib.metadata.PathDistribution(Path(place) / name)).encode())
    return hasher.hexdigest()[:16]


@functools.cache
def _of_module(name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    _with_needs(name, found)
    if not found and _there(name):
        # The distribution has another name than its module: all distributions must be searched.
        for distribution in _by_module().get(name, ()):
            _with_needs(distribution, found)
    if found:
        return found
    # Not an installed name: a file beside the page (part of the key already), missing, or found on the module path.
    there = _sources(name)
    return {name: there} if there else {}


def _there(module: str) -> bool:
    """Whether the module exists; files that a page writes do not count."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _with_needs(name: str, found: dict[str, str]) -> None:
    """A distribution and its requirements, without extras."""
    todo = [name]
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in found or name == "torch":
            continue
        try:
            distribution = importlib.metadata.distribution(name)
        except (importlib.metadata.PackageNotFoundError, ValueError):
            continue
        found[name] = distribution.version + _in_place(distribution)
        for requirement in distribution.requires or ():
            if "extra ==" not in requirement:
                todo.append(re.split(r"[\s<>=!~;\[(]", requirement, maxsplit=1)[0])


def _in_place(distribution: importlib.metadata.Distribution) -> str:
    """The state of the files of an editable installation, whose version says nothing about its code."""
    if '"editable"' not in (distribution.read_text("direct_url.json") or "").replace(" ", "").replace(":true", ""):
        return ""
    modules = (distribution.read_text("top_level.txt") or "").split() or [
        name for name, owners in _by_module().items() if distribution.metadata["Name"] in owners
    ]
    return "+" + " ".join(filter(None, map(_sources, modules)))


@functools.cache
def _by_module() -> dict[str, list[str]]:
    return {name: list(owners) for name, owners in importlib.metadata.packages_distributions().items()}


@functools.cache
def _sources(module: str) -> str:
    """A hash of the timestamps of the files of a module on the path; "" if it does not exist."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return ""
    if spec is None:
        return ""
    places = [Path(p) for p in spec.submodule_search_locations or ()]
    files = [f for place in places for f in _files(place)] or ([Path(spec.origin)] if spec.origin else [])
    hasher = hashlib.sha256()
    for file in sorted(files):
        try:
            stat = file.stat()
        except OSError:
            continue
        hasher.update(f"{file}\0{stat.st_mtime_ns}\0{stat.st_size}\n".encode("utf-8", "surrogatepass"))
    return hasher.hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    found = []
    for file in folder.rglob("*"):
        if file.suffix in _SOURCES:
            found.append(file)
            if len(found) >= _MOST_FILES:
                break
    return found


def environment(device: str) -> dict[str, object]:
    """The machine's part of a key: a result is valid only if it is equal."""
    import kbtools

    info = devices.probe().get(device)
    return {
        "kb": kbtools.__version__,
        "python": platform.python_version(),
        "torch": devices.torch_version(),
        "platform": devices.platform_name(),
        "device_name": info.name if info is not None else None,
        "variables": digest(),
    }

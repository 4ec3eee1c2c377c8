"""Checks ``requires=`` against installed packages."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Callable

from kbtools.text.reason import Reason


def _version(name: str) -> str | None:
    """The version of a package here, or of Python; None where it is not installed."""
    try:
        return platform.python_version() if name.lower() == "python" else importlib.metadata.version(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None


def unmet(requirement: str, version_of: Callable[[str], str | None] = _version) -> Reason | None:
    """Why a ``requires=`` is not met (``onnx>=1.17``), or None."""
    name = re.split(r"[\s<>=!~;\[]", requirement.strip(), maxsplit=1)[0]
    version = version_of(name)
    if version is None:
        return Reason("{requirement} is not installed", requirement=requirement)
    try:
        from packaging.requirements import InvalidRequirement, Requirement
    except ImportError:
        if name == requirement.strip():
            return None
        return Reason("{requirement} cannot be compared: packaging is not installed", requirement=requirement)
    try:
        wanted = Requirement(requirement)
    except InvalidRequirement:
        return Reason("{requirement} is not a valid requirement", requirement=requirement)
    if not wanted.specifier.contains(version, prereleases=True):
        if name.lower() == "python":
            return Reason("needs {requirement}, this is {version}", requirement=requirement, version=version)
        return Reason("{requirement} is not installed, {version} is", requirement=requirement, version=version)
    return None

"""Checks ``requires=`` against installed packages."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Callable


def _version(name: str) -> str | None:
    """The version of a package here, or of Python; None where it is not installed."""
    try:
        return platform.python_version() if name.lower() == "python" else importlib.metadata.version(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None


def unmet(requirement: str, version_of: Callable[[str], str | None] = _version) -> str | None:
    """Why a ``requires=`` is not met (``onnx>=1.17``), or None."""
    name = re.split(r"[\s<>=!~;\[]", requirement.strip(), maxsplit=1)[0]
    version = version_of(name)
    if version is None:
        return f"{requirement} is not installed"
    try:
        from packaging.requirements import InvalidRequirement, Requirement
    except ImportError:
        return None if name == requirement.strip() else f"{requirement} cannot be compared: packaging is not installed"
    try:
        wanted = Requirement(requirement)
    except InvalidRequirement:
        return f"{requirement} is no requirement that can be read"
    if not wanted.specifier.contains(version, prereleases=True):
        return (
            f"needs {requirement}, this is {version}"
            if name.lower() == "python"
            else (f"{requirement} is not installed, {version} is")
        )
    return None

"""Another interpreter than kb's own for a page's code: a project's environment, as ``.venv/bin/python``.

kb stays where it is installed. The other interpreter imports kbtools from there; the worker needs only Python's
standard library, and pages import packages of their own environment.
"""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from kbtools.errors import KbError

_OLDEST = (3, 11)
_PATIENCE = 60
_ASK = """
import importlib.metadata as m, importlib.util as u, json, sys
sys.path[:] = [p for p in sys.path if p]
torch = u.find_spec("torch") if sys.version_info >= (3, 4) else None
print(json.dumps({
    "version": ".".join(map(str, sys.version_info[:3])),
    "packages": {d.metadata["Name"]: d.version for d in m.distributions() if d.metadata["Name"]},
    "torch": torch and torch.origin,
}))
"""
_RUN = """
import runpy, sys
sys.path[:] = [{place!r}, *(p for p in sys.path if p)]
import kbtools
del sys.path[0]
runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
"""


class ProjectPython(NamedTuple):
    """Properties of an interpreter, found without importing anything into this process."""

    program: str
    version: str
    packages: Mapping[str, str]
    """Versions by normalized name."""
    torch: str | None
    """The folder of its torch."""

    @property
    def digest(self) -> str:
        """A hash of its version and installed packages."""
        content = json.dumps([self.program, self.version, sorted(self.packages.items())])
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def command(program: str, module: str) -> Sequence[str]:
    """The command that runs a module of kbtools with another interpreter."""
    place = str(Path(__file__).parents[3])
    return [program, "-P", "-c", _RUN.format(place=place, module=module)]


def normalized(name: str) -> str:
    """A package's normalized name, equal for all its spellings."""
    return name.lower().replace("_", "-").replace(".", "-")


@functools.cache
def interpreter(program: str) -> ProjectPython:
    """Queries an interpreter. Raises KbError if it cannot run snippets."""
    way_out = "name a Python from 3.11 on, as in --python .venv/bin/python"
    if not Path(program).is_file():
        raise KbError(f"there is no Python interpreter at {program}", way_out)
    try:
        completed = subprocess.run(
            [program, "-c", _ASK], capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=True, cwd="/"
        )
        answer = json.loads(completed.stdout)
        version, packages = str(answer["version"]), dict(answer["packages"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as problem:
        raise KbError(f"{program} does not run as a Python interpreter ({type(problem).__name__})", way_out) from None
    if tuple(map(int, version.split(".")[:2])) < _OLDEST:
        raise KbError(f"{program} is Python {version}", way_out)
    return ProjectPython(program, version, {normalized(n): v for n, v in packages.items()}, answer["torch"])

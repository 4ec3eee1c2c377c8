"""Detects the devices of this machine, without torch where possible, and never with torch in this process.

Importing torch costs a second or two, and a process that has initialised CUDA must not fork. So the installed files
and the system's device nodes are checked first; only if they are inconclusive, a temporary process asks torch.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kbtools.fences.option_values import DEVICES
from kbtools.run.devices import host_info as machines
from kbtools.run.devices.interpreter import interpreter
from kbtools.run.job import DeviceRequest

VARIABLE = "KB_DEVICES"
"""The variable that passes the result to the other processes of a run (xdist workers)."""
_PROBE_TIMEOUT = 120.0
_PROBE = """
import json, torch
cuda = torch.cuda.is_available()
mps = torch.backends.mps.is_available()
print(json.dumps({
    "cuda": [cuda, torch.cuda.get_device_name(0) if cuda else None, torch.cuda.device_count() if cuda else 0],
    "mps": [mps, "Apple GPU" if mps else None, int(mps)],
}))
"""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """One device of this machine."""

    available: bool
    name: str | None = None
    """The hardware's name."""
    reason: str | None = None
    """Why it is not available."""
    count: int = 1


def probe(python: str = "") -> Mapping[str, DeviceInfo]:
    """All devices of DEVICES, as the torch of an interpreter (kb's own) detects them. Detected once per process;
    ``export`` passes the result on."""
    return _probe(python)


def available(python: str = "") -> dict[str, int]:
    """The number of devices of each kind, as ``plan.plan`` needs it."""
    return {name: max(1, info.count) if info.available else 0 for name, info in probe(python).items()}


def available_for(request: DeviceRequest, python: str = "") -> dict[str, int]:
    """The number of devices of each kind; nothing is detected if only the CPU is requested."""
    if request.devices == ("cpu",) and not request.required:
        return {"cpu": 1}
    return available(python)


def export() -> str:
    """The result of ``probe``, for the environment variable of other processes."""
    return json.dumps({name: asdict(info) for name, info in probe().items()})


def take_over(answer: str | None) -> None:
    """Makes ``probe`` return the result that ``export`` gave in another process."""
    if answer is not None:
        os.environ[VARIABLE] = answer


@functools.cache
def torch_version() -> str | None:
    """The installed torch's version, without importing it."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


def environment(python: str = "") -> dict[str, Any]:
    """The report's ``environment``, if all code ran with one interpreter."""
    other = interpreter(python) if python else None
    return {
        "python": other.version if other is not None else platform.python_version(),
        "torch": other.packages.get("torch") if other is not None else torch_version(),
        "platform": platform_name(),
        "machine": machines.given_name(),
        "cpu": machines.cpu_model(),
        "date": date.today().isoformat(),
        "devices": {name: asdict(info) for name, info in probe(python).items()},
    }


@functools.cache
def platform_name() -> str:
    """Like ``platform.platform``, which on Linux starts a process for a field that it then omits."""
    if sys.platform != "linux":
        return platform.platform()
    system = os.uname()
    libc = "".join(platform.libc_ver())
    return "-".join([system.sysname, system.release, system.machine, *(["with", libc] if libc else [])])


@functools.cache
def _probe(python: str) -> Mapping[str, DeviceInfo]:
    passed = None if python else os.environ.get(VARIABLE)
    if passed:
        try:
            return {str(name): DeviceInfo(**info) for name, info in json.loads(passed).items()}
        except (ValueError, TypeError, AttributeError):
            pass  # invalid: detect again
    # Not platform.processor(): it starts a process, and knows no more on most systems.
    cpu = DeviceInfo(True, platform.machine() or None, None, 1)
    place = interpreter(python).torch if python else getattr(importlib.util.find_spec("torch"), "origin", None)
    found = {name: _without_torch(name, place) for name in DEVICES if name != "cpu"}
    if any(info is None for info in found.values()):
        asked = _ask_torch(python or sys.executable)
        found = {name: info or asked[name] for name, info in found.items()}
    return {"cpu": cpu, **{name: info for name, info in found.items() if info is not None}}


def _without_torch(name: str, place: str | None) -> DeviceInfo | None:
    """What can be determined without importing the torch at ``place``; None if torch must be imported."""
    if place is None:
        return DeviceInfo(False, None, "torch is not installed", 0)
    if name == "mps":
        if sys.platform != "darwin":
            return DeviceInfo(False, None, "MPS is on macOS only", 0)
        return None
    if sys.platform == "darwin":
        return DeviceInfo(False, None, "CUDA is not on macOS", 0)
    try:
        version = (Path(place).parent / "version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    built = {
        kind: value for kind, value in re.findall(r"(?m)^(cuda|hip)\b[^=\n]*=\s*(\S+)", version) if value != "None"
    }
    if not built and re.search(r"(?m)^cuda\b", version):
        return DeviceInfo(False, None, "this torch is built without CUDA", 0)
    nodes = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd", "/dev/nvgpu", "/dev/nvhost-gpu")
    if sys.platform == "linux" and built and not any(Path(node).exists() for node in nodes):
        return DeviceInfo(False, None, "there is no GPU device node", 0)
    return None


def _ask_torch(program: str) -> dict[str, DeviceInfo]:
    """Queries torch in a separate process."""
    try:
        output = subprocess.run(
            [program, "-P", "-c", _PROBE],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_PROBE_TIMEOUT,
            check=True,
        ).stdout
        answer = json.loads(output.strip().split(b"\n")[-1])
    except (OSError, subprocess.SubprocessError, ValueError) as problem:
        reason = f"torch could not be queried: {type(problem).__name__}"
        return {name: DeviceInfo(False, None, reason, 0) for name in DEVICES}
    return {
        name: DeviceInfo(bool(there), label, None if there else f"torch finds no {name.upper()} device", int(count))
        for name, (there, label, count) in answer.items()
    }

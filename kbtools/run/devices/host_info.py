"""Describes the machine of an outcome: the name its owner gives it, and its hardware.

The host name is not used unless the owner chooses it as the machine's name: host names of companies and people do not
belong on a public site.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

VARIABLE = "KB_MACHINE"
"""The variable with the name that the owner gives to this machine."""
_LONGEST = 80
_NOISE = re.compile(r"\((?:R|TM|C)\)| CPU\b| Processor\b| @ [\d.]+ ?GHz|\b\d+-Core\b", re.IGNORECASE)


def given_name() -> str | None:
    """The name given to this machine, on one line."""
    name = " ".join(os.environ.get(VARIABLE, "").split())[:_LONGEST]
    return name or None


def name_machine(name: str) -> None:
    """Names this machine, for this process and those it starts."""
    os.environ[VARIABLE] = name


@functools.cache
def cpu_model() -> str | None:
    """The system's name of the processor, without trade marks and clock rates: ``AMD EPYC 7B13``, ``Apple M2``."""
    return short_model(_cpu_model()) or None


def short_model(name: str) -> str:
    """A short, readable name of a processor."""
    return " ".join(_NOISE.sub(" ", name).split())[:_LONGEST]


def _cpu_model() -> str:
    if sys.platform == "darwin":
        try:
            asked = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True).stdout
        except (OSError, subprocess.SubprocessError):
            return ""
    if sys.platform == "linux":
        try:
            with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                found = re.search(r"(?m)^model name\s*:\s*(.+)$", file.read(4096))
        except OSError:
            return ""
        return found[1] if found else ""
    return platform.processor()


def machine_label(environment: Mapping[str, Any], device: str) -> str | None:
    """Describes the machine in a report's environment, for one of its devices: ``lab · NVIDIA H100``. None if
    unknown."""
    devices = environment.get("devices")
    info = devices.get(device) if isinstance(devices, Mapping) else None
    hardware = environment.get("cpu") if device == "cpu" else None
    if not hardware and isinstance(info, Mapping):
        hardware = info.get("name")
    parts = (environment.get("machine"), hardware)
    return " · ".join(str(part) for part in parts if part) or None


def cores() -> int:
    """The number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

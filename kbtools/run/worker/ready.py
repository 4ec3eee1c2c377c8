"""Setup of a worker that does not depend on its session.

The fork server does this in advance, so that a session does not wait for it.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass

from kbtools.run.sandbox.limits import enclose

SEED = 0


@dataclass(frozen=True, slots=True)
class WorkerKind:
    """What is the same for many sessions."""

    network: bool
    threads: int
    """Of OpenMP and the like."""
    device: str
    changed: int = 0
    """Under other conditions than the first run, which of them by number: see ``second_run``."""


def ready(kind: WorkerKind, mode: str, *, own_processes: bool = False) -> tuple[str, ...]:
    """Make this process ready for a session of a kind. Returns the names of the protections that are active."""
    held = enclose(mode, network=kind.network, own_processes=own_processes)
    if kind.device == "cpu":
        seed(kind)
    return held


def seed(kind: WorkerKind) -> None:
    """Seed the random generators and set torch up, where they are imported.

    For a device other than the CPU to be called only when the environment says which of them the session may see.
    """
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "manual_seed"):
        torch.set_num_threads(kind.threads)
        if kind.device != "cpu":
            torch.set_default_device(kind.device)
    reseed(SEED + kind.changed)


def reseed(seed: int) -> None:
    """Seed the random generators that are imported."""
    random.seed(seed)
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "manual_seed"):
        torch.manual_seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(seed)

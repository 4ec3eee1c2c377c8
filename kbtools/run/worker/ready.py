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
    """Properties that many sessions have in common."""

    network: bool
    threads: int
    """Of OpenMP and similar libraries."""
    device: str
    changed: int = 0
    """The number of the other conditions, for a second run: see ``second_run``."""


def ready(kind: WorkerKind, mode: str, *, own_processes: bool = False) -> tuple[str, ...]:
    """Prepares this process for a session of a kind. Returns the names of the active protections."""
    held = enclose(mode, network=kind.network, own_processes=own_processes)
    if kind.device == "cpu":
        seed(kind)
    return held


def seed(kind: WorkerKind) -> None:
    """Seeds the random generators and configures torch, if they are imported. For other devices than the CPU, to be
    called only after the environment says which of them the session may see."""
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "manual_seed"):
        torch.set_num_threads(kind.threads)
        if kind.device != "cpu":
            torch.set_default_device(kind.device)
    reseed(SEED + kind.changed)


def reseed(seed: int) -> None:
    """Seeds the imported random generators."""
    random.seed(seed)
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "manual_seed"):
        torch.manual_seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(seed)

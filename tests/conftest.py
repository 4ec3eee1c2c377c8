"""Shared by all tests: the switch that rewrites golden files, Hypothesis profiles, and a fork server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from kbtools.run.processes.launchers import Launcher


# Vaults of tests are made in memory where the system offers that: thousands of flushed files are most of the gate's
# time on a disk. What a flush is good for is seen in test_rewrite_power, on a model of a disk.
_MEMORY = Path("/dev/shm")
_ENOUGH = 4 * 2**30
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

# The gate says the same of the same code, every time: examples are derived from each test, not from chance. The profile
# "search" looks for new ones (`make fuzz`); what it finds becomes an @example before the code is mended.
SLOW = [HealthCheck.too_slow]  # says how busy the machine is, nothing of the code
settings.register_profile("gate", derandomize=True, database=None, deadline=None, suppress_health_check=SLOW)
settings.register_profile("search", deadline=None, suppress_health_check=SLOW, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what was found into the golden files")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder where snippets may not write: on a disk, since they may write to the memory that others share."""
    with tempfile.TemporaryDirectory(prefix="kb-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    """A fork server for the sessions of one file of tests."""
    from kbtools.run.processes.launchers import ForkServerLauncher

    launcher = ForkServerLauncher()
    yield launcher
    launcher.close()

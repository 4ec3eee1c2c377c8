"""Shared by all tests: the switch that rewrites golden files, Hypothesis profiles, a fork server, and built sites."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from computed_once import compile_templates_once
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from kbtools.run.processes.launchers import Launcher


ROOT = Path(__file__).parent.parent

# Vaults of tests are made in memory where the system offers that: thousands of flushed files are most of the gate's
# time on a disk. What a flush is good for is seen in test_rewrite_power, on a model of a disk.
_MEMORY = Path("/dev/shm")
_ENOUGH = 4 * 2**30
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

# What kb keeps for its user is left in a folder of the tests' own, the same for all workers of pytest-xdist.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="kb-state-")
    atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)

# The gate says the same of the same code, every time: examples are derived from each test, not from chance. The profile
# "search" looks for new ones (`make fuzz`); what it finds becomes an @example before the code is mended.
SLOW = [HealthCheck.too_slow]  # says how busy the machine is, nothing of the code
settings.register_profile("gate", derandomize=True, database=None, deadline=None, suppress_health_check=SLOW)
settings.register_profile("search", deadline=None, suppress_health_check=SLOW, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


compile_templates_once()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what was found into the golden files")


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are cores: half of the time a test waits for browsers, servers and other processes."""
    return 2 * (os.cpu_count() or 1)


LONG = (
    "rewrite_kill", "rewrite_moves", "killed_commands",  # they fork, which takes longer the more a process has loaded
    "run_escapes", "search", "browser", "site", "safety", "protocol", "pytest_plugin", "docs", "outcomes",
    "other_plugins", "mutations", "accessible", "init", "run_faults", "wiki", "attachments", "bad_input", "graph",
    "previews", "languages", "languages_plugin", "results_cache", "run_compile", "wheel", "vscode", "vault_is_data",
    "hostile_output",
)  # fmt: skip
"""Files whose tests take longest: begun first, so that none is left to one worker at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    names = [f"test_{name}" for name in LONG]
    items.sort(key=lambda item: names.index(item.path.stem) if item.path.stem in names else len(names))


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


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Makes a folder that takes long to make, once for all workers of pytest-xdist: they only read it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, ready = shared / name, shared / f"{name}.ready"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not ready.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                ready.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def own_site(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The site of this project's own wiki, built without a warning. Whether its snippets have run is not asked."""

    def build_site(folder: Path) -> None:
        from mkdocs.commands.build import build
        from mkdocs.config import load_config

        config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=True)
        config.plugins["kbtools"].config["lenient"] = True
        build(config)

    return made_once("own-site", build_site)

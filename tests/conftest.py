"""Shared by all tests: the switch that rewrites golden files, and a fork server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kbtools.execution.launchers import Launcher


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what was found into the golden files")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    """A fork server for the sessions of one file of tests."""
    from kbtools.execution.launchers import ForkServerLauncher

    launcher = ForkServerLauncher()
    yield launcher
    launcher.close()

"""A wiki with everything a page may hold, built once for all tests in a browser, and the browser."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from in_browser import CHROMIUM, FLAGS, served
from pages_of_every_kind import build_site

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site_folder(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    return made_once("every-kind", build_site) / "site"


@pytest.fixture(scope="session")
def site(site_folder: Path) -> Iterator[str]:
    with served(site_folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """For one module: as long as it is open Playwright keeps an event loop running in this thread, and other modules
    need one of their own."""
    if CHROMIUM is None:
        pytest.skip("no chromium here: sh tests/install-programs.sh")
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()

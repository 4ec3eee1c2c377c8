"""Tests that need a CUDA device: skipped with the reason where there is none, an error under ``KB_REQUIRE_CUDA``.

``make test-cuda`` sets that, and ``KB_CUDA_LOG``, a Markdown file for what was seen: environment, tests, figures.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from kbtools.run.devices import probe as devices

_FIGURES: list[str] = []
_RESULTS: list[tuple[str, str, float]] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    found = devices.probe()["cuda"]
    if found.available:
        return
    reason = f"no CUDA device: {found.reason}"
    for item in items:
        if item.get_closest_marker("cuda") is not None:
            if os.environ.get("KB_REQUIRE_CUDA"):
                raise pytest.UsageError(f"KB_REQUIRE_CUDA is set: {reason}")
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def figure() -> Any:
    """Tells a figure to the log: ``figure("what", value)``."""
    return lambda what, value: _FIGURES.append(f"| {what} | {value} |")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and "tests/cuda" in report.nodeid.replace(os.sep, "/"):
        _RESULTS.append((report.nodeid.rpartition("::")[2], report.outcome, report.duration))


def pytest_sessionfinish() -> None:
    name = os.environ.get("KB_CUDA_LOG")
    if not name or not _RESULTS:
        return
    here = devices.environment()
    gpu = here["devices"]["cuda"]
    report = ["| | |", "|---|---|", f"| device | {gpu['count']} × {gpu['name']} |"]
    report += [f"| {key} | {here[key]} |" for key in ("torch", "python", "platform")]
    report += [*_FIGURES, "", "| test | outcome | seconds |", "|---|---|---|"]
    report += [
        f"| {test.removeprefix('test_').replace('_', ' ')} | {end} | {took:.1f} |" for test, end, took in _RESULTS
    ]
    Path(name).write_text("\n".join(report) + "\n", encoding="utf-8")

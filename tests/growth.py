"""Linear time as a property (P11), on a machine that others use too."""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Callable

_FLOOR = 0.004
"""Seconds of CPU below which growth is not worth a judgement."""


def cpu_of_children() -> float:
    """Seconds of CPU of all processes this one has started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def assert_linear(
    work: Callable[[int], Callable[[], object]],
    size: int,
    factor: int = 4,
    clock: Callable[[], float] = time.process_time,
    times: int = 1,
) -> None:
    """``factor`` times the text takes at most 2.5 times ``factor`` the time; a square would take ``factor`` squared.

    ``work`` prepares a text of a size and returns what to measure. CPU time of this process (or of what ``clock``
    counts), measured side by side, the best of ``times``; only growth seen in every one of three attempts counts.
    """
    small, large = work(size), work(factor * size)
    ratios = []
    for _ in range(3):
        once, more = _best(small, clock, times), _best(large, clock, times)
        ratios.append(more / max(once, _FLOOR / factor))
        if more < _FLOOR or ratios[-1] < 2.5 * factor:
            return
    raise AssertionError(f"{factor} times the text takes {', '.join(f'{r:.1f}' for r in ratios)} times as long")


def assert_linear_steps(work: Callable[[int], Callable[[], object]], size: int, factor: int = 4) -> None:
    """``factor`` times as much takes little more than ``factor`` times as many steps.

    Calls of functions are counted, Python's and C's, and lines, each time a loop or a comprehension comes to one: the
    same on every machine. What a function in C does with a list is one step. ``work`` is done once beforehand with
    less, so that what is made once is not counted.
    """
    work(max(1, size // 4))()
    small, large = _steps(work(size)), _steps(work(factor * size))
    assert large < 1.03 * factor * small, f"{factor} times as much takes {large / small:.1f} times as many steps"


def _steps(work: Callable[[], object]) -> int:
    counted = 0

    def call(_frame: object, event: str, _arg: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    def line(_frame: object, event: str, _arg: object) -> Callable[..., object]:
        nonlocal counted
        counted += event == "line"
        return line

    traced = sys.gettrace()
    sys.setprofile(call)
    sys.settrace(line)
    try:
        work()
    finally:
        sys.settrace(traced)
        sys.setprofile(None)
    return counted


def _best(work: Callable[[], object], clock: Callable[[], float], times: int) -> float:
    best = float("inf")
    gc.disable()
    try:
        for _ in range(times):
            began = clock()
            work()
            best = min(best, clock() - began)
    finally:
        gc.enable()
    return best

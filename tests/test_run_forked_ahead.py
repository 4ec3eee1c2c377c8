"""Workers are forked ahead of their sessions, one for each kind of session; what is done in the background is done."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from kbtools.adapters.testing import jobs_of, run_page
from kbtools.run.processes import process as processes
from kbtools.run.processes.launchers import ForkServerLauncher, forks
from kbtools.run.processes.reaper import Reaper
from kbtools.run.results.outcomes import Status
from kbtools.run.session import ProcessSettings, Session
from tests.waiting import LIMIT, until

forking = pytest.mark.skipif(not forks(), reason="there is no fork server on this system")
PAGE = "```python {#a}\nimport os\nprint(os.getpid())\n```\n"


@pytest.fixture
def launcher() -> Iterator[ForkServerLauncher]:
    launcher = ForkServerLauncher()
    yield launcher
    launcher.close()


def process(launcher: ForkServerLauncher, text: str = PAGE, settings: ProcessSettings | None = None) -> int:
    """The process a page ran in."""
    (outcome,) = run_page(text, launcher, settings=settings or ProcessSettings()).values()
    assert outcome.outcome is Status.PASSED, outcome.message
    return int(outcome.stdout)


def children(launcher: ForkServerLauncher) -> list[int]:
    """By the numbers that they have among themselves."""
    return list(numbers(launcher))


def server(launcher: ForkServerLauncher) -> int:
    assert launcher._server is not None
    if confined():  # the one that was started waits for the server
        (pid,) = below(launcher._server.pid)
        return pid
    return launcher._server.pid


def numbers(launcher: ForkServerLauncher) -> dict[int, int]:
    """The numbers out here of the server's children, by those that they have among themselves."""
    found = {}
    for child in below(server(launcher)):
        try:
            status = Path(f"/proc/{child}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):  # it ended since it was listed
            continue
        (told,) = re.findall(r"NSpid:.*?(\d+)\n", status)
        found[int(told)] = child
    return found


def below(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_bytes().split()]


@cache
def confined() -> bool:
    """Whether sessions have processes of their own here."""
    code = "import os, sys; from kbtools.run.sandbox import namespaces; sys.exit(not namespaces.own_processes())"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def waiting(launcher: ForkServerLauncher, count: int = 1) -> list[int]:
    """The server's children, once it has so many and no session runs."""
    until(lambda: len(children(launcher)) == count)
    return children(launcher)


@forking
def test_a_third_session_finds_its_worker_there_and_a_single_page_leaves_none(launcher: ForkServerLauncher) -> None:
    process(launcher)
    assert waiting(launcher, 0) == []
    process(launcher)
    (ahead,) = waiting(launcher)
    assert process(launcher) == ahead
    (next_one,) = waiting(launcher)
    assert next_one != ahead
    outside = numbers(launcher)[next_one]
    launcher.close()
    assert not Path(f"/proc/{outside}").exists()


@forking
def test_one_that_died_waiting_is_replaced(launcher: ForkServerLauncher) -> None:
    process(launcher), process(launcher)
    (ahead,) = waiting(launcher)
    os.kill(numbers(launcher)[ahead], signal.SIGKILL)
    assert process(launcher) != ahead


@forking
def test_an_exit_code_is_waited_for_while_the_server_does_something_else(
    launcher: ForkServerLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It imports torch, when a session needs that for the first time, before it looks after its workers."""
    monkeypatch.setattr(processes, "_GRACE", 0.01)
    page = PAGE + "\n```python {#b}\nos._exit(3)\n```\n"
    with Session(*jobs_of(page), launcher) as session:
        first = next(outcomes := iter(session))
        worker, busy = numbers(launcher)[int(first.stdout)], server(launcher)
        os.kill(busy, signal.SIGSTOP)

        def go_on() -> None:
            until(lambda: "State:\tZ" in Path(f"/proc/{worker}/status").read_text())
            time.sleep(0.2)
            os.kill(busy, signal.SIGCONT)

        going_on = threading.Thread(target=go_on)
        going_on.start()
        second = next(outcomes)
        going_on.join()
    assert second.reason == "the process ended by itself with exit code 3"


@forking
def test_a_session_gets_no_worker_of_another_kind(launcher: ForkServerLauncher) -> None:
    process(launcher), process(launcher)
    (ahead,) = waiting(launcher)
    free = PAGE.replace("{#a}", '{#a network="yes"}')
    assert process(launcher, free) != ahead
    (outcome,) = run_page(free, launcher, settings=ProcessSettings()).values()
    assert "network" not in outcome.protections
    assert process(launcher, settings=ProcessSettings(threads=2)) != ahead
    (kept, *_) = waiting(launcher, 3)
    assert kept == ahead
    assert process(launcher) == ahead


@forking
def test_one_that_waited_lacks_nothing_that_was_imported_since(launcher: ForkServerLauncher) -> None:
    pytest.importorskip("torch")
    process(launcher), process(launcher)
    (ahead,) = waiting(launcher)
    page = "```python {#a}\nimport sys\nassert 'torch' in sys.modules\nimport os, torch\nprint(os.getpid())\n```\n"
    assert process(launcher, page) != ahead
    (later,) = waiting(launcher)
    assert later != ahead
    assert process(launcher, page) == later


@forking
def test_waiting_changes_no_seed(launcher: ForkServerLauncher) -> None:
    pytest.importorskip("torch")
    page = "```python {#a}\nimport random, torch\nprint(random.random(), torch.rand(2), torch.get_num_threads())\n```\n"
    told = []
    for _ in range(4):
        (outcome,) = run_page(page, launcher, settings=ProcessSettings(threads=2)).values()
        told.append(outcome.stdout)
        until(lambda: len(children(launcher)) == min(1, len(told) - 1))
    assert len(set(told)) == 1
    assert told[0].endswith(" 2\n")


def test_tasks_are_done_in_turn_and_what_they_raise_is_told_at_the_end() -> None:
    background, done = Reaper(), []
    go = threading.Event()

    def fail() -> None:
        raise OSError("no")

    background.do(lambda: done.append(go.wait(LIMIT)))
    background.do(fail)
    background.do(lambda: done.append(threading.current_thread() is not threading.main_thread()))
    assert not done
    go.set()
    with pytest.raises(OSError, match="no"):
        background.finish()
    assert done == [True, True]
    background.do(lambda: done.append(threading.current_thread() is threading.main_thread()))
    assert done == [True, True, True]
    background.finish()

"""What a snippet may do to its process, to the machine and to those that run after it: with every launcher."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kbtools.adapters.testing import jobs_of, run_page
from kbtools.run.job import Limits, RunOptions
from kbtools.run.processes.launchers import ForkServerLauncher, Launcher, SpawnLauncher
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.runner import run
from kbtools.run.session import ProcessSettings, Session
from tests.waiting import alive, until

LAUNCHERS = {"fork": ForkServerLauncher, "spawn": SpawnLauncher}


@pytest.fixture(scope="module", params=LAUNCHERS)
def launcher(request: pytest.FixtureRequest) -> Iterator[Launcher]:
    launcher = LAUNCHERS[request.param]()
    yield launcher
    launcher.close()
    assert not launcher.folder.exists()


def fence(code: str, info: str = "") -> str:
    return f"```python {info}\n{code}\n```\n\n".replace("python \n", "python\n")


def statuses(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {name: outcome.outcome.value for name, outcome in outcomes.items()}


@pytest.mark.parametrize(
    ("code", "lines", "reason"),
    [
        ("x = 1\nwhile True:\n    pass", (8, 9), "timed out after 1 s"),
        ("import time\ntime.sleep(100)", (8,), "timed out after 1 s"),
        ("import os\nos._exit(3)", (None,), "ended by itself with exit code 3"),
        ("import ctypes\nctypes.string_at(0)", (8,), "SIGSEGV"),
        ("import os\n\nos.abort()", (9,), "SIGABRT"),
        ("import os\nos.kill(os.getpid(), 9)", (None,), "SIGKILL"),
    ],
    ids=["loop", "sleep", "exit", "segfault", "abort", "kill"],
)
def test_the_end_of_a_process_is_an_error_and_the_session_goes_on(
    launcher: Launcher, code: str, lines: tuple[int | None, ...], reason: str
) -> None:
    page = fence("kept = 41", "{#first}") + "\n" + fence(code, '{#killer timeout="1"}')
    page += fence("print(kept + 1)  # 42", "{#next}")
    outcomes = run_page(page, launcher)
    assert statuses(outcomes) == {"first": "passed", "killer": "error", "next": "passed"}
    assert reason in (outcomes["killer"].reason or "")
    assert outcomes["killer"].traceback_line in lines


def test_names_of_a_snippet_that_killed_its_process_block(launcher: Launcher) -> None:
    page = fence("import os\nv = 1\nos._exit(0)", "{#a}") + fence("print(v)", "{#b}")
    outcomes = run_page(page, launcher)
    assert statuses(outcomes) == {"a": "error", "b": "blocked"}
    assert outcomes["b"].reason == "needs v from #a, which ended in an error"


def test_what_ran_before_a_crash_and_does_not_again_is_said_once_for_all(launcher: Launcher) -> None:
    marker = f"8{os.getpid()}.25"
    page = fence(f"import subprocess\nassert subprocess.run(['sleep', '{marker}']).returncode == -9", "{#once}")
    page += fence("import os\nos._exit(1)", "{#bye}") + fence("print(1)", "{#c}") + fence("print(2)", "{#d}")

    def end_twice() -> None:
        for how in (signal.SIGKILL, signal.SIGTERM):
            (pid,) = until(lambda: alive(marker))
            os.kill(pid, how)
            until(lambda pid=pid: pid not in alive(marker))

    ending = threading.Thread(target=end_twice)
    ending.start()
    outcomes = run_page(page, launcher)
    ending.join()
    assert statuses(outcomes) == {"once": "passed", "bye": "error", "c": "error", "d": "error"}
    assert "#once did not run as before" in (outcomes["c"].reason or "")
    assert outcomes["c"].reason == outcomes["d"].reason


def test_memory_is_limited(launcher: Launcher) -> None:
    page = fence("b = bytearray(3 << 30)", '{#a memory="1GiB"}') + fence("print(1)  # 1", "{#b}")
    outcomes = run_page(page, launcher)
    assert statuses(outcomes) == {"a": "error", "b": "passed"}
    assert outcomes["a"].reason == "out of memory (limit 1 GiB)"


def test_a_flood_of_output_is_cut(launcher: Launcher) -> None:
    code = "import os\ns = b'x' * (1 << 20)\nfor _ in range(1024):\n    os.write(1, s)\n    os.write(2, s)"
    outcome = run_page(fence(code, '{#a timeout="120"}'), launcher, settings=ProcessSettings(Limits(output=1000)))["a"]
    assert outcome.outcome is Status.PASSED
    assert len(outcome.stdout) < 1100
    assert f"{(1 << 30) - 1000} more bytes were written and dropped" in outcome.stdout


def test_nothing_is_left_behind(launcher: Launcher) -> None:
    marker = f"4{os.getpid()}.25"
    code = (
        "import os, subprocess, sys, threading, time\n"
        f"subprocess.Popen(['sleep', '{marker}'])\n"
        f"subprocess.Popen(['sleep', '{marker}'], start_new_session=True)\n"
        f"subprocess.run(['sh', '-c', 'setsid sh -c \"sleep {marker} & sleep {marker}\" & exit'])\n"
        "threading.Thread(target=time.sleep, args=(1000,)).start()\n"
        "if os.fork() == 0:\n    time.sleep(1000)\n"
        "os.mkdir('locked')\nopen('locked/f', 'w').close()\nos.chmod('locked', 0)\n"
        "open(os.path.join(os.environ['HOME'], 'x'), 'w').close()\n"
    )
    outcome = run_page(fence(code, "{#a}"), launcher)["a"]
    assert outcome.outcome is Status.PASSED, outcome.message

    def folders() -> list[str]:
        return [f.name for f in launcher.folder.iterdir() if f.name.startswith("s") and f.is_dir()]

    until(lambda: not alive(marker) and not folders())  # a session's end is not waited for


@pytest.mark.parametrize("kind", LAUNCHERS)
def test_a_chain_of_processes_does_not_outlive_kb(kind: str) -> None:
    marker = f"6{os.getpid()}.25"
    code = "import os, subprocess, sys\nfor _ in range(40):\n    if os.fork():\n        break\n    os.setsid()\n"
    code += f"subprocess.Popen(['sleep', '{marker}'])\nos._exit(3)"
    launcher = LAUNCHERS[kind]()
    try:
        assert run_page(fence(code, "{#a}"), launcher)["a"].outcome is Status.ERROR
    finally:
        launcher.close()
    assert alive(marker) == []


def test_named_semaphores_of_a_session_are_its_own(launcher: Launcher) -> None:
    code = "import multiprocessing, os\nlocks = [multiprocessing.get_context('spawn').Lock() for _ in range(3)]\n"
    code += "print(*(lock._semlock.name for lock in locks), flush=True)\n"
    (job,) = jobs_of(fence(code + "os._exit(1)", "{#a}"))
    with Session(job, launcher) as session:
        (outcome,) = session
        if "terminal" not in session.protections:
            pytest.skip("no mounts of its own here")
    names = outcome.stdout.split()
    assert len(names) == 3
    assert not any(Path(f"/dev/shm/sem.{name.lstrip('/')}").exists() for name in names)


def test_a_forked_child_does_not_speak_for_the_session(launcher: Launcher) -> None:
    page = fence("import os\npid = os.fork()\nif pid:\n    os.waitpid(pid, 0)\nelse:\n    1 / 0", "{#a}")
    page += fence("print('once')  # once", "{#b}")
    assert statuses(run_page(page, launcher)) == {"a": "passed", "b": "passed"}


def test_the_network_is_off_and_says_how_to_turn_it_on(launcher: Launcher) -> None:
    page = fence("import urllib.request\nurllib.request.urlopen('http://192.0.2.1/', timeout=2)", "{#a}")
    page += fence(
        "import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
        "c = socket.create_connection(s.getsockname())\nprint(c.fileno() > 0)  # True",
        "{#loopback}",
    )
    outcomes = run_page(page, launcher)
    assert statuses(outcomes) == {"a": "failed", "loopback": "passed"}
    assert 'network="yes"' in (outcomes["a"].message or "")


def test_no_secret_reaches_a_snippet(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SETTING", "hidden")
    monkeypatch.setenv("PYTHON_TOKEN", "hidden")
    code = "import os\nassert 'hidden' not in os.environ.values()\nprint(os.listdir(os.environ['HOME']))  # []"
    outcome = run_page(fence(code, "{#a}"), launcher)["a"]
    assert outcome.outcome is Status.PASSED, outcome.message


def test_files_outside_are_protected_where_the_system_can(launcher: Launcher, outside: Path) -> None:
    (outside / "kept").write_text("kept")
    code = f"import pathlib\np = pathlib.Path({str(outside)!r})\n(p / 'new').write_text('x')"
    remove = f"import pathlib\n(pathlib.Path({str(outside)!r}) / 'kept').unlink()"
    (job,) = jobs_of(fence(code, "{#a}") + fence(remove, "{#b}"))
    with Session(job, launcher) as session:
        outcomes = list(session)
        held = session.protections
    if "files" not in held:
        pytest.skip("no Landlock here")
    assert [o.outcome for o in outcomes] == [Status.FAILED, Status.FAILED]
    assert [f.name for f in outside.iterdir()] == ["kept"]


def test_sandbox_require_runs_confined_or_not_at_all() -> None:
    (job,) = jobs_of(fence("print(1)  # 1"))
    found = {}
    for mode in ("require", "off"):
        launcher = ForkServerLauncher(mode)
        try:
            with Session(job, launcher) as session:
                found[mode] = (*session, {"network", "files"} & set(session.protections))
        finally:
            launcher.close()
    outcome, held = found["require"]
    assert outcome.outcome is (Status.PASSED if len(held) == 2 else Status.ERROR)
    outcome, held = found["off"]
    assert outcome.outcome is Status.PASSED
    assert not held


def test_a_snippet_cannot_end_the_fork_server() -> None:
    launcher = ForkServerLauncher()
    try:
        (job,) = jobs_of(fence("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)", "{#a}"))
        with Session(job, launcher) as session:
            (outcome,) = session
            if "files" not in session.protections:
                pytest.skip("no Landlock here")
        assert outcome.outcome is Status.FAILED
        assert statuses(run_page(fence("print(1)  # 1", "{#b}"), launcher)) == {"b": "passed"}
    finally:
        launcher.close()


def test_a_dead_fork_server_is_started_again_and_what_was_lost_runs_anew() -> None:
    launcher = ForkServerLauncher()
    page = fence("x = 1", "{#a}")
    page += fence(
        "import os, time\nopen('here', 'w')\nwhile not os.path.exists('go'):\n    time.sleep(0.01)\nx += 1", "{#b}"
    )
    page += fence("print(x)  # 2", "{#c}")
    ended = threading.Event()

    def kill() -> None:
        until(lambda: list(launcher.folder.glob("s*/*/here")))
        assert launcher._server is not None
        os.kill(launcher._server.pid, signal.SIGKILL)
        while not ended.wait(0.01):
            for scratch in launcher.folder.glob("s*/work"):
                with suppress(OSError):
                    (scratch / "go").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        assert statuses(run_page(page, launcher)) == {"a": "passed", "b": "passed", "c": "passed"}
        ended.set()
        assert launcher._server is not None
        os.kill(launcher._server.pid, signal.SIGKILL)
        launcher._server.wait()
        assert statuses(run_page(fence("print(1)  # 1", "{#d}"), launcher)) == {"d": "passed"}
    finally:
        ended.set()
        killer.join()
        launcher.close()


def test_sessions_run_side_by_side(launcher: Launcher) -> None:
    wait = "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.01)\n"
    fences = [fence(f"{wait}print({n})  # {n}", '{timeout="300"}') for n in range(8)]
    jobs = [job for n, text in enumerate(fences) for job in jobs_of(text, path=f"P{n}.md")]
    seen: list[str] = []

    def watch() -> None:
        until(lambda: len(list(launcher.folder.glob("s*/__page__.py"))) == 8, "all eight under way at once")
        for scratch in launcher.folder.glob("s*/work"):
            (scratch / "go").touch()

    watcher = threading.Thread(target=watch)
    watcher.start()
    outcomes = run(jobs, launcher, RunOptions(workers=8), on_outcome=lambda o: seen.append(o.path))
    watcher.join()
    assert [o.outcome for o in outcomes] == [Status.PASSED] * 8
    assert [o.path for o in outcomes] == sorted(seen) == [f"P{n}.md" for n in range(8)]


def test_the_server_and_its_workers_end_with_their_owner(tmp_path: Path) -> None:
    import subprocess
    import sys

    marker = f"5{os.getpid()}.25"
    page = fence(f"import subprocess\nsubprocess.run(['sleep', '{marker}'])")
    script = tmp_path / "owner.py"
    script.write_text(
        "from kbtools.adapters.testing import *\nfrom kbtools.run.processes.launchers import *\n"
        f"l = ForkServerLauncher()\nprint(l.folder, flush=True)\nrun_page({page!r}, l)\n"
    )
    owner = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    folder = Path(owner.stdout.readline().strip())
    until(lambda: alive(marker))
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    until(lambda: not alive(marker) and not folder.exists())


def test_what_is_told_as_run_must_have_been_executed() -> None:
    from kbtools.run.grading.grade import grade
    from kbtools.run.processes.process import Reply

    (job,) = jobs_of(fence("x = 1"))
    for executed, status in ((0, Status.ERROR), (1, Status.PASSED)):
        reply = Reply({"seconds": 0.0, "executed": executed}, "", "")
        assert grade(job, job.steps[0], reply).outcome is status


def test_a_worker_says_what_it_executed(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    from kbtools.run.processes.process import WorkerProcess

    told: list[object] = []
    run_step = WorkerProcess.run

    def spy(self: WorkerProcess, step: object) -> object:
        reply = run_step(self, step)  # type: ignore[arg-type]
        told.append((reply.message or {}).get("executed"))
        return reply

    monkeypatch.setattr(WorkerProcess, "run", spy)
    run(jobs_of(fence("x = 1") + "\n" + fence("# nothing but a comment")), launcher)
    assert told == [1, 1]
    told.clear()
    run(jobs_of(fence("this is no Python")), launcher)
    assert told == [0]

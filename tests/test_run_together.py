"""Limits of what a session's processes use together; what goes over them is in ``suites/escapes.md``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kbtools.adapters.testing import jobs_of
from kbtools.run.processes import process
from kbtools.run.processes.launchers import ForkServerLauncher, Launcher
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.session import Session
from kbtools.run.usage.cgroups import delegated
from kbtools.run.usage.disk import Disk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what processes use")


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    made = ForkServerLauncher("default")
    yield made
    made.close()


def outcome(code: str, launcher: Launcher, options: str = "") -> Outcome:
    (job,) = jobs_of(f"```python {{{options}}}\n{code}\n```\n")
    with Session(job, launcher) as session:
        (found,) = session
        return found


CHILDREN = """
import os, time
print('started')
for _ in range(4):
    if os.fork() == 0:
        x = b'x' * (60 << 20)
        time.sleep(100)
time.sleep(100)
"""


def test_memory_that_processes_share_is_counted_once(launcher: Launcher) -> None:
    sharing = """
import mmap, os, time
{held}
for _ in range(5):
    if os.fork() == 0:
        {use}
        time.sleep(100)
time.sleep(1)  # for a look or two
"""
    copied = sharing.format(held="held = b'x' * (60 << 20)", use="pass")
    found = outcome(copied, launcher, 'memory="150MiB"')
    assert found.outcome is Status.PASSED, found.message
    mapped = sharing.format(
        held="held = mmap.mmap(-1, 60 << 20)", use="[held.write(b'x' * (1 << 20)) for _ in range(60)]"
    )
    found = outcome(mapped, launcher, 'memory="150MiB"')
    assert found.outcome is Status.PASSED, found.message


def test_what_is_too_much_is_said(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    found = outcome(CHILDREN, launcher, 'memory="150MiB"')
    assert found.outcome is Status.ERROR
    assert (found.reason or "").startswith("out of memory (limit 150 MiB for all processes of the session together)")
    assert found.stdout == "started\n"
    monkeypatch.setattr(process, "MOST_DISK", 16 << 20)
    found = outcome(
        "import os, time\nf = open('f', 'wb')\nos.posix_fallocate(f.fileno(), 0, 50 << 20)\ntime.sleep(100)", launcher
    )
    assert found.outcome is Status.ERROR
    assert (found.reason or "").startswith("too much written (limit 16 MiB for the session's folder)")


def test_what_is_freed_again_is_not_counted(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_DISK", 64 << 20)
    code = "import os\nfor _ in range(40):\n    with open('f', 'wb') as f:\n        f.write(b'x' * (8 << 20))\n"
    assert outcome(code, launcher).outcome is Status.PASSED


def test_the_kernel_limits_a_session_where_kb_has_been_given_a_control_group(launcher: Launcher) -> None:
    """Where this is skipped: ``systemd-run --user --scope -p Delegate=yes pytest -n 0 tests/test_run_together.py``."""
    within = outcome("x = b'x' * (60 << 20)", launcher, 'memory="150MiB"')
    if "group" not in within.protections:
        pytest.skip("no control group has been delegated to this process")
    assert within.outcome is Status.PASSED
    found = outcome(CHILDREN, launcher, 'memory="150MiB"')
    assert (found.reason or "").startswith("out of memory (limit 150 MiB for all processes of the session together)")
    hidden = (
        "import os, socket, time\na, b = socket.socketpair()\nfor _ in range(5):\n    f = os.memfd_create('m')\n"
        "    os.posix_fallocate(f, 0, 50 << 20)\n    socket.send_fds(a, [b'x'], [f])\n    os.close(f)\ntime.sleep(100)"
    )
    found = outcome(hidden, launcher, 'memory="150MiB"')
    assert (found.reason or "").startswith("out of memory (limit 150 MiB for all processes of the session together)")
    above = delegated()
    assert above is not None
    assert [group.name for group in above.iterdir() if group.is_dir()] == ["kb-main"]


def test_files_are_counted_though_others_free_as_much_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system says the same all the time: whatever the folder takes, another program has freed."""
    space = os.statvfs(tmp_path)
    monkeypatch.setattr(os, "statvfs", lambda _: space)
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    disk = Disk(tmp_path)
    for number in range(300):
        (tmp_path / str(number)).touch()
    now[0] = 60.0
    assert disk.used((), most=100) == 300 * 4096

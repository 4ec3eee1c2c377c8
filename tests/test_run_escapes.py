"""What code tries in order to get out of its session, and whether it gets there: with the kernel's confinement on.

``suites/escapes.md`` holds the attempts, ``escapes.py`` runs them, and the guide's table of limits is made of them.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import escapes
import pytest
from suite import Case, load

from kbtools.adapters.testing import jobs_of
from kbtools.run.processes import process
from kbtools.run.processes.launchers import ForkServerLauncher, Launcher
from kbtools.run.sandbox.sockets import named_sockets
from kbtools.run.session import Session
from tests.terminal import run_kb

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's confinement is Linux's")


NO_NAMESPACES = 'echo 0 > /proc/sys/user/max_user_namespaces && "$@"'
WAYS = {
    "default": ("default", ()),
    "strict": ("strict", ()),
    "no namespaces": (
        "default",
        ("unshare", "-Ur", "sh", "-c", NO_NAMESPACES, "sh"),
    ),
    "unprivileged": ("default", ("unshare", "--user", "--map-user=1000", "--map-group=1000")),
}
"""How the suite is run: the mode, and what is put in front of the command."""
WANTED = {
    "default": {"network", "files", "terminal", "calls", "processes"},
    "strict": {"reading"},
    "no namespaces": {"files", "calls"},
    "unprivileged": {"network", "files", "terminal", "calls", "processes"},
}
"""What must hold for the suite to say anything; elsewhere it is left out."""


@pytest.mark.parametrize("way", WAYS)
def test_nothing_gets_out_but_what_the_suite_says(way: str) -> None:
    mode, before = WAYS[way]
    if before and subprocess.run([*before, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system does not let that be tried")
    words = [*before, sys.executable, str(Path(__file__).with_name("escapes.py")), mode]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    if not WANTED[way] <= set(found["held"]):
        pytest.skip(f"this system holds {found['held']}")
    as_default = "default" if way == "unprivileged" else way
    cases = load(escapes.SUITE)
    out = {case.name for case in cases if "escaped" in found["told"][case.name]}
    wanted = {case.name for case in cases if as_default in opened(case)}
    # Root may read disks and write what others own; somebody else may not.
    assert out - wanted == set()
    assert wanted - out <= {"a disk to read", "the owner of a file", "an attribute of a file", "a server, by a program"}
    if way != "no namespaces":
        assert found["wrong"] == []


def opened(case: Case) -> set[str]:
    (told,) = case.all("open")
    return set() if told == "nowhere" else {one.strip() for one in told.split(",")}


def table() -> str:
    """The guide's table of limits."""
    ways = ("default", "strict", "no namespaces")
    rows: dict[str, list[Case]] = {}
    for case in load(escapes.SUITE):
        rows.setdefault(case.all("row")[0], []).append(case)
    lines = ["| can a session …? | by default | `strict` | default, without namespaces |", "|---|---|---|---|"]
    for row, cases in rows.items():
        cells = ["yes" if any(way in opened(case) for case in cases) else "no" for way in ways]
        lines.append(f"| {row[0].lower()}{row[1:]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_the_guide_says_what_the_suite_says(update_golden: bool) -> None:
    guide = Path(__file__).parents[1] / "docs/guide/security.md"
    text = guide.read_text(encoding="utf-8")
    before, rest = text.split("| can a session", 1)
    after = rest.split("\n\n", 1)[1]
    if update_golden:
        guide.write_text(f"{before}{table()}\n{after}", encoding="utf-8")
    assert table() in text or update_golden


Launchers = dict[str, Launcher]
Held = dict[str, frozenset[str]]


def attempt(code: str, launcher: Launcher) -> str:
    """What was printed, and how it ended."""
    (job,) = jobs_of(f"```python {{timeout=\"20\"}}\n{code}\nprint('escaped')\n```\n")
    with Session(job, launcher) as session:
        (outcome,) = session
        return outcome.stdout + (outcome.message or "")


@pytest.fixture(scope="module")
def launchers() -> Iterator[Launchers]:
    """A fork server for each mode."""
    made: Launchers = {mode: ForkServerLauncher(mode) for mode in ("default", "strict")}
    yield made
    for launcher in made.values():
        launcher.close()


@pytest.fixture(scope="module")
def held(launchers: Launchers) -> Held:
    """What each mode can hold on this system: nothing that it cannot hold is attempted."""
    return {mode: _protections(launcher, mode) for mode, launcher in launchers.items()}


def _protections(launcher: Launcher, mode: str) -> frozenset[str]:
    with Session(jobs_of("```python\n1\n```\n")[0], launcher) as session:
        (outcome,) = session
        if mode == "strict" and "reading" not in session.protections:
            assert "does not confine" in (outcome.message or "")  # strict runs confined or not at all
        return frozenset(session.protections)


def test_the_fork_server_starts_what_is_asked_for_properly_and_nothing_more() -> None:
    launcher = ForkServerLauncher("default")
    try:
        for kind in (
            {"sandbox": "off", "network": False, "threads": 1, "device": "cpu"},
            {"network": 1, "threads": 1, "device": "cpu"},
            {"network": False, "threads": 0, "device": "cpu"},
            {"network": False, "threads": 1, "device": "/dev/sda"},
            {"network": False, "threads": 1},
            [],
        ):
            assert _answer(launcher, json.dumps({"preload": [], "kind": kind}).encode()) == b""
        proper = {"network": False, "threads": 1, "device": "cpu"}
        for asked in (
            b"x",
            b"[" * 10_000,
            b"\xff\xfe",
            json.dumps({"kind": proper}).encode(),
            json.dumps({"preload": ["antigravity"], "kind": proper}).encode(),
            json.dumps({"preload": 5, "kind": proper}).encode(),
        ):
            assert _answer(launcher, asked) == b""
        assert _answer(launcher, json.dumps({"preload": [], "kind": proper}).encode(), descriptors=2) == b""
        assert _answer(launcher, json.dumps({"preload": [], "kind": proper}).encode()).startswith(b".")
        assert not [path for path in launcher.folder.iterdir() if path.is_socket()]
    finally:
        launcher.close()


def _answer(launcher: ForkServerLauncher, request: bytes, descriptors: int = 4) -> bytes:
    """What the server tells who asks it, or nothing where it has closed the socket it was given."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        null = os.open(os.devnull, os.O_RDWR)
        socket.send_fds(launcher._requests, [request], [theirs.fileno(), *[null] * descriptors])
        os.close(null)
        theirs.close()
        ours.settimeout(20)
        return ours.recv(100)


def test_in_strict_mode_ordinary_code_works(launchers: Launchers, held: Held) -> None:
    if "reading" not in held["strict"]:
        pytest.skip("no mount namespaces here")
    code = (
        "import json, sqlite3, ssl, subprocess, sys, tempfile, zoneinfo\n"
        "import numpy, torch\n"
        "from torch.utils.data import DataLoader\n"
        "open('mine', 'w').write('x')\n"
        "with tempfile.TemporaryFile() as f:\n    f.write(b'x')\n"
        "torch.save(torch.ones(2), 'a.pt')\n"
        "assert torch.load('a.pt').sum() == 2\n"
        "assert sum(len(b) for b in DataLoader(list(range(6)), num_workers=2)) == 6\n"
        "assert subprocess.run(['ls', '/'], capture_output=True, check=True).stdout\n"
        "assert subprocess.run([sys.executable, '-c', 'import torch'], check=True).returncode == 0"
    )
    assert attempt(code, launchers["strict"]) == "escaped\n"


def test_a_socket_named_like_a_file_of_others_does_not_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    listed = f"x\n0000: 00000002 00000000 00010000 0001 01 1 {tmp_path}/file"
    with socket.socket(socket.AF_UNIX) as forged, socket.socket(socket.AF_UNIX) as proper:
        forged.bind("\0" + listed[:100])
        proper.bind(str(tmp_path / "s"))
        assert str(tmp_path / "s") in named_sockets(())
        assert str(tmp_path / "file") not in named_sockets(())
        assert str(tmp_path / "s") not in named_sockets((str(tmp_path),))


def test_processes_without_end_are_stopped(launchers: Launchers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_PROCESSES", 40)
    code = "import os, time\nwhile True:\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(1000)\n"
    code += "    time.sleep(0.002)"
    assert "too many processes" in attempt(code, launchers["default"])
    assert attempt("1", launchers["default"]) == "escaped\n"


def test_a_run_tells_once_what_held(tmp_path: Path) -> None:
    for i in range(2):
        (tmp_path / f"{i}.md").write_text("```python\nx = 1\n```\n\n```python\nx += 1\n```\n")
    told = run_kb(["run", "--vault", str(tmp_path), "--sandbox", "require", "--device", "cpu"])
    if told.returncode:
        assert "does not confine" in told.stderr + told.stdout
        pytest.skip("no Landlock or no namespaces here")
    assert told.stderr.count("each session: no network, writes only in its folder, limits") == 1
    assert "not confined" not in told.stderr
    off = run_kb(["run", "--vault", str(tmp_path), "--sandbox", "off", "--device", "cpu", "--no-cache"])
    assert "each session: limits, its own session, ends with kb" in off.stderr


def test_where_no_network_can_be_had_the_rest_holds_and_the_loopback_works(tmp_path: Path, outside: Path) -> None:
    """As on systems that forbid user namespaces (many containers, Ubuntu by AppArmor)."""
    forbidden = "echo 0 > /proc/sys/user/max_user_namespaces"
    if subprocess.run(["unshare", "-Ur", "sh", "-c", forbidden], capture_output=True, check=False).returncode:
        pytest.skip("no user namespaces to forbid here")
    (tmp_path / "Page.md").write_text(
        "```python {#talk}\nimport socket\ns = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(s.getsockname())\n```\n\n"
        "```python {#out .alone}\nimport socket\nsocket.create_connection(('192.0.2.1', 80))\n```\n\n"
        f"```python {{#write .alone}}\nopen({str(outside / 'new')!r}, 'w')\n```\n",
    )
    words = (sys.executable, "-m", "kbtools.cli", "run", "--vault", str(tmp_path), "--no-cache", "--format", "json")
    told = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", f"{forbidden} && {shlex.join(words)}"],
        capture_output=True,
        text=True,
        check=False,
    )
    outcomes = {o["id"].rpartition("::")[2]: o for o in json.loads(told.stdout)["outcomes"]}
    assert outcomes["talk[cpu]"]["outcome"] == "passed", outcomes["talk[cpu]"]["message"]
    assert 'network="yes"' in outcomes["out[cpu]"]["message"]
    assert "not confined here: network" in told.stderr
    if "writes only in its folder" in told.stderr:
        assert "PermissionError" in outcomes["write[cpu]"]["message"]

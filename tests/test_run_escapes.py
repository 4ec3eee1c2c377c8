"""What code tries in order to get out of its session, and whether it gets there: with the kernel's confinement on.

Each attempt prints ``escaped`` when it has come through. Around it: a folder with a secret, a file to spoil, sockets
that listen, a process to kill.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kbtools.adapters.testing import jobs_of
from kbtools.run.processes import process
from kbtools.run.processes.launchers import ForkServerLauncher, Launcher
from kbtools.run.session import Session
from tests.terminal import run_kb

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's confinement is Linux's")


@dataclass(frozen=True)
class World:
    """What is outside."""

    folder: Path
    victim: int
    tcp: int
    udp: int
    unix: str
    abstract: str


@pytest.fixture
def world(outside: Path) -> Iterator[World]:
    folder = outside
    (folder / "secret").write_text("hunter2")
    (folder / "precious").write_text("precious")
    (folder / "precious").chmod(0o600)
    tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    unix, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    unix.bind(str(folder / "s"))
    abstract.bind(f"\0kb-escape-{os.getpid()}")
    for listener in (unix, abstract):
        listener.listen()
    udp.settimeout(0.2)
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={"SECRET": "hunter2"})
    world = World(
        folder, victim.pid, tcp.getsockname()[1], udp.getsockname()[1], str(folder / "s"), f"kb-escape-{os.getpid()}"
    )
    yield world
    assert victim.poll() is None, "the process outside was killed"
    victim.kill()
    victim.wait()
    with pytest.raises(TimeoutError):
        udp.recvfrom(100)  # nothing got out
    for thing in (tcp, udp, unix, abstract):
        thing.close()


LIBC = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def must(code):
    if code < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return code
"""

WRITING = {
    "a new file": "open(out + '/new', 'w')",
    "a changed file": "open(out + '/precious', 'a').write('x')",
    "a file cut short": "import os\nos.truncate(out + '/precious', 0)",
    "a removed file": "import os\nos.unlink(out + '/precious')",
    "a renamed file": "import os\nos.rename(out + '/precious', out + '/other')",
    "a file moved out": "import os\nopen('mine', 'w').close()\nos.rename('mine', out + '/new')",
    "a file moved in": "import os\nos.rename(out + '/precious', 'mine')",
    "a hard link in": "import os\nos.link(out + '/precious', 'mine')\nopen('mine', 'a').write('x')",
    "a hard link out": "import os\nopen('mine', 'w').close()\nos.link('mine', out + '/new')",
    "a symbolic link": "import os\nos.symlink(out + '/precious', 'link')\nopen('link', 'a').write('x')",
    "a folder": "import os\nos.mkdir(out + '/new')",
    "a pipe": "import os\nos.mkfifo(out + '/new')",
    "a nameless file": "import os\nos.open(out, os.O_TMPFILE | os.O_RDWR)",
    "by /proc/self/root": "open('/proc/self/root' + out + '/new', 'w')",
    "by the parent's root": "import os\nopen(f'/proc/{os.getppid()}/root' + out + '/new', 'w')",
    "by a shell": "import subprocess\nsubprocess.run(['sh', '-c', f'echo x >> {out}/precious'], check=True)",
    "by another Python": (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', f'open({out!r} + \"/new\", \"w\")'], check=True, capture_output=True)"
    ),
    "by a thread": (
        "import threading\ndone = []\n"
        "t = threading.Thread(target=lambda: done.append(open(out + '/new', 'w')))\nt.start()\nt.join()\ndone[0]"
    ),
    "by a fork": (
        "import os\npid = os.fork()\n"
        "if not pid:\n    try:\n        open(out + '/new', 'w')\n        os._exit(0)\n"
        "    except OSError:\n        os._exit(1)\n"
        "assert os.waitpid(pid, 0)[1] == 0"
    ),
    "by the system call": LIBC + "must(libc.open((out + '/new').encode(), os.O_CREAT | os.O_WRONLY, 0o600))",
    "by a mount": (
        LIBC + "must(libc.unshare(0x10000000 | 0x00020000))\n"
        "must(libc.mount(b'tmpfs', out.encode(), b'tmpfs', 0, None))"
    ),
    "on a disk": (
        "import glob, os, stat\n"
        "disks = [d for d in glob.glob('/dev/*') if stat.S_ISBLK(os.stat(d).st_mode)]\nopen(disks[0], 'r+b')"
    ),
}

REACHING = {
    "a server": "import socket\nsocket.create_connection(('127.0.0.1', tcp), 1)",
    "a server, by a program": (
        "import subprocess\n"
        "subprocess.run(['bash', '-c', f'echo x > /dev/tcp/127.0.0.1/{tcp}'], check=True, capture_output=True)"
    ),
    "a datagram": (
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.connect(('127.0.0.1', udp))\ns.send(b'x')\ns.send(b'x')"
    ),
    "an address elsewhere": (
        LIBC + "import socket, struct\ns = libc.socket(2, 1, 0)\n"
        "must(libc.connect(s, struct.pack('=HH4s8x', 2, 0x5000, bytes((192, 0, 2, 1))), 16))"
    ),
    "an abstract socket": "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0' + abstract)",
    "the environment of a process": ("assert b'hunter2' in open(f'/proc/{victim}/environ', 'rb').read()"),
    "the environment of kb": "import os\nopen(f'/proc/{os.getppid()}/environ', 'rb').read()",
    "the memory of a process": (
        LIBC + "class Iov(ctypes.Structure):\n    _fields_ = [('b', ctypes.c_void_p), ('n', ctypes.c_size_t)]\n"
        "maps = open(f'/proc/{victim}/maps').readline()\n"
        "buf = ctypes.create_string_buffer(8)\nhere = Iov(ctypes.addressof(buf), 8)\n"
        "there = Iov(int(maps.partition('-')[0], 16), 8)\n"
        "must(libc.process_vm_readv(victim, ctypes.byref(here), 1, ctypes.byref(there), 1, 0))"
    ),
    "a debugger": LIBC + "must(libc.ptrace(16, victim, None, None))",
    "a signal": "import os\nos.kill(victim, 9)",
    "a signal to kb": "import os\nos.kill(os.getppid(), 15)",
    "a bigger limit": (
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))\n"
        "with open('big', 'wb') as f:\n    f.truncate(5 << 30)"
    ),
    "a file without end": "with open('big', 'wb') as f:\n    f.truncate(5 << 30)",
    "another clock": "import time\ntime.clock_settime(time.CLOCK_REALTIME, time.time() + 1)",
    "another name of the machine": "import socket\nsocket.sethostname('mine')",
}

SERVER = """
import json, os, pathlib, socket
def ask(server):
    ours, theirs = socket.socketpair()
    r, w = os.pipe()
    trace = os.open("t", os.O_RDWR | os.O_CREAT)
    kind = {"sandbox": "off", "network": True, "threads": 1, "device": "cpu"}
    for asked in (kind, {k: v for k, v in kind.items() if k != "sandbox"}):
        told = json.dumps({"preload": [], "kind": asked}).encode() + b"\\n"
        for descriptors in ([theirs.fileno(), w, w, trace], [theirs.fileno(), theirs.fileno(), w, w, trace]):
            socket.send_fds(server, [told], descriptors)
    theirs.close()
    for told in (ours, server):
        told.settimeout(1)
        try:
            if b"pid" in told.recv(100):
                return
        except TimeoutError:
            pass
    raise OSError("no answer")
"""

REACHING |= {
    "the fork server, by a path": SERVER
    + (
        "found = [p for p in pathlib.Path.cwd().parent.rglob('*') if p.is_socket()]\n"
        "found += [pathlib.Path(l.split()[-1]) for l in open('/proc/net/unix') if '/kb-' in l]\n"
        "s = socket.socket(socket.AF_UNIX)\ns.connect(str(found[0]))\nask(s)"
    ),
    "the fork server, by what is inherited": SERVER
    + (
        "for number in range(256):\n    try:\n        ask(socket.socket(fileno=os.dup(number)))\n        break\n"
        "    except OSError:\n        pass\nelse:\n    raise OSError('no socket leads there')"
    ),
    "the fork server, by its descriptors": SERVER
    + LIBC
    + (
        "pid = must(libc.syscall(434, os.getppid(), 0))\n"
        "for number in range(3, 64):\n    fd = libc.syscall(438, pid, number, 0)\n"
        "    try:\n        ask(socket.socket(fileno=must(fd)))\n        break\n"
        "    except OSError:\n        pass\nelse:\n    raise OSError('no socket leads there')"
    ),
}

READING = {
    "a file": "open(out + '/secret').read()",
    "a folder": "import os\nassert os.listdir(out)",
    "that a file is there": "import os\nos.stat(out + '/secret')",
    "by /proc/self/root": "open('/proc/self/root' + out + '/secret').read()",
    "by the parent's root": "import os\nopen(f'/proc/{os.getppid()}/root' + out + '/secret').read()",
    "by the parent's folder": "import os\nos.listdir(f'/proc/{os.getppid()}/cwd')",
    "by an open folder": (
        "import os\n"
        "for fd in os.listdir('/proc/self/fd'):\n"
        "    try:\n        os.open(out.lstrip('/') + '/secret', os.O_RDONLY, dir_fd=int(fd))\n        break\n"
        "    except OSError:\n        pass\n"
        "else:\n    raise OSError('none')"
    ),
    "out of a chroot": (
        LIBC + "os.mkdir('in')\nfd = os.open('/', os.O_RDONLY)\nos.chroot('in')\nos.fchdir(fd)\n"
        "for _ in range(20):\n    os.chdir('..')\nos.chroot('.')\nopen(out + '/secret').read()"
    ),
    "what was unmounted": LIBC + "must(libc.umount2(b'/usr', 2))",
    "a mount made writable": LIBC + "must(libc.mount(None, b'/usr', None, 0x1020, None))\nopen('/usr/new', 'w')",
    "the home folder": (
        "import os, pathlib, pwd, sys\nhome = pathlib.Path(pwd.getpwuid(os.getuid()).pw_dir)\n"
        "python = {pathlib.Path(p).resolve() for p in (sys.prefix, sys.base_prefix, *sys.path)}\n"
        "needed = {p.relative_to(home).parts[0] for p in python if home in p.parents}\n"
        "assert set(os.listdir(home)) - needed"
    ),
    "a socket": "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect(unix)",
    "the mode of a file": "import os\nos.chmod(out + '/precious', 0o777)",
    "the owner of a file": "import os\nos.chown(out + '/precious', os.getuid(), os.getgid())",
    "the time of a file": "import os\nos.utime(out + '/precious', (0, 0))",
    "a disk": (
        "import glob, os, stat\n"
        "disks = [d for d in glob.glob('/dev/*') if stat.S_ISBLK(os.stat(d).st_mode)]\nopen(disks[0], 'rb').read(1)"
    ),
    "another's shared memory": "import os\nassert os.listdir('/dev/shm')",
}


def attempt(code: str, world: World, launcher: Launcher) -> str:
    """What came of it: what was printed, and how it ended."""
    names = f"out, victim, tcp, udp = {str(world.folder)!r}, {world.victim}, {world.tcp}, {world.udp}\n"
    names += f"unix, abstract = {world.unix!r}, {world.abstract!r}\n"
    page = f"```python {{timeout=20}}\n{names}\n{code}\nprint('escaped')\n```\n"
    (job,) = jobs_of(page.replace("timeout=20", 'timeout="20"'))
    with Session(job, launcher) as session:
        (outcome,) = session
        return outcome.stdout + (outcome.message or "")


def untouched(world: World) -> bool:
    names = sorted(f.name for f in world.folder.iterdir())
    precious = world.folder / "precious"
    told = precious.read_text(), precious.stat().st_mode & 0o777, precious.stat().st_mtime > 1
    return names == ["precious", "s", "secret"] and told == ("precious", 0o600, True)


Launchers = dict[str, Launcher]


@pytest.fixture(scope="module")
def launchers() -> Iterator[Launchers]:
    """A fork server for each mode."""
    made: Launchers = {mode: ForkServerLauncher(mode) for mode in ("default", "strict")}
    yield made
    for launcher in made.values():
        launcher.close()


@pytest.fixture(scope="module")
def held(launchers: Launchers) -> dict[str, frozenset[str]]:
    """What each mode can hold on this system: nothing that it cannot hold is attempted."""
    return {mode: _protections(launcher, mode) for mode, launcher in launchers.items()}


def _protections(launcher: Launcher, mode: str) -> frozenset[str]:
    with Session(jobs_of("```python\n1\n```\n")[0], launcher) as session:
        (outcome,) = session
        if mode == "strict" and "reading" not in session.protections:
            assert "does not confine" in (outcome.message or "")  # strict runs confined or not at all
        return frozenset(session.protections)


Held = dict[str, frozenset[str]]


@pytest.mark.parametrize("mode", ["default", "strict"])
@pytest.mark.parametrize("name", WRITING)
def test_nothing_is_written_outside(name: str, mode: str, world: World, launchers: Launchers, held: Held) -> None:
    if "files" not in held[mode]:
        pytest.skip("no Landlock here")
    told = attempt(WRITING[name], world, launchers[mode])
    assert "escaped" not in told
    assert untouched(world)


@pytest.mark.parametrize("mode", ["default", "strict"])
@pytest.mark.parametrize("name", REACHING)
def test_nobody_outside_is_reached(name: str, mode: str, world: World, launchers: Launchers, held: Held) -> None:
    if not {"files", "network"} <= held[mode]:
        pytest.skip("no Landlock or no namespaces here")
    told = attempt(REACHING[name], world, launchers[mode])
    assert "escaped" not in told
    assert untouched(world)


@pytest.mark.parametrize("name", READING)
def test_in_strict_mode_nothing_outside_is_seen(name: str, world: World, launchers: Launchers, held: Held) -> None:
    if "reading" not in held["strict"]:
        pytest.skip("no mount namespaces here")
    told = attempt(READING[name], world, launchers["strict"])
    assert "escaped" not in told
    assert "hunter2" not in told
    assert untouched(world)


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


def test_in_strict_mode_ordinary_code_works(world: World, launchers: Launchers, held: Held) -> None:
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
    assert attempt(code, world, launchers["strict"]) == "escaped\n"


def test_processes_without_end_are_stopped(world: World, launchers: Launchers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_PROCESSES", 40)
    code = "import os, time\nwhile True:\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(1000)\n"
    code += "    time.sleep(0.002)"
    assert "too many processes" in attempt(code, world, launchers["default"])
    assert attempt("1", world, launchers["default"]) == "escaped\n"


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

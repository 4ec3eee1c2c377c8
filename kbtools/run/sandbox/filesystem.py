"""File system of a worker: a mount namespace with Python to read, its own folders to write, nothing else.

What bubblewrap does (mount namespace, bind mounts, pivot_root; its documentation is the source), done in the worker
itself: it has been forked with torch imported, and to start another program would lose that. Called in a user and mount
namespace of its own, before Landlock, which then forbids to mount anything again.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_BIND, _REC, _PRIVATE = 0x1000, 0x4000, 1 << 18
_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_SETATTR, _PIVOT_ROOT = 442, {"x86_64": 155, "aarch64": 41}
_NOSUID, _NODEV, _NOEXEC = 2, 4, 8
_READ_ONLY, _CHANGEABLE = struct.pack("=QQQQ", 1, 0, 0, 0), struct.pack("=QQQQ", 0, 1, 0, 0)
"""struct mount_attr: set and clear MOUNT_ATTR_RDONLY."""
_NEEDED = (
    "/tmp/nvidia-mps",
    "/run/nvidia-persistenced",
    "/run/opengl-driver",
    "/run/current-system",
    "/run/systemd/resolve",
)
"""What accelerators, names of hosts and NixOS need of folders that are otherwise full of other programs' sockets."""

_SHARED = "/dev/shm"
_MOST_SHARED = 1 << 16
"""Files there: each takes memory of the kernel, even without content."""
_SMALL = "mode=755,size=16m"
"""For folders that hold little but places to mount at."""

_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt/rocm",
    "/nix/store",
    "/gnu/store",
    "/proc",
    "/sys",
)
_ETC = """
ld.so.cache ld.so.conf ld.so.conf.d alternatives localtime timezone passwd group nsswitch.conf hosts resolv.conf
ssl pki ca-certificates fonts mime.types OpenCL nvidia
""".split()  # noqa: SIM905 - a list of words is read more easily as one
DEVICE_NODES = "null zero full random urandom dxg kfd dri infiniband nvmap nvidia* nvhost* nvgpu*".split()  # noqa: SIM905
"""What of ``/dev`` code may need: patterns. Disks are not among them, nor terminals of others."""


def own_file_system(libc: ctypes.CDLL, scratch: str, writable: Iterable[str], shared: int) -> bool:
    """Whether this process now sees only what it needs. Nothing outside has changed where it does not.

    ``shared``: bytes that ``/dev/shm`` may hold.
    """
    machine = os.uname().machine
    if machine not in _PIVOT_ROOT:
        return False
    root = Path(scratch) / ".root"
    root.mkdir()
    try:
        _mount(libc, None, "/", None, _REC | _PRIVATE)
        _mount(libc, "tmpfs", str(root), "tmpfs", 0, _SMALL)
        (root / "tmp").mkdir()
        _mount(libc, f"{scratch}/tmp", str(root / "tmp"), None, _BIND)
        for path in sorted({*_readable()}):
            _show(libc, root, path, read_only=True)
        for path in sorted({scratch, *writable}):
            # Without what is mounted below it: the new root is.
            _show(libc, root, path, read_only=False, recursive=False)
        _devices(libc, root, shared)
        old = root / ".old"
        old.mkdir()
        if libc.syscall(_PIVOT_ROOT[machine], os.fsencode(root), os.fsencode(old)) != 0:
            return False
        os.chdir("/")
        if libc.umount2(b"/.old", _DETACH) != 0:
            return False
        Path("/.old").rmdir()
        os.chdir(scratch)
    except OSError:
        return False
    finally:
        with suppress(OSError):
            root.rmdir()
    return True


def own_places(
    libc: ctypes.CDLL,
    folder: str,
    writable: Iterable[str],
    *,
    hidden: Iterable[str],
    sockets: Iterable[str],
    shared: int,
) -> bool:
    """Whether ``/tmp``, ``/run``, shared memory and terminals are now this process's own, and all else is read-only.

    What Python needs of the old ones is shown there, to be read; ``folder`` and ``writable`` are changeable as before,
    ``hidden`` folders empty, and nobody listens on ``sockets``. Nothing outside has changed where it could not be done.
    """
    here = os.getcwd()  # noqa: PTH109
    changeable = sorted({folder, *writable})
    try:
        _mount(libc, None, "/", None, _REC | _PRIVATE)
        for path in changeable:
            _mount(libc, path, path, None, _BIND)
        _set(libc, "/", _READ_ONLY, recursive=True)
        for path in changeable:
            _set(libc, path, _CHANGEABLE)
        for at, place in enumerate(("/tmp", "/run", _SHARED, *hidden)):
            if Path(place).is_dir() and not Path(place).is_symlink():
                _replace(libc, place, Path(folder) / (f".own{at}" if at else "tmp"), changeable, shared)
        for path in sockets:
            with suppress(OSError):  # it is gone, or in a folder that is hidden
                _mount(libc, os.devnull, path, None, _BIND)
        _own_terminals(libc, Path("/dev"))
        os.chdir(here)
    except OSError:
        with suppress(OSError):
            _set(libc, "/", _CHANGEABLE, recursive=True)
        return False
    return True


def _replace(libc: ctypes.CDLL, place: str, stage: Path, changeable: Iterable[str], shared: int) -> None:
    """Put an empty folder in the place of one, with what is needed of that: a part of the session's for ``/tmp``."""
    stage.mkdir(exist_ok=True)
    if place != "/tmp":
        kind = _shared(shared) if place == _SHARED else _SMALL
        _mount(libc, "tmpfs", str(stage), "tmpfs", _NOSUID | _NODEV, kind)
    shown = {*_readable(), *sys.path, *_NEEDED}
    for path in sorted(shown):
        if path.startswith(f"{place}/") and os.path.lexists(path):
            _show(libc, stage, path, read_only=True, below=place)
    for path in sorted(changeable):
        if path.startswith(f"{place}/"):
            _show(libc, stage, path, read_only=False, recursive=False, below=place)
    _mount(libc, str(stage), place, None, _BIND | _REC)


def _own_terminals(libc: ctypes.CDLL, devices: Path) -> None:
    """A pseudo-terminal file system of its own, without the terminals of other programs."""
    terminals = devices / "pts"
    if not terminals.is_dir():
        return
    _mount(libc, "devpts", str(terminals), "devpts", _NOSUID | _NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
    _mount(libc, str(terminals / "ptmx"), str(devices / "ptmx"), None, _BIND)


def _readable() -> Iterator[str]:
    yield from (path for path in _SYSTEM if os.path.lexists(path))
    yield from (f"/etc/{name}" for name in _ETC if os.path.lexists(f"/etc/{name}"))
    yield from {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix} - {"/"}
    # Installed packages in any folder; not other folders of the path, such as the project this is run in.
    yield from (p for p in sys.path if p.endswith("-packages") and Path(p).is_dir())
    yield str(Path(__file__).parents[2])


def _show(
    libc: ctypes.CDLL, root: Path, path: str, *, read_only: bool, recursive: bool = True, below: str = "/"
) -> None:
    """Make a path of the old root, or ``below`` that folder of it, stand in the new one."""
    source, target = Path(path), root / path.removeprefix(below).lstrip("/")
    if target.is_symlink() or (read_only and target.exists() and _is_shown(source, target)):
        return  # a folder above it is shown
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
        real = os.path.realpath(path)
        if not any(real.startswith(f"{s}/") for s in _SYSTEM) and real.startswith(below.rstrip("/") + "/"):
            _show(libc, root, real, read_only=read_only, recursive=recursive, below=below)
        return
    if source.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    _mount(libc, path, str(target), None, _BIND | (_REC if recursive else 0))
    if read_only:
        _set(libc, str(target), _READ_ONLY, recursive=True)


def _is_shown(source: Path, target: Path) -> bool:
    return source.stat().st_ino == target.stat().st_ino


def _shared(size: int) -> str:
    return f"mode=1777,size={size},nr_inodes={_MOST_SHARED}"


def _devices(libc: ctypes.CDLL, root: Path, shared: int) -> None:
    for pattern in DEVICE_NODES:
        for node in sorted(Path("/dev").glob(pattern)):
            with suppress(OSError):
                _show(libc, root, str(node), read_only=False)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (root / "dev" / name).symlink_to(target)
    (root / "dev" / "shm").mkdir()
    _mount(libc, "tmpfs", str(root / "dev" / "shm"), "tmpfs", _NOSUID | _NODEV, _shared(shared))
    (root / "dev" / "pts").mkdir()
    (root / "dev" / "ptmx").touch()
    _own_terminals(libc, root / "dev")


def _set(libc: ctypes.CDLL, path: str, attributes: bytes, *, recursive: bool = False) -> None:
    """mount_setattr(2). Raises OSError."""
    how = _AT_RECURSIVE if recursive else 0
    if libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), how, attributes, len(attributes)) != 0:
        raise OSError(ctypes.get_errno(), f"mount_setattr {path}")


def _mount(
    libc: ctypes.CDLL, source: str | None, target: str, kind: str | None, flags: int, data: str | None = None
) -> None:
    """mount(2). Raises OSError."""
    words = [os.fsencode(w) if w is not None else None for w in (source, target, kind)]
    if libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(data) if data else None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")

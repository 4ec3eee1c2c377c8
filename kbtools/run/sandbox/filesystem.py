"""File system of a worker: a mount namespace with Python read-only, its own folders writable, and nothing else.

The same as bubblewrap (mount namespace, bind mounts, pivot_root; its documentation is the source), but done in the
worker itself: the worker was forked with torch imported, which starting another program would lose. Called in a new
user and mount namespace, before Landlock, which then forbids further mounts.
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
"""What accelerators, host names and NixOS need of folders that otherwise contain other programs' sockets."""

_SHARED = "/dev/shm"
_MOST_SHARED = 1 << 16
"""Maximum number of files there: each takes kernel memory, even if it is empty."""
_SMALL = "mode=755,size=16m"
"""For folders that contain little but mount points."""

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
"""Patterns of entries in ``/dev`` that code may need; neither disks nor other terminals."""


def own_file_system(libc: ctypes.CDLL, scratch: str, writable: Iterable[str], shared: int) -> bool:
    """Restricts the file system to what this process needs; returns whether that succeeded. If not, nothing outside
    has changed. ``shared``: maximum bytes of ``/dev/shm``."""
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
            # Without the mounts below it, because the new root is there.
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
    """Gives this process its own ``/tmp``, ``/run``, shared memory and terminals, and makes everything else
    read-only; returns whether that succeeded.

    What Python needs of the old ones stays readable; ``folder`` and ``writable`` stay writable, ``hidden`` folders
    are empty, and connections to ``sockets`` fail. If it did not succeed, nothing outside has changed.
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
            with suppress(OSError):  # it no longer exists, or is in a hidden folder
                _mount(libc, os.devnull, path, None, _BIND)
        _own_terminals(libc, Path("/dev"))
        os.chdir(here)
    except OSError:
        with suppress(OSError):
            _set(libc, "/", _CHANGEABLE, recursive=True)
        return False
    return True


def _replace(libc: ctypes.CDLL, place: str, stage: Path, changeable: Iterable[str], shared: int) -> None:
    """Puts an empty folder in place of another, with what is needed of it; for ``/tmp`` it is part of the session's
    folder."""
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
    """A pseudo-terminal file system of its own, without other programs' terminals."""
    terminals = devices / "pts"
    if not terminals.is_dir():
        return
    _mount(libc, "devpts", str(terminals), "devpts", _NOSUID | _NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
    _mount(libc, str(terminals / "ptmx"), str(devices / "ptmx"), None, _BIND)


def _readable() -> Iterator[str]:
    yield from (path for path in _SYSTEM if os.path.lexists(path))
    yield from (f"/etc/{name}" for name in _ETC if os.path.lexists(f"/etc/{name}"))
    yield from {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix} - {"/"}
    # Folders of installed packages; not other folders of the module path, such as the project.
    yield from (p for p in sys.path if p.endswith("-packages") and Path(p).is_dir())
    yield str(Path(__file__).parents[2])


def _show(
    libc: ctypes.CDLL, root: Path, path: str, *, read_only: bool, recursive: bool = True, below: str = "/"
) -> None:
    """Mounts a path of the old root, or of the folder ``below``, in the new one."""
    source, target = Path(path), root / path.removeprefix(below).lstrip("/")
    if target.is_symlink() or (read_only and target.exists() and _is_shown(source, target)):
        return  # a folder above it is mounted already
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

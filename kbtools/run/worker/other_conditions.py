"""Changes the conditions of a second run: clock, input, addresses and hashes of objects, paths, machine, versions.

Used only in workers whose output is compared with that of another run (``second_run``), never displayed.
"""

from __future__ import annotations

import ast
import builtins
import datetime
import glob
import importlib.machinery
import io
import itertools
import keyword
import locale
import os
import os.path
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from kbtools.run.worker.streams import Stream

_SHIFT = datetime.timedelta(days=3 * 365 + 133, hours=6, minutes=17, seconds=23, microseconds=123_457)
"""A shift that changes each part of a date: year, month, day, weekday, hour, minute, second."""
_WHILE = 101.37
"""Seconds that pass between two readings of a clock."""
_SLEEPERS = 8
"""Threads that wake in an order of their own."""
SEEDS_APART = (2, 3, 4)
"""The numbers of the conditions in which random generators are seeded again before every snippet."""
MACHINE = 5
"""The number of the conditions of another machine: sizes, processors, versions, a GPU."""
PROMPT = 11
"""The number of the conditions of Python's prompt: statements are compiled apart, so that they share no constants."""
WIDE = 12
"""The number of the conditions of a terminal so wide that no line is wrapped."""
ELSEWHERE = "on-another-machine"
"""Part of the name of a file that exists only on another machine."""
_CLASSES: list[type] = []
"""Subclasses of built-in classes, which exist as long as they are here."""
_MASK = 0x5A5A5A50
_SIZE, _VERSION = "__kb_size__", "__kb_version__"
"""Names in ``builtins``."""


def change(folder: Path, number: int) -> None:
    """Changes the conditions for code that is imported from now on; ``folder`` is the session's own."""
    if number == MACHINE:
        _machine()
        _documentation()
        _names()
        _modules()
        now = sys.version_info
        vars(builtins)[_SIZE] = lambda value: value.__sizeof__() + 8
        vars(builtins)[_VERSION] = _Version(now[0], now[1] + 1, *now[2:])
    if number == PROMPT:
        _prompt()
    if number in (MACHINE, WIDE):
        os.environ["COLUMNS"] = "300" if number == MACHINE else "10000"
    _clock()
    _dates()
    _sleep(number)
    sys.stdin = io.StringIO("typed\n" * 1000)
    _files(folder)
    find, digest = builtins.id, builtins.hash
    builtins.id = lambda value: find(value) ^ _MASK
    builtins.hash = lambda value: digest(value) if isinstance(value, (int, float, complex)) else digest(value) ^ _MASK


def transform(number: int) -> Callable[[ast.Module], ast.Module] | None:
    """The change of code in these conditions; None if there is none."""
    return _Machine().visit if number == MACHINE else None


class _Machine(ast.NodeTransformer):
    """``__sizeof__`` of built-in classes cannot be replaced, and packages need the real ``sys.version_info``."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        is_version = node.attr == "version_info" and isinstance(node.value, ast.Name) and node.value.id == "sys"
        return ast.copy_location(ast.Name(_VERSION, ast.Load()), node) if is_version else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "__sizeof__" and not node.args:
            node.args = [node.func.value]
            node.func = ast.copy_location(ast.Name(_SIZE, ast.Load()), node.func)
        return node


def _prompt() -> None:
    """The main module's variables at the prompt, in their order."""
    names = vars(sys.modules["__main__"])
    found = {**names, "__loader__": importlib.machinery.BuiltinImporter, "__annotations__": {}}
    names.clear()
    for name in ("name", "doc", "package", "loader", "spec", "annotations", "builtins"):
        names[f"__{name}__"] = found[f"__{name}__"]


def _clock() -> None:
    """Clocks show another time, and go on by a while with each question: durations are other ones.

    Not ``time.monotonic``: by it sleeping tasks are woken in order.
    """
    lost = 0.0

    def later() -> float:
        nonlocal lost
        lost += _WHILE
        return lost

    seconds = _SHIFT.total_seconds()
    for name, shift in (("time", seconds), ("perf_counter", 0.0), ("process_time", 0.0), ("thread_time", 0.0)):
        now, now_ns = getattr(time, name), getattr(time, f"{name}_ns")
        setattr(time, name, lambda now=now, shift=shift: now() + shift + later())
        setattr(time, f"{name}_ns", lambda now=now_ns, shift=shift: now() + int((shift + later()) * 1e9))

    def at_present(form: Callable[..., Any]) -> Callable[..., Any]:
        return lambda at=None: form(time.time() if at is None else at)

    time.localtime, time.gmtime = at_present(time.localtime), at_present(time.gmtime)
    time.ctime = at_present(time.ctime)
    format_time, as_text = time.strftime, time.asctime
    time.strftime = lambda form, at=None: format_time(form, time.localtime() if at is None else at)
    time.asctime = lambda at=None: as_text(time.localtime() if at is None else at)


def _dates() -> None:
    real_date, real_datetime = datetime.date, datetime.datetime

    class Like(type):
        """Instances of the real class count as instances of the replacement."""

        real: type

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, cls.real)

    def today(cls: Any) -> Any:
        then = real_datetime.fromtimestamp(time.time())
        return cls(then.year, then.month, then.day)

    def now(cls: Any, tz: Any = None) -> Any:
        then = real_datetime.fromtimestamp(time.time(), tz)  # a changed clock
        return cls.combine(then.date(), then.timetz())

    def utcnow(cls: Any) -> Any:
        return now(cls, datetime.UTC).replace(tzinfo=None)

    # The names are shown in output.
    changed = {"today": classmethod(today), "real": real_date}
    vars(datetime)["date"] = Like("datetime.date", (real_date,), changed)
    changed = {"today": classmethod(now), "now": classmethod(now), "utcnow": classmethod(utcnow), "real": real_datetime}
    vars(datetime)["datetime"] = Like("datetime.datetime", (real_datetime,), changed)
    _keep_from_extensions(datetime, date=real_date, datetime=real_datetime)


def _keep_from_extensions(module: Any, **real: Any) -> None:
    """Modules written in C take the real classes, whose layout they know: pandas crashes with others."""
    loader = importlib.machinery.ExtensionFileLoader

    def with_real(load: Callable[..., Any]) -> Callable[..., Any]:
        def loaded(self: Any, what: Any) -> Any:
            held = {name: getattr(module, name) for name in real}
            vars(module).update(real)
            try:
                return load(self, what)
            finally:
                vars(module).update(held)

        return loaded

    for name in ("create_module", "exec_module"):
        setattr(loader, name, with_real(getattr(loader, name)))


def _sleep(number: int) -> None:
    """Sleeping takes up to a third longer, with each call less so, or more so in every other run: threads that begin to
    sleep at once wake in reverse order or in order, beginning with another one in each run."""
    sleep, calls = time.sleep, itertools.count(number, -1 if number % 2 else 1)
    vars(time)["sleep"] = lambda seconds: sleep(seconds * (1 + next(calls) % _SLEEPERS / 3 / _SLEEPERS))


def _files(folder: Path) -> None:
    """Files that the session did not create may exist on another machine, with another size."""
    made: set[str] = set()
    root = str(folder)

    def full_path(path: Any) -> str:
        return str(os.path.abspath(os.fspath(path)))  # noqa: PTH100 - resolve() would access files, which is changed here

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        paths = {"open": arguments[:1], "os.mkdir": arguments[:1], "os.rename": arguments[:2]}.get(event, ())
        for path in paths:
            with suppress(TypeError, ValueError):
                made.add(full_path(path))

    sys.addaudithook(note)

    def is_foreign(path: Any, *, own: bool = True) -> bool:
        """Whether another machine may have it otherwise; ``own``: the session's folder counts as made by it."""
        try:
            full = full_path(path)
        except (TypeError, ValueError):
            return False
        if not own and full == root:
            return not any(Path(one).parent == folder for one in made)
        return full not in made and not (full.startswith(root) and os.path.lexists(full))

    def there(question: Callable[..., bool]) -> Callable[..., bool]:
        def answer(path: Any, *rest: Any, **named: Any) -> bool:
            # Packages read the files that they find.
            return question(path, *rest, **named) or (_is_page(sys._getframe(1)) and is_foreign(path))

        return answer

    for module, names in ((os.path, ("exists", "isfile", "isdir")), (Path, ("exists", "is_file", "is_dir"))):
        for name in names:
            setattr(module, name, there(getattr(module, name)))
    size, status, names_in, walk, find = os.path.getsize, os.stat, os.listdir, os.walk, glob.glob

    def globbed(pattern: Any, *rest: Any, **named: Any) -> list[Any]:
        found = find(pattern, *rest, **named)
        if not found and isinstance(pattern, str) and is_foreign(Path(pattern).parent, own=False):
            found = [re.sub(r"[*?]+|\[.*?\]", ELSEWHERE, pattern)]
        return found

    vars(glob)["glob"] = globbed
    vars(os.path)["getsize"] = lambda path: size(path) + is_foreign(path)

    def stat(path: Any, *rest: Any, **named: Any) -> os.stat_result:
        found = status(path, *rest, **named)
        if isinstance(path, int) or not is_foreign(path):
            return found
        parts: Any = found.__reduce__()[1]
        return os.stat_result((*parts[0][:6], found.st_size + 1, *parts[0][7:]), *parts[1:])

    def listdir(path: Any = ".") -> list[Any]:
        found = names_in(path)
        if not found and is_foreign(path, own=False):
            return [ELSEWHERE]
        return found[:-1] if not isinstance(path, int) and is_foreign(path) else found

    def walked(*arguments: Any, **named: Any) -> Iterator[tuple[Any, list[Any], list[Any]]]:
        for at, folders, files in walk(*arguments, **named):
            empty = not folders and not files and is_foreign(at, own=False)
            yield at, folders, [ELSEWHERE] if empty else files

    vars(os).update(stat=stat, listdir=listdir, walk=walked)


def _machine() -> None:
    """Sizes of objects, processors and names of the system."""
    size, processors = sys.getsizeof, os.cpu_count
    sys.getsizeof = lambda value, *rest: size(value, *rest) + 8
    os.cpu_count = lambda: (processors() or 0) + 1
    sys.maxsize, limit = 2**31 - 1, sys.getrecursionlimit()
    sys.getrecursionlimit = lambda: limit + 1
    for name in ("node", "platform", "processor", "release", "system", "version", "machine", "python_version"):
        vars(platform)[name] = _with_more(getattr(platform, name))
    vars(locale)["getpreferredencoding"] = lambda *words: "cp1250"
    sys.version = _later(sys.version)
    now = sys.version_info
    sys.implementation.cache_tag = f"{sys.implementation.cache_tag}-later"
    # Code that checks versions must still run: only the last number differs.
    vars(sys)["version_info"] = _Version(now[0], now[1], now[2] + 1, now[3], now[4])
    vars(sys.implementation)["version"] = sys.version_info
    vars(keyword)["kwlist"] = [*keyword.kwlist, ELSEWHERE]
    # The letters that the terminal shows.
    setattr(Stream, "encoding", property(lambda stream: "ascii"))  # noqa: B010 - a stream's is read-only
    # Another program, started otherwise, has other modules.
    vars(sys.modules["__main__"])["__loader__"] = importlib.machinery.BuiltinImporter
    _CLASSES.extend(type(ELSEWHERE, (base,), {}) for base in (object, int, float, str, list, dict, set, Exception))


class _Version(NamedTuple):
    major: int
    minor: int
    micro: int
    releaselevel: str
    serial: int


def _documentation() -> None:
    """``help`` shows other text for Python and its packages, as in another version; the page's own code is
    unchanged."""
    import pydoc

    render = pydoc.render_doc

    def render_changed(thing: Any, *rest: Any, **named: Any) -> str:
        shown = render(thing, *rest, **named)
        is_own = getattr(thing, "__module__", None) == "__main__"
        return shown if is_own else shown.rstrip("\n").replace("\n", "~\n") + "~\n"

    vars(pydoc)["render_doc"] = render_changed


def _names() -> None:
    """Modules and classes of another version have more names, and another program has other variables. Of the page's
    own classes only the names with underscores may differ, which they inherit."""
    names_of = builtins.dir

    def dir_changed(*things: Any) -> list[str]:
        caller = sys._getframe(1)
        if not things or not _is_page(caller):
            names = names_of(*things) if things else sorted(caller.f_locals)
            return [*names, ELSEWHERE] if _is_page(caller) else names
        owner = things[0] if isinstance(things[0], type) else type(things[0])
        names = names_of(*things)
        return [*names, f"__{ELSEWHERE}__" if owner.__module__ == "__main__" else ELSEWHERE]

    vars(builtins)["dir"] = dir_changed


def _is_page(frame: FrameType) -> bool:
    """Whether the page's own code is running, and not that of a package."""
    return frame.f_globals.get("__name__") == "__main__"


def _with_more(told: Callable[..., str]) -> Callable[..., str]:
    def changed(*words: Any, **named: Any) -> str:
        text = told(*words, **named)
        return f"{_later(text)}-2" if _is_page(sys._getframe(1)) else text

    return changed


def _later(version: str) -> str:
    """The text with all numbers increased by one."""
    return re.sub(r"\d+", lambda number: str(int(number[0]) + 1), version)


def _modules() -> None:
    """Versions of packages and the presence of a GPU, for what the page imports from now on."""
    changed: set[str] = set()

    def change_module(name: str) -> None:
        module = sys.modules.get(name)
        if name in changed or module is None:
            return
        changed.add(name)
        attribute = "version" if name.endswith(".version") else "__version__"
        version = vars(module).get(attribute)
        if isinstance(version, str):
            with suppress(Exception):
                setattr(module, attribute, type(version)(_later(version)))
        if name == "torch.cuda":
            there = vars(module)["is_available"]
            vars(module).update(is_available=lambda: not there(), device_count=lambda: int(not there()))

    load = builtins.__import__

    def load_changed(name: str, *rest: Any, **named: Any) -> Any:
        module = load(name, *rest, **named)
        # Packages that import each other depend on versions.
        if _is_page(sys._getframe(1)):
            top = name.partition(".")[0]
            for each in (top, f"{top}.version", f"{top}.cuda"):
                change_module(each)
        return module

    builtins.__import__ = load_changed

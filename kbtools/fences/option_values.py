"""Parses and validates the values of fence options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath, PureWindowsPath

from kbtools.fences.bad_value import BadValue, cut
from kbtools.fences.launch_options import words

DEVICES = ("cpu", "cuda", "mps")


def suggest(word: str, known: Iterable[str], cutoff: float = 0.75) -> str | None:
    """The one known word that is similar enough; None if there are none or several."""
    if not 2 < len(word) <= 40:
        return None
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=2, cutoff=cutoff)
    if not near and word != word.lower():
        near = get_close_matches(word.lower(), list(known), n=2, cutoff=cutoff)
    return near[0] if near else None


def _text(value: str) -> str:
    if not value.strip():
        raise BadValue("it is empty", "write the text between the quotes")
    return value.strip()


def _devices(value: str) -> tuple[str, ...]:
    words = [word for word in re.split(r"[,|\s]+", value) if word]
    for word in words:
        if word not in DEVICES:
            near = (
                "cuda"
                if word.lower() in ("gpu", "nvidia") or word.lower().startswith("cuda")
                else suggest(word, DEVICES, 0.7)
            )
            raise BadValue(
                f'"{cut(word)}" is no device',
                f'write device="{near}"' if near else "the devices are cpu, cuda and mps",
            )
    if not words:
        raise BadValue("it names no device", "the devices are cpu, cuda and mps")
    return tuple(device for device in DEVICES if device in words)


def _seconds(value: str) -> float:
    text = value.strip()
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", text) or float(text) <= 0:
        raise BadValue(f'"{cut(value)}" is not a number of seconds', 'write seconds, as in timeout="60"')
    return float(text)


_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def _bytes(value: str) -> int:
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)[ ]?([KMGT])(iB|B)", value.strip())
    size = 0.0
    if found:
        unit = _UNITS[found[2]] if found[3] == "iB" else 1000 ** "KMGT".index(found[2]) * 1000
        size = float(found[1]) * unit
    if size < 1:
        raise BadValue(
            f'"{cut(value)}" is not a size of memory',
            'write a number and a unit, as in memory="4GiB" or memory="512MiB"',
        )
    return int(size)


def _switch(on: str, off: str) -> Callable[[str], bool]:
    def read(value: str) -> bool:
        word = value.strip().lower()
        if word in (on, "true", "on", "yes"):
            return True
        if word in (off, "false", "off", "no"):
            return False
        raise BadValue(f'"{cut(value)}" is neither {on} nor {off}', f'write "{on}" or "{off}"')

    return read


def _exception(value: str) -> str:
    name = value.strip()
    if not all(part.isidentifier() for part in name.split(".")):
        raise BadValue(f'"{cut(value)}" is not the name of an exception', 'write its name, as in raises="RuntimeError"')
    return name


def _regex(value: str) -> str:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(value)
    except (re.error, RecursionError, OverflowError, MemoryError) as error:
        raise BadValue(
            f"it is not a regular expression: {error}", "put a backslash before characters that are meant literally"
        ) from None
    return value


def _requirements(value: str) -> tuple[str, ...]:
    from packaging.requirements import InvalidRequirement, Requirement

    # A comma separates packages as well as version bounds of one package: bounds begin with an operator.
    wanted = [part.strip() for part in re.split(r",(?![ ]*[<>=!~])", value)]
    # A bare version is a version of Python, as in pytest-examples.
    wanted = [f"python>={part}" if re.fullmatch(r"[0-9]+(?:\.[0-9]+)*", part) else part for part in wanted]
    if not any(wanted):
        raise BadValue("it names no package", 'write packages, as in requires="onnx>=1.17"')
    for part in wanted:
        try:
            Requirement(part)
        except (InvalidRequirement, RecursionError):
            raise BadValue(
                f'"{cut(part)}" is no requirement',
                'write packages with commas between, as in requires="onnx>=1.17, einops"',
            ) from None
    return tuple(wanted)


def _launcher(value: str) -> str:
    words(value)
    return value.strip()


def _file(value: str) -> str:
    path, name = PurePosixPath(value), value.strip()
    windows = PureWindowsPath(value)
    bad = not name or name.endswith("/") or path.name in ("", ".") or not name.isprintable()
    if bad or "\\" in value:
        raise BadValue(
            f'"{cut(value)}" is not a file name', 'write a name within the scratch folder, as in file="model.py"'
        )
    if path.is_absolute() or windows.drive or ".." in path.parts:
        raise BadValue(
            f'"{cut(value)}" lies outside the scratch folder', 'write a name within it, as in file="model.py"'
        )
    return name


def _files(value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    if not names:
        raise BadValue("it names no file", 'write files="data.csv", or several with commas between')
    for name in names:
        if "\\" in name or "\0" in name or PureWindowsPath(name).drive or name.startswith("~"):
            raise BadValue(
                f'"{cut(name)}" is not a path', 'write it from the page\'s folder, as in files="data/train.csv"'
            )
    return names


def _session(value: str) -> str:
    name = value.strip()
    if re.search(r"[\[\]:\s]", name):
        raise BadValue(f'"{cut(value)}" cannot name a session', "leave out blanks, colons and square brackets")
    return name


def _id(value: str) -> str:
    if not value or "::" in value or re.search(r"[\[\]\s\x00-\x1f\x7f\ud800-\udfff]", value):
        raise BadValue(f'"{cut(value)}" cannot be an id', "leave out blanks, square brackets and `::`")
    return value


VALUES: dict[str, Callable[[str], object]] = {
    "#": _id,
    "reason": _text,
    "session": _session,
    "device": _devices,
    "raises": _exception,
    "match": _regex,
    "requires": _requirements,
    "timeout": _seconds,
    "memory": _bytes,
    "network": _switch("yes", "no"),
    "launch": _launcher,
    "file": _file,
    "files": _files,
    "expect": _switch("on", "off"),
}
"""Parsers by option; each raises BadValue."""
KEYS = tuple(key for key in VALUES if key != "#")
RENDERERS_KEYS = ("title", "linenums", "hl_lines", "nums", "linenums_style", "linenums_special", "linestart")
"""Options that the renderer validates; also ``data-*``."""

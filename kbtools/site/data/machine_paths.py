"""Shortens paths of the machine that ran a snippet in the texts of its result, which are published."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = r"(?:/(?!/)|[A-Za-z]:[\\/])"
_WORD = r"[^\s/\\'\"<>|:()\[\]{},;*?]"
_PATH = re.compile(
    rf"(?<=')(?:file://)?{_ROOT}[^'\n]*[\\/][^'\n]*(?=')"  # quoted names may contain spaces
    rf'|(?<=")(?:file://)?{_ROOT}[^"\n]*[\\/][^"\n]*(?=")'
    rf"|(?:file://|(?<![\w/.:~\\-])){_ROOT}(?:{_WORD}+[\\/])+{_WORD}*"
)
_PACKAGE = re.compile(r".*[\\/](?:site-packages|dist-packages|lib[\\/]python[\d.]+)[\\/]", re.DOTALL)
_EVERYWHERE = ("/dev/null", "/etc/", "/proc/", "/sys/")
"""Paths that are the same on all machines."""


def shortened(text: str, source: str, vault: Path) -> str:
    """A text in which paths of vault files are relative to the vault, paths of modules begin at their package, and
    other paths are reduced to the file name. A path that the page itself contains (``source`` is its text) is kept."""
    text = text.replace(f"{vault}/", "").replace(f"{vault}\\", "")

    def short(found: re.Match[str]) -> str:
        path = found[0]
        if path.startswith(_EVERYWHERE) or path in source:
            return path
        module = _PACKAGE.sub("", path)
        return module if module != path else re.split(r"[\\/]", path.rstrip("\\/"))[-1]

    return _PATH.sub(short, text)

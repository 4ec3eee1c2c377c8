"""Names of the files in which Logseq keeps its pages and journals."""

from __future__ import annotations

import re
from collections.abc import Iterator

SLASH = "___"
SLASHES = (SLASH, "%2F", ".")
"""What stands for ``/`` in the names of files, the last two in older graphs."""
_RESERVED = re.compile(r'[<>:"\\|?*#%]')
"""Characters that Logseq encodes in file names, for example as ``%23``."""
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_LONG = re.compile(r"(?:\w+, )?([A-Z][a-z]{2})[a-z]* (\d{1,2})(?:st|nd|rd|th)?, (\d{4})")
_NUMBERS = re.compile(r"(\d{4})[-/_.](\d{1,2})[-/_.](\d{1,2})")


def journal(name: str) -> str | None:
    """The file name, without ending, of the journal of a day: ``Dec 1st, 2025`` or ``2025-12-01``. None for other
    names. A journal exists for every day; its file, as soon as something is written in it."""
    if (m := _LONG.fullmatch(name)) is not None and m[1].lower() in _MONTHS:
        return f"{m[3]}_{_MONTHS.index(m[1].lower()) + 1:02}_{int(m[2]):02}"
    if (m := _NUMBERS.fullmatch(name)) is not None:
        return f"{m[1]}_{int(m[2]):02}_{int(m[3]):02}"
    return None


def page_of(stem: str) -> str:
    """The page name for a file name: ``A___B`` is ``A/B``."""
    return stem.replace(SLASH, "/")


def special_stems(name: str) -> Iterator[str]:
    """Names that a page's file may have because of characters that Logseq encodes, or because it is a journal."""
    if _RESERVED.search(name) is not None:
        yield _RESERVED.sub(lambda m: f"%{ord(m[0]):02X}", name).replace("/", SLASH)
    if name[-1:].isdigit() and (stem := journal(name)) is not None:
        yield stem

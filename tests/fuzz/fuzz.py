"""Looks for a page that breaks a promise, guided by what of the code each try reaches (atheris, libFuzzer).

usage: python tests/fuzz/fuzz.py [CORPUS…] [-max_total_time=60] [libFuzzer's other options]

``make fuzz`` runs it for a minute. A page that fails is written to ``.fuzz-crash-…``: put it into ``FOUND`` of
``test_found.py``, and then mend the code.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))

with atheris.instrument_imports(include=["kbtools"]):
    from invariants import hold_of_bytes, hold_of_text


def one(data: bytes) -> None:
    """The first byte says whether the rest is a file or a text."""
    if data[:1] < b"\x80":
        hold_of_bytes(data[1:])
    else:
        hold_of_text(data[1:].decode("utf-8", "surrogateescape"))


def seeds(folder: Path) -> None:
    """Every page of the tests' suites, to start from."""
    folder.mkdir(parents=True, exist_ok=True)
    for suite in sorted((Path(__file__).parents[1] / "suites").glob("*.md")):
        for number, case in enumerate(suite.read_bytes().split(b"\n## ")):
            (folder / f"{suite.stem}-{number}").write_bytes(b"\x00" + case[:2000])


if __name__ == "__main__":
    corpus = [Path(word) for word in sys.argv[1:] if not word.startswith("-")]
    for folder in corpus:
        if not folder.is_dir() or not any(folder.iterdir()):
            seeds(folder)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()

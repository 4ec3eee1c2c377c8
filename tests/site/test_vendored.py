"""Libraries that are shipped with the site are the files their packages hold, and come with their licences."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from vendor import ASSETS, digest, digests, libraries


def test_every_file_is_as_it_was_fetched() -> None:
    told = {path for library in libraries().values() for path in library["files"].values()}
    assert told == digests().keys()
    assert {path: digest(path) for path in told} == digests()


def test_minified_scripts_are_all_named_and_licences_stand_beside_them() -> None:
    told = {path for library in libraries().values() for path in library["files"].values()}
    found = {p.relative_to(ASSETS).as_posix() for p in ASSETS.rglob("*") if ".min." in p.name or "LICENSE" in p.name}
    assert found <= told
    for folder in {Path(path).parent for path in told if path.endswith(".js")}:
        assert any("LICENSE" in p.name for p in (ASSETS / folder).iterdir()), folder

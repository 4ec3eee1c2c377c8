"""Fetch the libraries that are shipped with the site again: ``python tests/site/vendor.py``.

``kbtools/site/assets/vendored.toml`` names them: package and version on npm, licence, and which file of the package
becomes which file here. To update one, write its new version there and run this; npm verifies what it fetches, and the
digests are written anew into ``vendored.sha256``, which a test compares with the files.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parents[2] / "kbtools/site/assets"
DIGESTS = ASSETS / "vendored.sha256"
_OTHER_FONTS = re.compile(rb',url\([^)]*\.(?:woff|ttf)\)\s*format\("[^"]*"\)')


def libraries() -> dict[str, dict[str, Any]]:
    """What is shipped, by the name of its package."""
    return tomllib.loads((ASSETS / "vendored.toml").read_text(encoding="utf-8"))


def digests() -> dict[str, str]:
    """SHA-256 of each shipped file as it was fetched, by its path."""
    lines = DIGESTS.read_text(encoding="utf-8").split("\n")
    return {path: digest for digest, path in (line.split("  ") for line in lines if line)}


def digest(path: str) -> str:
    return hashlib.sha256((ASSETS / path).read_bytes()).hexdigest()


def fetch(package: str, version: str, files: dict[str, str], folder: Path) -> None:
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{package}@{version}"]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
    with tarfile.open(folder / name) as archive:
        for inside, here in files.items():
            member = archive.extractfile(f"package/{inside}")
            assert member is not None, f"{package} {version} has no {inside}"
            content = member.read()
            if here == "katex/katex.min.css":  # every browser that can show the site reads woff2; text shows at once
                content = _OTHER_FONTS.sub(b"", content).replace(b"font-display:block", b"font-display:swap")
            (ASSETS / here).parent.mkdir(parents=True, exist_ok=True)
            (ASSETS / here).write_bytes(content)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for package, library in libraries().items():
            print(package, library["version"], library["licence"])
            fetch(package, library["version"], library["files"], Path(folder))
    paths = sorted(path for library in libraries().values() for path in library["files"].values())
    DIGESTS.write_text("".join(f"{digest(path)}  {path}\n" for path in paths), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""Converts the addresses of documents (URIs) to files."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit


def path_of(uri: str) -> Path | None:
    """The file of a URI; None for other schemes, such as a page that was never saved."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    path = unquote(parts.path, errors="surrogateescape")
    if not path or "\0" in path:
        return None
    if os.name == "nt":
        path = path.lstrip("/")
    return Path(path)


def placed(file: Path) -> Path:
    """A file by the folder that it lies in: a file that is a link is not followed."""
    return Path(os.path.realpath(file.parent), file.name)

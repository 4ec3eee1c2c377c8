"""Figures of snippets as values: PNG, or SVG in which nothing can run or load from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

LARGEST = 2_000_000
"""Bytes of one picture."""
_PNG = b"\x89PNG\r\n\x1a\n"
_NAME = re.compile(r"[0-9a-f]{32}\.(?:svg|png)\Z")


@dataclass(frozen=True, slots=True)
class Figure:
    """One picture. Its name is derived from its content, so equal pictures are stored once."""

    name: str
    """``<hash>.svg`` or ``<hash>.png``."""
    alt: str
    """A text alternative: its caption, titles and axis labels."""
    width: int
    height: int
    """In CSS pixels."""
    data: bytes = field(repr=False)
    caption: str = ""
    """The figure's label, as in ``plt.figure("Loss by epoch")``."""

    @classmethod
    def of(cls, data: bytes, alt: str, width: int, height: int, caption: str = "") -> Figure | None:
        """A figure with these bytes; None if there are too many, or if they are neither a PNG nor an SVG without
        active content."""
        if not data.startswith(_PNG):
            from kbtools.text.svg import clean_svg  # imports an XML parser, which few runs need

            cleaned = clean_svg(data[data.find(b"<svg") :]) if len(data) <= LARGEST else None
            if cleaned is None or cleaned.content is None or cleaned.removed:
                return None
            data = cleaned.content
        if len(data) > LARGEST:
            return None
        kind = "png" if data.startswith(_PNG) else "svg"
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.{kind}"
        return cls(name, alt, width, height, data, caption)

    def to_json(self) -> dict[str, Any]:
        """Plain values, the picture among them."""
        return {**self.without_data(), "data": base64.b64encode(self.data).decode("ascii")}

    def without_data(self) -> dict[str, Any]:
        """Plain values without the picture, which is stored in a file with its name."""
        values = {"name": self.name, "alt": self.alt, "width": self.width, "height": self.height}
        return {**values, "caption": self.caption} if self.caption else values

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Figure:
        """The inverse of ``to_json``. Raises KeyError, TypeError or ValueError for anything else."""
        content = base64.b64decode(str(data["data"]), validate=True)
        size = int(data["width"]), int(data["height"])
        found = cls.of(content, str(data["alt"]), *size, str(data.get("caption", "")))
        if found is None:
            raise ValueError("a figure is not a picture that can be shown")
        return found

    @property
    def address(self) -> str:
        """The picture as a ``data:`` address."""
        kind = "image/png" if self.name.endswith("png") else "image/svg+xml"
        return f"data:{kind};base64,{base64.b64encode(self.data).decode('ascii')}"


def is_name(name: str) -> bool:
    """Whether a figure may have this name."""
    return _NAME.match(name) is not None


def validated(values: Iterable[Mapping[str, Any]]) -> tuple[Figure, ...]:
    """The figures sent by a worker, without values that are not safe pictures."""
    found = []
    for value in values:
        try:
            found.append(Figure.from_json(value))
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
    return tuple(found)

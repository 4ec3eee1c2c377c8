"""Pictures that snippets draw with matplotlib: taken in the worker, made harmless, carried as values.

A figure left open at the end of a snippet belongs to it, as in a notebook, and is closed. It is SVG, whose bytes are
the same at every run, or PNG where that would be large. SVG can hold scripts and addresses: what is kept is made of a
list of drawing elements alone, and is checked again wherever it comes from somewhere else.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST = 10
"""Figures kept of one snippet."""
LARGEST_SVG = 300_000
LARGEST = 2_000_000
"""Bytes."""
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_ELEMENTS = frozenset(
    """
    svg g defs path use clipPath rect circle ellipse line polyline polygon text tspan image style pattern mask symbol
    linearGradient radialGradient stop title desc marker
    """.split()  # noqa: SIM905
)
_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]*\Z")
_LOADS = re.compile(r"(?i)url\s*\(\s*['\"]?(?!#)|@import|expression|javascript:|\\")
_DPI = 144
_PNG = b"\x89PNG\r\n\x1a\n"
_NAME = re.compile(r"[0-9a-f]{32}\.(?:svg|png)\Z")


@dataclass(frozen=True, slots=True)
class Figure:
    """One picture. Its name is made of its content, so the same picture is kept once."""

    name: str
    """``<hash>.svg`` or ``<hash>.png``."""
    alt: str
    """What it shows, for those who do not see it: its caption, titles and labels of its axes."""
    width: int
    height: int
    """In CSS pixels."""
    data: bytes = field(repr=False)
    caption: str = ""
    """The name it was given, as by ``plt.figure("Loss by epoch")``."""

    @classmethod
    def of(cls, data: bytes, alt: str, width: int, height: int, caption: str = "") -> Figure | None:
        """A picture of these bytes; None for what is neither PNG nor SVG that only draws, and for too much of it."""
        if not data.startswith(_PNG):
            clean = clean_svg(data)
            if clean is None:
                return None
            data = clean
        if len(data) > LARGEST:
            return None
        kind = "png" if data.startswith(_PNG) else "svg"
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.{kind}"
        return cls(name, alt, width, height, data, caption)

    def to_json(self) -> dict[str, Any]:
        """Plain values, the picture among them."""
        return {**self.without_data(), "data": base64.b64encode(self.data).decode("ascii")}

    def without_data(self) -> dict[str, Any]:
        """Plain values for where the picture itself lies in a file of its name."""
        told = {"name": self.name, "alt": self.alt, "width": self.width, "height": self.height}
        return {**told, "caption": self.caption} if self.caption else told

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Figure:
        """The inverse of ``to_json``. Raises KeyError, TypeError or ValueError for anything else."""
        content = base64.b64decode(str(data["data"]), validate=True)
        size = int(data["width"]), int(data["height"])
        found = cls.of(content, str(data["alt"]), *size, str(data.get("caption", "")))
        if found is None:
            raise ValueError("a figure is no picture that may be shown")
        return found

    @property
    def address(self) -> str:
        """The picture as a ``data:`` address."""
        kind = "image/png" if self.name.endswith("png") else "image/svg+xml"
        return f"data:{kind};base64,{base64.b64encode(self.data).decode('ascii')}"


def is_name(name: str) -> bool:
    """Whether a figure could be called so."""
    return _NAME.match(name) is not None


def clean_svg(data: bytes) -> bytes | None:
    """An SVG drawing with nothing in it but drawing; None where it holds more, or is none."""
    import xml.etree.ElementTree as etree

    start = data.find(b"<svg")
    if start < 0 or b"<!" in data[start:].replace(b"<!--", b"") or len(data) > 4 * LARGEST:
        return None
    try:
        root = etree.fromstring(data[start:])
    except (etree.ParseError, ValueError, RecursionError):
        return None
    if root.tag != f"{{{_SVG}}}svg":
        return None
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{{{_SVG}}}metadata":
                parent.remove(child)
    if not all(_draws(element) for element in root.iter()):
        return None
    for prefix, space in (("", _SVG), ("xlink", _XLINK)):
        etree.register_namespace(prefix, space)
    return bytes(etree.tostring(root, encoding="utf-8"))


def _draws(element: Element) -> bool:
    space, _, name = str(element.tag).rpartition("}")
    if space != "{" + _SVG or name not in _ELEMENTS:
        return False
    if name == "style" and _LOADS.search(element.text or ""):
        return False
    for key, value in element.attrib.items():
        plain = key.rpartition("}")[2].lower()
        if plain.startswith("on") or _LOADS.search(value):
            return False
        if plain in ("href", "src") and not (value.startswith("#") or _PICTURE.match(value)):
            return False
    return True


def capture() -> tuple[list[dict[str, Any]], str | None]:
    """The figures that are open in this process, as plain values, and what went wrong; they are closed.

    Costs nothing where matplotlib was not imported.
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return [], None
    found: list[dict[str, Any]] = []
    problem = None
    try:
        for number in pyplot.get_fignums()[:MOST]:
            figure = pyplot.figure(number)
            if figure.get_axes() or figure.texts or figure.images:
                made = _drawn(figure)
                if made is None:
                    problem = f"figure {number} is larger than {LARGEST // 1_000_000} MB as a picture"
                else:
                    found.append(made.to_json())
    except Exception as error:  # noqa: BLE001 - drawing runs what the page has put into the figure
        problem = f"a figure cannot be drawn: {type(error).__name__}: {error}"
    finally:
        pyplot.close("all")
    return found, problem


def _drawn(figure: Any) -> Figure | None:
    import matplotlib as mpl

    alt, caption = describe(figure), caption_of(figure)
    # Cut to what is drawn, as notebooks do: labels that reach over the edge are there.
    with warnings.catch_warnings(), mpl.rc_context({"svg.hashsalt": "kb"}):
        warnings.simplefilter("ignore")
        out = io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", metadata=nothing, bbox_inches="tight")
        drawn = out.getvalue()
        if len(drawn) <= LARGEST_SVG and (made := Figure.of(drawn, alt, *_size(drawn), caption)) is not None:
            return made
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=_DPI, metadata={"Software": None}, bbox_inches="tight")
        return Figure.of(out.getvalue(), alt, *_size(out.getvalue()), caption)


def _size(data: bytes) -> tuple[int, int]:
    """Width and height in CSS pixels, of which an inch has 96 and 72 points."""
    if data.startswith(_PNG):
        return round(int.from_bytes(data[16:20]) * 96 / _DPI), round(int.from_bytes(data[20:24]) * 96 / _DPI)
    found = re.search(rb'<svg[^>]*? width="([\d.]+)pt" height="([\d.]+)pt"', data)
    return (round(float(found[1]) * 4 / 3), round(float(found[2]) * 4 / 3)) if found else (640, 480)


def caption_of(figure: Any) -> str:
    """The name a figure was given; none where it has a number alone."""
    return " ".join(str(figure.get_label()).split())[:300]


def describe(figure: Any) -> str:
    """A figure in words: its caption and title, and title and labels of each of its axes."""
    heading = getattr(figure, "_suptitle", None)
    parts = [caption_of(figure), heading.get_text() if heading is not None else ""]
    for axes in figure.get_axes():
        labels = " / ".join(text for text in (axes.get_xlabel(), axes.get_ylabel()) if text)
        lines = [str(line.get_label()) for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
        told = ": ".join(text for text in (axes.get_title(), labels) if text)
        parts.append(f"{told} ({', '.join(lines)})" if lines else told)
    words = "; ".join(" ".join(part.split()) for part in parts if part.strip())
    return words[:300]


def received(values: Iterable[Mapping[str, Any]]) -> tuple[Figure, ...]:
    """The figures a worker sends; what is no harmless picture is left out."""
    found = []
    for value in values:
        try:
            found.append(Figure.from_json(value))
        except (KeyError, TypeError, ValueError):
            continue
    return tuple(found)

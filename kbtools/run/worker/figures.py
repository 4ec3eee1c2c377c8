"""Captures the matplotlib figures that a snippet has left open.

As in a notebook, a figure left open at the end of a snippet is part of its output, and is closed. It is stored as
SVG, which is identical in every run, or as PNG if the SVG would be large.
"""

from __future__ import annotations

import base64
import io
import re
import sys
import warnings
from typing import Any

MOST = 10
"""Maximum number of figures of one snippet."""
LARGEST_SVG = 300_000
_LARGEST = 2_000_000
"""Maximum bytes, as ``run.results.figures`` accepts."""
_DPI = 144
_PNG = b"\x89PNG\r\n\x1a\n"


def capture() -> tuple[list[dict[str, Any]], str | None]:
    """The open figures of this process as plain values, and errors; the figures are closed. Does nothing if
    matplotlib was not imported."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return [], None
    found: list[dict[str, Any]] = []
    problem = None
    try:
        for number in pyplot.get_fignums()[:MOST]:
            figure = pyplot.figure(number)
            if figure.get_axes() or figure.texts or figure.images:
                data = _picture(figure)
                if len(data) > _LARGEST:
                    problem = f"figure {number} is larger than {_LARGEST // 1_000_000} MB as a picture"
                    continue
                width, height = _size(data)
                made = {"alt": describe(figure), "caption": caption_of(figure), "width": width, "height": height}
                found.append({**made, "data": base64.b64encode(data).decode("ascii")})
    except Exception as error:  # noqa: BLE001 - drawing runs what the page has put into the figure
        problem = f"a figure cannot be drawn: {type(error).__name__}: {error}"
    finally:
        pyplot.close("all")
    return found, problem


def _picture(figure: Any) -> bytes:
    """The figure as SVG, or as PNG if that would be large. Cropped to its content as in notebooks, which keeps
    labels that extend over the edge."""
    import matplotlib as mpl

    from kbtools.text.svg import clean_svg

    with warnings.catch_warnings(), mpl.rc_context({"svg.hashsalt": "kb"}):
        warnings.simplefilter("ignore")
        out = io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", metadata=nothing, bbox_inches="tight")
        drawn = out.getvalue()
        cleaned = clean_svg(drawn) if len(drawn) <= LARGEST_SVG else None
        if cleaned is not None and cleaned.content is not None and not cleaned.removed:
            return drawn
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=_DPI, metadata={"Software": None}, bbox_inches="tight")
        return out.getvalue()


def _size(data: bytes) -> tuple[int, int]:
    """Width and height in CSS pixels (96 per inch) from points (72 per inch)."""
    if data.startswith(_PNG):
        return round(int.from_bytes(data[16:20]) * 96 / _DPI), round(int.from_bytes(data[20:24]) * 96 / _DPI)
    found = re.search(rb'<svg[^>]*? width="([\d.]+)pt" height="([\d.]+)pt"', data)
    return (round(float(found[1]) * 4 / 3), round(float(found[2]) * 4 / 3)) if found else (640, 480)


def caption_of(figure: Any) -> str:
    """A figure's label; empty if it has only a number."""
    return " ".join(str(figure.get_label()).split())[:300]


def describe(figure: Any) -> str:
    """A text alternative of a figure: its caption and title, and title and labels of each of its axes."""
    heading = getattr(figure, "_suptitle", None)
    parts = [caption_of(figure), heading.get_text() if heading is not None else ""]
    for axes in figure.get_axes():
        labels = " / ".join(text for text in (axes.get_xlabel(), axes.get_ylabel()) if text)
        lines = [str(line.get_label()) for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
        description = ": ".join(text for text in (axes.get_title(), labels) if text)
        parts.append(f"{description} ({', '.join(lines)})" if lines else description)
    words = "; ".join(" ".join(part.split()) for part in parts if part.strip())
    return words[:300]

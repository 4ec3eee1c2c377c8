"""Obsidian's comments (``%%…%%``) are not shown."""

from __future__ import annotations

from markdown.preprocessors import Preprocessor

from kbtools.markdown.scanner import scan
from kbtools.site.markdown.fences import GONE


class Comments(Preprocessor):
    """Removes comments. Fences within stay, as everything else of kb sees them too."""

    PRIORITY = 27

    def run(self, lines: list[str]) -> list[str]:
        text = "\n".join(lines)
        if "%%" not in text:
            return lines
        structure = scan(f"\n{text}")  # behind an empty line nothing is frontmatter
        kept: list[str] = []
        at = 1
        for span in structure.opaque:
            if not (text.startswith("%%", span.start - 1) and text.endswith("%%", 0, span.end - 1)):
                continue
            kept += (text[at - 1 : span.start - 1], GONE)
            inside = [fence.span for fence in structure.fences if fence.span.start in span]
            kept += (text[text.rfind("\n", 0, s.start - 1) : s.end] for s in inside)
            at = span.end
        return "".join([*kept, text[at - 1 :]]).split("\n")

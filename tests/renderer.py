"""The site's renderer as an oracle: Python-Markdown with the extensions a Material site uses."""

from __future__ import annotations

import html
import re

import markdown
from pymdownx.slugs import slugify
from pymdownx.superfences import fence_code_format

EXTENSIONS = [
    "abbr",
    "admonition",
    "attr_list",
    "def_list",
    "footnotes",
    "md_in_html",
    "tables",
    "toc",
    "pymdownx.arithmatex",
    "pymdownx.betterem",
    "pymdownx.caret",
    "pymdownx.details",
    "pymdownx.highlight",
    "pymdownx.inlinehilite",
    "pymdownx.keys",
    "pymdownx.mark",
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "pymdownx.tasklist",
    "pymdownx.tilde",
]
_SHOWN = re.compile(r'<kb-fence number="([0-9]+)"></kb-fence>')
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


class Rendered:
    """What the renderer makes of a page: fences in the order they stand, headings, and the HTML."""

    def __init__(self, text: str) -> None:
        blocks: list[tuple[str, str]] = []

        def record(source: str, language: str | None) -> str:
            blocks.append((language or "", source))
            return f'<kb-fence number="{len(blocks) - 1}"></kb-fence>'

        md = markdown.Markdown(
            extensions=EXTENSIONS,
            extension_configs={
                "pymdownx.arithmatex": {"generic": True},
                "pymdownx.superfences": {
                    "custom_fences": [{"name": "mermaid", "class": "mermaid", "format": fence_code_format}]
                },
                "pymdownx.tabbed": {"alternate_style": True},
                "toc": {"slugify": slugify(case="lower")},
            },
        )
        for entry in md.preprocessors["fenced_code_block"].extension.superfences:
            # Keep the validators, which decide what a header may say; only the output is ours.
            entry["formatter"] = lambda src="", language="", **_: record(src, language)
        self.html = md.convert(text)
        visible = _COMMENT.sub("", self.html)
        shown = sorted({int(number) for number in _SHOWN.findall(visible)})
        self.fences = [blocks[number] for number in shown]
        self.headings: list[tuple[int, str, str]] = []

        def walk(tokens: list[dict[str, object]]) -> None:
            for token in tokens:
                name = html.unescape(str(token["name"]))
                self.headings.append((int(str(token["level"])), name, str(token["id"])))
                walk(token["children"])  # type: ignore[arg-type]

        walk(md.toc_tokens)

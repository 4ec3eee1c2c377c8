"""No link may be found in code: examples in the manner of the CommonMark specification, which has some 86 with code.

Where the site's renderer sees another thing than CommonMark, kb follows the site; each such example stands in
``divergences.toml`` with its reason, and the renderer itself is asked whether it is so.
"""

from __future__ import annotations

import re
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from renderer import EXTENSIONS

from kbtools.text.source import Source
from kbtools.vault.page import Page

HERE = Path(__file__).parent
DIVERGENCES = tomllib.loads((HERE / "divergences.toml").read_text(encoding="utf-8"))["code"]


def _examples() -> dict[str, str]:
    _, *parts = re.split(r"(?m)^=== (.*)\n", (HERE / "code_examples.txt").read_text(encoding="utf-8"))
    return {name: text.replace("→", "\t").replace("·", " ") for name, text in zip(parts[::2], parts[1::2], strict=True)}


EXAMPLES = _examples()


def found(text: str) -> list[str]:
    page = Page.parse(Source("Page.md", text))
    return [link.target for link in page.links]


class _Reader(HTMLParser):
    """The [[in]] and [[out]] a reader sees as text, not as code and not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.depth += tag in ("code", "pre", "script")

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag in ("code", "pre", "script")

    def handle_data(self, data: str) -> None:
        if not self.depth:
            self.seen += re.findall(r"\[\[(in|out)", data)


def shown_as_text(text: str) -> list[str]:
    import markdown

    reader = _Reader()
    reader.feed(markdown.markdown(text, extensions=EXTENSIONS))
    return reader.seen


def test_there_are_enough() -> None:
    assert len(EXAMPLES) >= 86
    assert all("[[" in text for text in EXAMPLES.values())
    assert set(DIVERGENCES) <= set(EXAMPLES)


@pytest.mark.parametrize("name", [n for n in EXAMPLES if n not in DIVERGENCES])
def test_links_are_where_commonmark_shows_text(name: str) -> None:
    text = EXAMPLES[name]
    assert found(text) == ["out"] * text.count("[[out")


@pytest.mark.parametrize("name", DIVERGENCES)
def test_a_divergence_is_real_and_the_sites(name: str) -> None:
    text, said = EXAMPLES[name], DIVERGENCES[name]
    assert said["reason"]
    assert found(text) == said["links"]
    assert found(text) != ["out"] * text.count("[[out"), "kb does as CommonMark does: take it off the list"
    if said["site"] == "same":
        assert shown_as_text(text) == said["links"], "the site shows another thing than kb finds"
    else:
        assert shown_as_text(text) != said["links"], "kb finds what the site shows: say so"

"""A heading with wikilinks in it has the id the site gives it, whatever the links mean."""

from __future__ import annotations

import re
from pathlib import Path

import markdown
import pytest
from pymdownx.slugs import slugify

from kbtools.config.project import Config, Project
from kbtools.site.data.model import SiteModel
from kbtools.vault.index import Index
from kbtools.vault.page import Page, decode

TARGETS = {"T.md": "# T\n\n## H\n\nx ^b1\n", "C++.md": "# C++\n", "a/Dup.md": "", "b/Dup.md": ""}
HEADINGS = (
    "[[T]]", "a [[T#H]] b", "[[T|라벨]]은", "[[T#H1#H2]]", "[[#H]]", "[[T#^b1]]", "[[Nope]]", "[[Dup]]", "[[C++]]",
    "`x` [[T]] *y*", "[[T|a `b`]]", "[[t]]", "[[텐서 연산]]", "[[Nope#x|y]]", "\\[[T]]", "[[T]][[T]]",
)  # fmt: skip


@pytest.mark.parametrize("heading", HEADINGS)
def test_ids_agree(heading: str) -> None:
    text = f"## {heading}\n\ntext\n"
    pages = {p: decode(p, t.encode()) for p, t in {**TARGETS, "Page.md": text}.items()}
    here = Path(__file__).parent
    wiki = SiteModel(Project(here, here, here, Config()), Index(pages))
    md = markdown.Markdown(
        extensions=["toc", "attr_list", "tables", "kbtools"],
        extension_configs={"toc": {"slugify": slugify(case="lower")}, "kbtools": {"wiki": wiki, "path": "Page.md"}},
    )
    shown = re.findall(r'<h2 id="([^"]*)"', md.convert(text))
    page: Page = pages["Page.md"]
    assert shown == [h.id for h in page.structure.headings]

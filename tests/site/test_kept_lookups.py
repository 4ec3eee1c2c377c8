"""Code is highlighted alike, whether lookups of lexers and style sheets are kept or not."""

from __future__ import annotations

import pytest
from markdown import Markdown
from pygments.formatters.html import HtmlFormatter
from pymdownx import highlight

from kbtools.site.mkdocs import kept_lookups

LANGUAGES = ("python", "py", "", "nonsense", "text", "console", "rust", "PYTHON", "php", "python")
PAGE = "\n\n".join(f"```{language}\n<?php def f(x): return 1 # {language}\n```" for language in LANGUAGES)
OPTIONS = (
    {},
    {"noclasses": True},
    {"linenums": True, "pygments_lang_class": True, "auto_title": True},
    {
        "extend_pygments_lang": [
            {"name": "php", "lang": "php", "options": {"startinline": True, "funcnamehighlighting": []}}
        ]
    },
)


def rendered(options: dict[str, object]) -> str:
    names = ["pymdownx.highlight", "pymdownx.superfences", "pymdownx.inlinehilite"]
    return Markdown(extensions=names, extension_configs={names[0]: options}).convert(f"{PAGE}\n\n`#!py f(1)`\n")


@pytest.mark.parametrize("options", OPTIONS)
def test_code_is_highlighted_as_without(options: dict[str, object]) -> None:
    before = highlight.get_lexer_by_name, HtmlFormatter._create_stylesheet
    without = rendered(options)
    with kept_lookups.kept():
        assert rendered(options) == without
        assert rendered(options) == without
        assert rendered({"pygments_style": "monokai", "noclasses": True}) != without
    assert (highlight.get_lexer_by_name, HtmlFormatter._create_stylesheet) == before
    assert "<span" in without

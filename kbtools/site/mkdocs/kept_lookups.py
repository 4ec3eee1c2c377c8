"""Lookups that highlighting makes again for every code block, made once for each language and style.

For each block ``pymdownx.highlight`` searches the names of all of Pygments' lexers, and Pygments' formatter makes a
style sheet, which no block shows. With the code of an ordinary page that takes as long as the highlighting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pygments.formatters.html import HtmlFormatter  # type: ignore[import-untyped]
from pymdownx import highlight  # type: ignore[import-untyped]


@contextmanager
def kept() -> Iterator[None]:
    """Keep them within a ``with`` block. Lexers and formatters are new ones for every block, as before."""
    lexer, sheet = highlight.get_lexer_by_name, HtmlFormatter._create_stylesheet
    highlight.get_lexer_by_name = _lexers(lexer)
    HtmlFormatter._create_stylesheet = _sheets(sheet)
    try:
        yield
    finally:
        highlight.get_lexer_by_name, HtmlFormatter._create_stylesheet = lexer, sheet


def _lexers(look_up: Callable[..., Any]) -> Callable[..., Any]:
    kinds: dict[str, Any] = {}

    def get_lexer_by_name(_alias: str, **options: Any) -> Any:
        kind = kinds.get(_alias)
        if kind is not None:
            return kind(**options)
        found = look_up(_alias, **options)
        kinds[_alias] = type(found)
        return found

    return get_lexer_by_name


def _sheets(create: Callable[[Any], None]) -> Callable[[Any], None]:
    held: dict[tuple[Any, str], tuple[Any, Any]] = {}

    def _create_stylesheet(self: Any) -> None:
        key = (self.style, self.classprefix)
        if key not in held:
            create(self)
            held[key] = (self.ttype2class, self.class2style)
        self.ttype2class, self.class2style = map(dict, held[key])

    return _create_stylesheet

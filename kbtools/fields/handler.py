"""A handler for python-frontmatter that reads with kbtools' parser instead of PyYAML's loader."""

from __future__ import annotations

from typing import Any

from frontmatter.default_handlers import YAMLHandler
from yaml import YAMLError

from kbtools.fields.locate import body_of
from kbtools.fields.parse import read_block
from kbtools.markdown.frontmatter_block import frontmatter_span
from kbtools.text.diagnostics import Problem
from kbtools.text.source import LineIndex, Span


class FrontmatterError(YAMLError):
    """Frontmatter that cannot be parsed; ``problems`` has positions and reasons."""

    def __init__(self, problems: tuple[Problem, ...], message: str) -> None:
        super().__init__(message)
        self.problems = problems


class KbYamlHandler(YAMLHandler):
    """``frontmatter.loads(text, handler=KbYamlHandler())``: safe against YAML bombs, duplicate keys, crashes.

    Finds the same block as ``kbtools.fields.locate``. Unquoted wikilinks come back as strings. Raises
    FrontmatterError, a ``yaml.YAMLError``, where the text is not sound YAML. A field named ``content`` or ``handler``
    works with ``frontmatter.parse``; ``frontmatter.loads`` passes fields as keyword arguments and cannot hold it.
    """

    def detect(self, text: str) -> bool:
        return frontmatter_span(text.removeprefix("\ufeff")) is not None

    def split(self, text: str) -> tuple[str, str]:
        """The YAML and the text after the block. Raises ValueError if there is no block, as the library expects."""
        text = text.removeprefix("\ufeff")
        span = frontmatter_span(text)
        if span is None:
            raise ValueError("no frontmatter")
        return body_of(text, span).of(text), text[span.end :]

    def load(self, fm: str, **kwargs: object) -> dict[str, Any]:
        """The fields. Raises FrontmatterError, and TypeError for options of PyYAML, because there is only one
        loader."""
        if kwargs:
            raise TypeError(f"{type(self).__name__}.load takes no options, got {', '.join(sorted(kwargs))}")
        whole = Span(0, len(fm))
        result = read_block(fm, whole, whole)
        grave = tuple(p for p in result.problems if p.rule != "unquoted-wikilink")
        if grave:
            place = LineIndex(fm).position(grave[0].span.start)
            raise FrontmatterError(grave, f"line {place.line}, column {place.column}: {grave[0].message}")
        return dict(result.data)

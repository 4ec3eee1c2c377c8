"""YAML events from libyaml or PyYAML, imported when first used."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def event_parser() -> Callable[[str], Any]:
    """libyaml's event parser, or PyYAML's own if PyYAML was built without libyaml."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return python_parser()
    return CParser


@cache
def event_types() -> tuple[Any, ...]:
    """Scalar, mapping start, sequence start, mapping end, sequence end, stream end."""
    import yaml

    return (
        yaml.ScalarEvent,
        yaml.MappingStartEvent,
        yaml.SequenceStartEvent,
        yaml.MappingEndEvent,
        yaml.SequenceEndEvent,
        yaml.StreamEndEvent,
    )


@cache
def yaml_errors() -> tuple[type[Exception], ...]:
    """Exceptions of an event parser for text that is not YAML; a lone surrogate cannot even be encoded."""
    from yaml import YAMLError

    return (YAMLError, UnicodeEncodeError)


@cache
def python_parser() -> Callable[[str], Any]:
    """PyYAML's event parser in pure Python: the same events, about thirty times slower."""
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class PythonParser(Reader, Scanner, Parser, Composer):
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)

    return PythonParser

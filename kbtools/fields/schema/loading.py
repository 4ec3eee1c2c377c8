"""Loads and compiles JSON Schemas, kb's own or a project's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from kbtools.errors import KbError

if TYPE_CHECKING:
    from jsonschema_rs import Validator

_BUILT_IN = ("topic",)
_ELSEWHERE = re.compile(rb'"\$(?:dynamicR|recursiveR|r)ef"\s*:\s*"(?!#)')
"""A reference to another file, which may change although the schema does not."""


class Schema:
    """A JSON Schema (any draft) for the frontmatter of a kind of page."""

    def __init__(self, name: str, document: dict[str, Any], base: str | None = None) -> None:
        self.name = name
        """As in the configuration: ``topic``, or the path of a file."""
        self.document = document
        self._base = base
        self.text_fields: dict[tuple[str | int, ...], Mapping[str, Any] | None] = {}
        """Results of ``dates`` about fields, cached for the next page."""

    def accepts(self, fields: object) -> bool:
        """Whether fields follow the schema."""
        return self.validator.is_valid(fields)

    @cached_property
    def validator(self) -> Validator:
        """Compiled on first use. Raises KbError if the document is not a JSON Schema."""
        import jsonschema_rs

        try:
            return jsonschema_rs.validator_for(
                self.document,
                validate_formats=True,
                retriever=_retrieve,
                base_uri=self.document.get("$id", self._base),
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
            where = "/".join(map(str, getattr(error, "instance_path", ())))
            reason = str(getattr(error, "message", None) or error).splitlines()[0]
            place = f" at {where}" if where else ""
            raise KbError(
                f"schema {self.name} is not a valid JSON Schema{place}: {reason}", "correct the schema file"
            ) from None

    @classmethod
    def load(cls, name: str, root: Path | None = None) -> Schema:
        """A schema by name (``topic``) or by path, relative to ``root`` (the working directory by default).

        References to other files are relative to the schema's; nothing is fetched over the network. Raises KbError
        if there is no such schema, or if it is not JSON or not a valid JSON Schema.
        """
        if name in _BUILT_IN:
            return _kept(name, schema_text(name).encode(), None)
        path = (root or Path()) / name
        data, base = _read(path, name), path.absolute().as_uri()
        return _kept(name, data, base) if _ELSEWHERE.search(data) is None else _of_bytes(name, data, base)

    @classmethod
    def of(cls, name: str, document: object, base: str | None = None) -> Schema:
        """A schema from its parsed JSON; ``base`` is the URI its references are relative to. Raises KbError."""
        if not isinstance(document, dict):
            raise KbError(f"schema {name}: a JSON Schema for fields is an object", "see `kb schema topic` for one")
        made = cls(name, document, base)
        _ = made.validator  # raises a KbError with the reason
        return made


def rule_at(document: Mapping[str, Any], path: Iterable[str | int]) -> Mapping[str, Any]:
    """The part of a schema at a path; empty if the path leads out of this document."""
    part: Any = document
    for key in path:
        try:
            part = part[key]
        except (KeyError, IndexError, TypeError):
            return {}
    return part if isinstance(part, dict) else {}


def resolved(document: Mapping[str, Any], rule: Any) -> Mapping[str, Any]:
    """The target of a rule that only refers to another part of its document; else the rule."""
    for _ in range(10):
        reference = rule.get("$ref") if isinstance(rule, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        rule = rule_at(document, reference[2:].split("/"))
    return rule if isinstance(rule, dict) else {}


def schema_text(name: str) -> str:
    """The JSON of a schema that ships with kb, as text. Raises KbError for an unknown name."""
    if name not in _BUILT_IN:
        raise KbError(f"no schema is called {name}", f"there is: {', '.join(_BUILT_IN)}")
    return (Path(__file__).parents[2] / "schemas" / f"{name}.json").read_text(encoding="utf-8")


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        hint = f"give the path of a JSON file, or one of: {', '.join(_BUILT_IN)}, none"
        raise KbError(f"schema {name} cannot be read: {error.strerror or error}", hint) from None


def _parsed(data: bytes, name: str) -> object:
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        message = f"schema {name} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        raise KbError(message, "correct the file") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise KbError(f"schema {name} is no JSON: {error}", "correct the file") from None


def _of_bytes(name: str, data: bytes, base: str | None) -> Schema:
    return Schema.of(name, _parsed(data, name), base)


_kept = lru_cache(maxsize=8)(_of_bytes)
"""Cached because compiling a schema takes as long as checking a page, and an editor needs it at every key."""


def _retrieve(uri: str) -> Any:
    from urllib.request import url2pathname  # imports a complete HTTP client

    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise KbError(f"{uri} is not fetched", "copy the schema it names beside your own")
    return _parsed(_read(Path(url2pathname(unquote(parts.path))), uri), uri)

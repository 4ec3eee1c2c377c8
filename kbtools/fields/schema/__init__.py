"""Validates frontmatter against JSON Schemas."""

from kbtools.fields.schema.loading import Schema, schema_text
from kbtools.fields.schema.validate import validate

__all__ = ["Schema", "schema_text", "validate"]

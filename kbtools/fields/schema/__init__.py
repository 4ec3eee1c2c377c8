"""Validates frontmatter against JSON Schemas."""

from kbtools.fields.schema.loading import Schema, resolved, schema_text
from kbtools.fields.schema.validate import validate

__all__ = ["Schema", "resolved", "schema_text", "validate"]

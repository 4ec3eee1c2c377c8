"""Frontmatter against a JSON Schema: which schemas there are, and what a page's fields have wrong."""

from kbtools.fields.schema.loading import Schema, schema_text
from kbtools.fields.schema.validate import validate

__all__ = ["Schema", "schema_text", "validate"]

"""Frontmatter against a JSON Schema: which schemas there are, and what a page's fields have wrong."""

from kbtools.schema.loading import Schema, schema_text
from kbtools.schema.validation import validate

__all__ = ["Schema", "schema_text", "validate"]

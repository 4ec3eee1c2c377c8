"""Feature switches of a site, read by the MkDocs plugin and the Markdown extension."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from kbtools.errors import KbError

Choice = bool | Literal["auto"]


@dataclass(frozen=True, slots=True)
class Parts:
    """Switches. ``auto`` decides by what the wiki holds."""

    results: bool = True
    """What became of a snippet, below its code."""
    devices: Choice = "auto"
    """On which devices and machines: where code or configuration names a device other than the CPU."""
    infobox: Choice = "auto"
    """The box below the title: on pages with a schema, and those whose frontmatter says how far to trust them."""
    backlinks: bool = True
    mentions: Choice = "auto"
    """Unlinked mentions: where the configuration gives pages a schema."""
    previews: Choice = "auto"
    """Cards on links: unless the theme has its own (``navigation.instant.preview``)."""
    graph: bool = True
    search: Choice = "auto"
    """Unless another search plugin is on."""
    pages: bool | tuple[str, ...] = True
    """Generated pages: all, none, or those that are named (``all``, ``tags``, …)."""
    feed: bool = True
    llms: bool = True
    """``llms.txt``, ``llms-full.txt``, and the Markdown beside each page."""
    notebooks: bool = True
    """The notebook of each page with code that runs."""
    redirects: bool = True
    """Other names of pages as addresses."""
    data_files: bool = True
    """``graph.json`` and ``results.json``."""

    @classmethod
    def of(cls, options: Mapping[str, object]) -> Parts:
        """The switches that options of ``mkdocs.yml`` set. Raises KbError for a value that is none."""
        found: dict[str, object] = {}
        for field in fields(cls):
            value = options.get(field.name)
            if value is None:
                continue
            if isinstance(value, bool):
                found[field.name] = value
            elif value == "auto" and field.default == "auto":
                continue
            elif field.name == "pages" and isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
                found[field.name] = tuple(name.removesuffix(".md") for name in value)
            else:
                allowed = "true, false" + (' or "auto"' if field.default == "auto" else "")
                allowed += " or a list of names" if field.name == "pages" else ""
                raise KbError(
                    f"mkdocs.yml: kbtools: {field.name} must be {allowed}, not {value!r}",
                    "leave it out for the default",
                )
        return cls(**found)  # type: ignore[arg-type]

    def has_page(self, path: str) -> bool:
        """Whether a generated page is wanted, by its path."""
        name = path.partition("/")[0].removesuffix(".md")
        return name in self.pages if isinstance(self.pages, tuple) else self.pages

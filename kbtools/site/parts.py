"""Feature switches of a site, read by the MkDocs plugin and the Markdown extension."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from kbtools.errors import KbError

Choice = bool | Literal["auto"]


@dataclass(frozen=True, slots=True)
class Parts:
    """Switches. ``auto`` depends on the content of the wiki."""

    results: bool = True
    """Results of snippets, below the code."""
    devices: Choice = "auto"
    """Devices and machines of results: if code or configuration names a device other than the CPU."""
    infobox: Choice = "auto"
    """The box below the title: on pages with a schema, and those with fields about trust."""
    backlinks: bool = True
    mentions: Choice = "auto"
    """Unlinked mentions: if the configuration assigns schemas to pages."""
    previews: Choice = "auto"
    """Previews of links: unless the theme has its own (``navigation.instant.preview``)."""
    graph: bool = True
    search: Choice = "auto"
    """Unless another search plugin is enabled."""
    pages: bool | tuple[str, ...] = True
    """Generated pages: all, none, or those listed (``all``, ``tags``, …)."""
    feed: bool = True
    llms: bool = True
    """``llms.txt``, ``llms-full.txt``, and the Markdown beside each page."""
    notebooks: bool = True
    """The notebook of each page with executable code."""
    redirects: bool = True
    """Redirects from other names of pages."""
    data_files: bool = True
    """``graph.json`` and ``results.json``."""

    @classmethod
    def of(cls, options: Mapping[str, object]) -> Parts:
        """The switches set by options of ``mkdocs.yml``. Raises KbError for an invalid value."""
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
        """Whether a generated page is enabled, by its path."""
        name = path.partition("/")[0].removesuffix(".md")
        return name in self.pages if isinstance(self.pages, tuple) else self.pages

"""Detects vaults whose wikilinks have their own syntax (Dendron, Logseq), and site generators other than MkDocs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Dialect = Literal["dendron", "logseq"]
Generator = Literal["quartz", "jekyll", "mdbook", "docusaurus", "vitepress", "astro", "eleventy", "hugo", "gitbook"]
_CONFIGURATIONS: tuple[tuple[Generator, tuple[str, ...]], ...] = (
    ("quartz", ("quartz.config.ts", "quartz.config.yaml")),
    ("jekyll", ("_config.yml",)),
    ("mdbook", ("book.toml",)),
    ("docusaurus", ("docusaurus.config.js", "docusaurus.config.ts", "docusaurus.config.mjs")),
    ("vitepress", (".vitepress", ".vuepress")),
    ("astro", ("astro.config.mjs", "astro.config.ts", "astro.config.js")),
    ("eleventy", (".eleventy.js", "eleventy.config.js", "eleventy.config.mjs")),
    ("hugo", ("hugo.toml", "hugo.yaml", "hugo.json")),
    ("gitbook", (".gitbook.yaml", "book.json")),
)
"""Files and folders that identify a generator."""


def dialect_of(vault: Path) -> Dialect | None:
    """The program a vault belongs to: a Dendron workspace, whose vaults may be subfolders, or a Logseq graph."""
    workspace = any((above / "dendron.yml").is_file() for above in (vault, *list(vault.parents)[:2]))
    if workspace or (vault / "root.schema.yml").is_file():
        return "dendron"
    return "logseq" if (vault / "logseq" / "config.edn").is_file() else None


def generator_of(vault: Path) -> Generator | None:
    """The site generator of a folder, detected by its configuration in the folder or its parent."""
    for folder in (vault, vault.parent):
        for generator, names in _CONFIGURATIONS:
            if any((folder / name).exists() for name in names):
                return generator
    return None


def unread(dialect: Dialect | None) -> tuple[str, ...]:
    """Globs of files that the program uses internally."""
    return ("logseq/bak", "logseq/version-files") if dialect == "logseq" else ()

"""Detects vaults whose wikilinks have their own syntax (Dendron, Logseq), and site generators other than MkDocs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

Dialect = Literal["dendron", "logseq"]
Generator = Literal[
    "quartz",
    "sphinx",
    "jekyll",
    "mdbook",
    "docusaurus",
    "vitepress",
    "astro",
    "eleventy",
    "hugo",
    "gitbook",
    "quarto",
    "wiki",
]
_CONFIGURATIONS: tuple[tuple[Generator, tuple[str, ...]], ...] = (
    ("quartz", ("quartz.config.ts", "quartz.config.yaml")),
    ("sphinx", ("conf.py", "_toc.yml")),
    ("jekyll", ("_config.yml",)),
    ("mdbook", ("book.toml",)),
    ("docusaurus", ("docusaurus.config.js", "docusaurus.config.ts", "docusaurus.config.mjs")),
    ("vitepress", (".vitepress", ".vuepress", "docs/.vitepress", "docs/.vuepress")),
    ("astro", ("astro.config.mjs", "astro.config.ts", "astro.config.js")),
    ("eleventy", (".eleventy.js", "eleventy.config.js", "eleventy.config.mjs")),
    ("hugo", ("hugo.toml", "hugo.yaml", "hugo.json")),
    ("gitbook", (".gitbook.yaml", "book.json")),
    ("quarto", ("_quarto.yml", "_quarto.yaml")),
    ("wiki", ("_Sidebar.md", "_Footer.md", "_sidebar.md")),
)
"""Files and folders by which a generator is known. Jupyter Book has a ``_toc.yml`` for Sphinx beside a file of Jekyll's
name; ``wiki`` is one of GitHub's, or of docsify's."""


SETTINGS_OF_LOGSEQ = "logseq/config.edn"
_NAME_FORMAT = re.compile(r"^[^;\n]*:file/name-format\s+:(legacy|triple-lowbar)", re.MULTILINE)


def dialect_of(vault: Path) -> Dialect | None:
    """The program a vault belongs to: a Dendron workspace, whose vaults may be subfolders, or a Logseq graph."""
    workspace = any((above / "dendron.yml").is_file() for above in (vault, *list(vault.parents)[:2]))
    if workspace or (vault / "root.schema.yml").is_file():
        return "dendron"
    return "logseq" if (vault / SETTINGS_OF_LOGSEQ).is_file() else None


def generator_of(vault: Path) -> Generator | None:
    """The site generator of a folder, detected by its configuration in the folder or its parent."""
    for folder in (vault, vault.parent):
        for generator, names in _CONFIGURATIONS:
            if any((folder / name).exists() for name in names):
                return generator
    return None


def slashes_of(graph: Path) -> tuple[str, ...]:
    """What stands for ``/`` in the names of the files of a graph of Logseq's, by its settings; none where they do not
    say."""
    try:
        form = _NAME_FORMAT.search((graph / SETTINGS_OF_LOGSEQ).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ()
    if form is None:
        return ()
    return ("%2F", ".") if form[1] == "legacy" else ("___", "%2F")


def unread(dialect: Dialect | None, generator: Generator | None, vault: Path) -> tuple[str, ...]:
    """Globs of files that the program keeps for itself: backups of Logseq's, and beside ``content`` Quartz's own
    documentation."""
    if dialect == "logseq":
        return ("logseq/bak", "logseq/version-files")
    return ("docs",) if generator == "quartz" and (vault / "content").is_dir() else ()

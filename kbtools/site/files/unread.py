"""Warnings about pages whose text kb does not read, and which the site therefore shows empty."""

from __future__ import annotations

import logging

from mkdocs.structure.files import Files

from kbtools.site.data.model import SiteModel

log = logging.getLogger("mkdocs.plugins.kbtools")


def warn_of_empty_pages(files: Files, wiki: SiteModel) -> None:
    """Names each such page with its reason: a finding that a baseline accepts would leave it unsaid."""
    for path in sorted(f.src_uri for f in files.documentation_pages()):
        page = wiki.index.pages.get(path)
        if page is not None and page.file_problems and not page.source.text:
            why = "; ".join(filter(None, (page.file_problems[0].message, page.file_problems[0].help)))
            log.warning("%s: published without its text: %s", path, why)

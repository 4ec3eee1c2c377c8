"""Lets MkDocs build a vault that is the project's own folder, which it refuses by default.

MkDocs requires ``docs_dir`` to be a subfolder, and ``site_dir`` to be outside of ``docs_dir``, so that a site is not
published within itself. kb excludes the site's folder and other files from the vault itself, so both may be the same
here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mkdocs.config import config_options
from mkdocs.config.base import Config, ValidationError


@contextmanager
def allowed() -> Iterator[None]:
    """Within this block, MkDocs accepts the folder of its configuration as ``docs_dir``, with ``site_dir`` directly
    below it. All other checks remain."""
    docs, site = config_options.DocsDir.post_validation, config_options.SiteDir.post_validation

    def docs_dir(self: Any, config: Config, key_name: str) -> None:
        if not _at_top(config):
            docs(self, config, key_name)

    def site_dir(self: Any, config: Config, key_name: str) -> None:
        if not _at_top(config):
            site(self, config, key_name)
            return
        target, top = Path(config["site_dir"]), Path(config["docs_dir"])
        if target.parent != top or target.name in ("", ".git"):
            raise ValidationError(f"'site_dir' must be a folder of its own directly in {top}, such as {top / 'site'}")

    config_options.DocsDir.post_validation = docs_dir  # type: ignore[method-assign]
    config_options.SiteDir.post_validation = site_dir  # type: ignore[method-assign]
    try:
        yield
    finally:
        config_options.DocsDir.post_validation = docs  # type: ignore[method-assign]
        config_options.SiteDir.post_validation = site  # type: ignore[method-assign]


def _at_top(config: Config) -> bool:
    file = config.config_file_path
    return bool(file) and os.path.dirname(os.path.abspath(str(file))) == os.path.abspath(config["docs_dir"])  # noqa: PTH100, PTH120

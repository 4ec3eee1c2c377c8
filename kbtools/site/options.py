"""Options of kb's plugin in ``mkdocs.yml``."""

from __future__ import annotations

from typing import Any

from mkdocs.config import config_options
from mkdocs.config.base import Config


def _switch() -> Any:
    """An option of ``Parts``, which checks it."""
    return config_options.Optional(config_options.Type((bool, str, list)))


class Options(Config):  # type: ignore[no-untyped-call]
    """``plugins: [kbtools: {…}]``."""

    lenient = config_options.Type(bool, default=False)
    """The same as ``publish = "any"`` in kb's own configuration. ``mkdocs serve`` always does so."""
    sanitize = config_options.Type(bool, default=True)
    """Remove from pages what could run or load from other hosts. Off: every author of the wiki is trusted like its
    owner is."""
    remote_images = config_options.Type(bool, default=False)
    """Show pictures that stand on other machines, which then learn who reads; otherwise they are links."""
    active_files = config_options.ListOfItems(config_options.Type(str), default=[])
    """Globs of attachments that are published unchanged, with their active content."""
    csp = config_options.Type(bool, default=True)
    """Give every page a Content-Security-Policy. Not while serving: the preview puts a script into its pages."""
    csp_hosts = config_options.ListOfItems(config_options.Type(str), default=[])
    """Other machines that pages may load from, ``https://example.org``, besides those that ``mkdocs.yml`` and the
    owner's templates name."""
    results = _switch()
    devices = _switch()
    infobox = _switch()
    backlinks = _switch()
    mentions = _switch()
    previews = _switch()
    graph = _switch()
    search = _switch()
    search_boost = config_options.DictOfItems(config_options.Type((int, float)), default={})
    """By glob in the vault, what the rank of pages is multiplied by; ``search: {boost: 2}`` in a page goes before."""
    pages = _switch()
    feed = _switch()
    llms = _switch()
    notebooks = _switch()
    colab = config_options.Type(bool, default=False)
    """Link pages with code to Colab, which opens their notebooks from the branch of ``repo_url`` that ``mkdocs
    gh-deploy`` publishes to (``remote_branch``)."""
    redirects = _switch()
    data_files = _switch()
    per_page = config_options.ListOfItems(config_options.Type(str), default=[])
    """Plugins, hooks, Markdown extensions and templates that look at one page at a time, and at nothing that changes
    but that page and ``mkdocs.yml``: pages that did not change are kept though these are there."""

"""Reads the wiki on disk, for builders that run no plugin of kb's."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from kbtools.config import mkdocs_file
from kbtools.config.project import Project, find_project
from kbtools.errors import KbError
from kbtools.site.data.model import SiteModel, load
from kbtools.site.data.rendered import Rendered, Settings
from kbtools.site.data.stored import stored
from kbtools.site.mkdocs import vault_at_top
from kbtools.site.parts import Parts


@lru_cache(maxsize=1)
def wiki_on_disk(root: Path) -> SiteModel:
    """The wiki of a folder with its stored results. Raises KbError without a project."""
    project = find_project(root)
    wiki = load(project)
    settings, directory_urls, language = _settings(project)
    return wiki.for_site(
        results=stored(project, wiki.index.pages.values()),
        parts=Parts(),
        generated=frozenset(),
        directory_urls=directory_urls,
        language=language,
        rendered=Rendered(settings),
    )


def _settings(project: Project) -> tuple[Callable[[], Settings] | None, bool, str]:
    """How ``mkdocs.yml`` has Markdown rendered, whether pages are folders, and the site's language; builders that run
    no plugins read it too.
    """
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort, ConfigurationError

    file = mkdocs_file.find(project.root)
    if file is None:
        return None, True, "en"
    try:
        with vault_at_top.allowed():
            config = load_config(str(file), plugins=[], strict=False)
    except (ConfigurationError, Abort) as e:
        raise KbError(f"{file}: {e}", "mkdocs.yml cannot be used as it is") from e
    language = str(config.theme.get("language") or "en")
    return lambda: (config.markdown_extensions, config.mdx_configs), config.use_directory_urls, language

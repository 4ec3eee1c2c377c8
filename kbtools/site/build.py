"""The site on disk: built beside the old one, and put in its place only when all went well."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kbtools.config import Project
from kbtools.errors import KbError
from kbtools.site.results import Results, obstacles, refusal
from kbtools.site.stored import stored
from kbtools.site.wiki import load


def config_file(project: Project) -> Path:
    """The project's MkDocs configuration. Raises KbError when it has none."""
    for name in ("mkdocs.yml", "mkdocs.yaml"):
        if (file := project.root / name).is_file():
            return file
    raise KbError(f"there is no mkdocs.yml in {project.root}", "a site needs one; `kb check` and `kb run` do not")


class _Heard(logging.Handler):
    """What MkDocs warns of and complains about."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def _warnings() -> Iterator[list[str]]:
    heard = _Heard()
    logger = logging.getLogger("mkdocs")
    logger.addHandler(heard)
    try:
        yield heard.messages
    finally:
        logger.removeHandler(heard)


def build(project: Project, *, strict: bool = False, results: Results | None = None) -> Path:
    """Build the site and return its folder, ``<root>/site`` unless ``site_dir`` says otherwise.

    ``results`` are those of a run just made; None reads what runs have stored. With ``strict``, warnings refuse the
    site. Raises KbError when it cannot be built; the old site stands untouched then.
    """
    from mkdocs.commands import build as mkdocs_build
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort, BuildError, ConfigurationError

    from kbtools.site import vault_at_top

    file = config_file(project)
    wiki = load(project)  # anew: a run may have taken minutes, and MkDocs reads the pages as they are now
    pages = wiki.index.pages.values()
    if results is None:
        results = stored(project, pages)
    if found := obstacles(pages, results):
        raise KbError(refusal(found))
    try:
        with vault_at_top.allowed():
            config = load_config(str(file), strict=False)
    except (ConfigurationError, Abort) as e:
        raise KbError(f"{file}: {e}", "mkdocs.yml cannot be used as it is") from e
    plugin = config.plugins.get("kbtools")
    if plugin is None:
        raise KbError(f"{file}: the plugin kbtools is not on", "add kbtools to its plugins")
    plugin.results, plugin.read = results, wiki
    target = Path(config.site_dir)
    _refuse_foreign(target, project)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        config.site_dir = str(fresh)
        with _warnings() as warned:
            try:
                config.plugins.on_startup(command="build", dirty=False)
                mkdocs_build.build(config)
            except (BuildError, Abort, ConfigurationError) as e:
                raise KbError(warned[-1] if warned else str(e)) from e
            finally:
                config.plugins.on_shutdown()
        if strict and warned:
            n = len(warned)
            raise KbError(
                f"{n} warning{'s' if n > 1 else ''} of mkdocs: {warned[0]}", "build without --strict to see the site"
            )
        fresh.chmod(0o755)
        _swap(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def _refuse_foreign(target: Path, project: Project) -> None:
    """``site_dir`` is replaced whole: never a folder that holds the project or its pages, nor one that is no site."""
    resolved = target.resolve()
    for kept in (project.root.resolve(), project.vault.resolve()):
        if kept == resolved or resolved in kept.parents:
            raise KbError(f"site_dir is {target}, which holds the project itself", "give the site a folder of its own")
    if (
        target.is_dir()
        and any(target.iterdir())
        and not (target / "index.html").is_file()
        and not (target / "sitemap.xml").is_file()
    ):
        raise KbError(f"{target} is there already and is no built site", "remove it, or set another site_dir")


def _swap(fresh: Path, target: Path) -> None:
    """Put a folder in another's place. Between the two renames there is no site, and never a half of one."""
    old: Path | None = None
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
        target.replace(old / target.name)
    try:
        fresh.replace(target)
    except OSError:
        if old is not None:
            (old / target.name).replace(target)
        raise
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)


def serve(project: Project, host: str = "127.0.0.1", port: int = 8000) -> None:
    """A live preview that rebuilds when pages change, until interrupted. Snippets that have not run are shown as such.

    Raises KbError when it cannot start.
    """
    from mkdocs.commands import serve as mkdocs_serve
    from mkdocs.exceptions import Abort, BuildError, ConfigurationError

    from kbtools.site import vault_at_top

    try:
        with vault_at_top.allowed():
            mkdocs_serve.serve(str(config_file(project)), livereload=True, dev_addr=f"{host}:{port}")
    except (BuildError, Abort, ConfigurationError) as e:
        raise KbError(str(e) or "mkdocs gave up: see its messages") from e
    except OSError as e:
        raise KbError(f"cannot serve on {host}:{port}: {e.strerror or e}", "try another --port") from e

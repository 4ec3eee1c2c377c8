"""The preview from its start to its end."""

from __future__ import annotations

import gc
import logging
import queue
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kbtools.config.mkdocs_file import config_file
from kbtools.config.project import Project
from kbtools.errors import KbError
from kbtools.site.html.text import clean
from kbtools.site.preview.builds import Preview, Say
from kbtools.site.preview.server import Server
from kbtools.vault.file_events import FileEvents

Run = Callable[[Sequence[str]], None]
"""Runs the snippets of pages, and returns when their results are stored."""


class _Runs(threading.Thread):
    """Runs the snippets of changed pages, one after another, in the background."""

    def __init__(self, run: Run, done: Callable[[Iterable[str]], None], say: Say) -> None:
        super().__init__(daemon=True)
        self.run_pages = run
        self.done = done
        self.say = say
        self.waiting: queue.SimpleQueue[frozenset[str]] = queue.SimpleQueue()

    def run(self) -> None:
        while True:
            pages = set(self.waiting.get())
            while not self.waiting.empty():
                pages |= self.waiting.get()
            try:
                self.run_pages(sorted(pages))
            except Exception as e:  # noqa: BLE001 - after any error of a run, the preview continues
                self.say(f"not run: {clean(str(e))}")
            self.done(pages)


def serve(
    project: Project,
    host: str = "127.0.0.1",
    port: int = 8000,
    say: Say = lambda _: None,
    run: Run | None = None,
) -> None:
    """Runs a live preview that renders what changes, until interrupted. Snippets that have not run are marked as
    such.

    ``run`` runs the snippets of changed pages, in the background. ``say`` receives messages of the preview. Raises
    KbError if it cannot start.
    """
    file = config_file(project.root)
    logging.getLogger("mkdocs.livereload").setLevel(logging.ERROR)
    told = "snippets of a page you edit are run" if run else "code is not run"
    say(f"building {file.parent.name}/{file.name}; {told}: results are those of the last kb run")
    events = FileEvents()
    with tempfile.TemporaryDirectory(prefix="kb-serve-") as folder:
        site = Path(folder).resolve() / "site"
        preview = Preview(project, site, say)
        server = Server(preview, events, host, port)
        config = None
        try:
            server.server_bind()
            preview.origin = f"http://{host}:{server.server_port}"
            before = preview.sources()
            preview.refresh(None)
            preview.build()
            config = preview.config
            if config is None:
                raise KbError(preview.failure, "the preview starts when the site can be built once")
            gc.collect()
            gc.freeze()  # most objects stay; looking through them at 10,000 pages took as long as a save
            server.mount(config.site_url or "/")
            server.error_handler = lambda code: _error_page(site, code)
            for place in preview.places():
                events.follow(place, site)
            config.plugins.on_serve(server, config=config, builder=preview.build)
            events.start()  # not before the first build, which forks: then there must be no other threads
            if not preview.is_still(before):
                events.put(None)
            if run is not None:
                runs = _Runs(run, server.show_results, say)
                runs.start()
                server.edited = runs.waiting.put
            server.serve()
        except KeyboardInterrupt:
            pass
        except OSError as e:
            raise KbError(f"cannot serve on {host}:{port}: {e.strerror or e}", "try another --port") from e
        finally:
            events.stop()
            server.shutdown()
            if config is not None:
                config.plugins.on_shutdown()


def _error_page(site: Path, code: int) -> bytes | None:
    page = site / f"{code}.html"
    return page.read_bytes() if page.is_file() else None

"""Live preview (``kb serve``): renders changed pages and updates the browser."""

from __future__ import annotations

import logging
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from mkdocs import livereload
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer

from kbtools.config.mkdocs_file import chain, config_file
from kbtools.config.project import Project, find_project
from kbtools.errors import KbError
from kbtools.incremental.check import check
from kbtools.incremental.fingerprint import VaultState
from kbtools.site.build import load_mkdocs, render
from kbtools.site.data.model import of_vault
from kbtools.site.data.stored import stored
from kbtools.site.html.text import clean
from kbtools.site.reuse.fingerprints import places_read
from kbtools.site.reuse.manifest import content_of
from kbtools.state.memo import Memo
from kbtools.vault.file_events import FileEvents
from kbtools.vault.listing import FileEntry, Listing
from kbtools.vault.loading import load, read
from kbtools.vault.page import Page

Say = Callable[[str], None]
Run = Callable[[Sequence[str]], None]
"""Runs the snippets of pages, and returns when their results are stored."""

_SETTLED = 1_000_000_000
"""Nanoseconds after which a file that is as it was is taken to be unchanged by its times."""


class _Templates(BytecodeCache):
    """Compiled templates, in memory."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self.held.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.held[bucket.key] = bucket.checksum, bucket.code


class Sources(NamedTuple):
    """What a site is made of, at one time."""

    vault: VaultState
    others: list[str]
    """Fingerprints of its other files and folders."""


class Preview:
    """What stays in memory between two builds."""

    def __init__(self, project: Project, folder: Path, say: Say) -> None:
        self.project = project
        self.origin = ""
        """Where the site is served: scheme, host and port."""
        self.folder = folder
        """Where the site is served from."""
        self.say = say
        self.memo = Memo(":memory:")
        self.templates = _Templates()
        self.changed: frozenset[str] = frozenset()
        """The pages whose text the last build found changed."""
        self.failure = ""
        """Why the last build came to nothing."""
        self.findings: Mapping[str, list[str]] = {}
        """What is wrong with pages, by their address on the site."""
        self.config: MkDocsConfig | None = None
        self._pages: dict[str, tuple[object, Page]] = {}

    def build(self) -> None:
        """Builds what has changed. A failure is printed, and the old site stays."""
        started = time.monotonic()
        try:
            report = self._build()
        except Exception as e:  # noqa: BLE001 - a page, a plugin or a file in mid-edit must not end the preview
            hint = f"\n  hint: {e.hint}" if isinstance(e, KbError) and e.hint else ""
            self.failure = clean(e.message if isinstance(e, KbError) else f"{type(e).__name__}: {e}")
            self.say(f"not built: {self.failure}{hint}")
            return
        self.failure = ""
        rendered, kept = len(report.rendered), len(report.kept)
        self.say(f"built in {time.monotonic() - started:.2f} s: {rendered} rendered, {kept} kept")

    def pages_to_run(self) -> frozenset[str]:
        """The pages with code that the last build found changed; each is named once."""
        changed, self.changed = self.changed, frozenset()
        held = ((path, self._pages.get(path)) for path in changed if not self.failure)
        return frozenset(p for p, known in held if known is not None and any(s.executable for s in known[1].snippets))

    def _build(self) -> Any:
        project = self.project if self.project.foreign else find_project(self.project.root)
        before = {path: page for path, (_, page) in self._pages.items()}
        vault = load(project, self._read)
        wiki = of_vault(project, vault)
        self._pages = {path: held for path, held in self._pages.items() if path in vault.pages}
        self.changed = frozenset(path for path, page in vault.pages.items() if before.get(path) is not page)
        config = load_mkdocs(project)
        config.strict = False
        mount = urlsplit(config.site_url or "/").path
        config.site_url = f"{self.origin}{mount if mount.endswith('/') else mount + '/'}"
        plugin: Any = config.plugins.get("kbtools")
        if plugin is None:
            raise KbError(f"{config.config_file_path}: the plugin kbtools is not on", "add kbtools to its plugins")
        plugin.results, plugin.read, plugin.templates = stored(project, wiki.index.pages.values()), wiki, self.templates
        heard, report = render(config, self.folder, self.memo, serve_url=config.site_url)
        for warning in heard.warnings:
            self.say(f"warning: {clean(warning)}")
        self.config = config
        self._check(project, wiki.url_of)
        return report

    def _read(self, entry: FileEntry, policies: Any) -> Page:
        """A page that is as it was stays the value it is, with all that was found out about it."""
        held = self._pages.get(entry.path)
        mark = (entry.stamp, entry.trouble, policies.of(entry.path))
        is_settled = entry.stamp is not None and time.time_ns() - entry.stamp[0] > _SETTLED
        if held is not None and held[0] == mark and is_settled:
            return held[1]
        page = read(entry, policies)
        if held is not None and held[1].source.text == page.source.text and held[1].policy == page.policy:
            page = held[1]
        self._pages[entry.path] = mark, page
        return page

    def places(self) -> list[Path]:
        """The files and folders that the site is made of."""
        project = self.project
        config = self.config or load_mkdocs(project)
        own = (project.root / name for name in ("kb.toml", "pyproject.toml", "kb-baseline.json"))
        configured = (file for file, _ in chain(config_file(project.root)))
        return [project.vault, *own, *configured, *places_read(config), *map(Path, config.watch)]

    def sources(self) -> Sources:
        """What the site is made of now."""
        _, *others = self.places()
        return Sources(VaultState.of(self.project, Listing.of(self.project)), list(map(content_of, others)))

    def is_still(self, before: Sources) -> bool:
        """Whether the site is made of the same now."""
        now = self.sources()
        return before.vault.is_still(now.vault, self.project) and before.others == now.others

    def _check(self, project: Project, url_of: Callable[[str], str]) -> None:
        checked = check(project, date.today())
        found: dict[str, list[str]] = {}
        for d in checked.diagnostics(lambda _: True):
            at = checked.source(d.path).lines.position(d.span.start)
            told = clean(f"{d.path}:{at.line}:{at.column}: {d.severity.value}[{d.rule}]: {d.message}")
            found.setdefault(unquote(url_of(d.path)), []).append(told)
            if d.path in self.changed:
                self.say(told)
        self.findings = found


_BANNER = (
    '<details open dir="auto" style="position:fixed;z-index:99;left:0;right:0;bottom:0;max-height:40vh;overflow:auto;'
    'padding:.4rem .8rem;background:#611;color:#fff;font:13px/1.5 monospace"><summary>{title}</summary>{lines}'
    "</details>"
)


class Server(LiveReloadServer):
    """MkDocs' server, told of changes by the system; pages show their findings."""

    def __init__(self, preview: Preview, events: FileEvents, host: str, port: int) -> None:
        super().__init__(preview.build, host, port, str(preview.folder))
        # Another process may be given the same free port until this one listens, if both allow reuse.
        self.allow_reuse_address = port != 0
        self.preview = preview
        self.events = events
        self._watched_paths = {str(preview.project.vault): 1}  # pages are only reloaded where there are any
        self._asked = threading.local()

    def watch(self, path: str, func: None = None, *, recursive: bool = True) -> None:
        """Also for plugins."""
        self.events.follow(Path(path), Path(self.root))

    def serve(self, *, open_in_browser: bool = False) -> None:
        """Answers requests, and builds after every change, until interrupted."""
        self.server_activate()
        self.serve_thread.start()
        while True:
            self.events.wait()
            self._wanted_epoch = livereload._timestamp()  # from here on requests wait
            self.builder()
            with self._epoch_cond:
                self._visible_epoch = self._wanted_epoch
                self._epoch_cond.notify_all()

    def mount(self, url: str) -> None:
        """Serve the site at the path of its address."""
        self.url, self.mount_path = url, urlsplit(url).path

    def server_activate(self) -> None:
        super().server_activate()
        self.preview.say(f"serving {self.url} · follows what you save · Ctrl-C ends it")

    def rebuild(self) -> None:
        """Build again, and have browsers load what is new."""
        self.events.put(frozenset())

    def _serve_request(self, environ: Any, start_response: Any) -> Iterable[bytes] | None:
        self._asked.path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "ignore")
        return super()._serve_request(environ, start_response)

    def _inject_js_into_html(self, content: bytes, epoch: int) -> bytes:
        path = str(self._asked.path).removeprefix(self.mount_path).removesuffix("index.html")
        found = self.preview.findings.get(path, [])
        lines = ([f"not built: {self.preview.failure}"] if self.preview.failure else []) + found
        page: bytes = super()._inject_js_into_html(content, epoch)  # type: ignore[no-untyped-call]
        if not lines:
            return page
        shown = "".join(f"<div>{escape(line)}</div>" for line in lines)
        end = page.rfind(b"</body>")
        banner = _BANNER.format(title=f"kb: {len(lines)}", lines=shown).encode()
        return page[:end] + banner + page[end:] if end >= 0 else page


class _Runs(threading.Thread):
    """Runs the snippets of changed pages, one after another, in the background."""

    def __init__(self, run: Run, done: Callable[[], None], say: Say) -> None:
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
            self.done()


def serve(
    project: Project,
    host: str = "127.0.0.1",
    port: int = 8000,
    say: Say = lambda _: None,
    run: Run | None = None,
) -> None:
    """A live preview that renders what changes, until interrupted. Snippets that have not run are shown as such.

    ``run`` runs the snippets of pages that change, in the background. ``say`` gets messages of the preview. Raises
    KbError when it cannot start.
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
            preview.build()
            config = preview.config
            if config is None:
                raise KbError(preview.failure, "the preview starts when the site can be built once")
            server.mount(config.site_url or "/")
            server.error_handler = lambda code: _error_page(site, code)
            for place in preview.places():
                events.follow(place, site)
            config.plugins.on_serve(server, config=config, builder=preview.build)
            events.start()  # not before the first build: it is shared out among processes, which no threads may see
            if not preview.is_still(before):
                server.rebuild()
            if run is not None:
                runs = _Runs(run, server.rebuild, say)
                runs.start()
                server.builder = _then(preview, runs)
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


def _then(preview: Preview, runs: _Runs) -> Callable[[], None]:
    """Build, and then have the snippets of what has changed run."""

    def build() -> None:
        preview.build()
        if pages := preview.pages_to_run():
            runs.waiting.put(pages)

    return build


def _error_page(site: Path, code: int) -> bytes | None:
    page = site / f"{code}.html"
    return page.read_bytes() if page.is_file() else None

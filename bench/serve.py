"""Live preview beside ``mkdocs serve``: from a save to the page on screen.

usage: python bench/serve.py [PAGES] [EDITS] [--browser] [--wiki FOLDER] [--only kb|mkdocs]

The pages are those of ``make_site.py``; kb's snippets are run beforehand. A page is open, as in a browser: its live
reload asks the server. Then its file is saved. ``on screen`` is the time until the live reload is answered and the page
with the new text is served; ``another page`` until the first page of the site is. Both begin with the save, when the
server has nothing else to do. CPU is that
of the server and its processes until then; kb goes on with lists and search in the background. Tools take turns; the
figures are medians.

``--browser`` also opens the page in Chromium (playwright), scrolled down, and says whether it stays where it was.
``--wiki`` measures kb alone, on a copy of a project's folder.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parent))

import make_site

EPOCH = re.compile(r"livereload\((\d+), (\d+)\);")
KINDS = ("sentence", "title", "new page")
TOOLS = {"MkDocs": ("mkdocs", "mkdocs serve"), "kb": ("kb", "kb serve")}


class Taken(NamedTuple):
    """Seconds from a save."""

    screen: float
    other: float
    cpu: float


class Server:
    """A running preview, and the page that is open in it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, docs: Path, page: str) -> None:
        self.process, self.port, self.docs, self.page = process, port, docs, page
        self.file = docs / f"{page}.md"
        self.first = self.file.read_text("utf-8")

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", quote(path))
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer.status, text

    def cpu(self) -> float:
        """Of the server and of the processes it has waited for."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def rest(self) -> None:
        """Wait until the server has nothing to do, and a second, by which file systems and programs know times."""
        time.sleep(1.2)
        before = -1.0
        while before != (before := self.cpu()):
            time.sleep(0.3)

    def edit(self, kind: str, number: int) -> Taken:
        mark, place = f"Mark {kind} {number} of {time.time_ns()}", f"/{self.page}/"
        file = self.file
        if kind == "sentence":
            text = f"{self.first}\n{mark}.\n"
        elif kind == "title":
            text = re.sub(r"(?m)^title: .*$", f"title: {mark}", self.first, count=1) + f"\n{mark}.\n"
        else:
            name = f"New {number} {time.time_ns()}"
            file, place, text = file.parent / f"{name}.md", "", f"---\ntitle: {name}\n---\n# {name}\n\n{mark}.\n"
            place = f"/{self.page.rpartition('/')[0]}/{name}/"
        self.rest()
        poll, found = self._poll(place) if kind != "new page" else None, ""
        before, started = self.cpu(), time.perf_counter()
        file.write_text(text, encoding="utf-8")
        while mark not in found:
            if poll is not None:
                poll.getresponse().read()
                poll.close()
                poll = self._poll(place)
            else:
                time.sleep(0.005)
            found = self.get(place)[1]
        screen = time.perf_counter() - started
        self.get("/")
        other = time.perf_counter() - started
        if poll is not None:
            poll.close()
        return Taken(screen, other, self.cpu() - before)

    def _poll(self, place: str) -> http.client.HTTPConnection:
        """What the live reload of an open page asks."""
        script = EPOCH.search(self.get(place)[1])
        assert script is not None
        poll = http.client.HTTPConnection("127.0.0.1", self.port)
        referer = {"Referer": f"http://127.0.0.1:{self.port}{quote(place)}"}
        poll.request("GET", f"/livereload/{script[1]}/{script[2]}", headers=referer)
        return poll


@contextlib.contextmanager
def served(tool: str, folder: Path, page: str, log: Path) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if tool == "kb":
        words = ["kbtools.cli", "serve", "--root", str(folder), "--port", str(port), "--no-run"]
    else:
        words = ["mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}", "--config-file", str(folder / "mkdocs.yml")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", *words], stdout=out, stderr=out, env=environment)
    try:
        server = Server(process, port, folder / "docs", page)
        while True:
            assert process.poll() is None, log.read_text("utf-8")
            with contextlib.suppress(OSError):
                if server.get(f"/{page}/")[0] == 200:
                    break
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait()


def scroll_of(server: Server) -> str:
    """Where a browser is on the page before and after a save."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1000, "height": 400})
        tab.goto(f"http://127.0.0.1:{server.port}/{server.page}/")
        tab.evaluate("window.scrollTo(0, 500)")
        before = tab.evaluate("window.scrollY")
        time.sleep(1.2)
        mark = f"Mark {time.time_ns()}"
        started = time.perf_counter()
        server.file.write_text(f"{server.first}\n{mark}.\n", encoding="utf-8")
        tab.wait_for_function("mark => document.body.innerText.includes(mark)", arg=mark)
        taken = time.perf_counter() - started
        tab.wait_for_load_state("load")
        after = tab.evaluate("window.scrollY")
        browser.close()
    return f"in the browser after {taken:.2f} s, scrolled to {before:.0f} before and {after:.0f} after"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="?", type=int, default=300)
    parser.add_argument("edits", nargs="?", type=int, default=3)
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--wiki", type=Path)
    parser.add_argument("--only", choices=("kb", "mkdocs"))
    args = parser.parse_args()
    names = ["kb"] if args.wiki else [n for n in TOOLS if args.only in (None, n.lower())]
    page = "index" if args.wiki else make_site.path(7).removesuffix(".md")
    with tempfile.TemporaryDirectory() as root, contextlib.ExitStack() as running:
        servers = {}
        for name in names:
            folder = Path(root, name)
            if args.wiki:
                unwanted = shutil.ignore_patterns(".git", ".venv", "site", "node_modules", ".kb", "tests")
                shutil.copytree(args.wiki, folder, symlinks=True, ignore=unwanted)
                page = "guide/site"
            else:
                make_site.write(folder, args.pages, "kb" if name == "kb" else "mkdocs")
                if name == "kb":
                    subprocess.run(
                        [sys.executable, "-m", "kbtools.cli", "run"], cwd=folder, check=True, capture_output=True
                    )
            servers[name] = running.enter_context(served(name, folder, page, Path(root, f"{name}.log")))
        taken: dict[tuple[str, str], list[Taken]] = {}
        for number in range(args.edits + 1):  # the first edit finds nothing prepared, and does not count
            for kind in KINDS:
                for name, server in servers.items():
                    found = server.edit(kind, number)
                    if number:
                        taken.setdefault((kind, name), []).append(found)
        what = "this wiki" if args.wiki else f"{args.pages:,} pages"
        print(f"{what}, medians of {args.edits} edits: on screen · another page · CPU, seconds\n")
        print(f"| | {' | '.join(servers)} |\n|---|{'--:|' * len(servers)}")
        for kind in KINDS:
            cells = (
                " · ".join(f"{statistics.median(values):.2f}" for values in zip(*taken[kind, name], strict=True))
                for name in servers
            )
            print(f"| {kind} | {' | '.join(cells)} |")
        if args.browser:
            for name, server in servers.items():
                print(f"{name}: {scroll_of(server)}")


if __name__ == "__main__":
    main()

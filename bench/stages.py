"""Where the time of a cold check goes: each stage by itself, over the same pages, on one core.

usage: python bench/stages.py [PAGES] [ROUNDS]

Printed are microseconds of CPU time a page, the least of the rounds, as a Markdown table. A stage in a loop of its own
finds the processor's caches warm; in a check they take turns, and take about a third longer.
"""

from __future__ import annotations

import gc
import marshal
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parent))

import make_vault

from kbtools import frontmatter, links
from kbtools.check.checker import Checker
from kbtools.config.project import Config, find_project
from kbtools.fields.schema import validate
from kbtools.incremental.database import Database
from kbtools.incremental.rows import finding_row, link_row, outline_row
from kbtools.incremental.stored_outline import outline_of
from kbtools.markdown.scanner import scan
from kbtools.text.source import Source
from kbtools.vault.links.graph import links_of
from kbtools.vault.links.linking import Linking
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.listing import FileEntry, list_files
from kbtools.vault.names import Conventions, DictNameTable, FileNames, NameRecord
from kbtools.vault.page import Page

T = TypeVar("T")


def main(count: str = "2000", rounds: str = "5") -> None:
    least: dict[str, float] = {}
    pages = int(count)

    def stage(name: str, run: Callable[[], T]) -> T:
        began = time.process_time()
        done = run()
        spent = (time.process_time() - began) / pages * 1e6
        least[name] = min(spent, least.get(name, spent))
        return done

    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        vault = Path(folder) / "vault"
        make_vault.make(vault, pages)
        project = find_project(vault)
        for turn in range(int(rounds)):
            one_round(stage, vault, project.config, Path(folder) / f"{turn}.sqlite")
            gc.collect()
    print("| stage | µs a page |\n|---|--:|")
    for name, spent in least.items():
        print(f"| {name} | {spent:.1f} |")
    print(f"| **together** | **{sum(v for k, v in least.items() if not k.startswith('of it')):.0f}** |")


def file_bytes(entry: FileEntry) -> bytes:
    assert entry.stamp is not None
    file = os.open(entry.file, os.O_RDONLY)
    try:
        return os.read(file, entry.stamp[2] + 1)
    finally:
        os.close(file)


def one_round(stage: Callable[..., object], vault: Path, config: Config, file: Path) -> None:
    def run(name: str, do: Callable[[], T]) -> T:
        return stage(name, do)  # type: ignore[return-value]

    docs = vault / "docs"
    entries = run("walk and stat", lambda: list(list_files(docs, config)[0].values()))
    data = run("open and read", lambda: [file_bytes(e) for e in entries])
    sources = run("decode", lambda: [Source.decode(e.path, d) for e, d in zip(entries, data, strict=True)])
    texts = [s.text for s in sources]
    found = run("scan: blocks, headings and their ids", lambda: [scan(t) for t in texts])
    blocks = run(
        "frontmatter", lambda: [frontmatter.parse(t, s.frontmatter) for t, s in zip(texts, found, strict=True)]
    )
    linked = run("wikilinks", lambda: [links.find(t, s) for t, s in zip(texts, found, strict=True)])
    parts = zip(sources, found, blocks, linked, strict=True)
    pages = [Page(*part) for part in parts]
    run("snippets, on one page of ten", lambda: [p.snippets for p in pages])
    run("outline and names, folded", lambda: [outline_row(p) for p in pages])

    def exchange() -> object:
        return marshal.loads(marshal.dumps([(p.path, outline_of(p), tuple(NameRecord.of(p))) for p in pages]))

    run("exchange between the processes", exchange)
    rows = [outline_row(p) for p in pages]
    held = {p.path: p for p in pages}
    names = DictNameTable(held, FileNames(()))
    run("name tables", lambda: (names.by_stem, names.by_title, names.by_fold, names.by_alias, names.by_id))
    resolver = Resolver(names, Conventions.of(config))
    found_links = run("resolution of links", lambda: {p.path: links_of(p, resolver) for p in pages})
    rows = [link_row(r, p, found_links[p.path]) for r, p in zip(rows, pages, strict=True)]
    linked_pages = {target for row in rows for target in row.targets}
    checker = Checker(
        Linking(resolver, config),
        config,
        date.today(),
        held,
        linked_pages.__contains__,
        {},
        lambda p: found_links[p.path],
    )
    schemas = checker.around.schemas
    run("of it: validate", lambda: [validate(p.frontmatter, schemas[p.path]) for p in pages if p.frontmatter])
    rows = run("rules", lambda: [finding_row(r, p, checker, {}) for r, p in zip(rows, pages, strict=True)])
    db = Database(file)
    marks = [(row, (0, 0, 0, None)) for row in rows]
    run("index: rows into SQLite", lambda: db.replace_all(marks, {}))
    db.close()


if __name__ == "__main__":
    if len(sys.argv) > 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

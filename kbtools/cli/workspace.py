"""Shared by commands: finding the project, reading its pages when first needed, writing to the terminal."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.config.project import Project
    from kbtools.rewrite import Run
    from kbtools.text.source import Source
    from kbtools.vault.index import Index
    from kbtools.vault.links.linking import Linking
    from kbtools.vault.listing import Listing
    from kbtools.vault.loading import Vault


def project(args: SimpleNamespace) -> Project:
    """The project that the command line names. Raises KbError if there is none."""
    from kbtools.config.project import find_project, foreign_vault

    if args.vault is not None:
        if args.root is not None:
            raise KbError(
                "--root and --vault exclude each other", "--root names a project, --vault a folder without one"
            )
        found = foreign_vault(Path(args.vault), args.schema or "none", args.exclude)
    elif args.schema is not None:
        raise KbError("--schema goes with --vault", "in a project, set [tool.kb.schema]")
    elif args.exclude:
        raise KbError("--exclude goes with --vault", "in a project, set exclude in [tool.kb]")
    else:
        found = find_project(Path(args.root or "."))
    if (python := getattr(args, "python", None)) is not None:
        found = found._replace(python=os.path.abspath(python))  # noqa: PTH100 - a link to it is its environment
    style, keep_words = getattr(args, "link_style", None), getattr(args, "keep_words", False)
    if style is None and not keep_words:
        return found
    config = found.config
    spelled = config._replace(link_style=style or config.link_style, keep_words=keep_words or config.keep_words)
    return found._replace(config=spelled)


class Workspace:
    """A project with its pages, read and indexed on first use."""

    def __init__(self, project: Project, listing: Listing | None = None) -> None:
        self.project = project
        self._listing = listing

    @cached_property
    def listing(self) -> Listing:
        """The files of the vault."""
        from kbtools.vault.listing import Listing

        return self._listing or Listing.of(self.project)

    @cached_property
    def pages(self) -> tuple[str, ...]:
        """The paths of all pages, sorted."""
        return tuple(sorted(self.listing.pages))

    @cached_property
    def vault(self) -> Vault:
        from kbtools.vault.loading import load

        return load(self.project, listing=self.listing)

    @property
    def is_loaded(self) -> bool:
        """Whether the pages have been read."""
        return "vault" in self.__dict__

    @cached_property
    def index(self) -> Index:
        from kbtools.vault.index import Index

        return Index.build(self.vault)

    def load(self) -> Workspace:
        """Read all pages now."""
        assert self.index
        return self

    @cached_property
    def linking(self) -> Linking:
        from kbtools.vault.links.linking import Linking

        return Linking(self.index, self.project.config)

    def source(self, path: str) -> Source:
        """The text of a page; empty if it was deleted while its snippets ran."""
        from kbtools.text.source import Source

        page = self.vault.pages.get(path) or self.vault.unread.get(path)
        return page.source if page is not None else Source(path, "")

    def narrow(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Paths given by a user as vault paths. Raises KbError for unknown ones."""
        return narrow(self.project, paths, self.pages)


def narrow(found: Project, paths: Iterable[str], pages: Iterable[str]) -> tuple[str, ...]:
    """Paths given by a user (from here, or from the vault) as vault paths. Raises KbError for unknown ones."""
    return tuple(_vault_path(found.vault.resolve(), p, pages) for p in paths)


def _vault_path(base: Path, given: str, pages: Iterable[str]) -> str:
    for candidate in (Path(given), base / given):
        full = candidate.resolve()
        if full.exists() and full.is_relative_to(base):
            return "" if full == base else full.relative_to(base).as_posix()
    from difflib import get_close_matches

    close = get_close_matches(given, pages, n=1, cutoff=0.5)
    raise KbError(f'no page or folder "{given}" in {base}', f"did you mean {close[0]}?" if close else None)


def keep_all() -> None:
    """Disable garbage collection: most commands keep nearly everything they create, and repeated collections took
    almost half of their time. ``main`` restores it."""
    gc.disable()


def collect_rarely() -> None:
    """Freeze existing objects and collect rarely, for work that creates more than it keeps. ``main`` restores the
    settings."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def read(args: SimpleNamespace, *, lasting: bool = False) -> Workspace:
    """Find the project and its pages; warns about an interrupted run of kb.

    ``lasting`` work creates more than it keeps: see ``keep_all``.
    """
    if not lasting:
        keep_all()
    found = project(args)
    warn_unfinished(found)
    return Workspace(found)


def shell_faults(wiki: Workspace) -> Mapping[tuple[str, str], tuple[int, str]]:
    """Results of syntax checks of the wiki's shell fences; prints which shells are missing."""
    from collections import Counter

    pages = wiki.index.pages.values()
    from kbtools.check.shell import judge_of

    judged = judge_of(wiki.project.state)(pages)
    if judged is None:
        return {}
    if judged.unchecked:
        asked = ((s.language.lower(), s.code) for page in pages for s in page.snippets)
        say_unchecked(Counter(judged.unchecked[q] for q in asked if q in judged.unchecked))
    return judged.complaints


def say_unchecked(counts: Mapping[str, int]) -> None:
    """Prints the number of shell fences that could not be checked, by the missing shell."""
    for shell, count in sorted(counts.items()):
        say(f"{plural(count, 'shell fence')} not checked: {shell} is not installed")


def undo_command(found: Project, run: Run) -> str:
    """The command that undoes a run, to be typed in the working directory."""
    from kbtools.edit.history import backups

    return backups(found).undo_command(run)


def warn_unfinished(found: Project) -> None:
    """Warn if an earlier command was killed while it wrote."""
    if not found.backups.is_dir():
        return
    from kbtools.edit.history import backups

    kept = backups(found)
    run = kept.unfinished()
    if run is not None:
        say(f"kb: {kept.interrupted(run)}")


def say(text: str = "") -> None:
    """Prints a message on standard error; standard output is for results."""
    if not text.isprintable():  # what pages and their code say may be part of it
        from kbtools.output.text import harmless

        text = harmless(text)
    print(text, file=sys.stderr, flush=True)


def use_color(stream: object) -> bool:
    """Colour only on a terminal, and never where NO_COLOR is set (no-color.org) or the terminal is dumb."""
    tty = getattr(stream, "isatty", None)
    return bool(tty and tty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def emit(lines: Iterable[str]) -> None:
    """Print lines to standard output with few writes."""
    out = sys.stdout
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) >= 512:
            out.write("\n".join(batch) + "\n")
            batch.clear()
    if batch:
        out.write("\n".join(batch) + "\n")


def plural(n: int, one: str, many: str | None = None) -> str:
    """``1 page``, ``1,204 links``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def unified_diff(before: dict[str, str], after: dict[str, str], color: bool = False) -> Iterator[str]:
    """A patch of changed pages, with control characters escaped for a terminal."""
    from difflib import unified_diff as lines_of

    from kbtools.output.text import harmless, paint

    for path in sorted(after):
        old, new = before[path].split("\n"), after[path].split("\n")
        for line in lines_of(old, new, f"a/{path}", f"b/{path}", lineterm=""):
            code = {"+": "32", "-": "31", "@": "36"}.get(line[:1], "")
            yield paint(harmless(line), code, color and bool(code))


class Stopwatch:
    """Measures the seconds since its creation."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start


def short_seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"

"""Index in memory for long-running processes, with texts newer than those on disk."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from kbtools.config.project import Project
from kbtools.incremental.check import CheckResult, bring_up_to_date, check
from kbtools.incremental.database import FILE, Database
from kbtools.incremental.findings import load_findings
from kbtools.incremental.parsed_pages import ParsedPages
from kbtools.incremental.vault_context import VaultContext
from kbtools.text.diagnostics import Diagnostic
from kbtools.text.source import BOM, Source
from kbtools.vault.listing import FileEntries, FileEntry, Listing, Mark, Stamp, sized

# Modules that parse and check pages are imported on first use: an editor first receives stored findings.
if TYPE_CHECKING:
    from kbtools.config.snippet_policy import Policies
    from kbtools.incremental.rows import Judge
    from kbtools.incremental.update import IndexUpdate
    from kbtools.vault.links.linking import Linking
    from kbtools.vault.links.resolve import Resolver
    from kbtools.vault.page import Page


_AT_ONCE = 10
"""If an edit affects more pages, those that are not open are checked later: each takes at least 0.25 ms."""


class Unsaved(NamedTuple):
    """A text that takes precedence over its file."""

    text: str
    stamp: Stamp
    """Different for each text, and from the stamp of any file."""


class Resident:
    """The result of a check of a vault, updated after every edit.

    An edit may affect thousands of pages, for example if it changes a title. The edited page and the pages open in
    an editor are checked at once, the others when their findings are requested, or by ``settle``. Until then it may
    be outdated whether an open page is an orphan; all its other findings are exact. The constructor and ``refresh``
    raise KbError for a wrong configuration.
    """

    def __init__(self, project: Project, judge: Judge | None = None) -> None:
        self.project = project
        self.policies = project.policies
        self._judge = judge
        self._unsaved: dict[str, Unsaved] = {}
        self._saved: dict[str, Source] = {}
        """Texts equal to their files, for which the stored index is valid."""
        self._edits = 0
        self._pending: set[str] = set()
        """Pages whose findings in the index may be outdated."""
        self._unparsed: set[str] = set()
        """Open pages whose texts are their files, so that opening them did not parse them."""
        self._pages = ParsedPages(self._parse, lambda path: path in self._unsaved or path in self._saved)
        self._day = date.today()
        checked = check(project, self._day, judge=judge)  # updates the index on disk
        self._files = checked.listing
        self.listing = self._with_unsaved()
        """The files of the vault, with unsaved texts in place of those on disk."""
        self._context = VaultContext.of(project, self.listing)
        self._first = dict(checked.found)
        """The findings of pages when the vault was first read."""
        self._preparation = self._steps()
        self._notes = checked.notes
        self._is_kept = not checked.notes
        """Whether the index is on disk."""

    def close(self) -> None:
        if "_db" in self.__dict__:
            self._db.close()

    @cached_property
    def _db(self) -> Database:
        """The index in memory, copied when it is first changed or other pages are requested."""
        made = Database.in_memory(self.project.state / FILE)
        if not (self._is_kept and made.meta()):
            bring_up_to_date(made, self.project, self.listing, self._context, self._day, self._judge, self.read)
        return made

    def prepare(self) -> bool:
        """Does a part of the work that the next edits would have to wait for. Returns False when nothing is left."""
        for _ in self._preparation:
            return True
        self._preparation = self._steps()
        return False

    def _steps(self) -> Generator[None, None, None]:
        _ = self._db
        yield
        self._pending |= self._unparsed & self._saved.keys()
        self._unparsed.clear()
        self.settle()  # with all imports, and the pages parsed, as for an edit
        prepared = None
        while prepared is not self.linking:
            prepared = self.linking
            yield from prepared.prepare()

    # -- changes ---------------------------------------------------------------------------------------------------

    def refresh(self, changed: Collection[str] | None = None) -> None:
        """Reads changes on disk: of these paths, or of all."""
        listing = self._files.after(self.project, changed) if changed is not None and self._is_today else None
        if listing is None or changed is None:
            self._pages.forget(self.listing.is_young)
            self._take(Listing.of(self.project))
            self._compare()
            return
        self._pages.forget(lambda entry: entry.path in changed)
        self._take(listing)
        self._update([path for path in changed if path in listing.entries and path not in self._unsaved])

    def edit(self, path: str, text: str) -> None:
        """Sets the text of a page in an editor, which takes precedence over the file; the file need not exist."""
        if (known := self._text(path)) == text:
            return
        if known is None and self._is_saved(path, text):
            self._saved[path] = Source(path, text)
            self._unparsed.add(path)
            return
        is_new = path not in self.listing.entries
        self._saved.pop(path, None)
        self._put(path, text)
        if path in self._stamps:
            self._stamps[path] = self._unsaved[path].stamp
        else:
            self.listing = self._with_unsaved()
        if is_new or not self._is_today:  # the navigation or a canvas may link to a new page
            self._compare()
        else:
            self._update([path])

    def drop(self, path: str) -> None:
        """Discards the text of a page in an editor; its file is used again."""
        self._saved.pop(path, None)
        if self._unsaved.pop(path, None) is not None:
            self.refresh((path,) if path in self._files.entries else None)

    @property
    def _is_today(self) -> bool:
        """Whether findings that depend on the date are those of today."""
        return self._day == date.today()

    def _text(self, path: str) -> str | None:
        if (unsaved := self._unsaved.get(path)) is not None:
            return unsaved.text
        return self._saved[path].text if path in self._saved else None

    def _put(self, path: str, text: str) -> None:
        self._edits += 1
        self._unsaved[path] = Unsaved(text, (0, self._edits, len(text)))

    def _take(self, listing: Listing) -> None:
        """Takes over a new list of files. A text in an editor takes precedence over a changed file."""
        before, now = self._files.entries.stamps, listing.entries.stamps
        for path in [p for p in self._saved if before.get(p) != now.get(p) or listing.is_young(listing.entries[p])]:
            self._put(path, self._saved.pop(path).text)
        self._files = listing
        self.listing = self._with_unsaved()

    def _with_unsaved(self) -> Listing:
        entries = self._files.entries
        self._stamps = {**entries.stamps, **{path: unsaved.stamp for path, unsaved in self._unsaved.items()}}
        odd = {path: entry for path, entry in entries.odd.items() if path not in self._unsaved}
        return self._files._replace(entries=FileEntries(str(self.project.vault), self._stamps, odd))

    def _update(self, paths: Collection[str]) -> None:
        """Stores changes of pages if no page was added or removed."""
        if not paths:
            return
        marks = {path: self.listing.mark(path) for path in paths}
        with self._changing(marks) as made:
            affected = made.put_outlines()
            now = affected if len(affected) <= _AT_ONCE else affected & {*paths, *self._unsaved, *self._saved}
            made.check(now)
        self._pending = (self._pending | affected) - now

    def settle(self, most: int | None = None) -> bool:
        """Checks pages that are pending: all of them, or this many. Returns whether there were any."""
        paths = set(islice(self._pending, most))
        if paths:
            with self._changing({}) as made:
                made.check(paths & self.listing.entries.keys())
            self._pending -= paths
        return bool(paths)

    @contextmanager
    def _changing(self, marks: Mapping[str, Mark]) -> Iterator[IndexUpdate]:
        from kbtools.incremental.update import IndexUpdate, VaultChange

        change = VaultChange(self.listing.entries, self._context, marks, reader=self.read, is_limited=False)
        made = IndexUpdate(self._db, change, self.project.config, self._day, self._judge, self._take_linking())
        with self._db.transaction():
            yield made
        self.linking = made.linking

    def _compare(self) -> None:
        """Updates the index to all current texts."""
        self._preparation.close()  # it may read from tables that are about to be rebuilt
        self._preparation = self._steps()
        self.settle()
        self._day = date.today()
        self._context = VaultContext.of(self.project, self.listing)
        db, linking = self._db, self._take_linking()
        linking = bring_up_to_date(
            db, self.project, self.listing, self._context, self._day, self._judge, self.read, linking
        )
        if linking is not None:
            self.linking = linking

    def _take_linking(self) -> Linking | None:
        """The linking, if it is known, to be updated; if updating fails, it is built again."""
        linking: Linking | None = self.__dict__.pop("linking", None)
        return linking

    def _is_saved(self, path: str, text: str) -> bool:
        """Whether a text equals the file that the index was built from."""
        stamp = self._files.entries.stamps.get(path)
        if stamp is None:
            return False
        file = self.project.vault / path
        with suppress(OSError):
            data = file.read_bytes()
            status = file.lstat()
            return (
                data == text.encode("utf-8", "surrogatepass")
                and (status.st_mtime_ns, status.st_ctime_ns, status.st_size) == stamp
                and not data.startswith(BOM)
            )
        return False

    def read(self, entry: FileEntry, policies: Policies) -> Page:
        """The page of an entry, from its unsaved text if there is one."""
        return self._pages.read(entry, policies)

    def _parse(self, entry: FileEntry, policies: Policies) -> Page:
        from kbtools.vault.loading import read
        from kbtools.vault.page import decode

        text = self._text(entry.path)  # of an open page that is saved, too: its file may be being written
        if text is None:
            return read(entry, policies)
        data = text.encode("utf-8", "surrogatepass")
        known = sized(entry._replace(stamp=(0, 0, len(data))), self.project.config.max_page_size)
        return decode(entry.path, data, policies.of(entry.path)) if known.trouble is None else read(known, policies)

    # -- queries ---------------------------------------------------------------------------------------------------

    @cached_property
    def linking(self) -> Linking:
        from kbtools.incremental.lookup import linking_of
        from kbtools.vault.names import FileNames

        return linking_of(self._db, FileNames(self.listing.attachments), self.project.config)

    @property
    def resolver(self) -> Resolver:
        return self.linking.resolver

    def page(self, path: str) -> Page | None:
        """A page, parsed from its newest text."""
        return self.read(self.listing.entries[path], self.policies) if path in self.listing.entries else None

    def source(self, path: str) -> Source | None:
        """The text to which a page's findings refer."""
        if (saved := self._saved.get(path)) is not None:
            return saved
        page = self.page(path)
        return page.source if page is not None else None

    def findings(self, path: str) -> list[Diagnostic]:
        """The findings of a page."""
        if path in self._pending:
            with self._changing({}) as made:
                made.check((path,))
            self._pending.discard(path)
        if "_db" in self.__dict__:
            row = self._db.row(path)
            found = row.found if row is not None else ""
        else:
            found = self._first.get(path, "")
        return list(load_findings(path, found)) if found else []

    def result(self) -> CheckResult:
        """The result of a check of the whole vault."""
        self.settle()
        notes, self._notes = self._notes, ()
        return CheckResult(self.listing, self._db.sums(), tuple(self._db.findings()), self._db.unchecked(), notes)

    def linking_to(self, keys: Iterable[str]) -> list[str]:
        """Pages with a link or a frontmatter field that may refer to one of these folded names."""
        found = {path for key in keys for path in (*self._db.linking(key), *self._db.referring(key))}
        return sorted(found)

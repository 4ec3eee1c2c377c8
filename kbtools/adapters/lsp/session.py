"""State of the language server: open documents, and the wikis they lie in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kbtools.adapters.lsp.open_vault import OpenVault, may_be_of_another, path_in, project_of, top_of
from kbtools.adapters.lsp.wire.addresses import path_of
from kbtools.adapters.lsp.wire.connection import Connection
from kbtools.adapters.lsp.wire.protocol import Diagnostic, Params, TextDocumentEdit, WorkspaceEdit
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.adapters.lsp.running import Run
    from kbtools.vault.file_events import Changed

ENCODINGS = ("utf-8", "utf-16", "utf-32")


class Document:
    """A text that an editor has open."""

    def __init__(self, text: str, version: int | None) -> None:
        self.text, self.version = text, version
        self.published: tuple[int | None, list[Diagnostic]] | None = None
        """The version and findings that were published last."""
        self.is_told = False
        """Whether findings were published, or could not be."""


class Session:
    """Every document belongs to the wiki that its file lies in; each wiki is read when first asked for."""

    def __init__(self, connection: Connection, params: Params) -> None:
        self.connection = connection
        self.documents: dict[str, Document] = {}
        self.spaces: dict[Path, OpenVault] = {}
        named = [folder["uri"] for folder in params.get("workspaceFolders") or ()] or [params.get("rootUri") or ""]
        self.folders = [folder for uri in named if (folder := path_of(uri)) is not None]
        self.progress: dict[str, Run] = {}
        """The runs of snippets, by the token of their progress."""
        self.is_stale = False
        """Whether the findings that were published may be those of older texts."""
        self._capabilities = params.get("capabilities")
        offered = self._capability("general", "positionEncodings") or ()
        self.encoding: str = next((name for name in offered if name in ENCODINGS), "utf-16")
        self._places: dict[str, tuple[Path, str] | None] = {}
        """Where documents lie, by address."""
        self._changed: dict[OpenVault, Changed] = {}
        """Files that may have changed and have not been read since."""
        self._typed: dict[str, None] = {}
        """Documents whose texts their wikis do not know yet, by address."""
        self._complaints: set[str] = set()
        self._unwatched: set[OpenVault] = set()
        """Wikis whose files the system cannot watch."""

    def close(self) -> None:
        for run in (*self.progress.values(),):
            run.cancel()
            run.join()
        for space in self.spaces.values():
            space.close()

    def _capability(self, *names: str) -> Any:
        found: Any = self._capabilities
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def supports(self, *names: str) -> bool:
        """Whether the client has a capability."""
        return bool(self._capability(*names))

    def edits_files(self, kind: str) -> bool:
        """Whether an edit that the client makes may create or rename files: ``create``, ``rename``."""
        return kind in (self._capability("workspace", "workspaceEdit", "resourceOperations") or ())

    def for_client(self, edit: WorkspaceEdit) -> WorkspaceEdit:
        """A change of several pages: of open documents in the version it was made for, so that it is refused after
        further typing; without annotations and versions for a client that does not know them."""
        versions = {space.uri(path): document.version for document, space, path in self._open_pages()}
        has_annotations = self._capability("workspace", "workspaceEdit", "changeAnnotationSupport") is not None
        if not has_annotations:
            edit.pop("changeAnnotations", None)
        for made in edit.get("documentChanges", ()):
            change = cast("dict[str, Any]", made)
            if (named := change.get("textDocument")) is not None:
                named["version"] = versions.get(named["uri"])
            for one in (change, *change.get("edits", ())) if not has_annotations else ():
                one.pop("annotationId", None)
        if not any(self.supports("workspace", "workspaceEdit", n) for n in ("documentChanges", "resourceOperations")):
            changes = cast("list[TextDocumentEdit]", edit["documentChanges"])
            return {"changes": {change["textDocument"]["uri"]: change["edits"] for change in changes}}
        return edit

    def _open_pages(self) -> Iterator[tuple[Document, OpenVault, str]]:
        for uri, document in self.documents.items():
            if (found := self.space(uri)) is not None:
                yield document, *found

    @property
    def watches_files(self) -> bool:
        """Whether the client reports changes of files on disk."""
        return self.supports("workspace", "didChangeWatchedFiles", "dynamicRegistration")

    # -- wikis -----------------------------------------------------------------------------------------------------

    def space(self, uri: str) -> tuple[OpenVault, str] | None:
        """The wiki of a document and its path there; None for what is not a page."""
        if uri not in self._places:
            self._places[uri] = self._place(uri)
        place = self._places[uri]
        return (self.spaces[place[0]], place[1]) if place is not None else None

    def _place(self, uri: str) -> tuple[Path, str] | None:
        """The vault of a document, which is read if it was not yet, and its path there."""
        file = path_of(uri)
        if file is None:
            return None
        for root in sorted(self.spaces, key=lambda root: -len(root.parts)):
            project = self.spaces[root].project
            if (path := path_in(project, file)) is not None and not may_be_of_another(project, file):
                return root, path
        try:
            found = project_of(file, self.folders)
            path = path_in(found, file) if found is not None else None
            if found is None or path is None:
                return None
            if found.vault in self.spaces:
                return found.vault, path
            space = self.spaces[found.vault] = OpenVault(found, self.encoding, top_of(found, file, path))
        except KbError as error:
            self.complain(error)
            return None
        self._take_texts(space)
        return found.vault, path

    def _take_texts(self, space: OpenVault) -> None:
        """Have a wiki that is read anew know the documents that are open in it: it may not have been readable when
        they were opened."""
        for uri, document in self.documents.items():
            file = path_of(uri)
            if file is not None and (path := path_in(space.project, file)) is not None:
                space.resident.edit(path, document.text)

    def vaults_of(self, files: Iterable[Path]) -> list[OpenVault]:
        """The wikis in which files or folders lie."""
        found: dict[OpenVault, None] = {}
        for file in files:
            beside = file / "index.md" if file.is_dir() else file.with_name("index.md")
            if (place := self.space(beside.as_uri())) is not None:
                found[place[0]] = None
        return list(found)

    def forget_places(self) -> None:
        """Have documents looked up anew: another configuration may give them to another wiki."""
        self._places.clear()

    def watch(self) -> None:
        """Watch the files of wikis, where the client does not."""
        for space in list(self.spaces.values()) if not self.watches_files else ():
            if space.watch is None and space not in self._unwatched:
                from kbtools.adapters.lsp.watching import Watch

                try:
                    space.watch = Watch(space.project, partial(self._told_of, space))
                    self.refresh_all(space)  # what has changed before
                except KbError as error:
                    self._unwatched.add(space)
                    self.complain(error)

    def _told_of(self, space: OpenVault, changed: Changed) -> None:  # on the watch's thread
        self.connection.call_soon(lambda: self.files_changed(space, changed))

    def complain(self, error: KbError) -> None:
        """Say once what cannot be done."""
        if error.in_one_line not in self._complaints:
            self._complaints.add(error.in_one_line)
            self.show(error.in_one_line)

    def show(self, text: str) -> None:
        """Show a message as a warning."""
        self.connection.notify("window/showMessage", {"type": 2, "message": f"kb: {text}"})

    def refresh(self, space: OpenVault, changed: Collection[str]) -> None:
        """Read what has changed on disk, of these pages."""
        space.resident.refresh(changed)
        self.is_stale = True

    def refresh_all(self, space: OpenVault) -> None:
        """Read what has changed on disk, the configuration included; of one that cannot be read, what was read last
        holds."""
        self.is_stale = True
        fresh = None
        try:
            fresh = self._configured_anew(space)
            if fresh is None:
                space.forget_baseline()
                space.resident.refresh()
        except KbError as error:
            self.complain(error)
        if fresh is None:
            return
        self._complaints.clear()
        del self.spaces[space.project.vault]
        space.close()
        self.spaces[fresh.project.vault] = fresh
        self.forget_places()
        self._take_texts(fresh)

    def _configured_anew(self, space: OpenVault) -> OpenVault | None:
        """The wiki by its configuration now; None if that is the same, or cannot be read."""
        try:
            project = project_of(space.project.vault / "index.md", self.folders) or space.project
            if project == space.project:
                return None
            is_same = project.vault == space.project.vault
            return OpenVault(project, space.encoding, space.top if is_same else None)
        except KbError as error:
            self.complain(error)
            return None

    def files_changed(self, space: OpenVault, files: Collection[Path] | None) -> None:
        """Have files of a wiki that may have changed read before anything is told next; None for any. A build may write
        faster than they can be read."""
        held = self._changed.get(space, frozenset())
        self._changed[space] = None if files is None or held is None else held.union(files)
        self.is_stale = True

    def take(self, uri: str) -> None:
        """Have a document's new text known to its wiki before anything is told next. On a long page, texts are typed
        faster than they can be read."""
        self._typed.pop(uri, None)
        self._typed[uri] = None
        self.is_stale = True

    def _read_changed(self) -> None:
        while self._changed or self._typed:
            try:
                if self._changed:
                    space, files = self._changed.popitem()
                    if self.spaces.get(space.project.vault) is space:
                        self._read_files(space, files)
                    continue
                uri = next(iter(self._typed))
                del self._typed[uri]
                if uri in self.documents and (found := self.space(uri)) is not None:
                    found[0].resident.edit(found[1], self.documents[uri].text)
            except KbError as error:
                self.complain(error)

    def _read_files(self, space: OpenVault, files: Changed) -> None:
        vault, root = space.project.vault, space.project.root
        pages = [f.relative_to(vault).as_posix() for f in files or () if f.suffix == ".md" and f.is_relative_to(vault)]
        others = [f for f in files or () if f.suffix != ".md" and (f.is_relative_to(vault) or f.is_relative_to(root))]
        decides = any(not is_internal(f.relative_to(vault if f.is_relative_to(vault) else root)) for f in others)
        if files is None or decides:
            self.refresh_all(space)  # attachments, configuration, schemas
        elif pages:
            self.refresh(space, pages)

    # -- findings --------------------------------------------------------------------------------------------------

    def publish(self) -> None:
        """Tell what is wrong with every open document, as the whole wiki is now, where that has changed."""
        self._read_changed()
        self.is_stale = False
        from kbtools.adapters.lsp.diagnostics import has_results, published

        for uri, document in self.documents.items():
            found = self.space(uri)
            with_results, document.is_told = document.is_told, True
            if not with_results and found is not None and has_results(found[0]):
                self.is_stale = True  # results are read once the first findings have been told
            try:
                new = published(*found, with_results=with_results) if found is not None else []
                findings = (document.version, new)
            except KbError as error:  # a baseline that cannot be read
                self.complain(error)
                continue
            if findings != document.published:
                document.published = findings
                self.connection.notify(
                    "textDocument/publishDiagnostics", {"uri": uri, "version": findings[0], "diagnostics": findings[1]}
                )


def is_internal(path: Path) -> bool:
    """Whether a file is of a program and decides nothing, such as those of git and of kb."""
    return any(part.startswith(".") and part != ".obsidian" for part in path.parts)

"""The state that ``kb check --watch`` keeps between checks."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kbtools.cli.workspace import Workspace
    from kbtools.config.project import Project
    from kbtools.incremental.check import CheckResult
    from kbtools.incremental.resident import Resident
    from kbtools.run.results.outcomes import Outcome
    from kbtools.vault.listing import Listing


class KeptCheck:
    """The index in memory, and the outcomes of snippets."""

    def __init__(self) -> None:
        self._resident: Resident | None = None
        self._outcomes: list[Outcome] = []
        self._files: frozenset[str] = frozenset()
        self._changed: frozenset[str] | None = None

    def after(self, changed: frozenset[str] | None) -> KeptCheck:
        """Sets the paths that changed since the last check; None if any file may have changed."""
        self._changed = changed
        return self

    def checked(self, project: Project) -> CheckResult:
        """Check what has changed. Raises KbError for a wrong configuration."""
        from kbtools.check.shell import judge_of
        from kbtools.incremental.resident import Resident

        if self._resident is None or self._resident.project != project:
            if self._resident is not None:
                self._resident.close()
                self._resident = None  # if another cannot be made
            self._resident = Resident(project, judge_of(project.state))
            self._changed = None
        else:
            self._resident.refresh(self._changed)
        return self._resident.result()

    def prepare(self) -> bool:
        """Do part of the next check's work in advance. Returns False if nothing is left to do."""
        return self._resident is not None and self._resident.prepare()

    def to_run(self, listing: Listing) -> list[str] | None:
        """The pages whose snippets may have other outcomes than at the last run; None for all."""
        files, self._files = self._files, listing.attachments
        if self._changed is None or self._changed & (files | listing.attachments):
            return None  # snippets may use any file
        return sorted(self._changed & listing.pages)

    def run(
        self, wiki: Workspace, args: SimpleNamespace, paths: Sequence[str], again: list[str] | None
    ) -> list[Outcome]:
        """The outcomes of all selected snippets, after those of the pages ``again`` have been run."""
        from kbtools.cli.running.local import run_snippets
        from kbtools.run.results.outcomes import by_place

        if again is None:
            self._outcomes = list(run_snippets(wiki, args, paths).outcomes)
            return self._outcomes
        ran = run_snippets(wiki, args, again).outcomes if again else ()
        stale, pages = {*again}, wiki.listing.pages
        kept = (o for o in self._outcomes if o.path in pages and o.path not in stale)
        self._outcomes = by_place([*kept, *ran])
        return self._outcomes

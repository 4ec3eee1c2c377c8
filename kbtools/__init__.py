"""kbtools: a knowledge-base wiki engine whose code examples are proven to run.

``check``, ``run`` and ``build`` do what the commands ``kb check``, ``kb run`` and ``kb build`` do, and return values
instead of printing; ``Vault.load`` reads pages. A project is found from a path upwards, as the commands find it; any
other folder of Markdown is looked at as it is.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kbtools.errors import KbError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from kbtools.config.project import Project
    from kbtools.output.findings import Findings
    from kbtools.run.results.outcomes import Outcome
    from kbtools.vault.listing import Listing
    from kbtools.vault.loading import Vault as Vault

__version__ = "0.1.0"

__all__ = ["KbError", "NotProven", "Vault", "build", "check", "run"]


class NotProven(KbError):
    """A site is not built because of errors in its pages."""

    def __init__(self, findings: Findings) -> None:
        errors = [d for d in findings.diagnostics if d.severity.value == "error"]
        message = f"nothing was built: errors in the pages ({len(errors)}), the first in {errors[0].path}"
        super().__init__(message, "kb check lists them")
        self.findings = findings


def check(path: str | os.PathLike[str] = ".", *, run: bool = False) -> Findings:
    """Everything that the rules find in a vault, and with ``run`` in what its snippets do.

    Findings that a baseline accepts are among them. Raises KbError for a configuration that cannot be used.
    """
    from datetime import date
    from pathlib import Path

    from kbtools.check.failures import failing
    from kbtools.check.shell import judge_of
    from kbtools.check.shown_code import of_code_that_counts
    from kbtools.check.summarized import summarized
    from kbtools.config.project import project_or_folder
    from kbtools.incremental.check import check as check_changes
    from kbtools.output.findings import Findings
    from kbtools.run.report import failed

    project = project_or_folder(Path(path))
    checked = check_changes(project, date.today(), judge=judge_of(project.state))
    counting, _ = of_code_that_counts(project, checked.diagnostics(lambda _: True))
    found = list(summarized(project, counting)[0])
    outcomes: tuple[Outcome, ...] = ()
    if run:
        for page in {d.path for d in found}:
            checked.source(page)  # findings speak of a page as it is now, whoever edits it during the run
        outcomes = _run(project, checked.listing)
        found += (d for _, d in failing(project.config, failed(outcomes), checked.source))
        found.sort(key=lambda d: (d.path, d.span.start, d.rule))
    totals = checked.totals
    return Findings(
        tuple(found),
        checked.source,
        tuple(checked.pages),
        rules_url=project.config.rules_url,
        links={"links": totals.links, "broken": totals.broken, "ambiguous": totals.ambiguous},
        outcomes=outcomes,
    )


def run(path: str | os.PathLike[str] = ".", *, pages: Iterable[str] = (), device: str = "auto") -> tuple[Outcome, ...]:
    """Run the snippets of a vault, or of some of its ``pages``, and return what became of each.

    Results are kept and answered from what is kept, as by ``kb run``. Raises KbError when no worker can be started.
    """
    from pathlib import Path

    from kbtools.config.project import project_or_folder
    from kbtools.vault.listing import Listing

    pages = tuple(pages)
    project = project_or_folder(Path(path))
    listing = Listing.of(project)
    unknown = sorted(set(pages) - listing.pages)
    if unknown:
        raise KbError(f'no page "{unknown[0]}" in {project.vault}', "pages are named by their paths in the vault")
    return _run(project._replace(held_to="run") if pages else project, listing, pages, device)


def build(path: str | os.PathLike[str] = ".") -> Path:
    """Check a project and run its snippets, then build its site; returns the site's folder.

    Raises NotProven when there are errors, and KbError when the site cannot be built; the old one stands then.
    """
    from pathlib import Path

    from kbtools.config.project import find_project
    from kbtools.site.build import build as build_site
    from kbtools.text.diagnostics import Severity

    findings = check(path, run=True)
    if findings.count(Severity.ERROR):
        raise NotProven(findings)
    return build_site(find_project(Path(path)))


def _run(project: Project, listing: Listing, pages: Collection[str] = (), device: str = "auto") -> tuple[Outcome, ...]:
    from kbtools.run.devices.host_info import cores
    from kbtools.run.job import DeviceRequest, RunOptions
    from kbtools.run.pages import plan_pages, run_planned
    from kbtools.run.plan import Planner
    from kbtools.run.results.outcomes import by_place
    from kbtools.run.results.store import Store

    planner = Planner(project, DeviceRequest.parse(device))
    paths = sorted(set(pages) or listing.pages)
    planned = plan_pages(listing, paths, planner, project.policies, Store(project.state))
    options = RunOptions(workers=max(1, min(cores(), len(planned.jobs))), cached=True, vault=str(project.vault))
    ran = run_planned(project.state, planned, options) if planned.jobs else ()
    return tuple(by_place([*planned.known, *ran]))


class _Room(ModuleType):
    """A package whose name is that of a function too: ``kbtools.run(path)`` beside ``kbtools.run.job``.

    Python sets the attribute of a package to a subpackage once that is imported, whatever it was before.
    """

    def __call__(self, *args: Any, **options: Any) -> Any:
        return _FUNCTIONS[self.__name__](*args, **options)


_FUNCTIONS: dict[str, Callable[..., Any]] = {"kbtools.check": check, "kbtools.run": run}


def make_callable(name: str) -> None:
    """Let a package of kbtools be called as the function of its name."""
    sys.modules[name].__class__ = _Room


def __getattr__(name: str) -> Any:
    if name == "Vault":
        from kbtools.vault.loading import Vault

        return Vault
    raise AttributeError(f"module {__name__} has no attribute {name}")

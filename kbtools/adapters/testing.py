"""Test helpers: run the snippets of a page given as text and return their outcomes."""

from __future__ import annotations

from kbtools.run.job import DeviceRequest, Job, Limits
from kbtools.run.plan import plan
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results.outcomes import Outcome
from kbtools.run.runner import run
from kbtools.run.session import ProcessSettings, Session
from kbtools.text.source import Source
from kbtools.vault.page import Page


def jobs_of(
    text: str,
    *,
    path: str = "Page.md",
    device: str = "cpu",
    available: tuple[str, ...] = ("cpu",),
    rehearse: bool = False,
) -> tuple[Job, ...]:
    """The jobs of a page given as text, on a machine that has ``available``."""
    page = Page.parse(Source(path, text))
    there = dict.fromkeys(available, True)
    return plan(path, page.snippets, DeviceRequest.parse(device), there, Limits(timeout=20.0), rehearse=rehearse)


def run_page(
    text: str, launcher: Launcher | None = None, *, path: str = "Page.md", settings: ProcessSettings | None = None
) -> dict[str, Outcome]:
    """Run a page given as text on the CPU; its outcomes by the snippets' own ids.

    With ``settings`` and a launcher, sessions run with these.
    """
    jobs = jobs_of(text, path=path)
    if settings is None:
        outcomes = run(jobs, launcher)
    else:
        outcomes = tuple(outcome for job in jobs for outcome in Session(job, launcher, settings))
    return {outcome.id.partition("::")[2].rpartition("[")[0]: outcome for outcome in outcomes}

"""Results of a page's snippets, and whether they suffice to publish it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from kbtools.config.project import Publish
from kbtools.run.results.figures import Figure
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.snippets import Snippet
from kbtools.vault.page import Page


@dataclass(frozen=True, slots=True)
class ShownOutcome:
    """The outcome of one snippet on one device, with its machine and date."""

    outcome: Outcome
    torch: str | None = None
    """The version of torch it ran under."""
    when: date | None = None
    machine: str | None = None
    """The description of the machine: a name, the hardware."""
    accepted: bool = False
    """True if it failed and may still be published as failed: it is in the baseline, or not an error by the
    configuration."""
    known: date | None = None
    """The date since when the baseline accepts the failure."""
    fresh: bool = True
    """False if the snippet, an earlier one of its session, or the environment has changed since."""


FIGURES = "assets/kb-figures"
"""The site's folder for figures."""
BAD = (Status.FAILED, Status.ERROR)


def snippet_key(path: str, snippet_id: str) -> str:
    """The part of an outcome's id before the device: ``topics/Autograd.md::backward``."""
    return f"{path}::{snippet_id}"


def snippet_of(outcome: Outcome) -> str:
    """The same for an outcome."""
    return outcome.id.removesuffix(f"[{outcome.device}]")


@dataclass(frozen=True, slots=True)
class Results:
    """All results of a vault, by snippet."""

    runs: Mapping[str, tuple[ShownOutcome, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, runs: Iterable[ShownOutcome]) -> Results:
        """Results by snippet. If there are several for one device, the last is used, but skips never replace other
        results."""
        held: dict[str, dict[str, ShownOutcome]] = {}
        for run in runs:
            by_device = held.setdefault(snippet_of(run.outcome), {})
            old = by_device.get(run.outcome.device)
            if old is None or run.outcome.outcome is not Status.SKIPPED or old.outcome.outcome is Status.SKIPPED:
                by_device[run.outcome.device] = run
        return cls({name: tuple(by_device.values()) for name, by_device in held.items()})

    def with_pages(self, paths: Collection[str], fresh: Results) -> Results:
        """With the results of these pages replaced."""
        others = {name: runs for name, runs in self.runs.items() if name.rpartition("::")[0] not in paths}
        return Results({**others, **fresh.runs})

    def figures(self) -> tuple[Figure, ...]:
        """All figures, without duplicates."""
        held = {f.name: f for runs in self.runs.values() for run in runs for f in run.outcome.figures}
        return tuple(held.values())

    def of_snippet(self, path: str, snippet: Snippet) -> tuple[ShownOutcome, ...]:
        return self.runs.get(snippet_key(path, snippet.id), ())

    def proven(self, page: Page) -> tuple[int, int]:
        """How many of a page's executable snippets have passed on some device with their present code, and how many
        there are."""
        held = [self.of_snippet(page.path, s) for s in page.snippets if s.executable]
        good = (Status.PASSED, Status.XFAILED)
        return sum(any(r.fresh and r.outcome.outcome in good for r in runs) for runs in held), len(held)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a page cannot be published."""

    path: str
    line: int
    id: str
    kind: str
    """``missing``, ``stale``, ``failed`` or ``error``."""
    detail: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.id}: {self.detail}"


def obstacles(pages: Iterable[Page], results: Results, publish: Publish = "proven") -> list[Obstacle]:
    """Every executable snippet whose results do not suffice to publish the site.

    Skipped snippets are not listed, nor those blocked by a skipped one: a failed snippet is an obstacle itself.
    """
    found: list[Obstacle] = []
    if publish == "any":
        return found
    for page in pages:
        for snippet in page.snippets:
            if not snippet.executable:
                continue
            runs = results.of_snippet(page.path, snippet)
            place = (page.path, snippet.line, snippet.id)
            if not runs:
                found.append(Obstacle(*place, "missing", "has not been run"))
            for run in runs:
                device = run.outcome.device
                if not run.fresh:
                    found.append(Obstacle(*place, "stale", f"has changed since it was run on {device}"))
                elif run.outcome.outcome in BAD and not run.accepted and publish == "proven":
                    lines = (run.outcome.message or run.outcome.reason or "").strip().split("\n")
                    what = run.outcome.outcome.value
                    found.append(Obstacle(*place, what, f"{what} on {device}: {lines[-1]}".rstrip(": ")))
    return found


_LISTED = 10


def refusal(found: list[Obstacle]) -> str:
    """The reasons why a site is not built, for a terminal."""
    shown = "\n".join(f"  {o}" for o in found[:_LISTED])
    more = f"\n  … and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    kinds = {o.kind for o in found}
    way = "`kb run` runs them" if kinds <= {"missing", "stale"} else "correct them and `kb run` again"
    n = len(found)
    return f"{n} snippet result{'s' if n > 1 else ''} cannot be published; {way}\n{shown}{more}"

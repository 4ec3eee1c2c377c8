"""What a run has to know of a page: its jobs, and how many of its fences are none; as a value and as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from kbtools.execution.job import Job, Step, Wanted

if TYPE_CHECKING:
    from kbtools.snippets import Snippet

_STEP = tuple(field.name for field in fields(Step))
_EXPECTS = _STEP.index("expects")
_TUPLES = tuple(_STEP.index(name) for name in ("requires", "uses", "defines", "needs", "changes", "imports"))
_encode = json.JSONEncoder(separators=(",", ":"), default=astuple).encode


class Fences(NamedTuple):
    """How many fences there are, and why some of them are not executable."""

    total: int
    idle: Mapping[str, int]

    @property
    def executable(self) -> int:
        return self.total - sum(self.idle.values())

    @classmethod
    def of(cls, snippets: Sequence[Snippet]) -> Fences:
        idle: dict[str, int] = {}
        for snippet in snippets:
            if not snippet.executable:
                why = snippet.why_not or "no reason known"
                idle[why] = idle.get(why, 0) + 1
        return cls(len(snippets), idle)

    @classmethod
    def sum(cls, each: Iterable[Fences]) -> Fences:
        total, idle = 0, dict[str, int]()
        for one in each:
            total += one.total
            for why, number in one.idle.items():
                idle[why] = idle.get(why, 0) + number
        return cls(total, idle)


@dataclass(frozen=True, slots=True)
class Planned:
    """A page as a run sees it."""

    jobs: tuple[Job, ...]
    fences: Fences


NOTHING = Planned((), Fences(0, {}))
"""Of a page that cannot be read, or has no fences."""


def dump(planned: Planned, unmet: Callable[[str], str | None]) -> str:
    """As text, with what its ``requires=`` came to. ASCII alone: code may hold what UTF-8 does not."""
    required = sorted({name for job in planned.jobs for step in job.steps for name in step.requires})
    jobs = [(j.session, j.device, [[getattr(s, name) for name in _STEP] for s in j.steps]) for j in planned.jobs]
    return _encode((planned.fences, {name: unmet(name) for name in required}, jobs))


def load(path: str, text: str, unmet: Callable[[str], str | None]) -> Planned | None:
    """The inverse of ``dump``; None where a requirement is met that was not, or the reverse.

    Raises ValueError, TypeError, LookupError or AttributeError for what ``dump`` has not written.
    """
    (total, idle), required, jobs = json.loads(text)
    if any(unmet(name) != why for name, why in required.items()):
        return None
    return Planned(
        tuple(Job(path, session, device, tuple(map(_step, steps))) for session, device, steps in jobs),
        Fences(total, idle),
    )


def _step(values: list[object]) -> Step:
    expects = values[_EXPECTS]
    values[_EXPECTS] = tuple(_wanted(*wanted) for wanted in expects) if expects else ()  # type: ignore[attr-defined]
    for at in _TUPLES:
        values[at] = tuple(values[at])  # type: ignore[arg-type]
    return Step(*values)  # type: ignore[arg-type]


def _wanted(line: int, text: str, statement: list[int] | None, *rest: Any) -> Wanted:
    return Wanted(line, text, (statement[0], statement[1]) if statement else None, *rest)

"""The baseline: findings a project has accepted for now, so that checks fail on new ones only.

An entry names a rule, a page and the text that the finding is about, never a line: edits elsewhere on the page do not
affect it. If the same text is found several times, the entry has the count, and one more is new.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from kbtools.errors import KbError
from kbtools.text.diagnostics import Diagnostic, subject
from kbtools.text.source import Source

FILE = "kb-baseline.json"
"""A file in the project's root, under version control."""
VERSION = 1
SNIPPETS = "failing-snippet"
"""The rule of failed snippets. The text of its entries begins with a device, ``cpu: print(x)``, because a machine
without that device can neither confirm nor remove them."""

_LONGEST = 200
_HINT = "restore it from version control, or write it anew: kb baseline"


class Key(NamedTuple):
    """Findings with equal keys are the same finding."""

    rule: str
    page: str
    about: str


class BaselineEntry(NamedTuple):
    """An accepted finding."""

    key: Key
    since: date
    times: int = 1

    def __str__(self) -> str:
        times = f" ({self.times} times)" if self.times > 1 else ""
        what = f": {self.key.about}" if self.key.about else ""
        return f"{self.key.page}: {self.key.rule}{what}{times}"

    @property
    def device(self) -> str | None:
        """The device on which the snippet failed."""
        return self.key.about.partition(": ")[0] if self.key.rule == SNIPPETS else None


class Comparison(NamedTuple):
    """Result of comparing findings with the baseline."""

    new: tuple[Diagnostic, ...]
    known: tuple[tuple[Diagnostic, date], ...]
    """Each with the date since which it is accepted."""
    mended: tuple[BaselineEntry, ...]
    """Accepted findings that no longer occur; ``times`` is how many fewer there are."""


Sources = Callable[[str], Source]
Answered = Callable[[BaselineEntry], bool]
"""Whether the check could have found an entry: its page, rule and device were part of the check."""


def key_of(d: Diagnostic, sources: Sources) -> Key:
    # A lone surrogate cannot be written to a file.
    about = subject(d, sources(d.path).text).encode("utf-8", "replace").decode("utf-8")
    if len(about) > _LONGEST:
        from hashlib import sha256

        digest = sha256(about.encode("utf-8")).hexdigest()[:12]
        about = f"{about[: _LONGEST - 40]} … {digest}"
    return Key(d.rule, d.path, about)


class Baseline(NamedTuple):
    """Accepted findings, sorted by page, rule and text."""

    entries: tuple[BaselineEntry, ...] = ()

    @classmethod
    def parse(cls, text: str, where: str = FILE) -> Baseline:
        """Parses the file of a baseline. Raises KbError if it is not valid."""
        try:
            data = json.loads(text)
            if data["version"] != VERSION:
                raise KbError(f"{where} is of version {data['version']}, and this kb knows {VERSION}", "use a newer kb")
            entries = [
                BaselineEntry(
                    Key(_text(e["rule"]), _text(e["page"]), _text(e["about"])),
                    date.fromisoformat(e["since"]),
                    _count(e.get("count", 1)),
                )
                for e in data["findings"]
            ]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
            what = f"line {e.lineno}: {e.msg}" if isinstance(e, json.JSONDecodeError) else f"{type(e).__name__}: {e}"
            raise KbError(f"{where} cannot be read as a baseline: {what}", _HINT) from e
        return cls.of(entries)

    @classmethod
    def of(cls, entries: Iterable[BaselineEntry]) -> Baseline:
        """Entries sorted by key. Those with the same key are merged: counts are added, the earliest date is kept."""
        held: dict[Key, BaselineEntry] = {}
        for e in entries:
            old = held.get(e.key)
            held[e.key] = BaselineEntry(e.key, min(e.since, old.since), e.times + old.times) if old else e
        return cls(tuple(sorted(held.values(), key=lambda e: (e.key.page, e.key.rule, e.key.about))))

    @classmethod
    def read(cls, root: Path) -> Baseline | None:
        """The baseline of the project at ``root``; None when it has none. Raises KbError when it cannot be read."""
        file = root / FILE
        try:
            return cls.parse(file.read_text(encoding="utf-8"), str(file))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as e:
            raise KbError(f"{file} cannot be read: {e}", _HINT) from e

    def since(self, d: Diagnostic, sources: Sources) -> date | None:
        """The date since which a finding is accepted; None if it is new."""
        key = key_of(d, sources)
        return next((e.since for e in self.entries if e.key == key), None)

    def text(self) -> str:
        """The content of the file: one entry a line, so that version control shows and merges single entries."""
        rows = []
        for e in self.entries:
            row = {"page": e.key.page, "rule": e.key.rule, "about": e.key.about, "since": e.since.isoformat()}
            rows.append(json.dumps({**row, "count": e.times} if e.times > 1 else row, ensure_ascii=False))
        body = ",\n".join(rows)
        return (
            f'{{"version": {VERSION}, "findings": [\n{body}\n]}}\n'
            if rows
            else f'{{"version": {VERSION}, "findings": []}}\n'
        )

    @property
    def total(self) -> int:
        return sum(e.times for e in self.entries)

    def compare(self, found: Iterable[Diagnostic], sources: Sources, answered: Answered) -> Comparison:
        """Separates new from known findings, and lists the entries that no longer occur."""
        left = Counter({e.key: e.times for e in self.entries})
        since = {e.key: e.since for e in self.entries}
        new: list[Diagnostic] = []
        known: list[tuple[Diagnostic, date]] = []
        for d in found:
            key = key_of(d, sources)
            if left[key] > 0:
                left[key] -= 1
                known.append((d, since[key]))
            else:
                new.append(d)
        mended = tuple(e._replace(times=left[e.key]) for e in self.entries if left[e.key] > 0 and answered(e))
        return Comparison(tuple(new), tuple(known), mended)

    def record(self, found: Iterable[Diagnostic], sources: Sources, today: date, answered: Answered) -> Baseline:
        """The baseline that accepts all of these findings. Known ones keep their date; entries that the check could not
        have found stay unchanged."""
        since = {e.key: e.since for e in self.entries}
        counts = Counter(key_of(d, sources) for d in found)
        kept = [e for e in self.entries if e.key not in counts and not answered(e)]
        return Baseline.of([*kept, *(BaselineEntry(key, since.get(key, today), n) for key, n in counts.items())])

    def prune(self, mended: Sequence[BaselineEntry]) -> Baseline:
        """Without the entries that no longer occur."""
        gone = Counter({e.key: e.times for e in mended})
        left = (e._replace(times=e.times - gone[e.key]) for e in self.entries)
        return Baseline(tuple(e for e in left if e.times > 0))

    def rename(self, old: str, new: str) -> Baseline:
        """With the entries of a renamed page moved to its new path."""
        return Baseline.of(e._replace(key=e.key._replace(page=new)) if e.key.page == old else e for e in self.entries)


def by_rule(found: Iterable[Diagnostic]) -> dict[str, int]:
    """The number of findings of each rule, the most frequent rule first."""
    counts: defaultdict[str, int] = defaultdict(int)
    for d in found:
        counts[d.rule] += 1
    return dict(sorted(counts.items(), key=lambda c: (-c[1], c[0])))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _count(value: object) -> int:
    if type(value) is not int or value < 1:
        raise TypeError(f"{value!r} is not a count")
    return value

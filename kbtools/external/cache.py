"""Cache of answers: an address that answered is not requested again for some days."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from kbtools.external.client import Answer, AnswerKind
from kbtools.state import state_folder

_KEPT = (AnswerKind.OK, AnswerKind.MOVED)
"""Broken links are requested at every check, so that a correction is noticed at once."""
_VERSION = 1
_DAY = 86_400.0


class CachedAnswer(NamedTuple):
    """An answer with its time, in seconds since the epoch."""

    answer: Answer
    when: float


def read(file: Path, now: float, days: float) -> dict[str, Answer]:
    """The answers that are still valid; none if the file is missing or invalid."""
    return {url: kept.answer for url, kept in _load(file).items() if 0 <= now - kept.when < days * _DAY}


def write(file: Path, answers: Mapping[str, Answer], now: float, days: float) -> None:
    """Adds answers to those that are still valid. If writing fails, nothing is stored, and the next check requests them
    again."""
    kept = {url: k for url, k in _load(file).items() if 0 <= now - k.when < days * _DAY}
    kept.update({url: CachedAnswer(a, now) for url, a in answers.items() if a.kind in _KEPT})
    rows = {
        url: [k.answer.kind.value, k.answer.reason, k.answer.moved_to, k.answer.status, k.when]
        for url, k in kept.items()
    }
    beside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        state_folder.make(file.parent)
        beside.write_text(
            json.dumps({"version": _VERSION, "answers": rows}, indent=0, sort_keys=True), encoding="utf-8"
        )
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)


def _load(file: Path) -> dict[str, CachedAnswer]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["version"] != _VERSION:
            return {}
        return {
            str(url): CachedAnswer(Answer(AnswerKind(kind), str(reason), moved, status), float(when))
            for url, (kind, reason, moved, status, when) in data["answers"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}

"""Parallel work in forks of this process, with an exchange of results between phases."""

from __future__ import annotations

import marshal
import os
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from kbtools.errors import KbError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


class Team:
    """One member of the team. Exchanged values are plain: numbers, text, tuples, lists, dicts, None."""

    def __init__(self, number: int, others: Sequence[Connection]) -> None:
        self.number = number
        self._others = others
        """The first member's connections to each other member; another member's connection to the first."""
        self._handing_over = list(others)

    def exchange(self, value: Any) -> list[Any]:
        """Exchange values with all members; returns them in the members' order. All members must call it equally
        often."""
        if self.number:
            _send(self._others[0], value)
            values = list(_receive(self._others[0]))
            values[self.number] = value  # its own part is not sent back to it
            return values
        values = [value, *map(_receive, self._others)]
        for number, other in enumerate(self._others, 1):
            _send(other, [*values[:number], None, *values[number + 1 :]])
        return values

    def gather(self, value: Any) -> list[Any]:
        """Sends a value to the first member, which receives the values of all, in order; the other members end here.
        They exit at once: deallocating all their objects takes longer than sending them."""
        if self.number:
            _send(self._others[0], value)
            os._exit(0)
        return [value, *map(_receive, self._others)]

    def hand_over(self, values: Iterable[Any]) -> NoReturn:
        """Send values, none of them None, to the first member as they are made, and end here."""
        for value in values:
            _send(self._others[0], value)
        _send(self._others[0], None)
        os._exit(0)

    def arrived(self, *, wait: bool) -> list[Any]:
        """What the other members have handed over since the last call. With ``wait`` it is empty only when all have
        ended."""
        from multiprocessing.connection import wait as ready

        found: list[Any] = []
        while self._handing_over and not found:
            for other in ready(self._handing_over, None if wait else 0):
                assert other in self._handing_over
                value = _receive(other)
                if value is None:
                    self._handing_over.remove(other)
                else:
                    found.append(value)
            if not wait:
                break
        return found


def work_together(members: int, work: Callable[[Team], Any]) -> Any:
    """Runs ``work`` in this process and in ``members - 1`` forks of it; returns the result of this process. Only for
    processes with one thread, on systems that fork. Raises KbError if another member fails."""
    from multiprocessing import get_context  # a small vault does not need other processes, nor 15 ms of imports

    fork = get_context("fork")
    others: list[Connection] = []
    children = []
    try:
        for number in range(1, members):
            here, there = fork.Pipe()
            child = fork.Process(target=_be_member, args=(number, there, [*others, here], work))
            child.start()
            there.close()
            others.append(here)
            children.append(child)
        return work(Team(0, others))
    finally:
        for other in others:
            other.close()
        for child in children:
            child.join()


def _be_member(number: int, first: Connection, inherited: Sequence[Connection], work: Callable[[Team], Any]) -> None:
    for connection in inherited:  # the first member's ends, which would stay open here after it has ended
        connection.close()
    try:
        work(Team(number, [first]))
    except (BrokenPipeError, EOFError, KeyboardInterrupt):
        pass  # the first member has ended, and reports the reason itself
    except BaseException as e:  # noqa: BLE001 - whatever it is, the first member must hear of it
        with suppress(OSError):
            _send(first, None, "".join(traceback.format_exception(e)))
    finally:
        os._exit(1)


def _send(other: Connection, value: Any, failure: str | None = None) -> None:
    other.send_bytes(marshal.dumps((value, failure)))


def _receive(other: Connection) -> Any:
    try:
        value, failure = marshal.loads(other.recv_bytes())
    except (EOFError, ConnectionResetError):
        raise KbError(
            "a process that was reading pages died", "was it killed, for memory perhaps? kb check again"
        ) from None
    if failure is not None:
        raise RuntimeError(f"in another process:\n{failure}")
    return value

"""Parallel work in forks of this process, with an exchange of results between phases."""

from __future__ import annotations

import marshal
import os
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, NoReturn

from kbtools.errors import KbError


class Team:
    """One member of the team. Exchanged values are plain: numbers, text, tuples, lists, dicts, None."""

    def __init__(self, number: int, ends: Sequence[tuple[BinaryIO, BinaryIO]]) -> None:
        self.number = number
        self._ends = ends
        """The first member's to each other; another's to the first alone."""

    def exchange(self, value: Any) -> list[Any]:
        """Exchange values with all members; returns them in the members' order. All members must call it equally
        often."""
        if self.number:
            reader, writer = self._ends[0]
            _send(writer, value)
            values = list(_receive(reader))
            values[self.number] = value  # which it was not sent back
            return values
        values = [value, *(_receive(reader) for reader, _ in self._ends)]
        for number, (_, writer) in enumerate(self._ends, 1):
            _send(writer, [*values[:number], None, *values[number + 1 :]])
        return values

    def gather(self, value: Any) -> list[Any]:
        """Send a value to the first member, which gets the values of all, in order; the other members end here.

        They end at once: to take apart all they hold, object by object, takes longer than to hand it over.
        """
        if self.number:
            _send(self._ends[0][1], value)
            os._exit(0)
        return [value, *(_receive(reader) for reader, _ in self._ends)]


def work_together(members: int, work: Callable[[Team], Any]) -> Any:
    """Run ``work`` in this process and in ``members - 1`` forks of it; what it returns here is returned.

    Only for processes of one thread, on systems that fork. Raises KbError when another member fails.
    """
    ends: list[tuple[BinaryIO, BinaryIO]] = []
    children: list[int] = []
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        for number in range(1, members):
            to_child, from_child = os.pipe(), os.pipe()
            child = os.fork()
            if child == 0:
                for reader, writer in ends:
                    reader.close()
                    writer.close()
                os.close(to_child[1])
                os.close(from_child[0])
                _be_member(number, (os.fdopen(to_child[0], "rb"), os.fdopen(from_child[1], "wb")), work)
            os.close(to_child[0])
            os.close(from_child[1])
            children.append(child)
            ends.append((os.fdopen(from_child[0], "rb"), os.fdopen(to_child[1], "wb")))
        return work(Team(0, ends))
    finally:
        for pair in ends:
            for end in pair:
                with suppress(BrokenPipeError):  # that member is gone, as its own error says
                    end.close()
        for child in children:
            os.waitpid(child, 0)


def _be_member(number: int, ends: tuple[BinaryIO, BinaryIO], work: Callable[[Team], Any]) -> NoReturn:
    code = 1
    try:
        work(Team(number, [ends]))
        code = 0
    except (BrokenPipeError, EOFError, KeyboardInterrupt):
        pass  # the first member has failed, and reports its own error
    except BaseException as e:  # noqa: BLE001 - every exception is sent to the first member
        _tell_failure(ends[1], e)
    finally:
        os._exit(code)


_FAILED = 2**63


def _tell_failure(writer: BinaryIO, error: BaseException) -> None:
    trace = "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace")
    try:
        writer.write(struct.pack("<Q", _FAILED | len(trace)) + trace)
        writer.flush()
    except OSError:
        pass  # no reader is left


def _send(writer: BinaryIO, value: Any) -> None:
    data = marshal.dumps(value)
    writer.write(struct.pack("<Q", len(data)))
    writer.write(data)
    writer.flush()


def _receive(reader: BinaryIO) -> Any:
    head = reader.read(8)
    if len(head) < 8:
        raise KbError("a process that was reading pages died", "was it killed, for memory perhaps? kb check again")
    (size,) = struct.unpack("<Q", head)
    data = reader.read(size & ~_FAILED)
    if size & _FAILED:
        raise RuntimeError("in another process:\n" + data.decode("utf-8"))
    return marshal.loads(data)

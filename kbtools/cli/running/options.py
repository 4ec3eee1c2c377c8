"""Parses option values of commands that run snippets."""

from __future__ import annotations

from kbtools.errors import KbError


def workers(given: str, pages: int) -> int:
    """Parse ``-n``: ``auto`` is one worker per core, but not more than pages."""
    from kbtools.run.devices.host_info import cores

    if given == "auto":
        return max(1, min(cores(), pages))
    if not given.isdecimal() or not int(given):
        raise KbError(f'-n takes a number or auto, not "{given}"', "as in -n 4")
    return int(given)


def share(given: str | None) -> float | None:
    """Parse ``--paranoid``: ``20%`` is 0.2."""
    if given is None:
        return None
    number = given.removesuffix("%")
    if not number.isdecimal() or not 0 < int(number) <= 100:
        raise KbError(f'--paranoid takes a share from 1% to 100%, not "{given}"', "as in --paranoid=20%")
    return int(number) / 100

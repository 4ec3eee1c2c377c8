"""``--shard I/N``: selects one part of the pages, for runs on several machines."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from kbtools.cli.running.selection import selected
from kbtools.cli.workspace import Workspace
from kbtools.errors import KbError


def shard(wiki: Workspace, selection: Sequence[str], given: str) -> tuple[str, ...]:
    """One of N parts of a selection. A page is in the same part on every machine, whatever other pages there are."""
    number, sep, of = given.partition("/")
    if not (sep and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise KbError(f'--shard takes I/N with I from 1 to N, such as 1/3, not "{given}"', "N machines run 1/N to N/N")

    def mine(path: str) -> bool:
        digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % int(of) == int(number) - 1

    whole = tuple(word for word in selection if "::" not in word)
    pages = selected(wiki, whole) if whole or not selection else []
    ids = (word for word in selection if "::" in word and word.partition("::")[0] not in pages)
    return tuple(word for word in (*pages, *ids) if mine(word.partition("::")[0]))

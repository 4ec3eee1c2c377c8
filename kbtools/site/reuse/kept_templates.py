"""Compiled templates of the theme, kept in the memo: to compile them takes longer than to fill one."""

from __future__ import annotations

from hashlib import blake2b

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from kbtools.state.memo import Memo, StoredValue
from kbtools.state.user_folder import secret

KIND = "template"


class KeptTemplates(BytecodeCache):
    """Compiled templates are code. They are read only with a seal over template and code that nobody can make who has
    not read this user's secret, which is outside of every vault."""

    def __init__(self, memo: Memo, around: str) -> None:
        """``around`` is a fingerprint of program, settings and hooks, which have a say in what is compiled."""
        self._around = around.encode()
        self._kept = memo.all(KIND)
        self._fresh: dict[str, StoredValue] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        value = self._kept.get(bucket.key)
        if value is not None and value.key == self._seal(bucket, value.data):
            bucket.bytecode_from_string(value.data)

    def dump_bytecode(self, bucket: Bucket) -> None:
        code = bucket.bytecode_to_string()
        self._fresh[bucket.key] = StoredValue(self._seal(bucket, code), code)

    def remember(self, memo: Memo) -> None:
        """Keep what has been compiled. Within a transaction."""
        memo.put(KIND, self._fresh.items())

    def _seal(self, bucket: Bucket, code: bytes) -> str:
        """``checksum`` is that of the template's text; ``key`` names the template and its place."""
        seal = blake2b(key=secret().encode(), digest_size=32)
        for part in (self._around, bucket.key.encode(), bucket.checksum.encode(), code):
            seal.update(b"%d:" % len(part))
            seal.update(part)
        return seal.hexdigest()

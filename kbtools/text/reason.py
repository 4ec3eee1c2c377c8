"""Reasons of outcomes, stored with their message and values, so that a site can translate them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_FIELD = re.compile(r"\{(\w+)\}")


class Reason(str):
    """A text in English: a message in which ``{name}`` stands for a value. A value may be a ``Reason`` itself."""

    message: str
    values: Mapping[str, str]

    def __new__(cls, message: str, /, **values: str) -> Reason:
        """Raises KeyError where a value of the message is missing."""
        made = super().__new__(cls, _FIELD.sub(lambda m: values[m[1]], message))
        made.message, made.values = message, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, str]]:
        return (self.message,), dict(self.values)

    def to_json(self) -> dict[str, Any]:
        values = {name: v.to_json() if isinstance(v, Reason) else v for name, v in self.values.items()}
        return {"message": self.message, "values": values}

    @classmethod
    def from_json(cls, data: Any) -> Reason:
        """The inverse of ``to_json``. Raises KeyError, TypeError or ValueError for anything else."""
        message, values = data["message"], data["values"]
        if not isinstance(message, str) or not isinstance(values, dict):
            raise TypeError("a reason has a message and values")
        return cls(message, **{n: v if isinstance(v, str) else cls.from_json(v) for n, v in values.items()})

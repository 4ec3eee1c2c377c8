"""An exception on a snippet's k-th line is reported on the page's line, whatever stands around the snippet (P10)."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from terminal import run_kb

CONTAINERS = {
    "none": ("", ""),
    "admonition": ("!!! note\n\n", "    "),
    "tab": ('=== "Tab"\n\n', "    "),
    "item": ("1. item\n\n", "    "),
    "quote": ("", "> "),
    "nested": ("!!! note\n\n    - item\n\n", "        "),
}


def fence(number: int, rng: random.Random) -> tuple[str, int]:
    """A snippet that raises on some line of its own, and which."""
    length = rng.randrange(1, 8)
    at = rng.randrange(length)
    fill = ("x = 1", "", "# 한글 😀")
    lines = [rng.choice(fill) for _ in range(at)] + ["raise ValueError('here')"] + ["z = 2"] * (length - at - 1)
    return "\n".join([f"```python {{#f{number} .alone}}", *lines, "```"]), at + 1


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_the_line_that_raised_is_the_page_s(tmp_path: Path, end: str) -> None:
    rng = random.Random(10)
    page = "---\ntitle: 줄\n---\n\n"
    expected = {}
    for number, (opener, margin) in enumerate(list(CONTAINERS.values()) * 3):
        text, at = fence(number, rng)
        page += "text\n" * rng.randrange(4) + "\n" + opener
        expected[f"f{number}"] = page.count("\n") + 1 + at
        page += "\n".join((margin + line).rstrip() for line in text.split("\n")) + "\n\n"
    (tmp_path / "page.md").write_bytes(page.replace("\n", end).encode())
    done = run_kb(("run", "--device", "cpu", "--vault", str(tmp_path), "--format", "json"))
    outcomes = json.loads(done.stdout)["outcomes"]
    found = {o["id"].partition("::")[2].partition("[")[0]: o["traceback_line"] for o in outcomes}
    assert found == expected

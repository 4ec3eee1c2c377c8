"""P7: whatever happens to a vault, the plans that are kept say what plans made of the pages say."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kbtools.config import Config, Project, RunConfig
from kbtools.execution.job import DeviceRequest
from kbtools.execution.plans import Planner, plans
from kbtools.vault.listing import Listing

FILES = ("a.md", "b.md", "c/a.md", "c/빈 줄.md")
annotation = st.lists(
    st.sampled_from(
        (
            "{#one}",
            '{.skip reason="later"}',
            '{device="cuda"}',
            '{session="x"}',
            "{.alone}",
            '{requires="no-such>=1"}',
            '{requires="pytest"}',
            '{timeout="3"}',
            '{expect="off"}',
            '{raises="NameError"}',
            "{.repl}",
        )
    ),
    max_size=1,
).map("".join)
fence = st.builds(
    "```{} {}\n{}\n```\n".format,
    st.sampled_from(("python", "py", "pycon", "json", "sh", "mermaid", "")),
    annotation,
    st.sampled_from(
        ("x = 1", "print(x)  # 1", "x.cuda()", "import numpy\nx += 1", ">>> 1\n1", "(", '{"a": 1}', "\x00", "é 텐서")
    ),
)
page = st.builds(
    "{}# Page\n\n{}".format,
    st.sampled_from(("", "---\nsnippets:\n  timeout: 5\n---\n", "---\ntitle: T\n---\n")),
    st.lists(fence, max_size=3).map("\n".join),
).map(str.encode) | st.sampled_from((b"\xff no text", b"", "```python\nx = '\u2028'\n```".encode()))
step = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(FILES), page),
    st.tuples(st.just("touch"), st.sampled_from(FILES), st.integers(-3, 3)),
    st.tuples(st.just("move"), st.sampled_from(FILES), st.sampled_from(FILES)),
    st.tuples(st.just("delete"), st.sampled_from(FILES), st.none()),
    st.tuples(st.just("config"), st.sampled_from((60.0, 7.0)), st.none()),
    st.tuples(st.just("request"), st.sampled_from((("auto",), ("all",), ("cpu",), ("cuda",))), st.booleans()),
)


@given(st.lists(step, min_size=2, max_size=8))
@settings(max_examples=60)
def test_kept_plans_are_those_that_would_be_made(steps: list[tuple[str, object, object]]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        vault = root / "wiki"
        (vault / "c").mkdir(parents=True)
        timeout, devices, rehearse = 60.0, ("auto",), False
        for kind, one, other in steps:
            with suppress(FileNotFoundError):
                if kind == "write":
                    assert isinstance(other, bytes)
                    (vault / str(one)).write_bytes(other)
                elif kind == "touch":
                    assert isinstance(other, int)
                    status = (vault / str(one)).stat()
                    os.utime(vault / str(one), ns=(0, status.st_mtime_ns + other * 10**9))
                elif kind == "move":
                    (vault / str(one)).replace(vault / str(other))
                elif kind == "delete":
                    (vault / str(one)).unlink()
                elif kind == "config":
                    assert isinstance(one, float)
                    timeout = one
                else:
                    assert isinstance(one, tuple)
                    devices, rehearse = one, bool(other)
            project = Project(root, vault, root / ".kb", Config(run=RunConfig(timeout)))
            listing = Listing.of(project)
            planner = Planner(project, DeviceRequest(devices), rehearse=rehearse)
            found = plans(planner, listing, tuple(listing.entries))
            assert found.notes == ()
            assert found.pages == plans(planner, listing, tuple(listing.entries), kept=False).pages

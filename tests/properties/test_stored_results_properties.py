"""No change that can alter an outcome is answered from the store; none that cannot is run again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbtools.config.snippet_policy import DEFAULT, Policy
from kbtools.run.job import DeviceRequest, Job, Limits
from kbtools.run.page_files import PageFiles
from kbtools.run.plan import plan
from kbtools.run.results.outcomes import Status, outcome_of
from kbtools.run.results.packages import RemoteMachine
from kbtools.run.results.store import Store
from kbtools.text.source import Source
from kbtools.vault.page import Page


@dataclass(frozen=True)
class Given:
    """All that decides what a session of three fences comes to."""

    fences: tuple[tuple[str, str], ...] = (
        ("", "import numpy\nx = [1]"), ('files="data.csv"', "x.append(2)"), ("", "print(x)  # [1, 2]")
    )  # fmt: skip
    front: str = ""
    policy: Policy = DEFAULT
    limits: Limits = field(default_factory=Limits)
    data: str = "1,2"
    path: str = "Page.md"
    sandbox: str = "default"
    kb: str = "0.1.0"
    python: str = "3.12.1"
    torch: str = "2.9.0"
    platform: str = "linux"
    variables: str = "a"
    numpy: str = "2.0"

    def text(self) -> str:
        front = f"---\nsnippets:\n  {self.front}\n---\n" if self.front else ""
        return front + "\n\n".join(
            f"```python {{#n{n} {option}}}\n{code}\n```" for n, (option, code) in enumerate(self.fences)
        )


def of(at: int, **changes: str) -> Callable[[Given], Given]:
    """Another option, or other code, of one fence."""

    def change(given: Given) -> Given:
        option, code = given.fences[at]
        fences = list(given.fences)
        fences[at] = (changes.get("option", option), changes.get("code", code))
        return replace(given, fences=tuple(fences))

    return change


OPTIONS = (
    'timeout="7"', 'memory="1GiB"', 'raises="ValueError"', 'match="x" raises="ValueError"', ".repl", ".alone",
    'session="other"', 'launch="python"', 'file="m.py"', 'requires="numpy"', '.skip reason="r"', 'expect="off"',
    'device="cuda"',
)  # fmt: skip
# By what changes: the first fence whose outcome may be another, and the change.
ALTERS: dict[str, tuple[int, Callable[[Given], Given]]] = {
    **{f"option of fence {at}: {option}": (at, of(at, option=option)) for at in (0, 2) for option in OPTIONS},
    "earlier code": (0, of(0, code="import numpy\nx = [7]")),
    "code that a comment hides": (0, of(0, code="import numpy\nx = [1]  # [1]")),
    "a print's comment": (2, of(2, code="print(x)  # [1, 3]")),
    "something called at exit": (0, of(0, code="import atexit, numpy\nx = [1]")),
    "a fence less": (0, lambda g: replace(g, fences=g.fences[1:])),
    "a fence more": (0, lambda g: replace(g, fences=(("", "y = 1"), *g.fences))),
    "the order": (0, lambda g: replace(g, fences=g.fences[::-1])),
    "a file's content": (1, lambda g: replace(g, data="1,3")),
    "a page's default": (0, lambda g: replace(g, front="timeout: 7")),
    "the folder code runs in": (0, lambda g: replace(g, policy=DEFAULT._replace(cwd="sub"))),
    "a variable passed on": (0, lambda g: replace(g, policy=DEFAULT._replace(environment=("A=1",)))),
    "another session style": (0, lambda g: replace(g, policy=DEFAULT._replace(timeout=3.0))),
    "the limit of time": (0, lambda g: replace(g, limits=Limits(timeout=3.0))),
    "the limit of memory": (0, lambda g: replace(g, limits=Limits(memory=1 << 29))),
    "the page's path": (0, lambda g: replace(g, path="Other.md")),
    "a package": (0, lambda g: replace(g, numpy="2.1")),
    **{name: (0, lambda g, name=name: replace(g, **{name: "other"})) for name in (
        "sandbox", "kb", "python", "torch", "platform", "variables"
    )},
}  # fmt: skip


def made(given: Given, folder: Path) -> tuple[Store, tuple[Job, ...]]:
    vault = folder / "vault"
    vault.mkdir(exist_ok=True)
    (vault / "data.csv").write_text(given.data)
    page = Page.parse(Source(given.path, given.text()))
    request, there = DeviceRequest(("cpu",)), {"cpu": 1}
    files = PageFiles(vault, vault)
    jobs = plan(given.path, page.snippets, request, there, given.limits, policy=given.policy, files=files)
    environment = {
        "kb": given.kb, "python": given.python, "torch": given.torch, "platform": given.platform,
        "device_name": None, "variables": given.variables,
    }  # fmt: skip
    packages = {"numpy": {"numpy": given.numpy}, "*": {"numpy": given.numpy}}
    return Store(folder / "state", RemoteMachine({"cpu": environment}, packages), sandbox=given.sandbox), jobs


def keep(given: Given, folder: Path) -> None:
    """As if all of it had been run, and had passed."""
    store, jobs = made(given, folder)
    for job in jobs:
        store.save(job, [outcome_of(job, s, Status.PASSED) for s in job.steps if s.skip is None])


def answered(given: Given, folder: Path) -> set[str]:
    """The fences of which something is answered as passed without being run."""
    store, jobs = made(given, folder)
    found = set()
    for job in jobs:
        for step in job.steps:
            answer = store.answer(job, [step.id])
            if answer is not None and any(outcome.cached for outcome in answer.outcomes):
                found.add(step.name)
    return found


@pytest.mark.parametrize("name", ALTERS)
def test_no_change_that_can_alter_an_outcome_is_answered_from_the_store(name: str, tmp_path: Path) -> None:
    """Nor is it where the store holds another change of the same page besides."""
    first, change = ALTERS[name]
    names = list(ALTERS)
    _, other = ALTERS[names[names.index(name) - 7]]
    keep(other(Given()), tmp_path)
    keep(Given(), tmp_path)
    assert answered(Given(), tmp_path) == {"n0", "n1", "n2"}
    reused = answered(change(Given()), tmp_path)
    assert reused <= {f"n{n}" for n in range(first)}, reused


@settings(max_examples=10)
@given(st.text(alphabet="ab \n", max_size=20))
def test_prose_is_no_such_change(prose: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        keep(Given(), Path(folder))
        store, _ = made(Given(), Path(folder))
        page = Page.parse(Source("Page.md", f"{prose}\n\n{Given().text()}"))
        files = PageFiles(Path(folder) / "vault", Path(folder) / "vault")
        for job in plan("Page.md", page.snippets, DeviceRequest(("cpu",)), {"cpu": 1}, Limits(), files=files):
            assert store.answer(job, [step.id for step in job.steps]) is not None

"""The cache and ``blocked`` follow data: what is run again, what is told from the store, and that both say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbtools.execution import packages
from kbtools.execution.job import DeviceRequest, Job, Limits, Step
from kbtools.execution.launchers import Launcher
from kbtools.execution.outcomes import Outcome, Status
from kbtools.execution.plan import plan
from kbtools.execution.process import Process, Reply
from kbtools.execution.runner import run
from kbtools.execution.store import Store
from kbtools.page import Page
from kbtools.source import Source
from kbtools.testing import jobs_of, run_page

PAGE = """# Page

Some prose.

```python {#data}
data = [3, 1, 2]
```

```python {#square}
def square(x):
    return x * x
```

## Use

```python {#sorted}
print(sorted(data))  # [1, 2, 3]
```

```python {#grow}
data.append(4)
```

```python {#use}
print(square(5))  # 25
```

```python {#show}
print(len(data))  # 4
```
"""


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the steps that workers really ran."""
    names: list[str] = []
    run_step = Process.run

    def spy(self: Process, step: Step) -> Reply:
        names.append(step.name)
        return run_step(self, step)

    monkeypatch.setattr(Process, "run", spy)
    return names


class Cached:
    """Runs texts of one page after one another over the same store."""

    def __init__(self, store: Store, launcher: Launcher) -> None:
        self.store, self.launcher = store, launcher

    def __call__(self, text: str) -> dict[str, Outcome]:
        found = run(jobs_of(text), self.launcher, store=self.store, cached=True)
        return {outcome.id.partition("::")[2].rpartition("[")[0]: outcome for outcome in found}


@pytest.fixture
def again(tmp_path: Path, launcher: Launcher) -> Cached:
    return Cached(Store(tmp_path), launcher)


def fresh(outcomes: dict[str, Outcome]) -> list[str]:
    return [name for name, outcome in outcomes.items() if not outcome.cached]


def test_an_edit_at_the_end_runs_it_with_what_it_needs_and_nothing_else(again: Cached, executed: list[str]) -> None:
    assert len(fresh(again(PAGE))) == 6
    executed.clear()
    found = again(PAGE.replace("square(5))  # 25", "square(6))  # 36"))
    assert fresh(found) == ["use"]
    assert found["use"].stdout == "36\n"
    assert executed == ["square", "use"]


def test_an_edit_reaches_what_hangs_on_it_and_only_that(again: Cached, executed: list[str]) -> None:
    again(PAGE)
    executed.clear()
    found = again(PAGE.replace("data.append(4)", "data.extend([4])"))
    assert fresh(found) == ["grow", "show"]
    assert "square" not in executed
    again(PAGE)
    found = again(PAGE.replace("return x * x", "return x ** 2"))
    assert fresh(found) == ["square", "use"]


def test_prose_headings_and_unrelated_snippets_run_nothing(again: Cached, executed: list[str]) -> None:
    again(PAGE)
    executed.clear()
    moved = again(PAGE.replace("Some prose.", "Some prose.\n\nAnd more.\n\n```bash\nls\n```"))
    assert fresh(moved) == []
    assert executed == []
    assert moved["show"].line == PAGE.split("\n").index("```python {#show}") + 7
    found = again(PAGE.replace("{#use}", "{#called}"))
    assert (fresh(found), "called" in found) == ([], True)
    found = again(PAGE.replace("## Use", "```python {#new}\nother = 1\n```\n\n## Use"))
    assert fresh(found) == ["new"]


def test_what_tells_its_line_is_run_again_when_it_moves(again: Cached) -> None:
    page = "```python {#here}\nimport inspect\nprint(inspect.currentframe().f_lineno)\n```\n"
    assert again(page)["here"].stdout == "3\n"
    found = again("Prose.\n\n" + page)
    assert found["here"].stdout == "5\n"
    told = '```python {#warned}\nprint(compile("1", "Page.md", "eval").co_filename)\n```\n'
    again(told)
    assert fresh(again("\n" + told)) == ["warned"], "what it printed names the page"


def test_random_numbers_hang_on_all_drawing_before(again: Cached, executed: list[str]) -> None:
    page = (
        "```python {#start}\nimport random\n```\n\n```python {#one}\nprint(random.random())\n```\n\n"
        "```python {#two}\nprint(random.random())\n```\n\n"
        "```python {#fixed}\nrandom.seed(3)\nprint(random.random())\n```\n"
    )
    first = again(page)
    executed.clear()
    found = again(page.replace("print(random.random())\n```\n\n```python {#two", "x = 1\n```\n\n```python {#two"))
    assert fresh(found) == ["one"]
    assert found["two"].stdout == first["one"].stdout, "the first to draw, as the other was: its result is this one's"
    assert found["fixed"].stdout == first["fixed"].stdout


def test_a_failure_in_a_part_of_a_session_is_confirmed_by_the_whole(again: Cached, executed: list[str]) -> None:
    again(PAGE)
    executed.clear()
    bad = PAGE.replace("square(5))  # 25", "square(5))  # 26")
    found = again(bad)
    assert found["use"].outcome is Status.FAILED
    assert executed == ["square", "use", "data", "square", "sorted", "grow", "use", "show"]
    executed.clear()
    assert fresh(again(bad)) == ["data", "square", "sorted", "grow", "use", "show"], (
        "a known failure: at once the whole"
    )
    assert len(executed) == 6
    assert fresh(again(PAGE)) == ["use"]


def test_what_needs_a_failure_is_not_taken_from_the_store(again: Cached) -> None:
    page = PAGE.replace("data.append(4)", "data.append(4)\nprint(len(data))  # 5").replace("# 4\n", "\n")
    assert again(page)["show"].outcome is Status.BLOCKED
    assert fresh(again(page.replace("# 5", "# 4"))) == ["grow", "show"]


def test_blocked_follows_what_is_changed_too(launcher: Launcher) -> None:
    page = (
        "```python {#a}\nx = []\ny = []\n```\n\n```python {#b}\nx.append(1)\n1 / 0\n```\n\n"
        "```python {#c}\nprint(x)\n```\n\n```python {#d}\nprint(y)\n```\n"
    )
    found = run_page(page, launcher)
    assert (found["c"].outcome, found["c"].reason) == (Status.BLOCKED, "needs x as changed by #b, which failed")
    assert found["d"].outcome is Status.PASSED


def test_skips_and_what_waits_for_them_need_no_process(again: Cached, executed: list[str]) -> None:
    page = (
        '```python {#a}\nx = 1\n```\n\n```python {#b requires="no-such-package"}\ny = 2\n```\n\n'
        "```python {#c}\nprint(y)\n```\n\n```python {#d}\nprint(x)  # 1\n```\n"
    )
    snippets = Page.parse(Source("Page.md", page)).snippets

    def planned() -> tuple[Job, ...]:
        lack = "no-such-package is not installed"
        return plan("Page.md", snippets, DeviceRequest(), {"cpu": True}, Limits(), unmet=lambda _: lack)

    first = run(planned(), again.launcher, store=again.store, cached=True)
    executed.clear()
    second = run(planned(), again.launcher, store=again.store, cached=True)
    assert [o.outcome.value for o in second] == ["passed", "skipped", "blocked", "passed"]
    assert [(o.id, o.outcome, o.reason) for o in second] == [(o.id, o.outcome, o.reason) for o in first]
    assert executed == []


def test_the_network_is_asked_every_time_and_so_is_what_hangs_on_it(again: Cached) -> None:
    page = '```python {#a network="yes"}\nx = 1\n```\n\n```python {#b}\nprint(x)\n```\n\n```python {#c}\ny = 1\n```\n'
    again(page)
    assert fresh(again(page)) == ["a", "b"]


def test_another_version_of_what_is_imported_runs_it_again(again: Cached, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (
        "```python {#a}\nimport pluggy\n```\n\n```python {#b}\nprint(1)\n```\n\n```python {#c .alone}\nprint(2)\n```\n"
    )
    again(page)
    assert fresh(again(page)) == []
    old = packages.versions(["pluggy"])
    assert list(old) == ["pluggy"]
    monkeypatch.setattr(packages, "versions", lambda imports: {"pluggy": "0"} if "pluggy" in imports else {})
    assert fresh(again(page)) == ["a", "b"]


def test_code_that_is_worked_on_in_place_is_known_by_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kb_own_code").mkdir()
    file = tmp_path / "kb_own_code/__init__.py"
    file.write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    packages._sources.cache_clear()
    packages._of_module.cache_clear()
    before = packages.versions(["kb_own_code"])
    file.write_text("x = 22\n")
    packages._sources.cache_clear()
    packages._of_module.cache_clear()
    assert packages.versions(["kb_own_code"]) != before


def test_what_holds_for_the_rest_of_the_session_is_needed_by_it(again: Cached) -> None:
    page = (
        "```python {#future}\nfrom __future__ import annotations\n```\n\n"
        "```python {#late}\ndef f(x: NotThere): ...\nprint(f.__annotations__)\n```\n"
    )
    assert again(page)["late"].stdout == "{'x': 'NotThere'}\n"
    assert fresh(again(page.replace("def f", "def g").replace("print(f", "print(g"))) == ["late"]


def test_steps_pickle() -> None:
    import pickle

    jobs = jobs_of(PAGE)
    assert pickle.loads(pickle.dumps(jobs)) == jobs

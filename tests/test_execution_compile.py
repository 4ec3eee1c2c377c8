"""What torch.compile has compiled is kept from run to run, shared by sessions side by side, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kbtools.execution.compile_cache import compile_cache
from kbtools.execution.launchers import ForkServerLauncher
from kbtools.execution.outcomes import Outcome, Status
from kbtools.execution.runner import run
from kbtools.execution.session import Settings
from kbtools.testing import jobs_of, run_page

COMPILED = """```python {#compile timeout="120"}
import torch

@torch.compile
def f(x):
    return torch.sin(x) * 3 + 1

print(f(torch.zeros(5)))  # tensor([1., 1., 1., 1., 1.])
found = torch._dynamo.utils.counters
print(found["aot_autograd"]["autograd_cache_hit"] + found["inductor"]["fxgraph_cache_hit"] > 0, "from the cache")
```
"""


def settings(state: Path) -> Settings:
    writable, environment = compile_cache(state)
    return Settings(writable=writable, environment=environment)


def passed(outcomes: tuple[Outcome, ...]) -> list[str]:
    assert [o.outcome for o in outcomes] == [Status.PASSED] * len(outcomes), [o.message for o in outcomes]
    return [o.stdout.strip().split("\n")[-1] for o in outcomes]


def test_sessions_side_by_side_fill_one_cache_and_later_runs_take_from_it(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    jobs = [job for name in ("A.md", "B.md") for job in jobs_of(COMPILED, path=name)]
    passed(run(jobs, workers=2, settings=settings(tmp_path)))
    kept = {file for file in (tmp_path / "cache").rglob("*") if file.suffix in (".so", ".cpp", ".py")}
    assert kept
    (again,) = passed(run(jobs_of(COMPILED, path="C.md"), settings=settings(tmp_path)))
    assert again == "True from the cache"
    assert {file for file in (tmp_path / "cache").rglob("*") if file.suffix in (".so", ".cpp", ".py")} == kept


def test_the_cache_is_all_that_may_be_written_outside_the_scratch_folder(tmp_path: Path) -> None:
    page = (
        "```python\nimport os, pathlib\n"
        "cache = pathlib.Path(os.environ['TORCHINDUCTOR_CACHE_DIR'])\n"
        "(cache / 'mine').write_text('x')\n"
        "try:\n    (cache.parent.parent / 'escape').write_text('x')\n    print('written')\n"
        "except PermissionError:\n    print('refused')\n```\n"
    )
    launcher = ForkServerLauncher()
    try:
        (outcome,) = run_page(page, launcher, settings=settings(tmp_path)).values()
    finally:
        launcher.close()
    assert outcome.outcome is Status.PASSED, outcome.message
    assert (tmp_path / "cache" / "inductor" / "mine").read_text() == "x"
    assert (outcome.stdout == "refused\n") is not (tmp_path / "escape").exists()


def test_where_no_folder_can_be_made_there_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    assert compile_cache(tmp_path) == ((), ())


def test_what_is_worth_importing_before_the_fork() -> None:
    (job,) = jobs_of(COMPILED)
    assert job.preload == ("torch", "torch.optim", "torch.compile")
    (step,) = job.steps
    assert replace(job, steps=(replace(step, code="import torch"),)).preload == ("torch",)
    assert replace(job, steps=(replace(step, code="import re"),)).preload == ()
    pattern = 'import re, torch\nre.compile("x")'
    assert "torch.compile" not in replace(job, steps=(replace(step, code=pattern),)).preload
    assert "torch.compile" in replace(job, steps=(replace(step, code="import torch\nmodel.compile()"),)).preload

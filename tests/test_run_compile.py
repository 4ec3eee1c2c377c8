"""What torch.compile has compiled is kept from run to run for the very session that wrote it, and for no other."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from kbtools.adapters.testing import jobs_of
from kbtools.run.job import Job
from kbtools.run.processes.compile_cache import session_cache
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.session import ProcessSettings, Session
from kbtools.state.user_folder import user_folder
from tests.terminal import run_kb

COMPILED = """```python {#compile timeout="300"}
import torch

@torch.compile
def f(x):
    return torch.sin(x) * 3 + 1

print(f(torch.zeros(5)))  # tensor([1., 1., 1., 1., 1.])
found = torch._dynamo.utils.counters
print(found["aot_autograd"]["autograd_cache_hit"] + found["inductor"]["fxgraph_cache_hit"] > 0, "from the cache")
```
"""
PLANT = """```python
import os, pathlib
import torch
# for torch.compile: (code that compiles has a folder of its own)
for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
    folder = pathlib.Path(os.environ.get(name, "none"))
    print(folder.is_dir() and sorted(file.name for file in folder.iterdir()))
    folder.mkdir(exist_ok=True)
    (folder / "planted").write_text("x")
```
"""


def settings(state: Path, job: Job) -> ProcessSettings:
    writable, environment = session_cache(state, job)
    return ProcessSettings(writable=writable, environment=environment)


def run_once(text: str, state: Path, launcher: Launcher, path: str = "Page.md") -> Outcome:
    (job,) = jobs_of(text, path=path)
    (outcome,) = Session(job, launcher, settings(state, job))
    assert outcome.outcome is Status.PASSED, outcome.message
    return outcome


def test_a_session_that_has_not_changed_takes_what_it_has_compiled(tmp_path: Path, launcher: Launcher) -> None:
    pytest.importorskip("torch")
    run_once(COMPILED, tmp_path, launcher)
    kept = {file for file in (tmp_path / "cache").rglob("*") if file.suffix in (".so", ".cpp", ".py")}
    assert kept
    assert run_once(COMPILED, tmp_path, launcher).stdout.endswith("True from the cache\n")
    assert {file for file in (tmp_path / "cache").rglob("*") if file.suffix in (".so", ".cpp", ".py")} == kept


def test_no_session_loads_what_another_has_written(tmp_path: Path, launcher: Launcher) -> None:
    """torch unpickles what it finds there: code planted by one page would run in others, in later runs."""
    pytest.importorskip("torch")
    assert run_once(PLANT, tmp_path, launcher).stdout == "[]\n[]\n"
    assert run_once(PLANT, tmp_path, launcher).stdout == "['planted']\n['planted']\n"
    edited = PLANT.replace("compiles has", "compiles will have")
    assert run_once(edited, tmp_path, launcher).stdout == "[]\n[]\n"
    assert run_once(PLANT, tmp_path, launcher, path="Other.md").stdout == "[]\n[]\n"
    option = PLANT.replace("```python", '```python {timeout="17"}')
    assert run_once(option, tmp_path, launcher).stdout == "[]\n[]\n"


@pytest.mark.parametrize("mode", ["default", "strict"])
def test_nothing_outlives_a_strict_session_and_nothing_else_is_shared(tmp_path: Path, mode: str) -> None:
    pytest.importorskip("torch")
    (tmp_path / "kb.toml").write_text('docs = "docs"\n')
    (tmp_path / "docs").mkdir()
    for name in ("A", "B"):
        (tmp_path / "docs" / f"{name}.md").write_text(f"# {name}\n\n{PLANT}")
    done = run_kb(["run", "--no-cache", "--sandbox", mode, "--device", "cpu"], cwd=tmp_path)
    if "does not confine" in done.stdout:
        pytest.skip("no namespaces here")
    assert done.returncode == 0, done.stdout + done.stderr
    # The fork server is not confined: what it loads does not lie in a folder that may come with the vault.
    assert not list((tmp_path / ".kb").rglob("*.so"))
    assert (user_folder() / "compiler").is_dir()
    planted = list((tmp_path / ".kb").rglob("planted"))
    assert len(planted) == (4 if mode == "default" else 0)


def test_what_a_page_compiled_before_it_changed_goes(tmp_path: Path) -> None:
    (job,) = jobs_of(COMPILED)
    session_cache(tmp_path, job)
    (old,) = (tmp_path / "cache" / "compiled").iterdir()
    os.utime(old, (1, 1))
    (edited,) = jobs_of(COMPILED.replace("* 3", "* 4"))
    session_cache(tmp_path, edited)
    (new,) = (tmp_path / "cache" / "compiled").iterdir()
    assert new != old


def test_where_no_folder_can_be_made_there_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    (job,) = jobs_of(COMPILED)
    assert session_cache(tmp_path, job) == ((), ())


def test_what_is_worth_importing_before_the_fork() -> None:
    (job,) = jobs_of(COMPILED)
    assert job.preload == ("torch", "torch.optim", "torch.compile")
    (step,) = job.steps
    assert replace(job, steps=(replace(step, code="import torch"),)).preload == ("torch",)
    assert replace(job, steps=(replace(step, code="import re"),)).preload == ()
    pattern = 'import re, torch\nre.compile("x")'
    assert "torch.compile" not in replace(job, steps=(replace(step, code=pattern),)).preload
    assert "torch.compile" in replace(job, steps=(replace(step, code="import torch\nmodel.compile()"),)).preload

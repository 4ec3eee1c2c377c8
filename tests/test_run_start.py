"""What it takes to begin: the server's imports are made once, whatever the number of pages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kbtools.run.processes.compile_cache import server_cache


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux")
def test_forked_workers_import_nothing_of_kb(tmp_path: Path) -> None:
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki").mkdir()
    for number in range(3):
        (tmp_path / "wiki" / f"Page {number}.md").write_text(f"# Page {number}\n\n```python\nx = {number}\n```\n")
    # Python tells each import on the standard error of the process that makes it.
    done = subprocess.run(
        [sys.executable, "-m", "kbtools.cli", "run", "-n", "1"],
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "3 passed" in done.stderr
    imported = [line.rpartition("|")[2].strip() for line in done.stderr.split("\n") if line.startswith("import time:")]
    assert imported.count("kbtools.run.worker.main") == 1
    assert imported.count("kbtools.run.worker.python.interpreter") == 1


WARM = """
import gc, os, sys
gc.disable()
import matplotlib.pyplot
import torch, torch._inductor.compile_fx
from kbtools.run.worker import preload as warm
before = len(os.listdir("/proc/self/task"))
for each in () if warm.accelerators() else (warm._tensors, warm._modules, warm._optimizer, warm._compiler):
    each(torch)
warm.warm()
assert len(os.listdir("/proc/self/task")) == before == 1, os.listdir("/proc/self/task")
assert torch.get_num_threads() == 1
assert not torch.cuda.is_initialized()
assert not torch._dynamo.utils.counters
"""
PAGE = """# Page

```python
import gc

import torch

assert gc.isenabled()
first = torch.rand(4)
assert torch.equal(first, torch.rand(4, generator=torch.Generator().manual_seed(0)))
gradient = torch.ones(3, requires_grad=True)
(gradient * 2).sum().backward()
assert gradient.grad.tolist() == [2.0, 2.0, 2.0]
```
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux")
def test_what_the_server_does_beforehand_leaves_one_thread_and_no_accelerator(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    own = {
        "OMP_NUM_THREADS": "1",
        "TMPDIR": str(tmp_path),
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
        **dict(server_cache()),
    }
    done = subprocess.run(
        [sys.executable, "-c", WARM], check=False, env={**os.environ, **own}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux")
def test_a_forked_worker_begins_as_a_fresh_interpreter_would(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "Page.md").write_text(PAGE)
    words = [sys.executable, "-m", "kbtools.cli", "run", "--no-cache", "--device", "cpu", "--start-method"]
    for method in ("fork", "spawn"):
        done = subprocess.run([*words, method], check=False, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

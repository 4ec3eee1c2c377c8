"""Snippets on a real CUDA device: what no machine without one can prove. Run by ``make test-cuda``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kbtools.config.project import find_project
from kbtools.run.devices import probe as devices
from kbtools.run.job import DeviceRequest, Limits, RunOptions
from kbtools.run.plan import plan
from kbtools.run.processes.launchers import ForkServerLauncher, SpawnLauncher
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.runner import run
from kbtools.text.source import Source
from kbtools.vault.page import Page

ROOT = Path(__file__).parents[2]
PORTABLE = """```python {#make}
import torch
x = torch.arange(6.0).reshape(2, 3)
print(x @ x.T)
```

```python {#train}
w = torch.full((3, 1), 0.1, requires_grad=True)
loss = ((x @ w - 1) ** 2).mean()
loss.backward()
print(w.grad)
print(f"{loss.item():.4f}")
```

```python {#where}
print(torch.ones(1).device.type)
```

```python {#seeded}
torch.manual_seed(3)
print(torch.rand(2))
```
"""
BOUND = """```python {#first}
import torch
x = torch.ones(1024, device="cuda:0")
print((x + x).sum())  # tensor(2048.)
```

```python {#again}
y = x.cuda() * 3
torch.cuda.synchronize()
print(y.device, y.mean().item())  # cuda:0 3.0
```
"""
COMPILED = """```python {#compiled timeout="300"}
import torch


@torch.compile
def f(x):
    return torch.sin(x) ** 2 + torch.cos(x) ** 2


print(f(torch.arange(8.0, device="cuda")).sum())  # tensor(8.)
```
"""
NCCL = """```python {#nccl launch="torchrun --nproc-per-node=RANKS" timeout="180"}
import os
import torch
import torch.distributed as dist

torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
dist.init_process_group("nccl")
t = torch.ones(1, device="cuda")
dist.all_reduce(t)
if dist.get_rank() == 0:
    print(int(t.item()) == dist.get_world_size())
dist.destroy_process_group()
```

```output
True
```
"""
TOO_MUCH = """```python {#oom device="cuda"}
import torch
x = torch.empty(1 << 50, dtype=torch.uint8, device="cuda")
```

```python {#after device="cuda" .alone}
import torch
print(torch.ones(2, device="cuda").sum())  # tensor(2.)
```
"""


@pytest.fixture(scope="module")
def launcher() -> Iterator[ForkServerLauncher]:
    launcher = ForkServerLauncher()
    yield launcher
    launcher.close()


def outcomes(text: str, launcher: Any, device: str = "cuda", **options: Any) -> dict[str, Outcome]:
    page = Page.parse(Source("P.md", text))
    there = devices.available()
    jobs = plan("P.md", page.snippets, DeviceRequest.parse(device), there, Limits(timeout=120.0), **options)
    return {o.id.partition("::")[2]: o for o in run(jobs, launcher, RunOptions(workers=2))}


def passed(found: dict[str, Outcome]) -> None:
    wrong = {id: (o.outcome.value, o.message or o.reason) for id, o in found.items() if o.outcome is not Status.PASSED}
    assert not wrong, wrong


def kb(*words: str, cwd: Path, limit: float = 900) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-m", "kbtools.cli", *words, "--format", "json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=limit, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.cuda
def test_workers_forked_off_one_server_use_the_gpu_and_the_server_never_does(launcher: ForkServerLauncher) -> None:
    for _ in range(3):
        passed(outcomes(BOUND, launcher))
    assert launcher._server is not None
    opened = [str(f.readlink()) for f in Path(f"/proc/{launcher._server.pid}/fd").iterdir() if f.is_symlink()]
    assert not [name for name in opened if "nvidia-uvm" in name or name == "/dev/nvidia0"], opened


@pytest.mark.cuda
def test_a_fresh_interpreter_uses_the_gpu_too() -> None:
    launcher = SpawnLauncher()
    try:
        passed(outcomes(BOUND, launcher))
    finally:
        launcher.close()


@pytest.mark.cuda
def test_portable_snippets_run_on_both_devices_and_are_compared(tmp_path: Path, figure: Any) -> None:
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki/P.md").write_text(PORTABLE)
    code, report, err = kb("run", "--device", "cpu,cuda", "--require-device", "cuda", "-n", "2", cwd=tmp_path)
    assert code == 0, report["outcomes"]
    assert {o["device"] for o in report["outcomes"]} == {"cpu", "cuda"}
    states = {p["id"].rpartition("::")[2]: p["state"] for p in report["parity"]}
    assert states["make"] == states["train"] == "same", report["parity"]
    assert states["where"] == "differs", "each session's default device is its own"
    assert "parity: " in err
    code, again, _ = kb("run", "--device", "cpu,cuda", "--require-device", "cuda", cwd=tmp_path)
    assert all(o["cached"] for o in again["outcomes"])
    assert again["parity"] == report["parity"]
    took = {
        device: sum(o["seconds"] for o in report["outcomes"] if o["device"] == device) for device in ("cpu", "cuda")
    }
    figure("seconds of four portable snippets, CPU and CUDA", f"{took['cpu']:.2f}, {took['cuda']:.2f}")


@pytest.mark.cuda
def test_code_for_more_gpus_than_there_are_is_skipped_and_others_run(launcher: ForkServerLauncher) -> None:
    count = devices.probe()["cuda"].count
    page = f'```python {{#last}}\nimport torch\nprint(torch.ones(1, device="cuda:{count - 1}").item())  # 1.0\n```\n\n'
    page += f'```python {{#none .alone}}\nimport torch\ntorch.ones(1, device="cuda:{count}")\n```\n'
    found = outcomes(page, launcher)
    assert found["last[cuda]"].outcome is Status.PASSED, found["last[cuda]"].message
    assert found["none[cuda]"].outcome is Status.SKIPPED
    assert f"needs {count + 1} GPUs" in (found["none[cuda]"].reason or "")


@pytest.mark.cuda
def test_a_gpu_out_of_memory_is_an_error_and_harms_no_other_session(launcher: ForkServerLauncher) -> None:
    found = outcomes(TOO_MUCH, launcher)
    assert found["oom[cuda]"].outcome is Status.ERROR
    assert found["oom[cuda]"].reason == "out of memory (of cuda)"
    assert found["oom[cuda]"].traceback_line == 3
    assert found["after[cuda]"].outcome is Status.PASSED, found["after[cuda]"].message


@pytest.mark.cuda
def test_nccl_under_torchrun(launcher: ForkServerLauncher, figure: Any) -> None:
    ranks = min(2, devices.probe()["cuda"].count)
    passed(outcomes(NCCL.replace("RANKS", str(ranks)), launcher))
    figure("ranks of nccl", ranks)


@pytest.mark.cuda
def test_torch_compile_on_the_gpu(launcher: ForkServerLauncher, figure: Any) -> None:
    found = outcomes(COMPILED, launcher)
    passed(found)
    figure("seconds of a first torch.compile", f"{found['compiled[cuda]'].seconds:.1f}")


@pytest.mark.cuda
def test_the_wiki_runs_where_cuda_is_required(figure: Any) -> None:
    assert find_project(ROOT).vault == ROOT / "docs"
    words = ("run", "--device", "cuda", "--require-device", "cuda", "--no-cache")
    code, made, err = kb(*words, cwd=ROOT, limit=3000)
    summary = made["summary"]
    figure("snippets of the wiki executed on CUDA", f"{summary['executed']} of {summary['snippets']}")
    figure("seconds of the wiki on CUDA", summary["seconds"])
    assert not [o["id"] for o in made["outcomes"] if (o["reason"] or "").endswith("no CUDA device here")]
    wrong = {o["id"]: o["message"] for o in made["outcomes"] if o["outcome"] in ("failed", "error")}
    assert not wrong, json.dumps(wrong, indent=1)
    assert code == 0, err


@pytest.mark.skipif(devices.probe()["cuda"].available, reason="the real thing is tested")
def test_the_pages_of_this_file_run_when_retargeted() -> None:
    """Where there is no GPU: that the pages above are right but for the device."""
    pytest.importorskip("torch")
    launcher = ForkServerLauncher()
    try:
        found = {}
        for page in (PORTABLE, BOUND.replace("  # cuda:0 3.0", ""), TOO_MUCH.replace("1 << 50", "1 << 10")):
            found.update(outcomes(page.replace("torch.cuda.synchronize()", "pass"), launcher, "cpu", rehearse=True))
    finally:
        launcher.close()
    wrong = {
        i: (o.outcome.value, o.message) for i, o in found.items() if o.outcome.value not in ("passed", "rehearsed")
    }
    assert not wrong, wrong
    assert sum(o.outcome is Status.REHEARSED for o in found.values()) == 4

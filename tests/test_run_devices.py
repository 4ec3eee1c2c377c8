"""Devices without having them: what is planned on described machines, how GPUs are shared, what a session may take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kbtools import cli
from kbtools.adapters.testing import jobs_of, run_page
from kbtools.run.devices import probe as devices
from kbtools.run.devices.gpus import Slots
from kbtools.run.job import DeviceRequest, Job, Limits
from kbtools.run.plan import plan
from kbtools.run.processes.launchers import ForkServerLauncher, Launcher, SpawnLauncher
from kbtools.run.results.outcomes import Status
from kbtools.run.runner import run
from kbtools.text.source import Source
from kbtools.vault.page import Page
from tests.waiting import LIMIT


def planned(text: str, cuda: int, **request: object) -> dict[str, str | None]:
    """By outcome, why it does not run, on a machine with so many GPUs."""
    page = Page.parse(Source("P.md", text))
    jobs = plan("P.md", page.snippets, DeviceRequest(**request), {"cpu": 1, "cuda": cuda}, Limits())  # type: ignore[arg-type]
    return {step.id.partition("::")[2]: step.skip for job in jobs for step in job.steps if step.reported}


@pytest.mark.parametrize(
    ("code", "launch", "needed"),
    [
        ('x.to("cuda")', None, 1),
        ('x.to("cuda:1")', None, 2),
        ("x.cuda(3)", None, 4),
        ("torch.cuda.set_device(1)", None, 2),
        ("DDP(m, device_ids=[0, 1, 2])", None, 3),
        ('if torch.cuda.device_count() > 1:\n    x.to("cuda:1")', None, 1),
        ('for i in range(torch.cuda.device_count()):\n    x.to("cuda:7")', None, 1),
        ('dist.init_process_group("nccl")', "torchrun --nproc-per-node=4", 4),
        ('dist.init_process_group("nccl")', "torchrun --nproc_per_node 2 --max-restarts=0", 2),
        ("this is no Python", "torchrun --nproc-per-node=2", 2),
        ("range(5).index(1); x.size(7)", None, 1),
    ],
)
def test_how_many_gpus_code_needs(code: str, launch: str | None, needed: int) -> None:
    options = f' {{launch="{launch}"}}' if launch else ""
    (snippet,) = Page.parse(Source("P.md", f"```python{options}\n{code}\n```\n")).snippets
    assert snippet.gpus == needed


def test_code_for_two_gpus_needs_two() -> None:
    page = '```python {#a}\nx = torch.ones(1, device="cuda:1")\n```\n\n```python {#b device="cuda"}\ny = 1\n```\n'
    assert planned(page, 1) == {"a[cuda]": "needs 2 GPUs: there is 1", "b[cuda]": None}
    assert planned(page, 2) == {"a[cuda]": None, "b[cuda]": None}
    assert planned(page, 0)["a[cuda]"] == 'needs cuda (line 2 names "cuda:1"): no CUDA device here'
    (job,) = jobs_of(page, device="cuda", available=("cpu", "cuda"))
    assert job.gpus == 1, "what is skipped needs none"


def test_a_required_device_that_is_there_is_no_error_for_want_of_a_second() -> None:
    page = '```python {#a}\nx.to("cuda:1")\n```\n'
    snippets = Page.parse(Source("P.md", page)).snippets
    request = DeviceRequest(("cuda",), ("cuda",))
    for there, error in ((1, False), (0, True)):
        jobs = plan("P.md", snippets, request, {"cpu": 1, "cuda": there}, Limits())
        assert [step.missing_is_error for job in jobs for step in job.steps] == [error]


def test_sessions_share_gpus_out_and_take_several_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a, GPU-b,5")
    first, second = Slots.take(tmp_path, 3), Slots.take(tmp_path, 3)
    assert (first.visible(), second.visible()) == ("GPU-a", "GPU-b")
    got: list[Slots] = []
    waiting = threading.Thread(target=lambda: got.append(Slots.take(tmp_path, 3, 2)))
    waiting.start()
    time.sleep(0.2)
    assert not got, "one is free, two are wanted"
    third = Slots.take(tmp_path, 3)
    assert third.visible() == "5", "who waits for two holds none meanwhile"
    third.close()
    first.close()
    waiting.join(LIMIT)
    assert got[0].visible() == "GPU-a,5"
    for slots in (second, *got):
        slots.close()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    everything = Slots.take(tmp_path, 2, 8)
    assert everything.visible() == "0,1", "no more than there are"
    everything.close()


def test_memory_is_watched_where_the_system_sets_no_limit(launcher: Launcher) -> None:
    page = (
        '```python {#big memory="200MiB"}\nimport time\nheld = bytearray(400 << 20)\ntime.sleep(600)\n```\n\n'
        "```python {#small}\nprint(1)\n```\n"
    )
    (job,) = jobs_of(page)
    elsewhere = replace(job, device="mps", steps=tuple(replace(step, device="mps") for step in job.steps))
    found = {o.id.partition("::")[2].partition("[")[0]: o for o in run([elsewhere], launcher)}
    assert found["big"].outcome is Status.ERROR
    assert (found["big"].reason or "").startswith("out of memory (limit 200 MiB")
    assert found["small"].outcome is Status.PASSED, "the session goes on in a new worker"


def test_a_time_limit_holds_there_too(launcher: Launcher) -> None:
    (job,) = jobs_of('```python {#slow timeout="1"}\nwhile True:\n    pass\n```\n')
    elsewhere = replace(job, device="mps", steps=tuple(replace(step, device="mps") for step in job.steps))
    (outcome,) = run([elsewhere], launcher)
    assert (outcome.reason or "").startswith("timed out after 1 s")


def test_torch_is_not_imported_to_learn_that_there_is_none() -> None:
    code = (
        "import sys\nsys.modules['torch'] = None\nimport importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name == 'torch' else find(name, *a)\n"
        "import subprocess\ndef no(*a, **k): raise SystemExit('a process was started')\nsubprocess.run = no\n"
        "from kbtools.run.devices import probe\nimport json\nprint(probe.export())"
    )
    env = {name: value for name, value in os.environ.items() if name != devices.VARIABLE}  # what this process knows
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["cpu"]["available"]
    assert (told["cuda"]["available"], told["cuda"]["reason"]) == (False, "torch is not installed")


def test_a_torch_without_cuda_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text("raise SystemExit('imported')\n")
    version = tmp_path / "torch/version.py"
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    version.write_text("cuda: str | None = None\nhip = None\n")
    assert devices._without_torch("cuda", str(tmp_path / "torch/__init__.py")) == devices.DeviceInfo(
        False, None, "this torch is built without CUDA", 0
    )
    version.write_text("cuda: str | None = '12.8'\nhip = None\n")
    if not Path("/dev/nvidiactl").exists():
        found = devices._without_torch("cuda", str(tmp_path / "torch/__init__.py"))
        assert found is None or found.reason == "there is no GPU device node"


def test_what_was_found_once_serves_all_processes_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    two = {
        "cpu": {"available": True},
        "cuda": {"available": True, "name": "A100", "count": 2},
        "mps": {"available": False},
    }
    monkeypatch.setenv(devices.VARIABLE, json.dumps(two))
    devices._probe.cache_clear()
    try:
        assert devices.available() == {"cpu": 1, "cuda": 2, "mps": 0}
        assert devices.available_for(DeviceRequest()) == {"cpu": 1, "cuda": 2, "mps": 0}
        assert devices.environment()["devices"]["cuda"]["name"] == "A100"
    finally:
        devices._probe.cache_clear()


def test_the_fork_server_never_touches_an_accelerator() -> None:
    pytest.importorskip("torch")
    code = (
        "import torch, sys\n"
        "torch.cuda._lazy_init = torch.cuda.init = lambda *a: sys.exit('CUDA was initialised')\n"
        "from kbtools.run.processes.forkserver import PRELOADS\n"
        "for modules in PRELOADS.values():\n    for module in modules:\n        __import__(module)\n"
        "assert not torch.cuda.is_initialized()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_session_sees_the_gpus_it_was_given_and_one_on_the_cpu_sees_none(launcher: Launcher) -> None:
    page = "```python {#a}\nimport os\nprint(os.environ['CUDA_VISIBLE_DEVICES'])\n```\n"
    assert run_page(page, launcher)["a"].stdout == "\n"
    (job,) = jobs_of(page)
    on_gpu = replace(job, device="cuda", steps=tuple(replace(s, device="cuda", gpus=2) for s in job.steps))
    from kbtools.run.session import ProcessSettings, Session

    with Session(on_gpu, launcher, ProcessSettings(gpus=4)) as session:
        (outcome,) = session
    assert outcome.stdout == "0,1\n"


def test_a_fresh_interpreter_for_each_session_gives_the_same() -> None:
    page = (
        "```python {#a}\nimport random\nx = [1]\nprint(random.random())\n```\n\n```python {#b}\nx.append(2)\nprint(x)\n"
        "```\n\n```python {#c}\nraise ValueError('no')\n```\n\n```python {#d .alone}\nprint(x)\n```\n"
    )
    forked, spawned = ForkServerLauncher(), SpawnLauncher()
    try:
        one, other = run_page(page, forked), run_page(page, spawned)
    finally:
        forked.close()
        spawned.close()

    def said(outcomes: dict) -> list[tuple]:  # type: ignore[type-arg]
        return [(o.id, o.outcome, o.stdout, o.message, o.traceback_line) for o in outcomes.values()]

    assert said(one) == said(other)


def test_the_start_method_can_be_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "A.md").write_text(
        "```python {#a}\nimport sys\nprint('kbtools.run.worker.preload' in sys.modules)\n```\n"
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    words = ["run", "--vault", str(tmp_path), "--device", "cpu", "-n", "1", "--no-cache", "--format", "json"]
    for method, told in (("spawn", "False"), ("fork", "True")):  # what the fork server alone has imported
        assert cli.main([*words, "--start-method", method]) == 0
        assert json.loads(capsys.readouterr().out)["outcomes"][0]["stdout"].strip() == told, method


def test_a_rehearsal_on_described_machines() -> None:
    page = '```python {#a}\nx.to("cuda")\n```\n\n```python {#b}\nx = 1\n```\n'
    jobs = jobs_of(page, rehearse=True)
    told = {step.id.partition("::")[2]: step.rehearse for job in jobs for step in job.steps if step.reported}
    assert told == {"a[cuda]": "cpu", "b[cpu]": None}
    here: tuple[Job, ...] = jobs_of(page, rehearse=True, available=("cpu", "cuda"), device="auto")
    assert all(step.rehearse is None for job in here for step in job.steps)

"""``kb run --cluster``: real schedulers and workers, each a process, on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

from kbtools.run.results.store import Store
from tests.terminal import run_kb
from tests.waiting import LIMIT, until

# Not imported here: each worker of pytest-xdist collects this file, and one runs it.
pytestmark = pytest.mark.skipif(find_spec("distributed") is None, reason="distributed is not installed")

GPU = {
    "cpu": {"available": True, "name": "x86_64", "reason": None, "count": 1},
    "cuda": {"available": True, "name": "Pretended GPU", "reason": None, "count": 1},
    "mps": {"available": False, "name": None, "reason": "MPS is on macOS only", "count": 0},
}


@dataclass
class Cluster:
    """A scheduler, and workers to start and kill."""

    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "scheduler.json"

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_text())["address"])

    def start(self, *words: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words, "--scheduler-file", str(self.file), "--no-dashboard"]
        log = (self.folder / f"{len(self.running)}.log").open("wb")
        process = subprocess.Popen(
            command, cwd=self.folder, env={**os.environ, **(env or {})}, stdout=log, stderr=log, start_new_session=True
        )
        self.running.append(process)
        return process

    def scheduler(self) -> None:
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0")
        until(self.file.exists, "the scheduler")

    def worker(self, name: str, **env: str) -> subprocess.Popen[bytes]:
        return self.start("worker", "--name", name, "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", env=env)

    def joined(self, count: int) -> None:
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=LIMIT)

    def close(self) -> None:
        for process in reversed(self.running):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    cluster = Cluster(folder)
    try:
        cluster.scheduler()
        yield cluster
    finally:
        cluster.close()


def wiki(folder: Path, pages: dict[str, str]) -> Path:
    root = folder / "wiki"
    (root / "docs").mkdir(parents=True)
    (root / "kb.toml").write_text('docs = "docs"\n')
    for name, text in pages.items():
        (root / "docs" / name).write_text(text)
    return root


def outcomes(told: str) -> dict[str, str]:
    return {o["id"]: o["outcome"] for o in json.loads(told)["outcomes"]}


def test_sessions_go_where_their_device_is_and_results_come_back(cluster: Cluster, tmp_path: Path) -> None:
    root = wiki(
        tmp_path,
        {
            "Plain.md": "# Plain\n\n```python\nx = 6\n```\n\n```python\nprint(x * 7)  #> 42\n```\n",
            "Wrong.md": "# Wrong\n\n```python\nprint(1)  #> 2\n```\n",
            "Gpu.md": '# Gpu\n\n```python {device="cuda"}\nprint("here")  #> here\n```\n',
            "Apple.md": '# Apple\n\n```python {device="mps"}\nprint("here")\n```\n',
        },
    )
    cluster.worker("plain")
    cluster.worker("gpu", KB_DEVICES=json.dumps(GPU))
    cluster.joined(2)
    report = tmp_path / "report.json"
    done = run_kb(["run", "--cluster", cluster.address, "--format", "json", "--report", str(report)], cwd=root)
    assert done.returncode == 1, done.stderr[-3000:]
    assert outcomes(done.stdout) == {
        "Plain.md::plain[cpu]": "passed",
        "Plain.md::plain[cuda]": "passed",
        "Plain.md::plain-2[cpu]": "passed",
        "Plain.md::plain-2[cuda]": "passed",
        "Wrong.md::wrong[cpu]": "failed",
        "Wrong.md::wrong[cuda]": "failed",
        "Gpu.md::gpu[cuda]": "passed",
        "Apple.md::apple[mps]": "skipped",
    }
    told = json.loads(report.read_text())
    assert told["environment"]["devices"]["cuda"]["name"] == "Pretended GPU"
    assert len(told["machines"]) == 2
    # What is kept says which machine it was.
    kept = Store(root / ".kb").read("Gpu.md")
    assert kept["Gpu.md::gpu[cuda]"].device_name == "Pretended GPU"
    # Failures are never taken from the store; what passed is, for machines alike.
    again = json.loads(run_kb(["run", "--cluster", cluster.address, "--format", "json"], cwd=root).stdout)
    cached = {o["id"] for o in again["outcomes"] if o["cached"]}
    assert cached >= {"Gpu.md::gpu[cuda]", "Plain.md::plain-2[cuda]"}
    assert not any("Wrong" in id for id in cached)
    one = run_kb(["run", "docs/Plain.md::plain-2", "--device", "cpu", "--cluster", cluster.address], cwd=root)
    assert one.returncode == 0
    assert "1 snippet: 1 passed" in one.stderr


def test_the_sessions_of_a_lost_worker_run_elsewhere(cluster: Cluster, tmp_path: Path) -> None:
    slow = "# Slow\n\n```python\nimport time\ntime.sleep(1.5)\nprint('done')  #> done\n```\n"
    root = wiki(tmp_path, {f"Slow{i}.md": slow for i in range(6)})
    first, _ = cluster.worker("first"), cluster.worker("second")
    cluster.joined(2)
    command = [sys.executable, "-m", "kbtools.cli", "run", "--cluster", cluster.address, "--format", "json"]
    running = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    store = Store(root / ".kb")
    until(lambda: any(store.read(f"Slow{i}.md") for i in range(6)), "a first result")
    os.killpg(first.pid, signal.SIGKILL)
    told, err = running.communicate(timeout=LIMIT)
    assert running.returncode == 0, err
    assert outcomes(told) == {f"Slow{i}.md::slow[cpu]": "passed" for i in range(6)}


def test_a_device_that_leaves_the_cluster_is_told(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kbtools.adapters.dask import client
    from kbtools.config.project import find_project
    from kbtools.run.job import DeviceRequest
    from kbtools.vault.loading import load

    root = wiki(tmp_path, {"Gpu.md": '# Gpu\n\n```python {device="cuda"}\nimport time\ntime.sleep(60)\n```\n'})
    cluster.worker("plain")
    gpu = cluster.worker("gpu", KB_DEVICES=json.dumps(GPU))
    cluster.joined(2)
    monkeypatch.setattr(client, "_PATIENCE", 2.0)
    gather = client._Run._gather

    def killed(self: client._Run, pending: dict[object, object]) -> None:
        time.sleep(0.5)
        os.killpg(gpu.pid, signal.SIGKILL)
        gather(self, pending)

    monkeypatch.setattr(client._Run, "_gather", killed)
    project = find_project(root)
    pages = {path: page.snippets for path, page in load(project).pages.items()}
    options = client.ClusterOptions(DeviceRequest.parse("auto"))
    (outcome,) = client.run_on_cluster(cluster.address, project, pages, options, lambda _: None).outcomes
    assert (outcome.outcome.value, outcome.reason) == ("error", "no worker with cuda is left in the cluster")


def test_a_cluster_that_cannot_be_used_says_why(cluster: Cluster, tmp_path: Path) -> None:
    root = wiki(tmp_path, {"A.md": "# A\n\n```python\nx = 1\n```\n"})
    nobody = run_kb(["run", "--cluster", cluster.address], cwd=root)
    assert nobody.returncode == 2
    assert "no worker has joined the cluster" in nobody.stderr
    nowhere = run_kb(["run", "--cluster", "tcp://127.0.0.1:9"], cwd=root)
    assert nowhere.returncode == 2
    assert "no cluster answers at tcp://127.0.0.1:9" in nowhere.stderr
    assert "Traceback" not in nowhere.stderr

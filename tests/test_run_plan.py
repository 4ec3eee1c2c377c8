"""Which snippet runs on which device, what becomes of the others, and what a report and the store make of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kbtools.adapters.testing import jobs_of, run_page
from kbtools.errors import KbError
from kbtools.run.devices import probe as devices
from kbtools.run.job import DeviceRequest, Job
from kbtools.run.plan import Fences, plan
from kbtools.run.processes.launchers import Launcher
from kbtools.run.report import report
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.results.store import Store
from kbtools.run.runner import run
from kbtools.text.source import Source
from kbtools.vault.page import Page

PAGE = """```python {#free}
a = 1
```

```python {#gpu}
import torch
g = torch.ones(2).cuda()
```

```python {#after}
print(g)
```

```python {#cpu-only device="cpu"}
print(a)
```

```bash
ls
```
"""


def told(jobs: tuple[Job, ...]) -> dict[str, str | None]:
    """What is reported, with the reason for what is skipped."""
    return {step.id.partition("::")[2]: step.skip for job in jobs for step in job.steps if step.reported}


def test_without_cuda_a_bound_snippet_is_told_of_once_under_its_own_device() -> None:
    why = "needs cuda (line 7 calls .cuda()): no CUDA device here"
    expected = {"free[cpu]": None, "gpu[cuda]": why, "after[cpu]": None, "cpu-only[cpu]": None}
    assert told(jobs_of(PAGE, device="auto")) == expected
    asked = {**expected, "gpu[cuda]": "needs cuda (line 7 calls .cuda()): not among the devices asked for"}
    assert told(jobs_of(PAGE, device="cpu")) == asked


def test_with_cuda_both_sessions_run_what_they_can() -> None:
    jobs = jobs_of(PAGE, device="auto", available=("cpu", "cuda"))
    runs = {job.device: [s.name for s in job.steps if s.skip is None] for job in jobs}
    assert runs == {"cpu": ["free", "after", "cpu-only"], "cuda": ["free", "gpu", "after"]}
    assert set(told(jobs)) == {"free[cpu]", "after[cpu]", "cpu-only[cpu]", "free[cuda]", "gpu[cuda]", "after[cuda]"}


def test_all_reports_every_device_and_says_what_is_missing() -> None:
    found = told(jobs_of(PAGE, device="all"))
    assert found["free[mps]"] == "no MPS device here"
    assert found["free[cuda]"] == "no CUDA device here"
    assert found["free[cpu]"] is None
    assert list(found).count("gpu[cuda]") == 1
    assert "cpu-only[cuda]" not in found


def test_a_device_alone_leaves_the_others_bound_snippets_skipped() -> None:
    found = told(jobs_of(PAGE, device="cuda", available=("cpu", "cuda")))
    assert found["gpu[cuda]"] is None
    assert "not among the devices asked for" in (found["cpu-only[cpu]"] or "")
    assert found.keys() == {"free[cuda]", "gpu[cuda]", "after[cuda]", "cpu-only[cpu]"}


@pytest.mark.parametrize("wrong", ["gpu", "cpu,auto", "auto,all", "cuda:0"])
def test_unknown_devices_are_refused(wrong: str) -> None:
    with pytest.raises(KbError, match="no device is called"):
        DeviceRequest.parse(wrong)


def test_skip_is_an_outcome_and_blocks_what_needs_its_names(launcher: Launcher) -> None:
    page = '```python {#a .skip reason="too long"}\nx = 1\n```\n\n```python {#b}\nprint(x)\n```\n'
    outcomes = run_page(page, launcher)
    assert (outcomes["a"].outcome, outcomes["a"].reason) == (Status.SKIPPED, "too long")
    assert (outcomes["b"].outcome, outcomes["b"].reason) == (Status.BLOCKED, "needs x from #a, which was skipped")


def test_a_page_of_which_nothing_runs_starts_no_process() -> None:
    jobs = jobs_of('```python {#a device="cuda"}\nx = 1\n```\n')
    assert not any(job.runs for job in jobs)
    (outcome,) = run(jobs)
    assert (outcome.id, outcome.outcome) == ("Page.md::a[cuda]", Status.SKIPPED)


def test_keys_change_with_what_decides_a_result_and_cover_what_stands_before() -> None:
    def keys(text: str) -> dict[str, str]:
        return {s.name: s.key for job in jobs_of(text) for s in job.steps}

    one = "```python {#a}\nx = 1\n```\n\n```python {#b}\nprint(x)  # 1\n```\n\n```python {#c .alone}\n1\n```\n"
    base = keys(one)
    assert keys(one) == base
    earlier = keys(one.replace("x = 1", "x = 2"))
    assert earlier["a"] != base["a"]
    assert earlier["b"] != base["b"]
    assert earlier["c"] == base["c"]
    expectation = keys(one.replace("# 1", "# 2"))
    assert (expectation["a"], expectation["b"] == base["b"]) == (base["a"], False)


def test_the_report_counts_every_fence(launcher: Launcher) -> None:
    page = Page.parse(Source("Page.md", PAGE))
    outcomes = run(jobs_of(PAGE), launcher)
    made = report(outcomes, devices.environment(), fences=Fences.of(page.snippets))
    assert json.loads(json.dumps(made)) == made
    assert made["version"] == 1
    assert set(made["environment"]) >= {"python", "torch", "platform", "devices"}
    assert [o["line"] for o in made["outcomes"]] == sorted(o["line"] for o in made["outcomes"])
    summary = made["summary"]
    assert {k: summary[k] for k in ("passed", "skipped", "blocked", "snippets", "executed", "fences")} == {
        "passed": 2,
        "skipped": 1,
        "blocked": 1,
        "snippets": 4,
        "executed": 2,
        "fences": 5,
    }
    assert summary["executed_share"] == 0.5
    assert sum(summary["not_executable"].values()) == 1


def test_every_fence_ends_in_exactly_one_state(launcher: Launcher) -> None:
    text = PAGE + (
        "\n```\nno language\n```\n\n```output\nnobody's\n```\n\n```python {#one}\nprint(1)\n```\n\n"
        "```output\n1\n```\n\n```json\n{}\n```\n\n```python {#wrong}\n1 / 0\n```\n\n"
        "```python {#idle .skip reason='x'}\n1\n```\n\n"
        "```sh {.run}\ntrue\n```\n\n```python {#gone requires='no-such-thing'}\n1\n```\n\n```mermaid\ngraph\n```\n"
    ).replace("'x'", '"x"').replace("'no-such-thing'", '"no-such-thing"')
    page = Page.parse(Source("Page.md", text))
    outcomes = run(jobs_of(text, device="auto", available=("cpu",)), launcher)
    told = [outcome.id for outcome in outcomes]
    assert len(told) == len(set(told)), "one outcome for a snippet on a device"
    ran = {id.rpartition("[")[0].partition("::")[2] for id in told}
    assert ran == {snippet.id for snippet in page.snippets if snippet.executable}
    assert all(snippet.why_not for snippet in page.snippets if not snippet.executable)
    summary = report(outcomes, devices.environment(), fences=Fences.of(page.snippets))["summary"]
    assert summary["fences"] == len(page.snippets) == summary["snippets"] + sum(summary["not_executable"].values())
    assert summary["outcomes"] == sum(summary[status.value] for status in Status)


def test_outcomes_travel_without_loss() -> None:
    outcome = Outcome("P.md::a[cpu]", "P.md", 3, "cpu", Status.FAILED, "r", 0.5, False, "\ud800\n", "m", 4)
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_wire()))) == outcome


def test_pages_whose_names_differ_little_have_files_of_their_own(tmp_path: Path) -> None:
    store = Store(tmp_path)
    names = ["a/b.md", "a_b.md", "A_b.md", "a b.md", "가.md", "x" * 300 + ".md"]
    assert len({store.file(name).name.lower() for name in names}) == len(names)
    assert max(len(store.file(name).name.encode()) for name in names) < 255


def test_a_rehearsal_is_never_passed(launcher: Launcher) -> None:
    pytest.importorskip("torch")
    page = PAGE.replace("```bash", '```python {#nope}\ntorch.ones(1, device="cuda:0").nothing()\n```\n\n```bash')
    found = {o.id.partition("::")[2]: o for o in run(jobs_of(page, rehearse=True), launcher)}
    assert found["gpu[cuda]"].outcome is Status.REHEARSED
    assert found["gpu[cuda]"].reason == "retargeted to cpu"
    assert found["after[cpu]"].outcome is Status.PASSED
    assert found["nope[cuda]"].outcome is Status.FAILED


def test_launch_runs_a_script_whose_lines_are_the_pages(launcher: Launcher) -> None:
    page = (
        '# T\n\n```python {#plain launch="python"}\nimport sys\nprint(len(sys.argv))\n```\n\n```output\n1\n```\n\n'
        "```python {#bad launch=\"python\"}\nx = 1\nraise ValueError('in script')\n```\n\n"
        '```python {#unknown launch="rm -rf"}\n1\n```\n'
    )
    (job,) = jobs_of(page)
    steps = tuple(replace(s, launch="rm -rf") if s.name == "unknown" else s for s in job.steps)
    found = {o.id.partition("::")[2].partition("[")[0]: o for o in run([replace(job, steps=steps)], launcher)}
    assert found["plain"].outcome is Status.PASSED, found["plain"].message
    assert (found["bad"].outcome, found["bad"].traceback_line) == (Status.FAILED, 14)
    assert "ValueError: in script" in (found["bad"].message or "")
    assert found["unknown"].outcome is Status.ERROR
    assert "not a launcher" in (found["unknown"].message or "")


def test_torchrun_runs_every_rank(launcher: Launcher) -> None:
    pytest.importorskip("torch")
    page = (
        '```python {#ddp launch="torchrun --nproc-per-node=2" timeout="60"}\n'
        "import torch\nimport torch.distributed as dist\ndist.init_process_group('gloo')\n"
        "t = torch.ones(1)\ndist.all_reduce(t)\nif dist.get_rank() == 0:\n    print(t)\n"
        "dist.destroy_process_group()\n```\n\n"
        "```output\ntensor([2.])\n```\n"
    )
    outcome = run_page(page, launcher)["ddp"]
    assert outcome.outcome is Status.PASSED, outcome.message


def test_plan_is_pure_and_empty_for_a_page_without_snippets() -> None:
    assert plan("P.md", (), DeviceRequest(), {"cpu": True}) == ()

"""What a snippet prints on one device, beside what it prints on another: in a run, in merged reports, on the site."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kbtools import cli
from kbtools.run.devices import probe as devices
from kbtools.run.report import report
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.results.parity import ParityState, line, parity
from kbtools.site.data.results import ShownOutcome
from kbtools.site.page.result_panel import View, decorate
from kbtools.site.words import words_of
from kbtools.text.source import Source
from kbtools.vault.page import Page

VIEW = View(words_of("ko"))


def outcome(device: str, stdout: str, status: str = "passed", name: str = "a", **more: Any) -> Outcome:
    return Outcome(f"P.md::{name}[{device}]", "P.md", 3, device, Status(status), stdout=stdout, **more)


@pytest.mark.parametrize(
    ("cpu", "cuda", "state"),
    [
        ("tensor([1., 2.])\n", "tensor([1., 2.], device='cuda:0')\n", ParityState.SAME),
        ("0.1234\n", "0.1235\n", ParityState.SAME),
        ("0.1234 x\n", "0.1239 x\n", ParityState.DIFFERS),
        ("-1.5e-07 a 2.00\n", "-1.6e-07 a 2.01\n", ParityState.SAME),
        ("loss 0.50 step 1\n", "loss 0.50 step 2\n", ParityState.DIFFERS),
        ("1.0 2.0\n", "1.0\n", ParityState.DIFFERS),
        ("cpu\n", "cuda\n", ParityState.DIFFERS),
        ("", "", ParityState.NOT_COMPARABLE),
    ],
)
def test_outputs_are_compared_as_expected_output_is(cpu: str, cuda: str, state: ParityState) -> None:
    (found,) = parity([outcome("cuda", cuda), outcome("cpu", cpu)])
    assert (found.devices, found.state) == (("cpu", "cuda"), state)
    (other,) = parity([outcome("cuda", cpu), outcome("cpu", cuda)])
    assert other.state is state, "whichever way round"


def test_what_did_not_come_to_its_end_is_not_compared_by_its_output() -> None:
    good, late = outcome("cpu", "1\n"), outcome("cuda", "", "error", reason="timed out after 60 s")
    (found,) = parity([good, late])
    assert (found.state, found.reason) == (ParityState.NOT_COMPARABLE, "on cuda: timed out after 60 s")
    (found,) = parity([good, outcome("cuda", "", "failed", reason="RuntimeError: x", message="RuntimeError: x")])
    assert (found.state, found.reason) == (ParityState.DIFFERS, "it runs on cpu, and fails on cuda: RuntimeError: x")
    (found,) = parity([outcome("cpu", "1\n", "failed", reason="output differs"), outcome("cuda", "1\n")])
    assert found.state is ParityState.SAME, "it ran, and printed what the page does not say"
    broken = [outcome(d, "", "failed", reason="E") for d in ("cpu", "cuda")]
    assert parity(broken)[0].state is ParityState.NOT_COMPARABLE
    raised = [outcome("cpu", "", message="RuntimeError: a"), outcome("cuda", "", message="RuntimeError: b")]
    assert parity(raised)[0].state is ParityState.DIFFERS


def test_only_what_ran_on_several_devices_has_parity() -> None:
    alone = [outcome("cpu", "1"), outcome("cuda", "", "skipped"), outcome("cuda", "2", name="b")]
    assert parity(alone) == ()
    assert line(parity(alone)) == ""
    three = parity([outcome(device, "1\n") for device in ("mps", "cuda", "cpu")])
    assert [found.devices for found in three] == [("cpu", "cuda"), ("cpu", "mps")]
    assert line(three) == "parity: 2 same"


def machine(cuda: bool) -> dict[str, Any]:
    gpu = {"available": cuda, "name": "NVIDIA A100" if cuda else None, "reason": None, "count": 2 * cuda}
    there = {"cpu": {"available": True, "name": "x86_64", "reason": None, "count": 1}, "cuda": gpu}
    return {"python": "3.12", "torch": "2.9", "platform": "Linux", "devices": there}


def test_merged_reports_are_compared_across_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laptop = report([outcome("cpu", "tensor([3.])\n"), outcome("cpu", "1\n", name="b")], machine(False))
    server = report(
        [outcome("cuda", "tensor([3.], device='cuda:0')\n"), outcome("cuda", "2\n", name="b")], machine(True)
    )
    for name, made in (("laptop", laptop), ("server", server)):
        assert made["parity"] == []
        (tmp_path / f"{name}.json").write_text(json.dumps(made))
    assert cli.main(["results", "merge", str(tmp_path / "laptop.json"), str(tmp_path / "server.json")]) == 0
    told = capsys.readouterr()
    merged = json.loads(told.out)
    assert [(p["id"], p["devices"], p["state"]) for p in merged["parity"]] == [
        ("P.md::a", ["cpu", "cuda"], "same"),
        ("P.md::b", ["cpu", "cuda"], "differs"),
    ]
    assert "1" in merged["parity"][1]["diff"]
    assert "2" in merged["parity"][1]["diff"]
    assert merged["summary"]["parity"] == {"same": 1, "differs": 1, "not_comparable": 0}
    assert "parity: 1 same, 1 differs" in told.err


def test_a_run_on_two_devices_compares_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # No GPU is needed to plan and to compare: what the pages run here does not touch the device.
    described = {
        "cpu": {"available": True, "name": "x", "reason": None, "count": 1},
        "mps": {"available": True, "name": "y", "reason": None, "count": 1},
        "cuda": {"available": False, "name": None, "reason": "none", "count": 0},
    }
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki/A.md").write_text(
        "```python {#same}\nprint(0.25)\n```\n\n```python {#other}\nimport sys\nprint('torch' in sys.modules)\n```\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(devices.VARIABLE, json.dumps(described))
    devices._probe.cache_clear()
    try:
        code = cli.main(["run", "--format", "json", "-n", "1", "--device", "cpu,mps", "--report", "r.json"])
    finally:
        devices._probe.cache_clear()
    made = json.loads(capsys.readouterr().out)
    assert code == 0
    compared = {p["id"]: (p["devices"], p["state"]) for p in made["parity"]}
    assert compared["A.md::same"] == (["cpu", "mps"], "same")
    assert set(compared) == {"A.md::same", "A.md::other"}
    assert json.loads((tmp_path / "r.json").read_bytes())["parity"] == made["parity"]


def test_the_site_says_whether_devices_agree() -> None:
    page = Page.parse(Source("P.md", "```python {#a}\nprint(1)\n```\n"))
    runs = [ShownOutcome(outcome("cpu", "1\n")), ShownOutcome(outcome("cuda", "1\n"))]
    assert "CPU = CUDA" in decorate(page.snippets[0], "<pre></pre>", runs, VIEW)
    runs[1] = ShownOutcome(outcome("cuda", "2\n"))
    assert "CPU ≠ CUDA" in decorate(page.snippets[0], "<pre></pre>", runs, VIEW)
    runs[1] = ShownOutcome(outcome("cuda", "2\n"), fresh=False)
    told = decorate(page.snippets[0], "<pre></pre>", runs, VIEW)
    assert "≠" not in told
    assert "CPU = CUDA" not in told

"""``kb results merge``: the reports of shards and of machines as one."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
from terminal import run_kb

from kbtools import cli
from kbtools.config.project import find_project
from kbtools.run.devices import host_info as machines
from kbtools.site.data.results import Obstacle, obstacles
from kbtools.site.data.stored import stored
from kbtools.vault.loading import load


def outcome(id: str, state: str, **more: Any) -> dict[str, Any]:
    path = id.partition("::")[0]
    device = id.rpartition("[")[2].rstrip("]")
    plain = {"reason": None, "seconds": 0.5, "cached": False, "stdout": "", "message": None, "traceback_line": None}
    return {"id": id, "path": path, "line": 3, "device": device, "outcome": state, **plain, **more}


def write(file: Path, *outcomes: dict[str, Any], torch: str | None = "2.9", cuda: bool = False, **more: Any) -> str:
    devices = {"cpu": {"available": True, "name": "x"}, "cuda": {"available": cuda, "name": "H" if cuda else None}}
    environment = {"python": "3.12.1", "torch": torch, "platform": "Linux", "devices": devices, **more}
    report = {"version": 1, "environment": environment, "outcomes": list(outcomes), "summary": {"seconds": 1.5}}
    file.write_text(json.dumps(report))
    return str(file)


def merge(capsys: pytest.CaptureFixture[str], *files: str) -> tuple[int, dict[str, Any]]:
    code = cli.main(["results", "merge", *files])
    return code, json.loads(capsys.readouterr().out)


def test_shards_join_in_the_order_of_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write(tmp_path / "1", outcome("B.md::x[cpu]", "passed"))
    two = write(tmp_path / "2", outcome("A.md::x[cpu]", "passed"), outcome("C.md::x[cpu]", "skipped"))
    code, merged = merge(capsys, one, two)
    assert code == 0
    assert [o["id"] for o in merged["outcomes"]] == ["A.md::x[cpu]", "B.md::x[cpu]", "C.md::x[cpu]"]
    assert (
        merged["summary"] | {"passed": 2, "skipped": 1, "executed": 2, "snippets": 3, "seconds": 3.0}
        == merged["summary"]
    )
    assert merged["environment"]["torch"] == "2.9"


def test_a_gpu_machine_fills_in_what_another_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cpu = write(tmp_path / "1", outcome("A.md::x[cpu]", "passed"), outcome("A.md::g[cuda]", "skipped", reason="no"))
    gpu = write(tmp_path / "2", outcome("A.md::g[cuda]", "passed"), torch="2.9+cu130", cuda=True)
    for files in ((cpu, gpu), (gpu, cpu)):
        code, merged = merge(capsys, *files)
        assert code == 0
        assert {o["id"]: o["outcome"] for o in merged["outcomes"]} == {
            "A.md::x[cpu]": "passed",
            "A.md::g[cuda]": "passed",
        }
        assert merged["environment"]["devices"]["cuda"] == {"available": True, "name": "H"}
        assert set(merged["environment"]["torch"].split(", ")) == {"2.9", "2.9+cu130"}
        assert len(merged["machines"]) == 2


def test_outcomes_keep_their_machine_through_merges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cpu = write(tmp_path / "1", outcome("A.md::x[cpu]", "passed"), outcome("A.md::g[cuda]", "skipped"), cpu="Ryzen")
    more = write(tmp_path / "2", outcome("B.md::x[cpu]", "passed"), cpu="Ryzen")
    gpu = write(tmp_path / "3", outcome("A.md::g[cuda]", "passed"), cuda=True, machine="lab", cpu="EPYC")
    first = tmp_path / "first"
    for files in ((cpu, more), (str(first), gpu)):
        merged = merge(capsys, *files)[1]
        first.write_text(json.dumps(merged))
    held = merged["machines"]
    assert [m["cpu"] for m in held] == ["Ryzen", "EPYC"]  # shards of one machine are one
    assert {o["id"]: held[o["machine"]]["cpu"] for o in merged["outcomes"]} == {
        "A.md::x[cpu]": "Ryzen",
        "A.md::g[cuda]": "EPYC",
        "B.md::x[cpu]": "Ryzen",
    }
    merged["outcomes"][0]["machine"] = 2
    first.write_text(json.dumps(merged))
    assert cli.main(["results", "merge", str(first)]) == 2
    assert "there is no machine 2" in capsys.readouterr().err


def test_a_machine_is_told_by_the_name_it_is_given_never_by_its_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "A.md").write_text("# A\n\n```python {#x}\nprint(1)\n```\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(machines.VARIABLE, raising=False)
    command = ["run", "--vault", str(tmp_path), "--device", "cpu", "-n", "1", "--format", "json"]
    assert cli.main(command) == 0
    text = capsys.readouterr().out
    assert json.loads(text)["environment"]["machine"] is None
    assert len(socket.gethostname()) < 4 or socket.gethostname() not in text
    assert cli.main([*command, "--machine", "lab  two"]) == 0
    monkeypatch.setenv(machines.VARIABLE, "")
    environment = json.loads(capsys.readouterr().out)["environment"]
    assert environment["machine"] == "lab two"
    assert machines.machine_label({**environment, "cpu": "EPYC"}, "cpu") == "lab two · EPYC"


@pytest.mark.parametrize(
    ("system", "told"),
    [
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", "Intel Xeon"),
        ("AMD EPYC 7B13 64-Core Processor", "AMD EPYC 7B13"),
        ("Intel(R) Core(TM) i7-8750H CPU @ 2.20GHz\n", "Intel Core i7-8750H"),
        ("Apple M2 Pro", "Apple M2 Pro"),
        ("", ""),
    ],
)
def test_processors_are_called_as_people_call_them(system: str, told: str) -> None:
    assert machines.short_model(system) == told


def test_what_failed_anywhere_has_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [
        write(tmp_path / state, outcome("A.md::x[cpu]", state, message=state))
        for state in ("skipped", "blocked", "rehearsed", "passed", "failed")
    ]
    assert merge(capsys, *files)[0] == merge(capsys, *reversed(files))[0] == 1
    for n in range(1, len(files) + 1):
        (left,) = merge(capsys, *files[:n])[1]["outcomes"]
        assert left["message"] == Path(files[n - 1]).name


def test_a_real_report_goes_through_unchanged_and_can_be_merged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "A.md").write_text("# A\n\n```python {#x}\nprint(1)\n```\n")
    (tmp_path / "kb.toml").write_text('docs = "wiki"\n')
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "--device", "cpu", "-n", "1", "--report", "one.json"]) == 0
    assert cli.main(["results", "merge", "one.json", "-o", "out/two.json"]) == 0
    assert cli.main(["results", "merge", "out/two.json", "one.json", "--output", "three.json"]) == 0
    capsys.readouterr()
    one, two, three = (json.loads((tmp_path / n).read_bytes()) for n in ("one.json", "out/two.json", "three.json"))
    assert [o.pop("machine") for o in (*two["outcomes"], *three["outcomes"])] == [0, 0]
    assert one["outcomes"] == two["outcomes"] == three["outcomes"]
    assert one["environment"] == two["environment"] == three["environment"]


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 2}',
        b'{"version": 1}',
        b"[" * 100_000,
        b'{"version": 1, "environment": {"devices": {"cpu": 1}}, "outcomes": [], "summary": {"seconds": 1}}',
        b'{"version": 1, "environment": {"devices": {}}, "outcomes": [{"id": "x"}], "summary": {"seconds": 1}}',
        b'{"version": 1, "environment": [], "outcomes": [], "summary": {"seconds": 1}}',
    ],
)
def test_what_is_no_report_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: bytes) -> None:
    (tmp_path / "bad.json").write_bytes(damage)
    assert cli.main(["results", "merge", write(tmp_path / "good"), str(tmp_path / "bad.json")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "bad.json is no" in told.err


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["results", "merge", str(tmp_path / "none.json")]) == 2
    assert "none.json cannot be read: No such file" in capsys.readouterr().err


PAGE = "# A\n\n```python\nx = 1\n```\n\n```python\nprint(x)  # 1\n```\n"


@pytest.mark.parametrize(
    ("text", "obstacles_of"),
    [
        pytest.param(PAGE, [], id="as it was"),
        pytest.param(PAGE.replace("# A\n", "# A\n\nWords.\n"), [], id="moved"),
        pytest.param(PAGE.replace("print(x)  # 1", "print(x)  # 2"), ["a-2"], id="another output is claimed"),
        pytest.param(PAGE.replace("x = 1", "x = 2"), ["a", "a-2"], id="what the second builds on"),
    ],
)
def test_a_report_proves_only_the_text_that_ran(tmp_path: Path, text: str, obstacles_of: list[str]) -> None:
    """A line that stayed where it was says nothing of what stands there."""
    page = put(tmp_path, PAGE)
    assert run_kb(("run", "--report", "one.json"), cwd=tmp_path).returncode == 0
    report = json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))
    shutil.rmtree(tmp_path / ".kb")
    page.write_text(text, encoding="utf-8")
    told: list[str] = []
    assert [o.id for o in _obstacles(tmp_path, report, told)] == obstacles_of
    assert told == []


def test_a_report_that_names_no_text_is_taken_by_its_lines_and_said_to_be(tmp_path: Path) -> None:
    page = put(tmp_path, PAGE)
    assert run_kb(("run", "--report", "one.json"), cwd=tmp_path).returncode == 0
    report = json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))
    shutil.rmtree(tmp_path / ".kb")
    for entry in report["outcomes"]:
        del entry["source"]
    told: list[str] = []
    assert _obstacles(tmp_path, report, told) == []
    assert told == ["note: one.json: 2 results do not say which text they are of; they are taken by their lines"]
    page.write_text(PAGE.replace("# A\n", "# A\n\nWords.\n"), encoding="utf-8")
    assert [o.kind for o in _obstacles(tmp_path, report, told)] == ["stale", "stale"]


def put(root: Path, text: str) -> Path:
    (root / "kb.toml").write_text('docs = "docs"\n', encoding="utf-8")
    page = root / "docs" / "A.md"
    page.parent.mkdir()
    page.write_text(text, encoding="utf-8")
    return page


def _obstacles(root: Path, report: object, told: list[str]) -> list[Obstacle]:
    project = find_project(root)
    pages = load(project).pages.values()
    return obstacles(pages, stored(project, pages, {"one.json": report}, told.append))


def test_a_result_is_of_the_files_that_its_snippet_was_given(tmp_path: Path) -> None:
    put(tmp_path, '# A\n\n```python {files="n.txt"}\nprint(open("n.txt").read())  # 7\n```\n')
    data = tmp_path / "docs" / "n.txt"
    data.write_text("7", encoding="utf-8")
    assert run_kb(("run", "--report", "one.json"), cwd=tmp_path).returncode == 0
    report = json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))
    assert _obstacles(tmp_path, report, []) == []
    data.write_text("8", encoding="utf-8")
    assert [o.kind for o in _obstacles(tmp_path, report, [])] == ["stale"]
    assert [o.kind for o in _obstacles(tmp_path, {**report, "outcomes": []}, [])] == ["stale"], "as stored"

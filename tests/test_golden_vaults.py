"""Whole vaults, read by people: ``tests/vaults/<case>/`` and, beside it, what kb says of it in ``<case>.golden``.

``--update-golden`` writes the golden files anew; look at the difference before you believe it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from terminal import run_kb

VAULTS = Path(__file__).parent / "vaults"
CASES = sorted(p.name for p in VAULTS.iterdir() if p.is_dir())
SCHEMAS = {"frontmatter": "topic"}


def links(folder: Path) -> str:
    rows = [json.loads(line) for line in run_kb(("links", "--vault", str(folder))).stdout.splitlines()]
    out = []
    for r in rows:
        means = r["page"] or (" ".join(r["candidates"]) and "? " + " ".join(r["candidates"])) or "-"
        anchor = {True: " #ok", False: " #broken", None: ""}[r["anchor_ok"]]
        hint = f"  (suggests {r['suggestion']})" if r["suggestion"] else ""
        out.append(f"{r['path']}:{r['line']}:{r['column']} {r['raw']} {r['resolution']} {means}{anchor}{hint}")
    return "\n".join(out) + "\n"


def said_of(folder: Path, case: str) -> str:
    checked = run_kb(
        ("check", "--no-run", "--format", "concise", "--vault", str(folder), "--schema", SCHEMAS.get(case, "none"))
    )
    plan = run_kb(("reconcile", "--diff", "--vault", str(folder)))
    assert "Traceback" not in checked.stderr + plan.stderr
    parts = (("kb links", links(folder)), ("kb check --no-run", checked.stdout), ("kb reconcile --diff", plan.stdout))
    return "\n".join(f"== {name}\n{text}" for name, text in parts)


@pytest.mark.parametrize("case", CASES)
def test_vault(case: str, update_golden: bool, tmp_path: Path) -> None:
    golden = VAULTS / f"{case}.golden"
    found = said_of(VAULTS / case, case)
    if update_golden:
        golden.write_text(found, encoding="utf-8", newline="\n")
    assert found == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_reconcile_comes_to_rest_and_can_be_taken_back(case: str, tmp_path: Path) -> None:
    folder = tmp_path / "v"
    shutil.copytree(VAULTS / case, folder)
    before = {p: (p.read_bytes(), p.stat().st_mode, p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}
    meant = [line.partition("]]")[2].split("  (")[0].split(" ", 2)[2:] for line in links(folder).splitlines()]
    first = json.loads(run_kb(("reconcile", "--apply", "--format", "json", "--vault", str(folder))).stdout)
    again = json.loads(run_kb(("reconcile", "--apply", "--format", "json", "--vault", str(folder))).stdout)
    after = [line.partition("]]")[2].split("  (")[0].split(" ", 2)[2:] for line in links(folder).splitlines()]
    assert again["links_changed"] == 0
    assert after == meant, "every link means after the rewrite what it meant before"
    if first["run"] is not None:
        assert run_kb(("reconcile", "--undo", "--vault", str(folder))).returncode == 0
    assert {p: (p.read_bytes(), p.stat().st_mode, p.stat().st_mtime_ns) for p in before} == before

"""What becomes of snippets, the same by every door: ``tests/suites/outcomes.md`` through ``kb run``, ``kb check``,
``kb build`` and ``pytest``.

The pages of the suite are one wiki, which each of them runs anew.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from suite import Case, load
from terminal import PYTEST_ALONE, run_kb

SUITE = Path(__file__).parent / "suites" / "outcomes.md"
CASES = load(SUITE)
PAGES = {f"p{number:02}.md": case for number, case in enumerate(CASES)}
Outcomes = Mapping[str, list[dict[str, Any]]]
"""By page, in order."""
_RULES = ("syntax-error", "undefined-name", "uncompared-output", "failing-snippet", "missing-snippet-file")
_CONFIG = "docs = 'docs'\n[rules]\n" + "".join(f"{rule} = 'warning'\n" for rule in _RULES)
_MKDOCS = """
site_name: Outcomes
theme: {name: material, font: false}
plugins: [kbtools]
markdown_extensions: [attr_list, md_in_html, pymdownx.highlight, pymdownx.superfences, kbtools]
"""
_PYTEST = """
import json, sys, pytest
class Plugin:
    def pytest_runtest_logreport(self, report):
        if getattr(report, "kb_outcome", None):
            print("kb:" + json.dumps([report.outcome, hasattr(report, "wasxfail"), json.loads(report.kb_outcome)]))
pytest.main(["docs", "-q", "--kb-device=cpu", "-p", "no:cacheprovider"], plugins=[Plugin()])
"""


def by_page(outcomes: list[dict[str, Any]]) -> Outcomes:
    found: dict[str, list[dict[str, Any]]] = {path: [] for path in PAGES}
    for one in sorted(outcomes, key=lambda one: (one["path"], one["line"])):
        kept = {key: value for key, value in one.items() if key not in ("seconds", "cached", "printed", "protections")}
        # Folders are new each time.
        found[one["path"]].append(json.loads(re.sub(r"/tmp/kb-\w+/\w+", "/tmp/kb", json.dumps(kept))))
    return found


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("wiki")
    (root / "docs").mkdir()
    for path, case in PAGES.items():
        (root / "docs" / path).write_text(case.page, encoding="utf-8")
    (root / "docs/data.csv").write_text("a,b")
    (root / "docs/index.md").write_text("# Start\n" + "".join(f"- [[{path[:-3]}]]\n" for path in PAGES))
    (root / "kb.toml").write_text(_CONFIG)
    (root / "mkdocs.yml").write_text(_MKDOCS)
    return root


@pytest.fixture(scope="module")
def run(wiki: Path) -> Outcomes:
    done = run_kb(("run", "--device", "cpu", "--no-cache", "--format", "json"), cwd=wiki)
    assert "Traceback" not in done.stderr
    told = (
        "3 fences of other tools shown, not run: a template (mkdocs-macros), it includes a file, it includes a file ("
    )
    assert told in done.stderr, "one line"
    return by_page(json.loads(done.stdout)["outcomes"])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: PAGES[path].name)
def test_outcomes(path: str, run: Outcomes, update_golden: bool) -> None:
    case, outcomes = PAGES[path], run[path]
    counted = Counter(one["state"] for outcome in outcomes for one in outcome["expectations"])
    found = {
        "outcomes": " ".join(one["outcome"] for one in outcomes),
        "outputs": ", ".join(f"{counted[state]} {state}" for state in ("equal", "different", "not compared")),
    }
    if update_golden:
        rewrite(case, found)
        return
    assert found == {key: value for key, value in case.expected if key in found}
    messages = [f"{one['reason']}\n{one['message']}" for one in outcomes]
    for told in case.all("told"):
        assert any(told.replace("\\n", "\n") in message for message in messages), told


def rewrite(case: Case, found: Mapping[str, str]) -> None:
    text = SUITE.read_text(encoding="utf-8")
    told = "".join(f"- {key}: {value}\n" for key, value in case.expected if key not in found)
    lines = "".join(f"- {key}: {value}\n" for key, value in found.items()) + told
    before, after = text.split(f"## {case.name}\n", 1)
    old = re.compile(re.escape(f"{case.page}~~~~~~\n\n") + r"(?:- [^\n]*\n)*")
    SUITE.write_text(f"{before}## {case.name}\n" + old.sub(lambda _: f"{case.page}~~~~~~\n\n{lines}", after, count=1))


def test_kb_check_says_the_same(wiki: Path, run: Outcomes) -> None:
    words = ("check", "--device", "cpu", "--no-cache", "--format", "json", "--report", "report.json")
    done = run_kb(words, cwd=wiki)
    assert by_page(json.loads((wiki / "report.json").read_text())["outcomes"]) == run
    told = {(d["path"], d["message"].partition(":")[0]) for d in json.loads(done.stdout)["diagnostics"]}
    for path, outcomes in run.items():
        for one in outcomes:
            fails = one["outcome"] in ("failed", "error")
            assert ((path, one["id"].partition("::")[2]) in told) == fails, one["id"]


def test_pytest_says_the_same(wiki: Path, run: Outcomes) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "KB_"))}
    environment = {**clean, **PYTEST_ALONE}
    command = [sys.executable, "-c", _PYTEST]
    done = subprocess.run(command, cwd=wiki, env=environment, capture_output=True, text=True, check=False, timeout=300)
    reports = [json.loads(line.partition("kb:")[2]) for line in done.stdout.split("\n") if "kb:" in line]
    assert by_page([outcome for _, _, outcome in reports]) == run
    for shown, accepted, outcome in reports:
        bad = outcome["outcome"] in ("failed", "error")
        assert accepted == bad, "a failing snippet is a warning in this wiki"
        assert (shown == "passed") == (outcome["outcome"] == "passed")


def test_the_site_shows_the_same(wiki: Path, run: Outcomes) -> None:
    done = run_kb(("build", "--device", "cpu", "--no-cache"), cwd=wiki)
    assert done.returncode == 0, done.stderr
    for path, outcomes in run.items():
        if "no" in PAGES[path].all("site"):
            continue
        html = (wiki / "site" / path[:-3] / "index.html").read_text(encoding="utf-8")
        shown = re.findall(r'<div class="kb-run-bar">.*?\bkb-is-(\w+)', html, re.DOTALL)
        assert shown == [one["outcome"] for one in outcomes], path

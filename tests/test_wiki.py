"""The wiki itself, told by kb's own dumps: linked, within reach, covered, with exercises, every print compared."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
START = "index.md"
NEAR = 3
"""Clicks from the start within which every topic is."""
FEWEST = 4
"""Pages that each topic leads to."""


@cache
def dump(command: str, *, whole: bool = False) -> tuple[dict[str, Any], ...]:
    done = subprocess.run(
        [sys.executable, "-m", "kbtools.cli", command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return (json.loads(done.stdout),) if whole else tuple(map(json.loads, done.stdout.splitlines()))


def topics() -> tuple[dict[str, Any], ...]:
    found = tuple(page for page in dump("pages") if page["path"].startswith("topics/"))
    assert len(found) > 40
    return found


@pytest.fixture(params=sorted(file.stem for file in (ROOT / "docs/topics").glob("*.md")))
def page(request: pytest.FixtureRequest) -> dict[str, Any]:
    (found,) = (page for page in topics() if page["path"] == f"topics/{request.param}.md")
    return found


def written() -> list[Path]:
    docs = ROOT / "docs"
    return [docs / "index.md", *sorted(docs.glob("topics/*.md")), *sorted(docs.glob("paths/*.md"))]


def ways() -> Mapping[str, frozenset[str]]:
    """The pages each page links to, other than itself."""
    (graph,) = dump("graph", whole=True)
    out: dict[str, set[str]] = defaultdict(set)
    for edge in graph["edges"]:
        if edge["source"] != edge["target"]:
            out[edge["source"]].add(edge["target"])
    return {path: frozenset(targets) for path, targets in out.items()}


def clicks(ways: Mapping[str, Iterable[str]], start: str) -> dict[str, int]:
    far = {start: 0}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for there in ways.get(here, ()):
            if there not in far:
                far[there] = far[here] + 1
                queue.append(there)
    return far


def test_clicks_are_counted_along_links() -> None:
    assert clicks({"a": ["b"], "b": ["c", "a"], "d": ["a"]}, "a") == {"a": 0, "b": 1, "c": 2}


# --- linked


def test_every_topic_leads_to_others_and_is_led_to() -> None:
    out = ways()
    into: dict[str, set[str]] = defaultdict(set)
    for source, targets in out.items():
        if source.startswith(("topics/", "paths/")):
            for target in targets:
                into[target].add(source)
    paths = [page["path"] for page in topics()]
    assert {p: len(out.get(p, ())) for p in paths if len(out.get(p, ())) < FEWEST} == {}
    assert [p for p in paths if not into[p]] == [], "no other topic leads there"


def test_every_topic_and_path_is_near_the_start() -> None:
    far = clicks(ways(), START)
    pages = [page["path"] for page in dump("pages") if page["path"].startswith(("topics/", "paths/"))]
    assert {p: far.get(p) for p in pages if far.get(p, NEAR + 1) > NEAR} == {}


def test_every_topic_is_on_a_learning_path_or_linked_from_a_page_of_one() -> None:
    out = ways()
    paths = [page["path"] for page in dump("pages") if (page["frontmatter"] or {}).get("learning_path") is True]
    assert len(paths) >= 4
    lessons = {target for path in paths for target in out[path]}
    near = lessons | {target for lesson in lessons for target in out.get(lesson, ())}
    assert [page["path"] for page in topics() if page["path"] not in near] == []


# --- frontmatter


def test_names_in_both_languages_and_sources(page: dict[str, Any]) -> None:
    names = [page["title"], *page["aliases"]]
    assert any(re.search("[가-힣]", name) for name in names), "no Korean name"
    assert any(name.isascii() for name in names), "no English name"
    sources = page["frontmatter"]["raw_sources"]
    assert len(sources) >= 2
    assert any(re.search(r"\brun\b", source) for source in sources), "nothing says what was run"
    addresses = [source for source in sources if source.startswith("http")]
    assert addresses, "no address to look at"
    assert [a for a in addresses if not re.search(r" \(20\d\d-\d\d-\d\d\)$", a)] == [], "the day it was read"
    text = (ROOT / "docs" / page["path"]).read_text(encoding="utf-8")
    assert re.search(r"^- 공식 문서: \[.+?\]\(https://", text, re.MULTILINE), "no link to the documentation"


def test_status_says_what_was_tried(page: dict[str, Any]) -> None:
    """Where a third of the code wants a device that this wiki is not run on, the page is not applied."""
    python = [s for s in snippets_of(page["path"]) if s["executable"] and s["language"] == "python"]
    elsewhere = [s for s in python if s["devices"] and "cpu" not in s["devices"]]
    data = page["frontmatter"]
    if len(elsewhere) * 3 >= len(python):
        assert data["verification_status"] == "conceptual"
    if data["verification_status"] == "conceptual":
        assert data["confidence_score"] <= 0.80


# --- exercises and code


def test_exercises_have_solutions_that_run(page: dict[str, Any]) -> None:
    headings = [h for h in page["headings"] if h["level"] == 2]
    at = [i for i, heading in enumerate(headings) if heading["text"] == "연습"]
    assert len(at) == 1, "a topic ends with exercises"
    start, end = headings[at[0]]["line"], headings[at[0] + 1]["line"]
    lines = (ROOT / "docs" / page["path"]).read_text(encoding="utf-8").split("\n")[start:end]
    asked = max(1, sum(bool(re.match(r"\*\*\d+\.\*\*", line)) for line in lines))
    folded = sum(line.startswith('??? success "풀이"') for line in lines)
    assert folded == asked, "each exercise has its solution folded below it"
    run = [s for s in snippets_of(page["path"]) if start < s["line"] < end and runs(s)]
    assert len(run) >= folded, "a solution runs"


def snippets_of(path: str) -> list[dict[str, Any]]:
    return [s for s in dump("snippets") if s["path"] == path]


def runs(snippet: dict[str, Any]) -> bool:
    return bool(snippet["executable"]) and "skip" not in snippet["options"]


def uncompared(snippet: dict[str, Any]) -> list[int]:
    """The lines of prints whose output is compared with nothing."""
    tree = ast.parse(snippet["code"])
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    prints = {n.end_lineno or 0 for n in calls if isinstance(n.func, ast.Name) and n.func.id == "print"}
    compared = {expect["line"] - snippet["line"] for expect in snippet["expects"]}
    if any(line > snippet["code"].count("\n") for line in compared):
        return []  # An output fence: the whole of it.
    return sorted(snippet["line"] + line for line in prints - compared)


def test_every_print_shows_what_it_prints() -> None:
    """But where nothing runs, and where the print is never reached."""
    python = [s for s in dump("snippets") if s["path"].startswith("topics/") and s["language"] == "python" and runs(s)]
    assert len(python) > 400
    checked = [s for s in python if "raises" not in s["options"] and "expect" not in s["options"]]
    assert {f"{s['path']}:{line}" for s in checked for line in uncompared(s)} == set()


def test_a_print_without_its_output_would_be_found() -> None:
    code = "print(1)  # 1\nif True:\n    print(2)\n"
    snippet = {"line": 10, "code": code, "expects": [{"line": 11, "text": "1"}]}
    assert uncompared(snippet) == [13]
    assert uncompared({**snippet, "expects": [{"line": 16, "text": "1\n2\n"}]}) == []


def test_the_landing_page_counts_no_more_blocks_than_run() -> None:
    told = re.search(r"코드 블록 (\d+)개 이상", (ROOT / "docs" / START).read_text(encoding="utf-8"))
    assert told
    python = [s for s in dump("snippets") if s["language"] == "python" and runs(s)]
    here = [s for s in python if "requires" not in s["options"] and (not s["devices"] or "cpu" in s["devices"])]
    assert int(told[1]) <= len(here)


def test_values_are_shown_and_not_whether_they_are_right() -> None:
    """Yes and no are printed where they are the question: does it share memory, is it recorded."""
    shown = [e["text"] for s in dump("snippets") if s["path"].startswith("topics/") for e in s["expects"]]
    assert len(shown) > 900
    answers = [text for text in shown if re.fullmatch(r"\s*((True|False)\s*)+", text)]
    assert len(answers) / len(shown) < 0.15


@pytest.mark.parametrize("page", written(), ids=str)
def test_pages_speak_in_one_register(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"[가-힣]*십시오|[가-힣]+니까\?", text) == []


def test_terms_of_the_pages_are_those_of_the_configuration() -> None:
    table = (ROOT / "docs" / "development" / "terms.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \|$", table, re.MULTILINE)
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert dict(rows) == tomllib.load(file)["tool"]["kb"]["terms"]


# --- what the wiki began from

COVERAGE = "development/coverage.md"


def test_every_heading_of_the_sources_has_its_section() -> None:
    text = (ROOT / "docs" / COVERAGE).read_text(encoding="utf-8")
    rows = [i for i, line in enumerate(text.split("\n"), 1) if re.match(r"\| (?!heading there|-)", line)]
    links = {link["line"] for link in dump("links") if link["path"] == COVERAGE}
    assert len(rows) > 100
    assert [line for line in rows if line not in links] == []
    broken = [
        f"{link['line']}: {link['raw']}"
        for link in dump("links")
        if link["path"] == COVERAGE
        and link["kind"] == "wikilink"
        and (link["resolution"] != "exact" or link["anchor_ok"] is False)
    ]
    assert broken == []
    told = [row.split(" | ", 1)[1].rstrip(" |") for row in text.split("\n") if re.match(r"\| (?!heading there|-)", row)]
    lists = re.compile(r"(\[\[[^\]]+#관련 문서\]\](, )?)+")
    assert [row for row in told if lists.fullmatch(row)] == ["[[PyTorch Foundations#관련 문서]]"], (
        "the map of that page"
    )


def test_corrections_name_snippets_that_are_there() -> None:
    text = (ROOT / "docs" / "development" / "corrections.md").read_text(encoding="utf-8")
    titles = {page["title"]: page["path"] for page in topics()}
    ids: dict[str, set[str]] = defaultdict(set)
    for snippet in dump("snippets"):
        ids[snippet["path"]].add(snippet["id"])
    proofs = [row.rsplit(" | ", 1)[1].rstrip(" |") for row in re.findall(r"^\| (?!claim|-).*\|$", text, re.MULTILINE)]
    assert len(proofs) > 50
    wrong = []
    for proof in proofs:
        for part in proof.split(";"):
            title, _, rest = part.strip().partition(": ")
            if title not in titles and title.split(" (")[0] not in titles:
                wrong.append(part)
            elif missing := set(re.findall(r"`([\w-]+)`", rest)) - ids[titles[title]]:
                wrong.append(f"{title}: {missing}")
    assert wrong == []


def test_the_guide_names_snippets_that_show_what_it_tells() -> None:
    text = (ROOT / "docs" / "guide" / "snippets.md").read_text(encoding="utf-8").partition("## Seen at work")[2]
    rows = re.findall(r"^\| (.+?) \| \[.+?\]\(\.\./(topics/.+?)\) \| (.+?) \|$", text, re.MULTILINE)
    assert len(rows) >= 10
    for what, path, names in rows:
        there = {s["id"]: s["options"] for s in snippets_of(path)}
        for name in re.findall(r"`(.+?)`", names):
            assert name in there, f"{path} has no {name}"
            for option in re.findall(r"`\.?(\w+)`", what):
                assert option in there[name], f"{path}::{name} has no {option}"


# --- the digits page with another data section

STAND_IN = """
import sys, types
import torch
from sklearn.datasets import load_digits

class MNIST:
    def __init__(self, root, train, download):
        digits = load_digits()
        images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) * 255 / 16
        part = slice(0, 240) if train else slice(240, 300)
        large = torch.nn.functional.interpolate(images[part], size=(28, 28), mode="bilinear")
        self.data, self.targets = large.squeeze(1).to(torch.uint8), torch.tensor(digits.target[part])

torchvision = types.ModuleType("torchvision")
torchvision.datasets = types.SimpleNamespace(MNIST=MNIST)
sys.modules["torchvision"] = torchvision
"""


def test_the_digits_page_runs_whole_with_mnist_for_its_data_section(tmp_path: Path) -> None:
    """What the torchvision tab promises: that fence takes the place of the first, and nothing else changes."""
    pytest.importorskip("torch")
    code = {s["id"]: s["code"] for s in snippets_of("topics/MNIST-Classification.md") if s["language"] == "python"}
    data = code.pop("data")
    program = [STAND_IN, code.pop("torchvision"), *code.values()]
    assert "load_digits" in data
    assert len(code) > 10
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "torch.Size([200, 1, 28, 28])" in done.stdout
    told = re.search(r"테스트 정확도 (\S+)", done.stdout)
    assert told
    assert float(told[1]) > 0.5, "it learns from pictures of another size"

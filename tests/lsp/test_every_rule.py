"""Every rule is told in the editor where `kb check` finds it, and its safe fixes are those of `kb fix`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from a_wiki import make
from raw_client import RawClient

from kbtools.adapters.lsp.offered import FIX_ALL
from kbtools.check.shell import judge_of
from kbtools.config.project import find_project
from kbtools.incremental.check import check
from kbtools.rules import Rule, all_rules
from kbtools.text.diagnostics import Applicability, Diagnostic
from kbtools.text.source import Span
from tests.terminal import run_kb
from tests.test_rules import NEEDS_MORE, example, settings

RULES = [rule for rule in all_rules().values() if rule.name not in NEEDS_MORE]
OF_TOPICS = {
    "missing-field", "unknown-field", "wrong-type", "invalid-value", "missing-frontmatter", "inconsistent-status"
}  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[RawClient]:
    with RawClient() as client:
        client.initialize()
        yield client


def wiki_of(rule: Rule, root: Path) -> dict[str, str]:
    """Make a wiki of what a rule's documentation shows as reported. Returns its pages by path."""
    pages = example(rule, "Reported")
    schema = "topic" if rule.name in OF_TOPICS else "none"
    make(root, {f"docs/{path}": text for path, text in pages.items()})
    make(root, {"kb.toml": f'docs = "docs"\n{settings(rule)}\n[schema]\n"**" = "{schema}"\n'})
    if 'title="mkdocs.yml"' in rule.doc:
        make(root, {"mkdocs.yml": "site_name: Notes\n"})
    return pages


def findings(root: Path) -> list[Diagnostic]:
    project = find_project(root)
    return list(check(project, date.today(), judge=judge_of(project.state)).diagnostics(lambda _: True))


def place(text: str, offset: int) -> dict[str, int]:
    before = text[:offset].split("\n")
    return {"line": len(before) - 1, "character": len(before[-1].encode("utf-16-le")) // 2}


def range_of(text: str, span: Span) -> dict[str, Any]:
    return {"start": place(text, span.start), "end": place(text, span.end)}


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def offset(position: dict[str, int]) -> int:
        start = starts[position["line"]]
        line = text[start : starts[position["line"] + 1]].encode("utf-16-le")
        return start + len(line[: position["character"] * 2].decode("utf-16-le"))

    for edit in sorted(edits, key=lambda e: offset(e["range"]["start"]), reverse=True):
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:start] + edit["newText"] + text[end:]
    return text


def told(client: RawClient, uri: str) -> list[dict[str, Any]]:
    client.rules(uri)  # all that was sent is dealt with
    notes = [n["params"] for n in client.notes if n.get("method") == "textDocument/publishDiagnostics"]
    return next((list(n["diagnostics"]) for n in reversed(notes) if n["uri"] == uri), [])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_told_where_it_is_found(client: RawClient, tmp_path: Path, rule: Rule) -> None:
    client.notes.clear()
    pages = wiki_of(rule, tmp_path)
    found = findings(tmp_path)
    assert rule.name in {d.rule for d in found}
    for path, text in pages.items():
        uri = (tmp_path / "docs" / path).as_uri()
        client.open(uri, text)
        shown = sorted((d["code"], str(d["range"])) for d in told(client, uri))
        assert shown == sorted((d.rule, str(range_of(text, d.span))) for d in found if d.path == path)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_safe_fixes_are_those_of_kb_fix(client: RawClient, tmp_path: Path, rule: Rule) -> None:
    pages = wiki_of(rule, tmp_path)
    found = findings(tmp_path)
    if not any(d.fix is not None and d.fix.applicability is Applicability.SAFE for d in found):
        return
    texts = dict(pages)
    for path in pages:
        uri = (tmp_path / "docs" / path).as_uri()
        client.open(uri, texts[path])
        for version in range(1, 10):
            whole = {"start": place(texts[path], 0), "end": place(texts[path], len(texts[path]))}
            asked = {"textDocument": {"uri": uri}, "range": whole, "context": {"diagnostics": [], "only": [FIX_ALL]}}
            actions = client.ask("textDocument/codeAction", asked)["result"]
            if not actions:
                break
            texts[path] = applied(texts[path], actions[0]["edit"]["changes"][uri])
            client.change(uri, texts[path], version)
    assert texts != pages
    assert run_kb(["fix"], tmp_path).returncode == 0
    assert {path: (tmp_path / "docs" / path).read_text(encoding="utf-8") for path in pages} == texts

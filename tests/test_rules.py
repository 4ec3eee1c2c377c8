"""Every rule's documentation is its first test: Reported is reported, Instead is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from growth import assert_linear

from kbtools.checker import check
from kbtools.config import Config
from kbtools.diagnostics import Diagnostic
from kbtools.execution.shell_syntax import check as judge_shell
from kbtools.index import Index
from kbtools.page import decode
from kbtools.rules import Context, Rule, all_rules
from kbtools.source import LineIndex
from kbtools.vault.loading import Vault

_FILE = re.compile(r'^(?P<m>`{3,})markdown title="(?P<path>[^"]+)"\n(?P<text>.*?)^(?P=m)$', re.MULTILINE | re.DOTALL)
NEEDS_MORE = {"failing-snippet", "unreadable-page", "broken-language"}
"""Found by running, by reading the disk or in what is installed, not by looking at text: tested where that is."""
RULES = [r for r in all_rules().values() if r.name not in NEEDS_MORE]


def found(pages: dict[str, str], schema: str = "none") -> list[Diagnostic]:
    vault = Vault({p: decode(p, t.encode()) for p, t in pages.items()}, frozenset(), {})
    config = Config(schema=(("**", schema),))
    shell = judge_shell(snippet for page in vault.pages.values() for snippet in page.snippets).complaints
    return list(check(vault, Index.build(vault), config, today=date(2026, 11, 21), shell=shell).diagnostics)


def example(rule: Rule, section: str) -> dict[str, str]:
    _, _, rest = rule.doc.partition(f"\n## {section}\n")
    body = rest.partition("\n## Instead\n")[0]
    return {m["path"]: m["text"] for m in _FILE.finditer(body)}


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
def test_documentation_is_true(rule: Rule) -> None:
    schema = "topic" if rule.name in ("missing-field", "unknown-field", "wrong-type", "invalid-value") else "none"
    if rule.name in ("missing-frontmatter", "inconsistent-status"):
        schema = "topic"
    bad, good = example(rule, "Reported"), example(rule, "Instead")
    assert bad
    assert good
    assert rule.name in {d.rule for d in found(bad, schema)}
    assert rule.name not in {d.rule for d in found(good, schema)}


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda r: r.name)
def test_documentation_is_complete(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.summary.endswith(".")
    assert len(rule.summary) <= 100
    assert rule.group in ("frontmatter", "links", "snippets", "vault")


CONTRACT = """
missing-frontmatter invalid-yaml duplicate-key repeated-frontmatter missing-field unknown-field wrong-type
invalid-value unquoted-wikilink duplicate-id broken-canonical canonical-cycle inconsistent-status stale-page
broken-link ambiguous-link variant-link alias-link broken-anchor broken-block missing-attachment split-word-link
link-to-duplicate irregular-fence unknown-option invalid-option syntax-error undefined-name duplicate-snippet-id
invalid-data duplicate-title alias-shadows-title orphan-page unreadable-page unused-ignore
"""


def test_every_promised_rule_is_there() -> None:
    assert set(CONTRACT.split()) <= set(all_rules())


def test_findings_are_the_same_whatever_the_order_of_pages() -> None:
    pages = {"b.md": "[[Nope]] [[A]]", "a.md": "[[b]] [[Dup]]", "x/Dup.md": "# x", "y/Dup.md": "# y"}
    there, back = found(pages), found(dict(reversed(pages.items())))
    assert there == back
    assert [(d.path, d.span.start, d.rule) for d in there] == sorted((d.path, d.span.start, d.rule) for d in there)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("<!-- kb: ignore[broken-link] -->\n[[Nope]]\n\n[[Nope2]]", ["broken-link"]),
        ("<!-- kb: ignore[broken-link] -->\n\n# T\n\n[[Nope]]\n\n[[Nope2]]", []),
        ("text\n\n<!-- kb: ignore[broken-link, orphan-page] -->\n[[Nope]]", ["unused-ignore"]),
        ("text\n\n<!-- kb: ignore[brokenlink] -->\n[[Nope]]", ["unused-ignore", "broken-link"]),
    ],
)
def test_ignores(text: str, rules: list[str]) -> None:
    page = {"index.md": text}
    assert [d.rule for d in found(page)] == rules


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("| a | b |\n|---|---|\n| [[T|x]] | 1 |\n", [(3, 6)]),
        ("| [[T|x]] | b |\n|:--|--:|\n| 1 | ![[T#H|y]] |\n", [(1, 6), (3, 13)]),
        ("> | a |\n> |---|\n> | [[T|x]] |\n", [(3, 8)]),
        ("    | a |\r\n    |---|\r\n    | [[T|x]] |\r\n", []),  # indented: code
        ("| a |\r\n|---|\r\n| [[T|x]] |\r\n", [(3, 6)]),
        ("| a |\n|---|\n| [[T\\|x]] [[T]] |\n", []),
        ("| [[T|x]]\n", []),
        ("| a |\n| [[T|x]] |\n", []),
        ("[[T|x]] | b\n", []),
    ],
)
def test_bars_that_end_a_cell(text: str, bars: list[tuple[int, int]]) -> None:
    there = [d for d in found({"index.md": f"{text}\n\n[[T]]\n", "T.md": "# H"}) if d.rule == "unescaped-bar"]
    places = [LineIndex(text).position(d.span.start) for d in there]
    assert [(place.line, place.column) for place in places] == bars
    for diagnostic in there:
        assert diagnostic.fix is not None
        assert [edit.replacement for edit in diagnostic.fix.edits] == ["\\"]


def test_bars_are_looked_for_in_linear_time() -> None:
    def work(size: int) -> Callable[[], object]:
        text = "| a | b |\n|---|---|\n" + "| [[T|x]] | [[T|y]] |\n" * size
        pages = {page.path: page for page in (decode("index.md", text.encode()), decode("T.md", b"# H"))}
        index = Index(pages)
        rule = all_rules()["unescaped-bar"]
        return lambda: [len(list(rule.check(pages["index.md"], Context(index, Config(), date.today()))))]

    assert_linear(work, 500)

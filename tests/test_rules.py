"""Every rule's documentation is its first test: Reported is reported, Instead is not."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import date

import pytest
from growth import assert_linear

from kbtools.check.checker import check, of_index
from kbtools.config.mkdocs_file import MkDocs
from kbtools.config.project import Config, from_mapping
from kbtools.rules import Rule, all_rules
from kbtools.run.processes.shell_syntax import check as judge_shell
from kbtools.text.diagnostics import Diagnostic
from kbtools.text.source import LineIndex
from kbtools.vault.index import Index
from kbtools.vault.loading import Vault
from kbtools.vault.page import decode

_FILE = re.compile(r'^(?P<m>`{3,})markdown title="(?P<path>[^"]+)"\n(?P<text>.*?)^(?P=m)$', re.MULTILINE | re.DOTALL)
NEEDS_MORE = {"failing-snippet", "unreadable-page", "broken-language", "broken-url", "moved-url", "unreachable-url"}
"""Found by running, by reading the disk or in what is installed, not by looking at text: tested where that is."""
RULES = [r for r in all_rules().values() if r.name not in NEEDS_MORE]


def found(
    pages: dict[str, str], schema: str = "none", settings: str = "", mkdocs: MkDocs | None = None
) -> list[Diagnostic]:
    vault = Vault({p: decode(p, t.encode()) for p, t in pages.items()}, frozenset(), {})
    config = from_mapping(tomllib.loads(settings))._replace(schema=(("**", schema),), mkdocs=mkdocs)
    shell = judge_shell(snippet for page in vault.pages.values() for snippet in page.snippets).complaints
    return list(check(vault, Index.build(vault), config, today=date(2026, 11, 21), shell=shell).diagnostics)


def settings(rule: Rule) -> str:
    """The configuration that a rule's examples are read with."""
    m = re.search(r'^```toml title="kb.toml"\n(.*?)^```$', rule.doc, re.MULTILINE | re.DOTALL)
    return m[1] if m else ""


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
    site = MkDocs() if 'title="mkdocs.yml"' in rule.doc else None
    assert rule.name in {d.rule for d in found(bad, schema, settings(rule), site)}
    assert rule.name not in {d.rule for d in found(good, schema, settings(rule), site)}


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
        ("a | b\n--- | ---\n[[T|x]] | 1\n", [(3, 4)]),
        ("a | [[T|x]]\n--- | ---\n1 | 2\n", [(1, 8)]),
        ("a | [[T|x]]\n--- | --- | ---\n1 | 2 | 3\n", [(1, 8)]),  # a table, though not the one that was meant
        ("text\n\n[[T|x]] | 1\n", []),
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
        checker = of_index(Index(pages), Config(), date.today())
        rule = all_rules()["unescaped-bar"]
        return lambda: [len(list(rule.check(pages["index.md"], checker.context(pages["index.md"]))))]

    assert_linear(work, 500)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("[[T|T]]s and [[T|T]]ed, [[T|T]]ing, [[T|T]]에", 0),
        ("[[T|T]]ensor", 1),
        ("[[T|T]]sar", 1),
        ("a[[T|T]]", 1),
        ("[[T]]ensor", 0),
    ],
)
def test_an_ending_behind_a_link_cuts_no_word(text: str, cut: int) -> None:
    there = found({"index.md": f"{text}\n", "T.md": "# T\n\n[[index]]\n"})
    assert [d.rule for d in there].count("split-word-link") == cut


TERMS = '[terms]\n"씨앗" = "시드"\n"견주*" = "비교하다"\n"무작위 수" = "난수"\nkernel = "커널"\n'


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("씨앗을 주고 견줍니다, 견주어 봅니다.", ["씨앗", "견주"]),
        ("무작위 수는 씨앗입니다. Kernel도, kernels는 아닙니다", ["무작위 수", "씨앗", "Kernel"]),
        ("씨앗호떡, 알씨앗, `씨앗`, $씨앗$, <!-- 씨앗 -->, [[씨앗]], [x](씨앗.md), https://x.org/씨앗", []),
        ("# 씨앗\n\n[[T|씨앗]]을 [씨앗](T.md)\n\n```\n씨앗\n```\n", ["씨앗", "씨앗", "씨앗"]),
        ("my_kernel kernel_size torch.kernel", []),
        ("---\ntitle: 씨앗\n---\n<!-- kb: ignore[discouraged-term] -->\n\n씨앗", []),
    ],
)
def test_discouraged_terms(text: str, spans: list[str]) -> None:
    there = [d for d in found({"index.md": text, "T.md": ""}, settings=TERMS) if d.rule == "discouraged-term"]
    assert [d.span.of(text) for d in there] == spans


def test_a_term_is_replaced_where_the_particle_stays_right() -> None:
    there = [d for d in found({"index.md": "씨앗을, 무작위 수를"}, settings=TERMS) if d.rule == "discouraged-term"]
    assert [d.fix.title if d.fix else None for d in there] == [None, "write 난수"]


@pytest.mark.parametrize(
    ("source", "follows"),
    [
        ("https://docs.pytorch.org/docs/stable/nn.html (2026-11-29)", True),
        ("docs.pytorch.org/docs/stable/nn.html", True),
        ("doi:10.1038/nature14539", True),
        ("arXiv 1706.03762", True),
        ("PEP 523", True),
        ("pytorch/pytorch#121583", True),
        ("CVE-2025-32434", True),
        ("3f2a91c", True),
        ("papers/attention.pdf", True),
        ("Hu et al.: LoRA (2021)", True),
        ("PyTorch 2.13 documentation: torch.optim", True),
        ("[[T]]", True),
        ("[[Nowhere]]", False),
        ("PyTorch API", False),
        ("the linked pages of this wiki", False),
        ("2019", False),
        ("pytorch.org docs", False),
        ("", True),  # a blank item is the schema's to report
    ],
)
def test_sources_that_can_be_followed(source: str, follows: bool) -> None:
    pages = {"index.md": f"---\nraw_sources:\n  - '{source}'\n---\n", "T.md": ""}
    assert [d.span.of(pages["index.md"]) for d in found(pages) if d.rule == "untraceable-source"] == (
        [] if follows else [f"'{source}'"]
    )

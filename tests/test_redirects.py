"""Redirects kept in order: double ones, loops, broken ones; and what `kb stats` tells of a wiki."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from terminal import run_kb

from kbtools.check.checker import Selection, check
from kbtools.config.project import Config
from kbtools.text.diagnostics import Applicability, apply_edits
from kbtools.vault.index import Index
from kbtools.vault.loading import Vault
from kbtools.vault.page import decode

RULES = ("double-redirect", "canonical-cycle", "broken-canonical", "alias-shadows-title")


def found(pages: dict[str, str]) -> dict[str, list[tuple[str, str, str | None]]]:
    """Rule, message and the page's text after the safe fix, by page."""
    vault = Vault({p: decode(p, t.encode()) for p, t in pages.items()}, frozenset(), {})
    out: dict[str, list[tuple[str, str, str | None]]] = {}
    for d in check(vault, Index.build(vault), Config(), Selection(select=RULES)).diagnostics:
        fixed = apply_edits(pages[d.path], d.fix.edits) if d.fix else None
        assert d.fix is None or d.fix.applicability is Applicability.SAFE
        out.setdefault(d.path, []).append((d.rule, d.message, fixed))
    return out


def page(**fields: str) -> str:
    return "---\n" + "".join(f"{key}: {value}\n" for key, value in fields.items()) + "---\n"


def test_a_chain_is_shortened_to_its_end() -> None:
    pages = {
        "a.md": page(duplicate_of='"[[B Page|b]]"  # moved'),
        "b.md": page(title="B Page", redirect_to="c"),
        "c.md": page(title="C", duplicate_of="'[[D Page]]'"),
        "d.md": page(title="D Page", id="w-4"),
    }
    assert found(pages) == {
        "a.md": [
            (
                "double-redirect",
                "duplicate_of: b.md itself redirects to d.md",
                page(duplicate_of='"[[D Page|b]]"  # moved'),
            )
        ],
        "b.md": [
            ("double-redirect", "redirect_to: c.md itself redirects to d.md", page(title="B Page", redirect_to="d"))
        ],
    }


def test_double_redirects_are_fixed_at_once(tmp_path: Path) -> None:
    chain = {"a": "canonical_id: b", "b": "redirect_to: '[[c]]'", "c": "duplicate_of: d"}
    fixed = {"a": "canonical_id: d", "b": "redirect_to: '[[d]]'", "c": "duplicate_of: d"}
    for name, field in chain.items():
        (tmp_path / f"{name}.md").write_text(f"---\n{field}\n---\n\n[[a]]\n")
    (tmp_path / "d.md").write_text("[[a]]\n")
    (tmp_path / "kb.toml").write_text('docs = "."\n')
    done = run_kb(["fix", "--select", "double-redirect"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert {n: (tmp_path / f"{n}.md").read_text() for n in fixed} == {
        n: f"---\n{field}\n---\n\n[[a]]\n" for n, field in fixed.items()
    }


def test_canonical_id_counts_too() -> None:
    pages = {"a.md": page(canonical_id="b"), "b.md": page(duplicate_of='"[[c]]"'), "c.md": ""}
    ((rule, _, fixed),) = found(pages)["a.md"]
    assert (rule, fixed) == ("double-redirect", page(canonical_id="c"))


def test_an_end_that_cannot_be_named_is_told_without_a_fix() -> None:
    pages = {
        "a.md": page(duplicate_of="b"),
        "b.md": page(duplicate_of="w-1"),
        "x/c.md": page(title="C", id="w-1"),
        "y/c.md": page(title="C", id="w-1"),
        "z/c.md": page(title="C"),
    }
    assert [rule for rule, _, _ in found(pages)["b.md"]] == ["broken-canonical"]
    pages["y/c.md"] = page(title="C")
    ((rule, _, fixed),) = found(pages)["a.md"]
    assert (rule, fixed) == ("double-redirect", page(duplicate_of="w-1"))


@pytest.mark.parametrize("ring", [1, 2, 3])
def test_loops_have_their_own_rule(ring: int) -> None:
    pages = {f"{n}.md": page(duplicate_of=f'"[[{(n + 1) % ring}]]"') for n in range(ring)}
    pages["in.md"] = page(duplicate_of='"[[0]]"')
    told = found(pages)
    assert {path: [rule for rule, _, _ in held] for path, held in told.items()} == {
        f"{n}.md": ["canonical-cycle"] for n in range(ring)
    }


def test_a_page_is_its_own_canonical_page() -> None:
    assert found({"a.md": page(title="A", canonical_id="A", duplicate_of="none")}) == {}
    ((rule, message, _),) = found({"a.md": page(title="A", redirect_to="A")})["a.md"]
    assert (rule, message) == ("canonical-cycle", "redirect_to names the page itself")


def test_what_names_nothing_and_what_shadows() -> None:
    told = found({"a.md": page(redirect_to="nope"), "b.md": page(aliases="[c]"), "c.md": ""})
    assert {path: [rule for rule, _, _ in held] for path, held in told.items()} == {
        "a.md": ["broken-canonical"],
        "b.md": ["alias-shadows-title"],
    }


VAULT = {
    "index.md": "[[Red Page]] [[a]] [[b]] [[b|again]]",
    "a.md": page(aliases="[x]") + "[[red_page]] [[Red Page#s]] ![[lost.png]] [[b]]",
    "b.md": "`[[a]]` [m](a.md)",
    "c.md": "[[Blue]] [[#c]]",
    "d.md": page(duplicate_of='"[[e]]"'),
    "e.md": page(duplicate_of='"[[a]]"'),
    "f.md": page(last_reinforced="2019-01-01") + "[[index]]",
}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    for path, text in VAULT.items():
        (tmp_path / path).write_bytes(text.encode())
    (tmp_path / "kb.toml").write_text('docs = "."\n[rules]\norphan-page = "off"\nstale-page = "off"\n')
    return tmp_path


def test_stats(vault: Path) -> None:
    done = run_kb(("stats", "--format", "json", "--root", str(vault)))
    figures = json.loads(done.stdout)
    assert figures["wanted"] == [
        {"name": "Red Page", "count": 3, "pages": ["a.md", "index.md"]},
        {"name": "Blue", "count": 1, "pages": ["c.md"]},
    ]
    assert figures["most_linked"][0] == {"name": "b.md", "count": 3}
    assert figures["orphans"] == ["c.md", "f.md"]  # whatever severity the rules have
    assert figures["dead_ends"] == ["c.md"]  # b leads on by a Markdown link
    assert figures["stale"] == ["f.md"]
    assert figures["redirects"] == {"pages": 2, "double": 1, "loops": 0, "broken": 0}


def test_stats_as_text(vault: Path) -> None:
    done = run_kb(("stats", "--most", "1", "--root", str(vault)))
    assert "2 redirects: 1 double\n" in done.stdout
    assert "       3  Red Page  (a.md and 1 more)\n  … and 1 more (--most N)\n" in done.stdout
    assert run_kb(("stats", "--most", "-1", "--root", str(vault))).returncode == 2

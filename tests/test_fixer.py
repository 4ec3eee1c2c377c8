"""Fixes verify themselves (P4): they remove what they claim, add nothing, come to rest, and never touch opaque text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from kbtools.check.checker import check
from kbtools.config.project import foreign_vault
from kbtools.edit.fix import choose, fix
from kbtools.text.diagnostics import Diagnostic, apply_edits
from kbtools.vault.index import Index
from kbtools.vault.loading import Vault, load
from kbtools.vault.page import Page, decode

VAULTS = sorted(p for p in (Path(__file__).parent / "vaults").iterdir() if p.is_dir())


def read(folder: Path) -> tuple[Vault, Path]:
    return load(foreign_vault(folder)), folder


def checker(vault: Vault, folder: Path, schema: str = "none"):
    config = foreign_vault(folder, schema).config

    def findings(index: Index) -> tuple[Diagnostic, ...]:
        return check(vault, index, config, today=date(2026, 11, 21)).diagnostics

    return findings


def of_pages(pages: Mapping[str, Page]):
    config = foreign_vault(Path()).config
    return lambda index: check(Vault(pages, frozenset(), {}), index, config).diagnostics


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("folder", VAULTS, ids=lambda p: p.name)
def test_fixing_a_vault(folder: Path, unsafe: bool) -> None:
    vault, _ = read(folder)
    findings = checker(vault, folder, "topic" if folder.name == "frontmatter" else "none")
    index = Index.build(vault)
    before = findings(index)
    plan = fix(index, findings, unsafe=unsafe)
    fixed = index.with_pages({**vault.pages, **{p: decode(p, t.encode()) for p, t in plan.texts.items()}})
    after = findings(fixed)
    per_page_before, per_page_after = (Counter(d.path for d in ds) for ds in (before, after))
    for path in plan.texts:
        assert per_page_after[path] < per_page_before[path], path
    assert len(after) <= len(before)
    assert not fix(fixed, findings, unsafe=unsafe).texts, "a second run changes nothing"


@pytest.mark.parametrize("folder", VAULTS, ids=lambda p: p.name)
def test_edits_stay_out_of_code_and_comments(folder: Path) -> None:
    vault, _ = read(folder)
    for _, (path, edits, _) in choose(checker(vault, folder)(Index.build(vault)), unsafe=True):
        page = vault.pages[path]
        code = [f.span for f in page.structure.fences]
        assert not any(e.span.overlaps(s) for e in edits for s in code)
        assert apply_edits(page.source.text, edits) != page.source.text


def test_an_edit_that_helps_nobody_is_not_made() -> None:
    # Both spellings of the link are broken: the unsafe guess would only move the finding.
    pages = {"a.md": decode("a.md", b"[[Tensors]] x\n"), "b.md": decode("b.md", b"# b\n")}
    assert fix(Index(pages), of_pages(pages), unsafe=True).texts == {}


def test_bom_and_line_ends_survive() -> None:
    data = b"\xef\xbb\xbf[[B_B]]\r\nlast"
    pages = {"a.md": decode("a.md", data), "b b.md": decode("b b.md", b"[[a]]")}
    (text,) = fix(Index(pages), of_pages(pages)).texts.values()
    assert text == "[[b b|B_B]]\r\nlast"
    assert pages["a.md"].source.bom

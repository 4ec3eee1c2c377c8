"""A rule that names what it looks at finds nothing on pages without it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbtools.config import Config, foreign_vault
from kbtools.index import Index
from kbtools.page import decode
from kbtools.rules import Context, all_rules
from kbtools.traits import TRAITS, traits_of
from kbtools.vault.loading import Vault, load
from tests.properties.test_incremental_properties import FILES, OTHERS, page

VAULTS = sorted(p for p in (Path(__file__).parent.parent / "vaults").iterdir() if p.is_dir())


def assert_nothing_is_missed(index: Index, schemas: dict[str, object]) -> set[str]:
    """The traits that were met."""
    # Every fence is one that a shell complains of: the rules decide by the page alone.
    shell = {(s.language.lower(), s.code): (1, "wrong") for p in index.pages.values() for s in p.snippets}
    context = Context(index, Config(), date(2026, 5, 1), schemas, shell)
    met: set[str] = set()
    for one in index.pages.values():
        traits = traits_of(one, index)
        met |= traits
        for rule in all_rules().values():
            if rule.check is not None and rule.looks_at is not None and not rule.looks_at & traits:
                assert not list(rule.check(one, context)), (rule.name, one.path)
    return met


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(FILES), page, max_size=7))
def test_what_a_rule_does_not_look_at_it_finds_nothing_on(files: dict[str, bytes]) -> None:
    index = Index.build(Vault({p: decode(p, data) for p, data in files.items()}, frozenset(OTHERS), {}))
    assert_nothing_is_missed(index, dict.fromkeys(files))


@pytest.mark.parametrize("folder", VAULTS, ids=lambda p: p.name)
def test_the_same_of_the_golden_vaults(folder: Path) -> None:
    index = Index.build(load(foreign_vault(folder)))
    assert assert_nothing_is_missed(index, dict.fromkeys(index.pages))


def test_every_trait_is_looked_at() -> None:
    assert {t for rule in all_rules().values() for t in rule.looks_at or ()} == TRAITS

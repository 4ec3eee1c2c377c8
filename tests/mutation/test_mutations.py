"""A link known to be right, its spelling damaged in one known manner: what ``kb`` makes of it.

Precision is 1 throughout: no rewrite leads elsewhere than its author meant. Spellings that fold to the name are all
understood; anything looser is suggested, never applied. ``pytest -s`` shows the figures.
"""

from __future__ import annotations

from functools import cache

import pytest
from damage import FOLDABLE
from harness import KINDS, Good, Score, good_links, measure, parsed, table
from styles import STYLES, vault

from kbtools.edit.reconcile import plan_reconcile
from kbtools.vault.index import Index
from kbtools.vault.links.spelling import Speller

SEEDS = range(2)


@cache
def links_in(style: str, seed: int) -> tuple[dict[str, str], list[Good]]:
    return good_links(vault(style, seed=seed), seed)


@pytest.fixture(scope="module")
def scores() -> dict[str, dict[str, Score]]:
    """By style and kind of damage."""
    out: dict[str, dict[str, Score]] = {}
    for style in STYLES:
        out[style] = {kind: Score() for kind in KINDS}
        for seed in SEEDS:
            heads, links = links_in(style, seed)
            for kind, score in out[style].items():
                score.add(measure(heads, links, kind, seed))
    return out


@pytest.fixture(scope="module")
def totals(scores: dict[str, dict[str, Score]]) -> dict[str, Score]:
    sums = {kind: Score() for kind in KINDS}
    for found in scores.values():
        for kind, score in found.items():
            sums[kind].add(score)
    print("\n" + table(sums))
    return sums


@pytest.mark.parametrize("style", STYLES)
def test_no_rewrite_is_wrong(scores: dict[str, dict[str, Score]], style: str) -> None:
    assert [w for score in scores[style].values() for w in score.wrong] == []


@pytest.mark.parametrize("style", STYLES)
def test_every_spelling_that_folds_to_a_name_is_understood(scores: dict[str, dict[str, Score]], style: str) -> None:
    assert [m for kind in FOLDABLE for m in scores[style][kind].missed] == []


def test_looser_spellings_are_never_applied(totals: dict[str, Score]) -> None:
    assert totals["one letter"].respelled == 0
    assert totals["particle inside"].respelled == 0
    assert totals["dropped folder"].respelled == 0


def test_a_folder_left_out_is_no_loss_where_the_name_is_one_pages(totals: dict[str, Score]) -> None:
    assert totals["dropped folder"].missed == []


def test_looser_spellings_are_suggested(totals: dict[str, Score]) -> None:
    letter, particle = totals["one letter"], totals["particle inside"]
    assert particle.named / particle.unresolved > 0.97
    # Where a letter makes another word as easily, nothing is suggested: what is, is right.
    assert letter.named / letter.unresolved > 0.4
    assert letter.named / (letter.named + letter.misnamed) > 0.99


def test_enough_was_damaged_to_mean_something(scores: dict[str, dict[str, Score]], totals: dict[str, Score]) -> None:
    assert all(totals[kind].damaged > 1000 for kind in KINDS)
    assert all(scores[style][kind].damaged > 100 for style in STYLES for kind in KINDS)
    assert all(totals[kind].respelled > 1000 for kind in ("case", "space - _"))


@pytest.mark.parametrize(("style", "titles"), [("filename", False), ("title", True), ("filename", True)])
@pytest.mark.parametrize("kind", FOLDABLE)
def test_other_manners_of_reconciling_are_as_right(kind: str, style: str, titles: bool) -> None:
    for of in STYLES:
        heads, links = links_in(of, 7)
        assert measure(heads, links, kind, 7, style, titles).wrong == []


def planned(link: str, here: str = "b/Here.md") -> list[str]:
    texts = {"a/Tensor Ops.md": "", "b/tensor_ops.md": "", "a/Twin.md": "", "b/Twin.md": "", here: f"[[{link}]]"}
    index = Index(parsed(texts))
    return [change.after for change in plan_reconcile(index, Speller(index)).changes]


def test_a_misspelling_between_two_pages_is_nobodys() -> None:
    # [[Tensor Ops]] means the one, [[tensor_ops]] the other; this may be a slip for either.
    assert planned("Tensor-Ops") == []
    assert planned("Tensor Ops") == []
    # Only the folder tells these apart, and the link stands in one.
    assert planned("twin") == ["[[Twin]]"]


def test_a_number_sign_of_a_name_behind_folders() -> None:
    texts = {"langs/C#.md": "# 절\n", "Here.md": "[[Langs/c#]] [[langs/C#.md]] [[langs/C##절]] [[nowhere/C#x]]"}
    index = Index(parsed(texts))
    assert [(link.target, link.anchor) for link, _ in index.links["Here.md"].wiki] == [
        ("Langs/c#", None),
        ("langs/C#.md", None),
        ("langs/C#", "절"),
        ("nowhere/C", "x"),
    ]
    assert [change.after for change in plan_reconcile(index, Speller(index)).changes] == ["[[langs/C#]]"]

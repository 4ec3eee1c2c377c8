"""Random vaults rewritten by every command, rendered before and after: the pages say the same."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))

from rendered_page import differences, rendered_page
from test_verified_edits_properties import findings, vaults

from kbtools.edit.fix import fix
from kbtools.edit.reconcile import plan_reconcile
from kbtools.edit.rename import plan_rename
from kbtools.errors import KbError
from kbtools.text.diagnostics import Diagnostic
from kbtools.vault.index import Index
from kbtools.vault.links.spelling import Speller
from kbtools.vault.page import decode

RENDERED_ANEW = {"irregular-fence", "unescaped-bar", "unrendered-link", "split-word-link", "discouraged-term"}
"""Rules whose fixes are there to change what readers see."""


def after(index: Index, texts: Mapping[str, str], gone: str | None = None) -> Index:
    renewed = {path: decode(path, text.encode()) for path, text in texts.items()}
    return index.with_pages({**{p: page for p, page in index.pages.items() if p != gone}, **renewed})


def say_the_same(before: Index, now: Index) -> None:
    for path in now.pages:
        assert differences(rendered_page(before, path), rendered_page(now, path)) == [], path


@settings(max_examples=25)
@given(vaults(), st.booleans(), st.booleans())
def test_reconcile(index: Index, titles: bool, follow: bool) -> None:
    plan = plan_reconcile(index, Speller(index), titles=titles, follow_duplicates=follow)
    say_the_same(index, after(index, plan.texts))


@settings(max_examples=25)
@given(vaults())
def test_fix(index: Index) -> None:
    def kept(now: Index) -> tuple[Diagnostic, ...]:
        return tuple(d for d in findings(now) if d.rule not in RENDERED_ANEW)

    say_the_same(index, after(index, fix(index, kept).texts))


@settings(max_examples=25)
@given(vaults(), st.data())
def test_rename(index: Index, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(index.pages)))
    try:
        plan = plan_rename(index, path, "Far Away")
    except KbError:
        return
    texts = {plan.new if p == plan.old else p: text for p, text in plan.texts.items()}
    now, moved = after(index, texts, gone=plan.old), {plan.new: plan.old}
    for path in now.pages:
        old = rendered_page(index, moved.get(path, path))
        changed = differences(old, rendered_page(now, path, moved))
        # A link that several pages answered to leads to the one that is still called so.
        assert [line for line, _ in changed if "[[" not in line] == [], path

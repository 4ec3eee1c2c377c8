"""P7: snippets that are kept from an earlier build are those that would be read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from test_snippets_properties import ANY, QUICK, pages

from kbtools.config.snippet_policy import CHECK, DEFAULT, RUN, SHOW
from kbtools.site.reuse import kept_snippets
from kbtools.state.memo import Memo
from kbtools.text.source import Source
from kbtools.vault.page import Page


def parse(text: str, mode: str) -> Page:
    return Page.parse(Source("a.md", text), policy=DEFAULT._replace(mode=mode))


@QUICK
@given(st.one_of(pages(), ANY), st.sampled_from([RUN, CHECK, SHOW]))
def test_what_is_restored_is_what_would_be_read(text: str, mode: str) -> None:
    page = parse(text, mode)
    assert kept_snippets.load(page, kept_snippets.dump(page.snippets)) == page.snippets


def test_only_of_the_same_text_under_the_same_policy() -> None:
    memo = Memo(":memory:")
    text = "# A\n\n```python\nprint(1)\n```\n"
    page = parse(text, RUN)
    assert page.snippets
    with memo.transaction():
        kept_snippets.remember(memo, [page])
    for other, is_known in ((parse(text, RUN), True), (parse(text, SHOW), False), (parse(text + "x\n", RUN), False)):
        kept_snippets.restore(memo, [other])
        assert ("snippets" in vars(other)) is is_known

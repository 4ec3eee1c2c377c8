"""Random vaults whose files get other paths: every link leads to its file, or is named as one that cannot."""

from __future__ import annotations

import re

from examples import examples
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from test_rename_properties import FOLDERS, names, vaults

from kbtools.config.project import LinkStyle
from kbtools.edit.move import plan_move
from kbtools.vault.index import Index
from kbtools.vault.links.graph import PageLinks
from kbtools.vault.links.resolution import Resolved, target_page
from kbtools.vault.page import Page, decode

CODE = re.compile(r"`[^`]*`")


def led_to(held: PageLinks) -> list[tuple[int, str | None]]:
    found = [
        (link.start, meaning.page if isinstance(meaning, Resolved) else target_page(meaning))
        for link, meaning in held.wiki
    ]
    return found + [(file.start, meant.page if isinstance(meant, Resolved) else None) for file, meant in held.files]


@settings(max_examples=examples(300))
@given(vaults(), st.data())
def test_every_link_leads_to_its_file_or_is_named(pages: dict[str, Page], data: st.DataObject) -> None:
    moves = {}
    for path in data.draw(st.lists(st.sampled_from(sorted(pages)), min_size=1, max_size=3, unique=True)):
        name = data.draw(st.one_of(st.just(path.rpartition("/")[2]), names.map("{}.md".format)))
        moves[path] = data.draw(st.sampled_from((*FOLDERS, "new/er/"))) + name
    after = [moves.get(path, path).casefold() for path in pages]
    assume(len(set(after)) == len(after))
    before = Index(pages)
    style: LinkStyle = data.draw(st.sampled_from(("title", "filename")))
    plan = plan_move(before, moves, style)
    new = {}
    for path, page in pages.items():
        to = moves.get(path, path)
        new[to] = decode(to, plan.texts.get(path, page.source.text).encode())
    there = Index(new)
    named = {(change.path, change.link.start if change.link else None) for change in plan.unsettled}
    event("some are named" if named else "all are kept")
    for path, page in pages.items():
        now = new[moves.get(path, path)]
        assert CODE.findall(now.source.text) == CODE.findall(page.source.text)
        links, renewed = led_to(before.graph.of(page)), led_to(there.graph.of(now))
        assert len(links) == len(renewed)
        for (start, target), (_, target_now) in zip(links, renewed, strict=True):
            if target is not None and (path, start) not in named and (path, None) not in named:
                kept = {moves.get(end, end) for end in (target, before.final(target))}
                assert target_now in kept, (page.source.text[start : start + 40], now.source.text)
    again = plan_move(there, {path: path for path in new}, style)
    assert again.texts == {}

"""What wikilinks mean, in the manner of Obsidian, Foam, marksman and Quartz: ``wikilinks.toml``.

Each case is what kb says; where the tool does otherwise the case names an entry of ``divergences.toml``.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Alias, Ambiguous, Missing, Resolved
from kbtools.vault.page import decode

HERE = Path(__file__).parent
VAULTS = tomllib.loads((HERE / "wikilinks.toml").read_text(encoding="utf-8"))["vault"]
DIVERGENCES = tomllib.loads((HERE / "divergences.toml").read_text(encoding="utf-8"))["link"]
CASES = [
    pytest.param(vault, link, said, id=f"{vault['manner'].split(':')[0]} {link}".replace("\n", "⏎"))
    for vault in VAULTS
    for link, said in vault["links"].items()
]


def means(files: dict[str, str], here: str, link: str) -> str:
    """What kb says of a link that is written at the end of a page."""
    texts = {p: t + (f"\n\n{link}\n" if p == here else "") for p, t in files.items()}
    pages = {p: decode(p, t.encode()) for p, t in texts.items() if p.endswith(".md")}
    index = Index(pages, (p for p in files if not p.endswith(".md")))
    match index.links[here].wiki:
        case ():
            return "text"
        case ((read, Resolved(page=path)),) if path in pages:
            if read.block is not None:
                return f"{path}#^{read.block.lower()}" if index.has_block(path, read.block) else f"{path}#lost"
            if read.anchor is None:
                return path
            heading = index.heading(path, read.anchor)
            return f"{path}#{heading.id if heading else 'lost'}"
        case ((_, Resolved(page=path)),):
            return path
        case ((_, (Ambiguous() | Alias() | Missing()) as hit),):
            return type(hit).__name__.lower()
    raise AssertionError("more than one link")


@pytest.mark.parametrize(("vault", "link", "said"), CASES)
def test_case(vault: dict[str, object], link: str, said: str | dict[str, str]) -> None:
    files = vault["files"]
    assert isinstance(files, dict)
    expected = said if isinstance(said, str) else said["means"]
    assert means(files, str(vault["from"]), link) == expected


def test_every_difference_has_a_reason_and_every_reason_a_difference() -> None:
    named = [said for vault in VAULTS for said in vault["links"].values() if isinstance(said, dict)]
    assert all(said["means"] != said["them"] for said in named)
    assert {said["why"] for said in named} == set(DIVERGENCES)
    assert all(entry["reason"] for entry in DIVERGENCES.values())


def test_there_are_enough() -> None:
    assert len(CASES) > 100

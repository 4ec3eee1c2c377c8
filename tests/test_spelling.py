"""How links are respelled: their targets, and the words a reader saw."""

from __future__ import annotations

import pytest

from kbtools.config.project import LinkStyle
from kbtools.text.diagnostics import apply_edits
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Resolved
from kbtools.vault.links.spelling import Speller, relabel
from kbtools.vault.page import decode

VAULT = {
    "neural_nets.md": "---\ntitle: Neural Nets\n---\n## Layers\n",
    "Foo Bar.md": "x ^b1\n",
    "deep/My Page.md": "---\ntitle: Deep Page\n---\n",
}


def respelled(text: str, style: LinkStyle, keep_words: bool = False) -> str:
    index = Index({**{p: decode(p, t.encode()) for p, t in VAULT.items()}, "here.md": decode("here.md", text.encode())})
    speller, page = Speller(index, style, keep_words), index.pages["here.md"]
    edits = []
    for link, hit in index.links["here.md"].wiki:
        assert isinstance(hit, Resolved)
        if (target := speller.canonical(link, hit, "here.md")) is not None:
            edits += speller.respelled(link, target, page)
    return apply_edits(text, edits)


@pytest.mark.parametrize(
    ("text", "title", "keeping", "filename"),
    [
        # title style                           title style, keep_words                 file names
        ("[[neural nets]]은", "[[Neural Nets]]은", "[[Neural Nets|neural nets]]은", "[[neural_nets|neural nets]]은"),
        ("[[neural-nets|망]]", "[[Neural Nets|망]]", "[[Neural Nets|망]]", "[[neural_nets|망]]"),
        ("[[foo_bar]]", "[[Foo Bar]]", "[[Foo Bar|foo_bar]]", "[[Foo Bar|foo_bar]]"),
        ("[[foo bar]]", "[[Foo Bar]]", "[[Foo Bar|foo bar]]", "[[foo bar]]"),
        ("[[foo_bar#^b1]]", "[[Foo Bar#^b1]]", "[[Foo Bar#^b1|foo_bar › b1]]", "[[Foo Bar#^b1|foo_bar › b1]]"),
        ("![[foo_bar]]", "![[Foo Bar]]", "![[Foo Bar]]", "![[Foo Bar]]"),
        ("# [[foo_bar]]", "# [[Foo Bar|foo_bar]]", "# [[Foo Bar|foo_bar]]", "# [[Foo Bar|foo_bar]]"),
        ("[[deep_page]]", "[[Deep Page]]", "[[Deep Page|deep_page]]", "[[My Page|deep_page]]"),
        ("[[DEEP/my_page]]", "[[deep/My Page]]", "[[deep/My Page|DEEP/my_page]]", "[[deep/My Page|DEEP/my_page]]"),
        ("[[foo_bar|]]", "[[Foo Bar|]]", "[[Foo Bar|foo_bar]]", "[[Foo Bar|foo_bar]]"),
        ("[[FOO BAR.md]]", "[[Foo Bar]]", "[[Foo Bar|FOO BAR.md]]", "[[FOO BAR.md]]"),
        (
            "x | y\n--- | ---\n[[foo_bar]] | 1\n",
            "x | y\n--- | ---\n[[Foo Bar]] | 1\n",
            "x | y\n--- | ---\n[[Foo Bar\\|foo_bar]] | 1\n",
            "x | y\n--- | ---\n[[Foo Bar\\|foo_bar]] | 1\n",
        ),
    ],
)
def test_respelling(text: str, title: str, keeping: str, filename: str) -> None:
    assert respelled(text, "title") == title
    assert respelled(text, "title", keep_words=True) == keeping
    assert respelled(text, "filename") == filename


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("[[old]]", "[[New|old]]"),
        ("[[old|label]]", "[[New|label]]"),
        ("[[old#H|label]]", "[[New#H|label]]"),
        ("[[New]]", "[[New]]"),
        ("![[old#^b]]", "![[New#^b]]"),
        ("| a | b |\n|---|---|\n| [[old]] | x |", "[[New\\|old]]"),
        ("a | b\n--- | ---\n[[old]] | x", "[[New\\|old]]"),
        ("- a | b\n  --- | ---\n  [[old]] | x", "[[New\\|old]]"),
        ("a | b\n\n[[old]] | x", "[[New|old]]"),
        ("| [[old]] |", "[[New|old]]"),
        ("| [[old\\|x]] |", "[[New\\|x]]"),
    ],
)
def test_relabel_keeps_what_the_reader_saw(text: str, written: str) -> None:
    page = decode("p.md", text.encode())
    (link,) = page.links
    assert relabel(link, "New", page) == written

"""Links resolved by a second, slow reading of the rules (docs/guide/links.md): both must say the same.

The slow reading walks over all pages at every rung and keeps no tables, so that the two have no code in common.
"""

from __future__ import annotations

import unicodedata
from posixpath import basename, dirname

from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_fold import fold

from kbtools.text.source import Source
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Ambiguous, Resolved
from kbtools.vault.page import Page

WORDS = (
    "PyTorch",
    "pytorch",
    "텐서",
    "연산",
    "C++",
    "C#",
    "C",
    ".NET",
    "v1.2",
    "İst",
    "straße",
    "STRASSE",
    "ﬁle",
    "é",
    "e\u0301",
)
JOINS = (" ", "-", "_", "  ", "\u2013", " - ")
FOLDERS = ("", "a/", "b/", "a/c/", "T opics/")

word = st.sampled_from(WORDS)
name = st.builds(
    lambda first, rest: first + "".join(a + b for a, b in rest),
    word,
    st.lists(st.tuples(st.sampled_from(JOINS), word), max_size=2),
)
path = st.builds("{}{}.md".format, st.sampled_from(FOLDERS), name)
vault = st.dictionaries(path, st.none() | name, min_size=1, max_size=8)
damage = st.sampled_from(
    (
        str,
        str.upper,
        str.lower,
        lambda s: unicodedata.normalize("NFD", s),
        lambda s: s.replace(" ", "-"),
        lambda s: s.replace("-", "_"),
        lambda s: s + ".md",
    )
)


def slowly(titles: dict[str, str], here: str, target: str) -> tuple[str, list[str]] | None:
    """The rung and the pages meant, by walking; None for a folder spelled otherwise, which has a rung of its own."""
    nfc = {p: unicodedata.normalize("NFC", p.removesuffix(".md")) for p in titles}
    wanted = unicodedata.normalize("NFC", target.removesuffix(".md"))
    rungs = [
        ("exact", [p for p in titles if basename(nfc[p]) == wanted]),
        ("exact", [p for p in titles if unicodedata.normalize("NFC", titles[p]) == wanted]),
        ("variant", [p for p in titles if fold(wanted) in (fold(basename(nfc[p])), fold(titles[p]))]),
    ]
    if "/" in wanted:
        rungs.insert(0, ("path", [p for p in titles if f"/{nfc[p]}".endswith(f"/{wanted}")]))
    for how, found in rungs:
        beside = [p for p in found if dirname(p) == dirname(here)]
        if found:
            return how, beside if len(beside) == 1 else sorted(found)
    if "/" in wanted:
        return None
    # No page is called so: what stands behind a "#" is a section. The longest name that is a page's wins.
    name, mark, _ = target.rpartition("#")
    return slowly(titles, here, name.rstrip()) if mark else ("missing", [])


@settings(max_examples=examples(300))
@given(vault, st.data())
def test_a_link_means_what_a_slow_reading_of_the_rules_says(pages: dict[str, str | None], data: st.DataObject) -> None:
    titles = {p: basename(p).removesuffix(".md") if title is None else title for p, title in pages.items()}
    here = data.draw(st.sampled_from(sorted(pages)))
    meant = data.draw(st.sampled_from(sorted(pages)))
    spelling = data.draw(
        st.sampled_from((basename(meant).removesuffix(".md"), titles[meant], meant.removesuffix(".md"))) | name
    )
    target = data.draw(damage)(spelling)

    front = {p: "" if title is None else f'---\ntitle: "{title}"\n---\n' for p, title in pages.items()}
    link = f"[[{target}]]"
    read = {p: Page.parse(Source(p, front[p] + (link if p == here else ""))) for p in pages}
    index = Index(read)
    answer = index.resolve(index.read(read[here].links[0], read[here].source.text, here), here)

    expected = slowly(titles, here, target)
    if expected is None:
        return
    how, found = expected
    match answer:
        case Resolved():
            assert (how, found) == (answer.how, [answer.page])
        case Ambiguous():
            assert len(found) > 1
            assert found == sorted(answer.candidates)
        case _:
            assert how == "missing"

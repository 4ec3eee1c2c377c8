"""Random vaults: a rewrite never changes what a link means, comes to rest, and touches nothing but targets (P4)."""

from __future__ import annotations

import unicodedata

from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from kbtools.edit.reconcile import plan_reconcile
from kbtools.links import fold_title
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Ambiguous, Resolved
from kbtools.vault.links.spelling import Speller
from kbtools.vault.page import Page, decode

WORDS = (
    "Tensor",
    "tensor",
    "TENSOR",
    "텐서",
    "C",
    "C#",
    "C++",
    "nn.Module",
    "a-b",
    "a b",
    "A_B",
    "Dup",
    "x|y",
    "AI/ML",
    "연산",
)
FOLDERS = ("", "a/", "b/", "a/c/", "Topics/")


def damaged(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(
        (
            name,
            name.upper(),
            name.lower(),
            name.replace(" ", "_"),
            name.replace("-", " "),
            unicodedata.normalize("NFD", name),
            name + ".md",
            "a/" + name,
            "Topics/" + name.lower(),
            "/" + name,
            "./" + name,
        )
    )


names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join)


@st.composite
def vaults(draw: st.DrawFn) -> dict[str, Page]:
    paths: dict[str, Page] = {}
    for _ in range(draw(st.integers(1, 7))):
        stem = draw(names).replace("/", "-").replace("|", "-")
        path = draw(st.sampled_from(FOLDERS)) + stem + ".md"
        head = ""
        if draw(st.booleans()):
            head += f'title: "{draw(names)}"\n'
        if draw(st.integers(0, 4)) == 0:
            head += f'duplicate_of: "[[{draw(names)}]]"\n'
        links = [draw(damaged(draw(names))) for _ in range(draw(st.integers(0, 4)))]
        body = "\n\n".join(f"[[{x}]]은 [[{x}|라벨]] ![[{x}#절]]" for x in links)
        paths[path] = decode(path, (f"---\n{head}---\n{body}" if head else body).encode())
    return paths


def meanings(index: Index) -> list[tuple[str, str | None]]:
    return [
        (path, resolution.page if isinstance(resolution, Resolved) else None)
        for path, held in index.links.items()
        for _, resolution in held.wiki
    ]


@settings(max_examples=examples(200))
@given(vaults(), st.sampled_from(("title", "filename")), st.booleans())
def test_a_rewrite_never_changes_what_a_link_means(pages: dict[str, Page], style: str, titles: bool) -> None:
    index = Index(pages)
    plan = plan_reconcile(index, Speller(index, style), titles=titles)
    after = Index({**pages, **{p: decode(p, t.encode()) for p, t in plan.texts.items()}})
    assert meanings(after) == meanings(index)
    assert not plan_reconcile(after, Speller(after, style), titles=titles).changes
    for change in plan.changes:
        resolution = index.resolve(change.link, change.path)
        assert isinstance(resolution, Resolved)
        assert resolution.page == change.page


@settings(max_examples=examples(200))
@given(vaults())
def test_a_variant_is_the_only_page_of_its_name(pages: dict[str, Page]) -> None:
    index = Index(pages)
    for path, held in index.links.items():
        folder = path.rpartition("/")[0]
        for link, resolution in held.wiki:
            if not isinstance(resolution, Resolved) or resolution.how != "variant" or "/" in link.name:
                continue
            named = {
                p for p, page in pages.items() if fold_title(link.name) in map(fold_title, (page.stem, page.title))
            }
            beside = {p for p in named if p.rpartition("/")[0] == folder}
            assert resolution.page in named
            assert (
                named == {resolution.page} or beside == {resolution.page} or len({index.final(p) for p in named}) == 1
            )


@settings(max_examples=examples(100))
@given(vaults())
def test_following_duplicates_ends_at_a_page_that_stands_for_itself(pages: dict[str, Page]) -> None:
    index = Index(pages)
    for change in plan_reconcile(index, Speller(index), follow_duplicates=True).changes:
        assert index.final(change.page) == change.page


@settings(max_examples=examples(100))
@given(vaults())
def test_resolution_does_not_depend_on_the_order_of_pages(pages: dict[str, Page]) -> None:
    there, back = Index(pages), Index(dict(reversed(pages.items())))
    assert {p: [r for _, r in held.wiki] for p, held in there.links.items()} == {
        p: [r for _, r in held.wiki] for p, held in back.links.items()
    }
    assert all(len(r.candidates) > 1 for held in there.links.values() for _, r in held.wiki if isinstance(r, Ambiguous))

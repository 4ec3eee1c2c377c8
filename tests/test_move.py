"""Moves of files: links that are respelled, links that still lead there, links that cannot be followed."""

from __future__ import annotations

import pytest

from kbtools.edit.move import MovePlan, plan_move
from kbtools.errors import KbError
from kbtools.vault.index import Index
from kbtools.vault.names import Conventions
from kbtools.vault.page import decode

FILES = ("a/pic.png", "b/data.csv")


def moved(pages: dict[str, str], moves: dict[str, str], **conventions: object) -> MovePlan:
    index = Index({p: decode(p, text.encode()) for p, text in pages.items()}, FILES, Conventions(**conventions))  # type: ignore[arg-type]
    return plan_move(index, moves)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[[Old]] [[old]] [[a/old]] [[./a/old]]", "[[Old]] [[old]] [[c/old]] [[c/old]]"),
        ("![[a/old#Part|x]]", "![[c/old#Part|x]]"),
        ("[x](a/old.md#part) [x](./a/old.md)", "[x](c/old.md#part) [x](./c/old.md)"),
        ("[x](a/old) <a href='a/old.html'>x</a>", "[x](c/old) <a href='c/old.html'>x</a>"),
        ("[x][r]\n\n[r]: <a/old.md>", "[x][r]\n\n[r]: <c/old.md>"),
        ("---\nrelated: '[[a/old]]'\nredirect_to: old\n---\n", "---\nrelated: '[[c/old]]'\nredirect_to: old\n---\n"),
        ("`[[a/old]]` <!-- [x](a/old.md) -->", "`[[a/old]]` <!-- [x](a/old.md) -->"),
    ],
)
def test_links_to_a_page_in_another_folder(before: str, after: str) -> None:
    plan = moved({"a/old.md": "---\ntitle: Old\n---\n# Part\n", "b.md": before}, {"a/old.md": "c/old.md"})
    assert plan.texts.get("b.md", before) == after
    assert plan.unsettled == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[x](../b/other.md) [x](same.md)", "[x](../../b/other.md) [x](../../a/same.md)"),
        ("[x](page.md#h) [x](#h) [x](https://e.org/)", "[x](page.md#h) [x](#h) [x](https://e.org/)"),
        ("![x](pic.png) ![[pic.png]] ![[../a/pic.png]]", "![x](../../a/pic.png) ![[pic.png]] ![[a/pic.png]]"),
        ("[[other]] [[../b/other]] [[./same]]", "[[other]] [[b/other]] [[a/same]]"),
        ("[out](../../code.py)", "[out](../../../code.py)"),
        ("[site](../b/other/)", "[site](../../b/other/)"),
    ],
)
def test_links_of_a_page_that_is_moved(before: str, after: str) -> None:
    pages = {"a/page.md": f"# h\n\n{before}\n", "a/same.md": "", "b/other.md": ""}
    plan = moved(pages, {"a/page.md": "c/d/page.md"})
    assert plan.texts.get("a/page.md", pages["a/page.md"]) == f"# h\n\n{after}\n"
    assert plan.unsettled == ()


def test_a_file_that_is_called_otherwise() -> None:
    pages = {"a/old.md": "# Words\n", "b.md": "[[old]] [[a/old|x]] [x](a/old.md) [[a/old.md]]\n"}
    plan = moved(pages, {"a/old.md": "a/new.md"})
    assert plan.texts == {"b.md": "[[new]] [[a/new|x]] [x](a/new.md) [[a/new.md]]\n"}


def test_a_folder_keeps_what_is_linked_within() -> None:
    pages = {
        "a/one.md": "[[two]] [x](two.md) ![x](pic.png) [x](../c.md)\n",
        "a/two.md": "[[one]] [[a/one]]\n",
        "c.md": "[x](a/two.md) ![x](a/pic.png) ![[a/pic.png]]\n",
    }
    plan = moved(pages, {f"a/{name}": f"z/a/{name}" for name in ("one.md", "two.md", "pic.png")})
    assert plan.texts == {
        "a/one.md": "[[two]] [x](two.md) ![x](pic.png) [x](../../c.md)\n",
        "c.md": "[x](z/a/two.md) ![x](z/a/pic.png) ![[a/pic.png]]\n",
    }
    assert plan.unsettled == ()


def test_an_attachment() -> None:
    pages = {"b.md": "---\ncover: '![[pic.png]]'\n---\n![[pic.png|100]] ![x](a/pic.png) ![[a/pic.png]]\n"}
    plan = moved(pages, {"a/pic.png": "img/new pic.png"})
    assert plan.texts["b.md"] == (
        "---\ncover: '![[new pic.png]]'\n---\n![[new pic.png|100]] ![x](img/new%20pic.png) ![[img/new pic.png]]\n"
    )


def test_what_cannot_be_followed_is_told_and_left() -> None:
    """The alias of one page becomes the name of another file: the author has to say which is meant."""
    pages = {"a.md": "---\naliases: [nd]\n---\n", "b.md": "text\n", "c.md": "[[nd]] [x](b.md)\n"}
    plan = moved(pages, {"b.md": "nd.md"})
    assert plan.texts == {"c.md": "[[nd]] [x](nd.md)\n"}
    assert [change.link.span.of(pages["c.md"]) for change in plan.unsettled if change.link] == ["[[nd]]"]


def test_two_pages_of_one_name_in_one_folder_each_keep_their_links() -> None:
    pages = {"a/x.md": "", "b/x.md": "", "a/p.md": "[[x]]\n", "q.md": "[[b/x]]\n"}
    plan = moved(pages, {"a/p.md": "b/p.md"})
    assert plan.texts == {"a/p.md": "[[a/x]]\n"}


def test_broken_links_that_find_a_page_are_no_trouble() -> None:
    plan = moved({"a.md": "[[new]] [x](new.md)\n", "b.md": ""}, {"b.md": "new.md"})
    assert plan == MovePlan({}, ())


def test_another_file_in_the_place() -> None:
    with pytest.raises(KbError, match=r"c\.md"):
        moved({"a.md": "", "c.md": ""}, {"a.md": "c.md"})
    swapped = moved({"a.md": "", "c.md": "", "d.md": "[x](a.md) [x](c.md)\n"}, {"a.md": "c.md", "c.md": "a.md"})
    assert swapped.texts == {"d.md": "[x](c.md) [x](a.md)\n"}

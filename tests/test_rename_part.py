"""Renaming a part of a page: headings, blocks and aliases, with the links to them; what is refused."""

from __future__ import annotations

import pytest

from kbtools.edit.rename_part import plan_rename_alias, plan_rename_block, plan_rename_heading
from kbtools.errors import KbError
from kbtools.vault.index import Index
from kbtools.vault.names import STRICT, Conventions
from kbtools.vault.page import decode


def index_of(pages: dict[str, str], conventions: Conventions = STRICT) -> Index:
    return Index({p: decode(p, text.encode()) for p, text in pages.items()}, ("pic.png",), conventions=conventions)


def heading(pages: dict[str, str], number: int, text: str) -> dict[str, str]:
    index = index_of(pages)
    return dict(plan_rename_heading(index, "T.md", index.pages["T.md"].headings[number], text))


def block(pages: dict[str, str], old: str, new: str) -> dict[str, str]:
    return dict(plan_rename_block(index_of(pages), "T.md", old, new))


def alias(pages: dict[str, str], old: str, new: str, conventions: Conventions = STRICT) -> dict[str, str]:
    return dict(plan_rename_alias(index_of(pages, conventions), "T.md", old, new))


# Headings with markup


@pytest.mark.parametrize(
    ("before", "text", "after", "link"),
    [
        ("The *shape* of `x`", "The **form** of `y`", "The **form** of `y`", "The form of y"),
        ("The *shape*", "Form", "Form", "Form"),
        ("Shape", "The `form`", "The `form`", "The form"),
        ("Shape of [[U]]", "Form of [[U]]", "Form of [[U]]", "Form of U"),
        ("*Shape* {#s}", "*Form*", "*Form* {#s}", "Form"),
        ("`a|b` 꼴", "`c|d` 꼴", "`c|d` 꼴", "c d 꼴"),
    ],
)
def test_a_heading_is_renamed_with_its_markup(before: str, text: str, after: str, link: str) -> None:
    was = index_of({"T.md": f"# T\n\n## {before}\n"}).pages["T.md"].headings[1]
    named = was.text.replace("|", " ")
    pages = {"T.md": f"# T\n\n## {before}\n", "U.md": f"[[T#{named}]] [[T#{named}|x]]\n"}
    found = heading(pages, 1, text)
    assert found["T.md"] == f"# T\n\n## {after}\n"
    assert found["U.md"] == f"[[T#{link}]] [[T#{link}|x]]\n"


@pytest.mark.parametrize("text", ["", "A {#b}", "#", "{{ x }} {: .b }"])
def test_what_is_not_read_as_a_heading_is_refused(text: str) -> None:
    with pytest.raises(KbError):
        heading({"T.md": "# T\n\n## The *shape*\n"}, 1, text)


# Blocks


def test_a_block_is_renamed_in_every_link() -> None:
    pages = {
        "T.md": "# T\n\nWords. ^one\n\n- item ^two\n\n[[#^one]]\n",
        "U.md": (
            '---\nrelated: "[[T#^one|words]]"\nmore:\n  - "[[T#^two]]"\n---\n\n'
            "[[T#^one]] ![[T#^ONE|x]] [m](T.md#^one) [[T#^two]] [[U#^one]] [[T]]\n\n| a |\n|---|\n| [[T#^one\\|b]] |\n"
        ),
    }
    found = block(pages, "one", "^first-1")
    assert found == {
        "T.md": pages["T.md"].replace("^one", "^first-1"),
        "U.md": pages["U.md"]
        .replace("T#^one", "T#^first-1")
        .replace("T#^ONE", "T#^first-1")
        .replace("md#^one", "md#^first-1"),
    }


@pytest.mark.parametrize("name", ["", "a b", "a_b", "가", "two", "TWO", "a^b", "a#b"])
def test_an_id_that_no_block_can_have_is_refused(name: str) -> None:
    with pytest.raises(KbError):
        block({"T.md": "Words. ^one\n\nMore. ^two\n"}, "one", name)


# Aliases


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("aliases: [텐서, b]", "aliases: [배열, b]"),
        ("aliases:\n  - b\n  - '텐서' # Korean", "aliases:\n  - b\n  - '배열' # Korean"),
        ("alias: 텐서", "alias: 배열"),
        ("aliases: b, 텐서", "aliases: b, 배열"),
        ('aliases: "텐서, b"', 'aliases: "배열, b"'),
    ],
)
def test_an_alias_is_renamed_where_it_stands(before: str, after: str) -> None:
    found = alias({"T.md": f"---\ntitle: T\n{before}\n---\n", "U.md": "[[텐서]]\n"}, "텐서", "배열")
    assert found == {"T.md": f"---\ntitle: T\n{after}\n---\n", "U.md": "[[배열]]\n"}


def test_links_and_labels_follow_an_alias() -> None:
    pages = {
        "T.md": "---\naliases: [텐서]\n---\n\n## 텐서\n\n[[#텐서|텐서]]\n",
        "U.md": (
            '---\nrelated: "[[텐서]]"\nmore: "[[T|텐서]]"\n---\n\n'
            "[[텐서]]는 [[텐서#텐서|x]] [[T|텐서]]의 [[ T | 텐서 ]] [[T|다른 텐서]] 텐서 [[V|텐서]] [텐서](T.md)\n\n"
            "| a |\n|---|\n| [[T\\|텐서]] |\n"
        ),
        "V.md": "",
    }
    found = alias(pages, "텐서", "배열")
    assert found["T.md"] == "---\naliases: [배열]\n---\n\n## 텐서\n\n[[#텐서|배열]]\n"
    assert found["U.md"] == (
        '---\nrelated: "[[배열]]"\nmore: "[[T|배열]]"\n---\n\n'
        "[[배열]]는 [[배열#텐서|x]] [[T|배열]]의 [[ T | 배열 ]] [[T|다른 텐서]] 텐서 [[V|텐서]] [텐서](T.md)\n\n"
        "| a |\n|---|\n| [[T\\|배열]] |\n"
    )
    assert "V.md" not in found


def test_a_label_in_a_heading_that_a_link_names_stays() -> None:
    pages = {"T.md": "---\naliases: [a]\n---\n", "U.md": "## On [[T|a]]\n\n[[#On a]] [[T|a]]\n"}
    assert alias(pages, "a", "b")["U.md"] == "## On [[T|a]]\n\n[[#On a]] [[T|b]]\n"


def test_an_alias_that_is_spelled_as_the_title_is_no_alias_in_links() -> None:
    pages = {"T.md": "---\ntitle: Big Tensor\naliases: [big tensor]\n---\n", "U.md": "[[big tensor]]\n"}
    assert alias(pages, "big tensor", "b") == {"T.md": "---\ntitle: Big Tensor\naliases: [b]\n---\n"}


def test_the_label_before_a_target_is_renamed() -> None:
    pages = {"T.md": "---\naliases: [텐서]\n---\n", "U.md": "[[텐서|T]] [[T|텐서]]\n"}
    found = alias(pages, "텐서", "배열", Conventions(dialect="dendron"))
    assert found["U.md"] == "[[배열|T]] [[T|배열]]\n"  # the second by the alias


def test_the_alias_of_a_page_of_logseq_is_renamed() -> None:
    pages = {"T.md": "alias:: b, [[텐서]]\n\n- x\n", "U.md": "- [[텐서]] [[T]]\n"}
    found = alias(pages, "텐서", "배열", Conventions(dialect="logseq"))
    assert found == {"T.md": "alias:: b, [[배열]]\n\n- x\n", "U.md": "- [[배열]] [[T]]\n"}


@pytest.mark.parametrize("name", ["", "a|b", "b", "T", "U", "other", "a[b"])
def test_an_alias_that_means_something_else_is_refused(name: str) -> None:
    pages = {"T.md": "---\naliases: [a, b]\n---\n", "U.md": "---\naliases: [other]\n---\n\n[[a]]\n"}
    with pytest.raises(KbError):
        alias(pages, "a", name)


def test_a_comma_in_a_text_of_several_names_is_refused() -> None:
    with pytest.raises(KbError, match="cannot be written as an alias"):
        alias({"T.md": "---\naliases: a, b\n---\n"}, "a", "c, d")

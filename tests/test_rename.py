"""Renaming a page: its own text, what names it, what is refused; the writing of it, killed half way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from rewrite_faults import tree
from terminal import run_kb

from kbtools.edit.rename import Rename, plan_rename
from kbtools.edit.unfollowed import in_page, naming
from kbtools.errors import KbError
from kbtools.vault.index import Index
from kbtools.vault.names import Conventions
from kbtools.vault.page import decode


def rename(pages: dict[str, str], path: str, title: str, **options: object) -> Rename:
    index = Index({p: decode(p, text.encode()) for p, text in pages.items()}, ("pic.png", "a/New Page.pdf"))
    return plan_rename(index, path, title, **options)  # type: ignore[arg-type]


def text_of(page: str, title: str = "New", path: str = "old.md", **options: object) -> str:
    return rename({path: page}, path, title, **options).texts[path]


# The page itself


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("---\naliases: [a]\ntitle: Old\n---\n", "---\naliases: [a, Old]\ntitle: New\n---\n"),
        ("---\ntitle: 'Old'\naliases:\n- 'a'\n---\n", "---\ntitle: 'New'\naliases:\n- 'a'\n- 'Old'\n---\n"),
        ("---\ntitle: Old # t\naliases: # all\n---\n", "---\ntitle: New # t\naliases: [Old] # all\n---\n"),
        ("---\ntitle: Old\naliases: b\n---\n", "---\ntitle: New\naliases: [b, Old]\n---\n"),
        ("---\ntitle: Old\naliases: b, c\n---\n", "---\ntitle: New\naliases: [b, c, Old]\n---\n"),
        ("---\ntitle: Old\naliases: b, Old\n---\n", "---\ntitle: New\naliases: b, Old\n---\n"),
        ("---\ntitle: Old\naliases: [Old]\n---\n", "---\ntitle: New\naliases: [Old]\n---\n"),
        ("---\r\ntitle: Old\r\n---\r\n# Old\r\n", "---\r\ntitle: New\r\naliases: [Old]\r\n---\r\n# New\r\n"),
        ("---\ntitle: Old\n---\nOld\n===\n", "---\ntitle: New\naliases: [Old]\n---\nNew\n===\n"),
        ("---\ntitle: Old\n---\n# Old {#x}\n", "---\ntitle: New\naliases: [Old]\n---\n# New {#x}\n"),
        ("---\ntitle: Old\n---\n# Old and new\n", "---\ntitle: New\naliases: [Old]\n---\n# Old and new\n"),
        ("---\ntitle: Old\n---\n```\n# Old\n```\n", "---\ntitle: New\naliases: [Old]\n---\n```\n# Old\n```\n"),
    ],
)
def test_title_heading_and_alias(before: str, after: str) -> None:
    assert text_of(before) == after


def test_a_page_without_a_title_is_called_as_its_file() -> None:
    plan = rename({"Old Page.md": "[[Old Page]]\n", "b.md": "[[Old Page|x]]\n"}, "Old Page.md", "New: Page")
    assert plan.new == "New- Page.md"
    assert plan.texts["Old Page.md"] == '---\ntitle: "New: Page"\naliases: [Old Page]\n---\n\n[[New: Page]]\n'
    plan = rename({"Old Page.md": "text\n", "b.md": "[[Old Page|x]]\n"}, "Old Page.md", "New Page")
    assert plan.new == "New Page.md"
    assert plan.texts == {"Old Page.md": "---\naliases: [Old Page]\n---\n\ntext\n", "b.md": "[[New Page|x]]\n"}


def test_an_alias_that_is_the_name_of_another_page_is_not_added() -> None:
    pages = {"a/x.md": "---\ntitle: Old\n---\n", "b/y.md": "---\ntitle: old\n---\n", "c.md": "[[Old]]"}
    plan = rename(pages, "a/x.md", "New")
    assert plan.alias is None
    assert plan.texts["a/x.md"] == "---\ntitle: New\n---\n"
    # An exact title is found before a folded one, so this link meant the page and goes on to do so.
    assert plan.texts["c.md"] == "[[New]]"


def test_titles_equal_after_nfc_leave_no_alias() -> None:
    decomposed = unicodedata.normalize("NFD", "텐서")
    plan = rename({"t.md": f"---\ntitle: {decomposed}\n---\n"}, "t.md", "텐서")
    assert plan.texts["t.md"] == "---\ntitle: 텐서\n---\n"


# What names it


def other(line: str, title: str = "New", **options: object) -> str:
    pages = {"a/Old-Page.md": "---\ntitle: Old\n---\n# Old\n\n## Part\n", "b/x.md": line, "c.md": "# C"}
    return rename(pages, "a/Old-Page.md", title, **options).texts.get("b/x.md", line)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[[Old]]은", "[[New]]은"),
        ("[[ OLD |라벨]]", "[[ New |라벨]]"),
        ("![[Old#Part|x]]", "![[New#Part|x]]"),
        ("[[Old-Page]]", "[[New]]"),
        ("[[old_page]]", "[[New]]"),
        ("[[Old-Page.md]]", "[[New.md]]"),
        ("[[a/Old-Page]]", "[[a/New]]"),
        ("[[/a/Old-Page.md#Part]]", "[[/a/New.md#Part]]"),
        ("[[../a/Old-Page]]", "[[../a/New]]"),
        ("[[A/old page]]", "[[a/New]]"),
        ("[[Old#Old]] [[Old#old#Part]]", "[[New#New]] [[New#New#Part]]"),
        ("| [[Old\\|x]] |", "| [[New\\|x]] |"),
        ("[x](../a/Old-Page.md#part)", "[x](../a/New.md#part)"),
        ("[x](../a/Old-Page.md#old 'Old')", "[x](../a/New.md#new 'Old')"),
        ("[x](../a/Old%2DPage.md)", "[x](../a/New.md)"),
        ("[x](<../a/Old-Page.md>)", "[x](<../a/New.md>)"),
        ("[x]: ../a/Old-Page.md", "[x]: ../a/New.md"),
        ("[x](/a/Old-Page.md)", "[x](/a/New.md)"),
        ("[x](../a/Old-Page.md/#part)", "[x](../a/New.md/#part)"),
        ("[x](../a/Old-Page/)", "[x](../a/New/)"),
        ("[x](../a/Old-Page.html#part)", "[x](../a/New.html#part)"),
    ],
)
def test_links_are_rewritten(before: str, after: str) -> None:
    assert other(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("related: [[Old]], [[c]], [[Old#Part|x]]\nx: 1", "related: [[New]], [[c]], [[New#Part|x]]\nx: 1"),
        ("related: [[Old]] and [[c]]", "related: [[New]] and [[c]]"),
    ],
)
def test_links_without_quotes_in_frontmatter(before: str, after: str) -> None:
    assert other(f"---\n{before}\n---\n") == f"---\n{after}\n---\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[x](../a/Old-Page.md)", "[x](../a/New%20One.md)"),
        ("[x](<../a/Old-Page.md>)", "[x](<../a/New One.md>)"),
        ("[x]\n\n[x]: <../a/Old-Page.md>", "[x]\n\n[x]: <../a/New%20One.md>"),
        ('<a href="../a/Old-Page.md">x</a>', '<a href="../a/New One.md">x</a>'),
        ("<a href=../a/Old-Page.md>x</a>", "<a href=../a/New%20One.md>x</a>"),
    ],
)
def test_blanks_are_encoded_where_a_link_would_end_at_them(before: str, after: str) -> None:
    pages = {"a/Old-Page.md": "# Old\n", "b/x.md": before}
    index = Index({p: decode(p, text.encode()) for p, text in pages.items()})
    assert plan_rename(index, "a/Old-Page.md", "New One").texts["b/x.md"] == after


def test_a_heading_that_links_name_keeps_its_words() -> None:
    pages = {
        "Old.md": "# Old\n",
        "b.md": "# To [[Old]]\n\n[[#To Old]] ![[Old]]\n\n## [[Old]] again\n",
        "c.md": "[[b#to old]]",
    }
    plan = rename(pages, "Old.md", "New")
    assert plan.texts["b.md"] == "# To [[New|Old]]\n\n[[#To Old]] ![[New]]\n\n## [[New]] again\n"


@pytest.mark.parametrize(
    "line",
    [
        "`[[Old]]` and `[x](../a/Old-Page.md)`",
        "```\n[[Old]]\n[x](../a/Old-Page.md)\n```",
        "<!-- [[Old]] [x](../a/Old-Page.md) -->",
        "$[[Old]]$",
        "\\[[Old]]",
        "[x](https://example.org/a/Old-Page.md)",
        "[x](a/Old-Page.md)",
        "[x](../../a/Old-Page.md)",
        "[[Old]](x)",
        "Old",
    ],
)
def test_what_is_no_link_to_the_page_stays(line: str) -> None:
    assert other(line) == line


def test_the_style_of_links() -> None:
    assert other("[[Old]]", "New Name", style="filename") == "[[New-Name]]"
    assert other("[[Old]]", "New Name") == "[[New Name]]"
    assert other("[x](../a/Old-Page.md) [[Old-Page]] [[Old]]", keep_file=True) == (
        "[x](../a/Old-Page.md) [[Old-Page]] [[New]]"
    )
    assert other("[x](../a/Old-Page.md)", "100% (new)") == "[x](../a/100%25-%28new%29.md)"
    assert other("[x](<../a/Old-Page.md>)", "새 이름") == "[x](<../a/새-이름.md>)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('duplicate_of: "[[Old]]"', 'duplicate_of: "[[New]]"'),
        ("redirect_to: 'Old-Page'", "redirect_to: 'New'"),
        ("canonical_id: Old # c", "canonical_id: New # c"),
        ("canonical_id: w-1", "canonical_id: w-1"),
        ("related: ['[[Old|x]]', \"see [[Old#Part]], [[C]]\"]", "related: ['[[New|x]]', \"see [[New#Part]], [[C]]\"]"),
        ("up:\n  - '[[a/Old-Page]]'", "up:\n  - '[[a/New]]'"),
        ("title: Old Ones", "title: Old Ones"),
    ],
)
def test_frontmatter_is_rewritten(before: str, after: str) -> None:
    pages = {"a/Old-Page.md": "---\ntitle: Old\nid: w-1\n---\n", "b/x.md": f"---\n{before}\n---\n", "c.md": "# C"}
    plan = rename(pages, "a/Old-Page.md", "New")
    assert plan.texts.get("b/x.md", pages["b/x.md"]) == f"---\n{after}\n---\n"


def test_a_name_that_needs_its_folder() -> None:
    pages = {"a/Old.md": "", "b/x.md": "[[a/Old]] [[Old]]", "New/a.md": ""}
    assert rename(pages, "a/Old.md", "New").texts["b/x.md"] == "[[a/New]] [[New]]"


def test_ambiguous_links_are_left_and_told() -> None:
    pages = {"a/T.md": "", "b/T.md": "", "a/x.md": "[[T]]", "c.md": "[[T]] [[a/T]]"}
    plan = rename(pages, "a/T.md", "Tensor")
    assert plan.texts["a/x.md"] == "[[Tensor]]"
    assert plan.texts["c.md"] == "[[T]] [[a/Tensor]]"
    assert [(p.path, p.candidates) for p in plan.ambiguous] == [("c.md", ("a/T.md", "b/T.md"))]


# What is refused

VAULT = {
    "a/Old.md": "---\ntitle: Old\naliases: [mine]\n---\n",
    "b/Taken.md": "---\ntitle: Other Title\naliases: [nick]\n---\n",
    "b/x.md": "[[Wanted]] [[old]]",
    "index.md": "",
}


@pytest.mark.parametrize(
    ("title", "message"),
    [
        ("taken", r'"taken" is a name of b/Taken\.md'),
        ("other_title", r"is a name of b/Taken\.md"),
        ("Nick", r"is a name of b/Taken\.md"),
        ("pic.png", r"is a name of pic\.png"),
        ("Old", 'is called "Old" already'),
        ("Wanted", r"b/x\.md:1:1 \[\[Wanted\]\] is broken"),
        ("a|b", "cannot be written in a wikilink"),
        ("a#b", "cannot be written in a wikilink"),
        ("[x]", "cannot be written in a wikilink"),
        ("x.md", "cannot be written in a wikilink"),
        (" \n ", "cannot be written in a wikilink"),
        ("x\0y", "cannot be written in a wikilink"),
        ("긴 " * 100, "too long for a file's name"),
    ],
)
def test_refused(title: str, message: str) -> None:
    with pytest.raises(KbError, match=message):
        rename(VAULT, "a/Old.md", title)


def test_refused_for_what_stands_there() -> None:
    with pytest.raises(KbError, match="is where readers enter a folder"):
        rename(VAULT, "index.md", "Start")
    assert rename(VAULT, "index.md", "Start", keep_file=True).new == "index.md"
    with pytest.raises(KbError, match=r"a/new\.MD exists already"):
        rename(VAULT, "a/Old.md", "New", unread=("a/new.MD",))
    with pytest.raises(KbError, match=r"a\.md: the frontmatter is never closed"):
        rename({"a.md": "---\ntitle: A\n"}, "a.md", "B")
    bad = Index({"a.md": decode("a.md", b"\xff\xfe")})
    with pytest.raises(KbError, match="cannot be read as text"):
        plan_rename(bad, "a.md", "B")


def test_a_name_that_would_make_code_of_the_text_is_refused() -> None:
    pages = {"a.md": "---\ntitle: Old\n---\n", "b.md": "[[Old]] and ` and [[Old]]"}
    with pytest.raises(KbError, match=r"with this name b\.md would mean something else"):
        rename(pages, "a.md", "tick`")
    assert rename({**pages, "b.md": "[[Old]]"}, "a.md", "tick`").texts["b.md"] == "[[tick`]]"


def test_adopting_and_owning() -> None:
    plan = rename(VAULT, "a/Old.md", "Wanted", adopt=True)
    assert [p.path for p in plan.adopted] == ["b/x.md"]
    assert rename(VAULT, "a/Old.md", "mine").title == "mine"
    assert rename(VAULT, "a/Old.md", "OLD").new == "a/OLD.md"


# Written


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    for path, text in {**VAULT, "b/y.md": "\ufeff[[old|x]]\r\n"}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(text.encode())
    return tmp_path


def test_applied_and_undone(vault: Path) -> None:
    before = tree(vault)
    at = ("--vault", str(vault))
    assert run_kb(("rename", "a/Old.md", "New Name", *at)).returncode == 0
    assert tree(vault) == before
    done = run_kb(("rename", "Old", "New Name", "--apply", "--format", "json", *at))
    report = json.loads(done.stdout)
    assert (report["applied"], report["new_page"], report["pages_changed"]) == (True, "a/New Name.md", 3)
    assert tree(vault)["b/y.md"] == "\ufeff[[New Name|x]]\r\n".encode()
    assert "a/Old.md" not in tree(vault)
    undone = run_kb(("rename", "--undo", "--format", "json", *at))
    assert undone.returncode == 0, undone.stderr
    assert json.loads(undone.stdout)["run"] == report["run"]
    assert tree(vault) == before


def test_undo_takes_back_the_last_rename_not_another_run(vault: Path) -> None:
    at = ("--vault", str(vault), "--link-style", "title")
    before = tree(vault)
    run_kb(("rename", "Old", "Newer", "--apply", *at))
    (vault / "c.md").write_text("[[taken]]")
    assert run_kb(("reconcile", "--apply", "--titles", *at)).returncode == 0
    assert (vault / "c.md").read_text() == "[[Other Title]]"
    assert run_kb(("rename", "--undo", *at)).returncode == 0
    assert tree(vault) == {**before, "c.md": b"[[Other Title]]"}


def test_a_file_outside_the_index_is_not_overwritten(vault: Path) -> None:
    (vault / "a/.obsidian").mkdir()
    (vault / "kb.toml").write_text('docs = "."\nexclude = ["a/New.md"]\n')
    (vault / "a/New.md").write_text("drafts nobody indexes")
    before = tree(vault)
    done = run_kb(("rename", "Old", "New", "--apply", "--root", str(vault)))
    assert done.returncode == 2
    assert "a/New.md exists already" in done.stderr
    assert tree(vault) == before


KILLED = """
import os, signal, sys
from kbtools.cli import main
left, at = [int(sys.argv.pop(1))], sys.argv.pop(1)
real = getattr(os, at)
def call(*args, **kwargs):
    if str(args[-1]).endswith(".md"):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
setattr(os, at, call)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("at", ["link", "unlink", "replace"])
@pytest.mark.parametrize("way", [(), ("--finish",)], ids=["undo", "finish"])
def test_killed_half_way(vault: Path, at: str, way: tuple[str, ...]) -> None:
    before = tree(vault)
    words = ["rename", "Old", "New", "--apply", "--vault", str(vault)]
    done = subprocess.run([sys.executable, "-c", KILLED, "0", at, *words], check=False, capture_output=True)
    assert done.returncode == -9
    assert "kb undo --finish --vault" in run_kb(("links", "--vault", str(vault))).stderr
    out = run_kb(("undo", *way, "--vault", str(vault)))
    assert out.returncode == 0, out.stderr
    after = tree(vault)
    if not way:
        assert after == before
    else:
        assert after["b/x.md"] == b"[[Wanted]] [[New]]"
        assert after["a/New.md"] == b"---\ntitle: New\naliases: [mine, Old]\n---\n"
        assert "a/Old.md" not in after


def test_brackets_around_a_formula_are_no_links_and_are_named() -> None:
    text = "[[Foo#On $x$|l]] [[a/Foo#On $x$]] `[[Foo#On $x$]]` [[Foo|$x$]] [[Food#On $x$]] [[Foo]] $y$\n"
    found = in_page(decode("b.md", text.encode()), naming(decode("a/Foo.md", b"# Foo\n")))
    assert [text[at:].partition("#")[0] for at in found] == ["Foo", "a/Foo"]
    latin = decode("c.md", b"caf\xe9 [[Foo]]\n")
    assert len(list(in_page(latin, naming(decode("Foo.md", b""))))) == 1, "a file that cannot be read is not changed"


# Graphs of Logseq


@pytest.mark.parametrize(
    ("path", "title", "expected"),
    [
        (
            "pages/old.md",
            "New One",
            {
                "pages/old.md": "title:: New One\nalias:: OO, Old One\n\n- text\n",
                "pages/x.md": "- [[New One]] [[OO]] [[plain]] #plain\n  tags:: [[A/B]], [[New One]]\n",
            },
        ),
        (
            "pages/plain.md",
            "Fancy/Name",
            {
                "pages/plain.md": "alias:: plain\n\n- plain\n",
                "pages/x.md": "- [[Old One]] [[OO]] [[Fancy/Name]] #plain\n  tags:: [[A/B]], [[old one]]\n",
            },
        ),
        (
            "pages/A___B.md",
            "A/C",
            {
                "pages/A___B.md": "alias:: A/B\n\n- to [[A/C]]\n",
                "pages/x.md": "- [[Old One]] [[OO]] [[plain]] #plain\n  tags:: [[A/C]], [[old one]]\n",
            },
        ),
    ],
)
def test_names_in_a_graph_of_logseq(path: str, title: str, expected: dict[str, str]) -> None:
    pages = {
        "pages/old.md": "title:: Old One\nalias:: OO\n\n- text\n",
        "pages/plain.md": "- plain\n",
        "pages/A___B.md": "- to [[a/b]]\n",
        "pages/x.md": "- [[Old One]] [[OO]] [[plain]] #plain\n  tags:: [[A/B]], [[old one]]\n",
    }
    logseq = Conventions(by_name=True, dialect="logseq")
    index = Index({p: decode(p, text.encode()) for p, text in pages.items()}, (), logseq)
    plan = plan_rename(index, path, title, style="filename")
    assert plan.texts == expected
    assert plan.new == f"pages/{title.replace('/', '___')}.md"

"""Random vaults: a renamed page is reached by every link that reached it, and no other link means anything else."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote

from examples import examples
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from kbtools.edit.rename import Rename, plan_rename
from kbtools.errors import KbError
from kbtools.links import fold_title
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import Alias, Ambiguous, Missing, Resolution, Resolved
from kbtools.vault.page import Page, decode

WORDS = ("Tensor", "tensor", "텐서", "C", "C#", "C++", "nn.Module", "a-b", "a b", "연산", "x (y)")
FOLDERS = ("", "a/", "b/", "a/c/", "Topics/")
TITLES = (
    "New",
    "새 이름",
    "C#",
    "Tensor",
    "tensor ops",
    "A_B",
    "Tensor 연산",
    "x.y",
    'say "so"',
    "100%",
    "it's",
    "no",
    "a`b",
    "$x",
    "%%",
    "<!-- b",
)

names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join)


def spelled(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(
        (name, name, name, name.upper(), name.replace(" ", "_"), name + ".md", "a/" + name, "/" + name, "./" + name)
    )


@st.composite
def vaults(draw: st.DrawFn) -> dict[str, Page]:
    pages: dict[str, Page] = {}
    for _ in range(draw(st.integers(1, 6))):
        stem = draw(names)
        path = draw(st.sampled_from(FOLDERS)) + stem + ".md"
        head, title = "", stem
        if draw(st.booleans()):
            title = draw(names)
            head += f'title: "{title}"\n' if draw(st.booleans()) else f"title: '{title}'\n"
        if draw(st.integers(0, 3)) == 0:
            head += f'duplicate_of: "[[{draw(names)}]]"\n'
        if draw(st.integers(0, 3)) == 0:
            head += f"canonical_id: '{draw(names)}'\n"
        if draw(st.integers(0, 2)) == 0:
            head += f"related: [\"[[{draw(names)}|x]]\", '[[{draw(names)}#h]]']\n"
        if draw(st.integers(0, 2)) == 0:
            head += draw(st.sampled_from(("aliases: [{}]\n", "aliases:\n- '{}' # c\n", "aliases: '{}'\n"))).format(
                "alias " + draw(st.sampled_from(("1", "2")))
            )
        body = [f"# {title}", "", "## Part", "", "text ^b1"] if draw(st.booleans()) else []
        for _ in range(draw(st.integers(0, 4))):
            target = draw(draw(names).__class__ and names.flatmap(spelled))
            anchor = draw(st.sampled_from(("", "", "#Part", f"#{target}", "#^b1")))
            body.append(f"[[{target}{anchor}]]은 ![[{target}|라벨]] `[[{target}]]`")
        for _ in range(draw(st.integers(0, 2))):
            folder, name = draw(st.sampled_from(FOLDERS)), draw(names).replace("#", "%23")
            file = posixpath.relpath(f"{folder}{name}.md", path.rpartition("/")[0] or ".")
            body.append(
                draw(st.sampled_from((f"[m](<{file}#part>)", f"[m]({file.replace(' ', '%20')})", f"[r]: <{file}>")))
            )
        eol = draw(st.sampled_from(("\n", "\r\n")))
        text = (f"---\n{head}---\n" if head else "") + "\n\n".join(body)
        pages[path] = decode(path, text.replace("\n", eol).encode())
    return pages


def after(pages: dict[str, Page], plan: Rename) -> dict[str, Page]:
    out = {p: page for p, page in pages.items() if p not in plan.texts}
    for path, text in plan.texts.items():
        to = plan.new if path == plan.old else path
        out[to] = decode(to, text.encode())
    return out


def means(resolution: Resolution, plan: Rename) -> object:
    def moved(path: str) -> str:
        return plan.new if path == plan.old else path

    if isinstance(resolution, Resolved):
        return moved(resolution.page)
    if isinstance(resolution, Alias) and resolution.candidates == (plan.old,):
        return plan.new
    if isinstance(resolution, Alias) and resolution.candidates == (plan.new,):
        return plan.new
    if isinstance(resolution, (Alias, Ambiguous)):
        return type(resolution), frozenset(map(moved, resolution.candidates))
    return Missing


def files_linked(page: Page) -> list[str]:
    """Where a page's Markdown links lead, read in a way of its own: one line each, as the vaults are made."""
    text = re.sub(r"`[^`]*`", "", page.source.text)
    found = re.findall(r"\[m\]\(<?([^>#\r\n]*?\.md)[^\r\n]*\)|\[r\]: <([^>\r\n]*)>", text)
    return [posixpath.normpath(posixpath.join(page.folder, unquote(a or b))) for a, b in found]


def leads_to(file: str, path: str, pages: dict[str, Page]) -> bool:
    """Whether a path is that of a page, or would be but for its case."""
    return file == path or (file not in pages and file.casefold() == path.casefold())


@settings(max_examples=examples(300))
@given(vaults(), st.data())
def test_every_link_means_what_it_meant(pages: dict[str, Page], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(pages)))
    title = data.draw(st.sampled_from(TITLES))
    style = data.draw(st.sampled_from(("title", "filename")))
    keep, adopt = data.draw(st.booleans()), data.draw(st.booleans())
    index = Index(pages)
    try:
        plan = plan_rename(index, path, title, style=style, keep_file=keep, adopt=adopt)
    except KbError as error:
        event(re.sub(r'"[^"]*"|\S*[/.:\[]\S*', "…", error.message)[:40])
        return
    event("renamed")
    new = after(pages, plan)
    there = Index(new)
    page = new[plan.new]
    assert page.title == plan.title == title
    assert plan.new == path or not keep
    assert plan.new not in pages or plan.new == path
    assert pages[path].title in (*page.aliases, title) or len(index.names.by_fold[fold_title(pages[path].title)]) > 1
    ambiguous = {(p.path, p.link) for p in plan.ambiguous}
    adopted = {(p.path, p.link) for p in plan.adopted}
    for old_path, old_page in pages.items():
        new_page = new[plan.new if old_path == path else old_path]
        for (link, was), (renewed, now) in zip(
            index.graph.of(old_page).wiki, there.graph.of(new_page).wiki, strict=True
        ):
            assert (link.label, link.block, link.embed, link.table) == (
                renewed.label,
                renewed.block,
                renewed.embed,
                renewed.table,
            )
            if (old_path, link) in adopted:
                assert means(was, plan) is Missing
                assert means(now, plan) == plan.new
                continue
            if (old_path, link) in ambiguous:
                assert isinstance(was, Ambiguous)
                continue
            assert means(now, plan) == means(was, plan), (old_path, link, renewed)
            if isinstance(was, Resolved) and was.page == path and was.how != "self":
                assert isinstance(now, Resolved)
                assert now.how in ("exact", "path")
            if isinstance(was, Resolved) and link.anchor:
                target = plan.new if was.page == path else was.page
                assert index.sections(was.page).find(link.anchor) == there.sections(target).find(renewed.anchor or "")
        followed = [plan.new if leads_to(f, path, pages) else f for f in files_linked(old_page)]
        assert followed == files_linked(new_page)
        if "`" not in title:
            assert re.findall(r"`[^`]*`", old_page.source.text) == re.findall(r"`[^`]*`", new_page.source.text)
        assert [f.code for f in old_page.structure.fences] == [f.code for f in new_page.structure.fences]
        assert ("\r\n" in old_page.source.text) == ("\r\n" in new_page.source.text) or not old_page.source.text
        for (field, _), (renewed_field, _) in zip(old_page.references, new_page.references, strict=True):
            assert field == renewed_field
    moved = {plan.new if p == path else p: plan.new if q == path else q for p, q in index.redirects.items()}
    assert there.redirects == moved


@settings(max_examples=examples(100))
@given(vaults(), st.data())
def test_there_and_back_again_leaves_one_trace(pages: dict[str, Page], data: st.DataObject) -> None:
    """Renamed back, a page has its old name; only aliases tell of it, and links may be spelled better than before."""
    path = data.draw(st.sampled_from(sorted(pages)))
    index = Index(pages)
    try:
        plan = plan_rename(index, path, "Quite Another", keep_file=True)
        again = plan_rename(Index(after(pages, plan)), path, pages[path].title, keep_file=True)
    except KbError:
        assume(False)
        return
    back = after(after(pages, plan), again)
    assert set(back) == set(pages)
    assert back[path].title == pages[path].title
    for other, page in pages.items():
        assert [means(r, again) for _, r in Index(back).graph.of(back[other]).wiki] == [
            means(r, again) for _, r in index.graph.of(page).wiki
        ]

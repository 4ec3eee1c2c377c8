"""Random vaults and random edits: whatever is asked for, each link, embed, section and block that led somewhere leads
there afterwards, or the edit is left out and named.

Links are told apart by labels of their own and sections by words of their own, so that nothing here is found again as
the verifier finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from kbtools.check.checker import check
from kbtools.config.obsidian import Obsidian
from kbtools.config.project import Config
from kbtools.edit.fix import fix
from kbtools.edit.plan import Rewrite, edits_by_page, settle
from kbtools.edit.reconcile import plan_reconcile
from kbtools.run.results.outcomes import Compared, Comparison, Outcome, Printed, Status
from kbtools.run.update import update
from kbtools.snippets import Snippet
from kbtools.text.diagnostics import Diagnostic, Edit, apply_edits
from kbtools.text.source import Span
from kbtools.vault.index import Index
from kbtools.vault.links.resolution import target_page
from kbtools.vault.links.spelling import Speller
from kbtools.vault.loading import Vault
from kbtools.vault.names import Conventions
from kbtools.vault.page import decode

NAMES = ("My Page", "my_page", "Tensor", "tensor ops", "C#", "연산", "a-b", "index")
FOLDERS = ("", "a/", "b/")
LINKS = (
    "[[{name}|{label}]]",
    "![[{name}|{label}]]",
    "[[{name}#Part|{label}]]",
    "[[{name}#^b1|{label}]]",
    "[[#Part|{label}]]",
    "[{label}](<{name}.md>)",
    "[{label}](<a/{name}.md#part>)",
    "[{label}](<../{name}.md#part>)",
    "[{label}](#part)",
    "[[ {name} |{label}]]",
    "[[{name}.md|{label}]]",
    "[[a/{name}|{label}]]",
    "[[%20{name}|{label}]]",
    "| [[{name}\\|{label}]] | [[{name}|x]] |",
    "[[Same|{label}]]를 `[[{name}]]`",
)
BLOCKS = (
    "## Part {label}",
    "# [[{name}]] {label}",
    "## Part",
    "text ^b1",
    "```\n[[Tensor]]\n```",
    "````\nx\n```",
    "| a | b |\n|---|---|",
    "$$\nx\n$$",
    "<div>\n[[Tensor]]\n</div>",
    "<!-- [[Tensor]] -->",
    "%% [[Tensor]] %%",
    "[[{name}]](in part) [[Opera|Opera]]tions",
)
WRITTEN = (
    "",
    "x",
    "Part",
    "My Page",
    "my_page",
    "[[",
    "]]",
    "|",
    "`",
    "```\n",
    "$$",
    "%%",
    "<!--",
    "\n\n",
    "# ",
    "#",
    "\\",
)
LABEL = re.compile(r"\\?\|L\d+|\[L\d+\]\(<?|L\d+")
"""What tells links and sections apart, and so is not edited."""
HEADS = ("", "", "title: {name}\n", "aliases: [Same, {name}]\n", "duplicate_of: {name}\n", "related: '[[{name}]]'\n")


@st.composite
def vaults(draw: st.DrawFn) -> Index:
    texts: dict[str, str] = {}
    number = 0
    for _ in range(draw(st.integers(2, 4))):
        path = draw(st.sampled_from(FOLDERS)) + draw(st.sampled_from(NAMES)) + ".md"
        head = draw(st.sampled_from(HEADS)).format(name=draw(st.sampled_from(NAMES)))
        blocks = []
        for _ in range(draw(st.integers(1, 7))):
            number += 1
            form = draw(st.sampled_from((*LINKS, *BLOCKS)))
            blocks.append(form.format(name=draw(st.sampled_from(NAMES)), label=f"L{number}"))
        texts[path] = (f"---\n{head}---\n\n" if head else "") + "\n\n".join(blocks) + "\n"
    return Index({path: decode(path, text.encode()) for path, text in texts.items()}, (), Conventions(by_name=True))


def led(index: Index) -> Iterator[tuple[str, object]]:
    """Where each link with a label of its own leads, with the words of the section or the name of the block."""
    for page in index.pages.values():
        held = index.graph.of(page)
        for link, found in held.wiki:
            if link.label is not None and link.label.startswith("L"):
                yield link.label, place(index, target_page(found), link.anchor, link.block)
        for file, where in held.files:
            label = page.source.text[file.start : file.end].lstrip("!").partition("]")[0].lstrip("[")
            if label.startswith("L"):
                yield label, place(index, target_page(where), file.anchor, file.block)


def place(index: Index, path: str | None, anchor: str | None, block: str | None) -> object:
    if path is None:
        return None
    path = index.final(path)
    if block is not None:
        return path, block if index.has_block(path, block) else None
    at = index.sections(path).find(anchor) if anchor is not None else None
    return (path, None) if at is None else (path, own_word(index.pages[path].headings[at].text))


def own_word(heading: str) -> str | None:
    return next((word for word in heading.split() if word.startswith("L")), None)


def holds(before: Index, after: Index) -> None:
    now = dict(led(after))
    for label, there in led(before):
        if there is not None:
            assert now.get(label) == there, label


def texts(index: Index) -> Mapping[str, str]:
    return {path: page.source.text for path, page in index.pages.items()}


@st.composite
def edited(draw: st.DrawFn) -> tuple[Index, list[Rewrite]]:
    index = draw(vaults())
    rewrites: list[Rewrite] = []
    taken: dict[str, list[Span]] = {}
    for _ in range(draw(st.integers(1, 5))):
        path = draw(st.sampled_from(sorted(index.pages)))
        size = len(index.pages[path].source.text)
        start = draw(st.integers(0, size))
        span = Span(start, min(size, start + draw(st.integers(0, 6))))
        labels = (Span(*m.span()) for m in LABEL.finditer(index.pages[path].source.text))
        if any(s.start <= span.end and s.end >= span.start for s in (*labels, *taken.get(path, ()))):
            continue
        taken.setdefault(path, []).append(span)
        rewrites.append(Rewrite(path, (Edit(span, draw(st.sampled_from(WRITTEN))),)))
    return index, rewrites


@settings(max_examples=120)
@given(edited())
def test_an_edit_that_would_lead_a_link_elsewhere_is_left_out_and_named(given: tuple[Index, list[Rewrite]]) -> None:
    index, rewrites = given
    settled = settle(index, rewrites)
    assert {*settled.kept, *(out.rewrite for out in settled.left_out)} == set(rewrites)
    asked = edits_by_page(settled.kept)
    for path, text in texts(settled.after).items():
        assert text == apply_edits(index.pages[path].source.text, asked.get(path, ()))
    holds(index, settled.after)


CONFIG = Config(obsidian=Obsidian())


def findings(index: Index) -> tuple[Diagnostic, ...]:
    vault = Vault(index.pages, index.attachments, {})
    return check(vault, index, CONFIG, today=date(2026, 1, 1)).diagnostics


@settings(max_examples=60)
@given(vaults(), st.booleans())
def test_what_a_fix_leads_a_reader_to_stays(index: Index, unsafe: bool) -> None:
    plan = fix(index, findings, unsafe=unsafe)
    renewed = {path: decode(path, text.encode()) for path, text in plan.texts.items()}
    holds(index, index.with_pages({**index.pages, **renewed}))


@settings(max_examples=60)
@given(vaults(), st.sampled_from(("title", "filename")), st.booleans())
def test_what_a_reconcile_leads_a_reader_to_stays(index: Index, style: str, follow: bool) -> None:
    speller = Speller(index, "title" if style == "title" else "filename")
    plan = plan_reconcile(index, speller, titles=True, follow_duplicates=follow)
    renewed = {path: decode(path, text.encode()) for path, text in plan.texts.items()}
    holds(index, index.with_pages({**index.pages, **renewed}))


SNIPPETS = (
    "```python {{#{label}}}\nprint(1)\n```\n\n```output\n3\n```",
    "```python {{#{label}}}\nprint(1)  #> 3\n1 + 1  # 3\n```",
    "!!! note\n    ```python {{#{label}}}\n    print(1)\n    ```\n\n    ```output\n    3\n    ```",
    "> ```python {{#{label}}}\n> print(1)\n> ```\n>\n> ```output\n> 3\n> ```",
    "- item\n\n    ```python {{#{label}}}\n    print(1)\n    # 3\n    ```",
)
LINES = (
    "",
    "3",
    "1",
    "# Part",
    "[[Tensor|L1]]",
    "text ^b1",
    "```",
    "````",
    "$$",
    "%%",
    "<!--",
    "-->",
    "</div>",
    "---",
    " x",
)


@st.composite
def printed(draw: st.DrawFn) -> tuple[Index, list[Outcome]]:
    """A vault with snippets, and what each printed instead of what its page says."""
    index = draw(vaults())
    pages = {}
    outcomes: list[Outcome] = []
    for path, page in index.pages.items():
        text = page.source.text
        for number in range(draw(st.integers(0, 2))):
            form = draw(st.sampled_from(SNIPPETS)).format(label=f"s{number}")
            at = draw(st.sampled_from([m.end() for m in re.finditer(r"\n\n|\A(?!---)|\Z", text)]))
            text = f"{text[:at]}\n\n{form}\n\n{text[at:]}"
        pages[path] = decode(path, text.encode())
        outcomes += (said_otherwise(path, snippet, draw) for snippet in pages[path].snippets if snippet.expects)
    return index.with_pages(pages), outcomes


def said_otherwise(path: str, snippet: Snippet, draw: st.DrawFn) -> Outcome:
    said = "\n".join(draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=3))) + "\n"
    return Outcome(
        f"{path}::{snippet.id}[cpu]",
        path,
        snippet.line,
        "cpu",
        Status.FAILED,
        stdout=said,
        compared=tuple(Compared(e.line - snippet.line, Comparison.DIFFERENT) for e in snippet.expects),
        printed=tuple(Printed(e.statement, (said,)) for e in snippet.expects if e.statement is not None),
    )


@settings(max_examples=50)
@given(printed())
def test_what_an_update_leads_a_reader_to_stays(given: tuple[Index, list[Outcome]]) -> None:
    index, outcomes = given
    found = {path: update(page, outcomes).edits for path, page in index.pages.items()}
    settled = settle(index, [Rewrite(path, (edit,)) for path, edits in found.items() for edit in edits])
    holds(index, settled.after)
    for path, page in settled.after.pages.items():
        ran = [s.id for s in index.pages[path].snippets if s.executable]
        assert [s.id for s in page.snippets if s.executable] == ran, "no other code is touched"

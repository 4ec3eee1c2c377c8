# ruff: noqa: E501
"""Pages as people write them for a Material site, good and bad, for properties and comparisons."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = ("텐서", "torch", "x", "the `code` span", "a [link](b.md)", "[[Page]]", "**bold**", "$x^2$", "5 > 3", "a | b")
INFOS = (
    "", "python", "py", "python title=\"a b\"", "python hl_lines=\"1 2\"", "python linenums=\"1\"", "python {#id .hidden}",
    "python { .cuda title=\"x\" key=\"v\" }", " {.python #x}", "{.python}", ".python", " python", "mermaid", "c++",
    "python cuda", "python device=\"cuda\"", "python hl_lines=1", "python,ignore", "python{.cuda}", "python {.a} b",
    "python title=\"x\" {.a}", "python title", "python title=\"a\" \"", "python hl_lines=\"a\"", "python\t{.x}", "파이썬",
)  # fmt: skip
CODE = (
    "x = 1",
    "print(x)",
    "",
    "    indented",
    "# not a heading",
    "- no list",
    "> no quote",
    "\ty",
    "`",
    "``",
    "~~~",
    "<b>",
)
LOOSE = (
    "# Heading", "## 제목 `code`", "Setext\n------", "* * *", "---", "| a | b |\n| --- | --- |\n| c | d |", "term\n: definition",
    "term\n\n:   definition\n\n    more", "[^1]: note\n\n    more of it", "*[abbr]: long", "[ref]: http://x", "<!-- c -->",
    "<div>\nraw\n</div>", "<div markdown>", "</div>", "<details><summary>s</summary>", "<br>", "a <b>bold</b> c", "<!-- a\n\nb -->",
    "$$\nx\n$$", "    indented code", "\tindented by a tab", "  two", "> quoted", "> # quoted heading", "1. one\n2. two",
    "- a\n- b\n    - c", "`a\nb`", "```", "~~~", "````", "    ```", "-", "!!! note", "=== \"Tab\"", "??? note", "text\n!!! tip\n    in it",
    "#no blank", "Title {#own}\n===", "## A {: .c #b }", "%% hidden %%", "~~~ python", "[x]:\n", "^block",
)  # fmt: skip
OPENERS = ("!!! note", '!!! warning "Title"', "??? note", '???+ tip "T"', '=== "One"', '=== "Two"', "- item", "1. item",
           "10. item", "* item", "term\n:   text", "[^n]: text")  # fmt: skip
LAZY = ("!!! note", '=== "A"', "- item", "1. one")

prose = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


@st.composite
def fences(draw: st.DrawFn) -> str:
    """A fence, most often a good one."""
    char = draw(st.sampled_from("```~"))
    length = draw(st.sampled_from((3, 3, 3, 4)))
    info = draw(st.sampled_from(INFOS))
    body = draw(st.lists(st.sampled_from(CODE), max_size=4))
    closer = char * draw(st.sampled_from((length,) * 8 + (length + 1, 3)))
    closer = draw(st.sampled_from(("",) * 10 + (" ", "  "))) + closer + draw(st.sampled_from(("", "", "", "  ")))
    lines = [char * length + info, *body]
    if draw(st.sampled_from((True,) * 12 + (False,))):
        lines.append(closer)
    return "\n".join(lines)


def indent(text: str, by: str) -> str:
    """Every line that is not empty behind ``by``."""
    return "\n".join(by + line if line else line for line in text.split("\n"))


def quote(text: str) -> str:
    """The text in a quotation."""
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))


def contain(opener: str, inner: str, by: str) -> str:
    """The text in an admonition, tab, list item, definition or footnote."""
    gap = "\n\n" if opener[0] in "-1*t[" else "\n"
    return opener + gap + indent(inner, by)


def _wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from(("\n\n", "\n\n", "\n\n", "\n", "\n\n\n")).map(lambda gap: gap.join(parts))
    )
    width = st.sampled_from(("    ",) * 8 + ("   ", "  ", "     ", "\t", "        "))
    return st.one_of(
        joined,
        joined.map(quote),
        st.builds(contain, st.sampled_from(OPENERS), joined, width),
        st.builds(lambda opener, text: f"{opener}\n{indent(text, '    ')}", st.sampled_from(LAZY), joined),
        st.builds(indent, joined, width),
        joined.map(lambda text: f'<div class="x" markdown>\n\n{text}\n\n</div>'),
        joined.map(lambda text: f"<div>\n{text}\n</div>"),
    )


blocks = st.recursive(st.one_of(prose, fences(), fences(), st.sampled_from(LOOSE)), _wider, max_leaves=6)


@st.composite
def pages(draw: st.DrawFn) -> str:
    """A whole page."""
    parts = draw(st.lists(blocks, min_size=1, max_size=6))
    gaps = draw(st.lists(st.sampled_from(("\n\n", "\n\n", "\n\n", "\n", "\n\n\n", "\n  \n")), min_size=6, max_size=6))
    return "".join(part + gap for part, gap in zip(parts, gaps, strict=False))

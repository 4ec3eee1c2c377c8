"""``kb run --update``: what is written where a page shows other output than its snippets print."""

from __future__ import annotations

import pytest

from kbtools.adapters.testing import run_page
from kbtools.run.processes.launchers import Launcher
from kbtools.run.update import update
from kbtools.text.diagnostics import apply_edits
from kbtools.text.source import Source
from kbtools.vault.page import Page

UPDATED = {
    "a value": ("print(1 + 1)  # 3", "print(1 + 1)  # 2"),
    "a value behind a label": ('print("sum:", 2)  # sum: 3', 'print("sum:", 2)  # sum: 2'),
    "a remark stays": ("print(2)  # 3, of four", "print(2)  # 2, of four"),
    "words that would be prose": ('print("hello")  # 2', 'print("hello")  #> hello'),
    "words behind an arrow": ('print("안녕")  # 결과는 2', 'print("안녕")  #> 안녕'),
    "text with a number sign": ('print("a # b")  # 2', 'print("a # b")  #> a # b'),
    "a string in quotes": ('x = "hi"\nx  # "ho"', "x = \"hi\"\nx  # 'hi'"),
    "several lines": ('print("a\\nb")  # 2', 'print("a\\nb")\n#> a\n#> b'),
    "several lines behind a mark": ('print("a\\n\\nb")  #> 2', 'print("a\\n\\nb")\n#> a\n#>\n#> b'),
    "several lines below": ('print("a\\nb\\nc")\n#> a\n#> d', 'print("a\\nb\\nc")\n#> a\n#> b\n#> c'),
    "fewer lines below": ('print("a")\n#> a\n#> d', 'print("a")\n#> a'),
    "in a loop": ("for i in 'ab':\n    print(i)  # 2", "for i in 'ab':\n    print(i)\n    #> a\n    #> b"),
    "below a loop": ("for i in 'ab':\n    print(i)\n#> a", "for i in 'ab':\n    print(i)\n#> a\n#> b"),
    "words behind a word for output": ('print("hello")  # Output: bye', 'print("hello")  # Output: hello'),
    "a value on the line below": ("print(2)\n# 3", "print(2)\n# 2"),
    "words on the line below": ('print("hello")\n# 3', 'print("hello")\n#> hello'),
    "several lines below a comment's line": ('print("a\\nb")\n# 3', 'print("a\\nb")\n#> a\n#> b'),
    "lines below a word for output": ('print("a\\nb")\n# Output:\n# b', 'print("a\\nb")\n# Output:\n# a\n# b'),
    "a statement of several lines": ('print(\n    "a\\nb",\n)  # 2', 'print(\n    "a\\nb",\n)\n#> a\n#> b'),
    "a value of several lines": (
        "print('[[0 1]\\n [2 3]]')  # [[0 1]\n                          #  [2 4]]",
        "print('[[0 1]\\n [2 3]]')  # [[0 1]\n                          #  [2 3]]",
    ),
}
REFUSED = {
    "a remark that is no part of the output": ('print("hello")  # 2 (of four)', "distinguished"),
    "several lines behind a block on one line": ('if True: print("a\\nb")  # 2', "distinguished"),
    "many lines": ('print("a\\n" * 30)  # 2', "many lines"),
    "escape sequences": ('print("\\x1b[31mred\\x1b[0m")  # 2', "control characters (\\x1b)"),
    "text that turns": ('print("\\u202eabc")  # 2', "control characters (\\u202e)"),
    "a line written over": ('print("10%\\r20%")  # 2', "control characters (\\r)"),
}
AROUND = {
    "plain": "{}",
    "in a list": "- item\n\n    {}",
    "in a quote": "> {}",
}


def updated(text: str, launcher: Launcher) -> tuple[str, list[str]]:
    made = update(Page.parse(Source("Page.md", text)), run_page(text, launcher).values())
    return apply_edits(text, made.edits), [refusal.why for refusal in made.refused]


def page(code: str, around: str, newline: str) -> str:
    before, _, prefix = around.removesuffix("{}").rpartition("\n")
    lines = [f"{prefix}{line}".rstrip() for line in ("```python", *code.split("\n"), "```")]
    return f"{before}\n\n".replace("\n", newline) + newline.join(lines) + newline


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_output_is_written_so_that_it_is_compared_again(around: str, newline: str, launcher: Launcher) -> None:
    for name, (code, expected) in UPDATED.items():
        before, after = (page(one, around, newline) for one in (code, expected))
        assert updated(before, launcher) == (after, []), name
        (outcome,) = run_page(after, launcher).values()
        assert [compared.state.value for compared in outcome.compared] == ["equal"], name


@pytest.mark.parametrize("name", REFUSED)
def test_output_that_cannot_be_written_is_left_with_the_reason(name: str, launcher: Launcher) -> None:
    code, why = REFUSED[name]
    before = page(code, "{}", "\n")
    after, (refusal,) = updated(before, launcher)
    assert after == before
    assert why in refusal


def test_output_fences_hold_no_control_characters(launcher: Launcher) -> None:
    before = '```python\nprint("\\x1b[31mred")\n```\n\n```output\nred\n```\n'
    assert updated(before, launcher) == (before, ["what it prints has control characters (\\x1b)"])


def test_output_fences_are_not_emptied_and_do_not_grow_without_measure(launcher: Launcher) -> None:
    before = "```python\n{}\n```\n\n```output\na\n```\n"
    nothing = before.format("if 1 > 2:\n    print(1)")
    assert updated(nothing, launcher) == (nothing, ["nothing is printed to standard output: remove the output fence"])
    many = before.format('print("a\\n" * 300, end="")')
    assert updated(many, launcher) == (many, ["it prints 300 lines, many more than are shown"])
    some = before.format('print("a\\n" * 99, end="")')
    assert updated(some, launcher)[1] == []

"""Learning paths, exercises and reading time, from text."""

from __future__ import annotations

import pytest
from growth import assert_linear
from hypothesis import given
from hypothesis import strategies as st

from kbtools.site.page.reading_time import minutes
from kbtools.text.source import Source
from kbtools.vault.index import Index
from kbtools.vault.learning import count_exercises, items, learning_paths, stops
from kbtools.vault.page import Page

HEAD = "---\nlearning_path: true\n---\n"


def page(text: str, path: str = "P.md") -> Page:
    return Page.parse(Source(path, text))


def lessons(body: str) -> list[str | None]:
    return [item.link.target if item.link else None for item in items(page(HEAD + body))]


def test_lessons_are_the_links_that_begin_numbered_items() -> None:
    body = """
1. [[A]] note with [[Z]]
2. **[[B|label]]**: note
   and more [[Y]]

    1. [[Nested]]

3. words [[C]]
4. ![[D]]

## Heading

10. [[folder/E#Part]]
- [[Bullet]]

```
1. [[Code]]
```

> 1. [[Quoted]]

<!-- 1. [[Comment]] -->
"""
    assert lessons(body) == ["A", "B", None, None, "folder/E"]
    assert lessons(body.replace("\n", "\r\n")) == lessons(body.replace("\n", "\r")) == lessons(body)


@pytest.mark.parametrize("front", ["", "---\nlearning_path: false\n---\n", '---\nlearning_path: "true"\n---\n'])
def test_only_pages_that_say_so_are_paths(front: str) -> None:
    assert items(page(f"{front}1. [[A]]\n")) == ()


def test_paths_lead_through_pages_once_and_past_what_is_missing() -> None:
    pages = [
        page(f"{HEAD}1. [[A]]\n2. [[nowhere]]\n3. [[Old]]\n4. [[B]]\n5. [[a]]\n6. [[Same]]\n"),
        page(f"{HEAD}1. [[B]]\n", "Q.md"),
        page("", "A.md"),
        page("", "B.md"),
        page("", "C.md"),
        page('---\nduplicate_of: "[[C]]"\n---\n', "Old.md"),
        page("", "x/Same.md"),
        page("", "y/Same.md"),
    ]
    first, second = learning_paths(Index({p.path: p for p in pages}))
    assert first.pages == ("A.md", "C.md", "B.md")
    assert [lesson.page for lesson in first.lessons] == ["A.md", None, "C.md", "B.md", "A.md", None]
    held = stops((first, second))
    assert [p.path for p in held["B.md"]] == ["P.md", "Q.md"]
    assert "Old.md" not in held


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ('??? success "풀이"\n    x\n', 1),
        ("???+ success\n    x\n", 1),
        ('??? note "정답 보기"\n    x\n', 1),
        ('??? note "더 알아보기"\n    x\n', 0),
        ('!!! success "풀이"\n    x\n', 0),
        ('## 연습 문제\n\n??? note "힌트"\n    x\n\n### 둘\n\n??? note\n    x\n\n## 끝\n\n??? note\n    x\n', 1),
        ("## 3. 연습\n\n- 문제\n\n    ??? quote\n        x\n", 1),
        ('```\n??? success "풀이"\n```\n', 0),
        ("## 연습\n\n??? what is this\n", 1),
        ("## 연습\n\n???? success\n", 0),
    ],
)
def test_exercises_are_counted(body: str, count: int) -> None:
    assert count_exercises(page(body)) == count


def test_reading_time() -> None:
    assert minutes(page("")) == 1
    assert minutes(page("가" * 1000)) == 2
    assert minutes(page("가" * 1001)) == 3
    assert minutes(page("word " * 530)) == 2
    code = "\n".join(["x = 1"] * 40)
    assert minutes(page(f"```python\n{code}\n```\n")) == 2
    assert minutes(page(f"```python {{.hidden}}\n{code}\n```\n")) == 1
    assert minutes(page(f"<!-- {'가' * 5000} -->\n[[{'가' * 5000}|짧게]]")) == 1


@given(st.text(st.sampled_from('1. [[A]]\n\r?*_ "가`#-\x00\u2028\f')))
def test_any_text_is_read(text: str) -> None:
    held = page(HEAD + text)
    for item in items(held):
        assert HEAD in held.source.text[: item.span.start]
    assert count_exercises(held) >= 0
    assert minutes(held) >= 1


@pytest.mark.parametrize("piece", ["1. [[A]]\n", "1. ", "??? ", "???\n", '??? a "', "_", "[[", "가", "  1. **"])
def test_time_grows_with_the_text(piece: str) -> None:
    def work(size: int):  # type: ignore[no-untyped-def]
        held = page(HEAD + piece * size)

        def measured() -> object:
            return items(held), count_exercises(held), minutes(held)

        return measured

    assert_linear(work, 4_000)

"""Make a vault to measure on: so many pages of about 1 kB, each with valid frontmatter, headings and five links.

usage: python bench/make_vault.py FOLDER [PAGES] [wikilink|relative]

The same arguments give the same bytes. Pages are half Korean, half English, in folders of at most 500; one link of a
page names a heading of its target, one page in ten has a Python fence, and every page is linked to, so that kb finds
nothing to report. ``relative`` writes the same pages with Markdown links, for tools that know no wikilinks.

FOLDER/kb.toml makes it a wiki of kb's; the pages lie in FOLDER/docs.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from posixpath import relpath
from typing import Literal
from urllib.parse import quote

Style = Literal["wikilink", "relative"]

FOLDER = 500
CONFIG = """\
docs = "docs"
stale_after = 100_000

[schema]
"**" = "topic"
"""
ENGLISH = (
    "tensor gradient attention linear layer norm batch softmax optimizer scheduler dataset loader kernel stream graph "
    "autograd module parameter buffer hook forward backward loss metric entropy"
)
KOREAN = "텐서 연산 기울기 자동 미분 신경망 계층 정규화 배치 최적화 학습률 손실 함수 행렬 벡터 주의 집중 변환기"
WORDS = {"en": tuple(ENGLISH.split()), "ko": tuple(KOREAN.split())}
HEADINGS = {"en": ("Overview", "How it works", "Pitfalls"), "ko": ("개요", "동작 원리", "주의할 점")}
SLUGS = {"en": ("overview", "how-it-works", "pitfalls"), "ko": ("개요", "동작-원리", "주의할-점")}
PROSE = {
    "en": "Each {0} keeps a {1}, so the {2} of a {3} is known before the {4} runs; see {link} for the details.",
    "ko": "{0}에서 {1}을 계산하면 {2}의 {3}이 정해지므로 {4}를 다시 볼 필요가 없다. 자세한 것은 {link}에 있다.",
}
FENCE = """
```python
import torch

x = torch.ones({0}, requires_grad=True)
print((x * {0}).sum().item())  #> {1:.1f}
```
"""


def language(number: int) -> str:
    return "ko" if number % 2 else "en"


def title(number: int) -> str:
    words = WORDS[language(number)]
    first, second = words[number % len(words)], words[number // len(words) % len(words)]
    return f"{first.capitalize()} {second} {number}"


def path(number: int) -> str:
    """Relative to the pages' folder."""
    return f"part-{number // FOLDER:03d}/{title(number)}.md"


def link(here: int, there: int, heading: int | None, style: Style) -> str:
    name = title(there)
    lang = language(there)
    if style == "wikilink":
        return f"[[{name}]]" if heading is None else f"[[{name}#{HEADINGS[lang][heading]}]]"
    address = quote(relpath(path(there), path(here).rpartition("/")[0]))
    return f"[{name}]({address})" if heading is None else f"[{name}]({address}#{quote(SLUGS[lang][heading])})"


def page(number: int, count: int, style: Style = "wikilink") -> str:
    """The text of one page of a vault of so many."""
    rng = random.Random(number)
    lang = language(number)
    name = title(number)
    others = [(number + 1) % count, *(rng.randrange(count) for _ in range(4))]
    links = [link(number, other, 1 if n == 2 else None, style) for n, other in enumerate(others)]

    def sentence(to: str) -> str:
        return PROSE[lang].format(*rng.sample(WORDS[lang], 5), link=to)

    intro, how, pit = HEADINGS[lang]
    fence = FENCE.format(number % 7 + 1, (number % 7 + 1) ** 2) if number % 10 == 0 else ""
    return f"""\
---
id: wiki-2026-0508-page-{number}
title: {name}
category: 10_Wiki/Topics
status: verified
canonical_id: self
aliases:
  - {name} {"약어" if lang == "ko" else "alias"}
duplicate_of: none
source_trust_level: A
confidence_score: 0.9{number % 10}
verification_status: applied
tags: [pytorch, {rng.choice(WORDS["en"])}]
raw_sources:
  - "https://docs.pytorch.org/docs/stable/{name}.html"
last_reinforced: {date(2026, 1 + number % 12, 1 + number % 28)}
github_commit: pending
tech_stack:
  language: Python
  framework: PyTorch
---

# {name}

## {intro}

{sentence(links[0])} {sentence(links[1])}

## {how}

{sentence(links[2])}
{fence}
## {pit}

- {links[3]}
- {links[4]}
"""


def pages(count: int, style: Style = "wikilink") -> Iterator[tuple[str, str]]:
    """Every page's path and text."""
    return ((path(n), page(n, count, style)) for n in range(count))


def make(folder: Path, count: int, style: Style = "wikilink") -> int:
    """Write a vault into a folder that is not there yet; returns the size of its pages in bytes."""
    docs = folder / "docs"
    docs.mkdir(parents=True)
    for n in range(0, count, FOLDER):
        (docs / f"part-{n // FOLDER:03d}").mkdir()
    (folder / "kb.toml").write_text(CONFIG, encoding="utf-8")
    return sum((docs / name).write_bytes(text.encode()) for name, text in pages(count, style))


def main(folder: str, count: str = "10000", style: str = "wikilink") -> None:
    if style not in ("wikilink", "relative"):
        sys.exit(f"no style is called {style}: wikilink or relative")
    size = make(Path(folder), int(count), style)  # type: ignore[arg-type]
    print(f"{folder}: {int(count):,} pages, {size / int(count):,.0f} bytes each")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])

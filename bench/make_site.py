"""Make wikis to build sites of: pages of about 2 kB with four Python fences, five links and two aliases each.

usage: python bench/make_site.py FOLDER [PAGES] [kb|mkdocs]

``kb`` writes wikilinks and kb's configuration, ``mkdocs`` the same pages with Markdown links, for plain MkDocs and
for Zensical. The navigation is small: the first page alone. The same arguments give the same bytes.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from posixpath import relpath
from typing import Literal

Style = Literal["kb", "mkdocs"]

FOLDER = 500
WORDS = tuple(
    """
    tensor gradient attention linear layer norm batch softmax optimizer scheduler dataset loader kernel stream graph
    autograd module parameter buffer hook forward backward loss metric entropy
    """.split()  # noqa: SIM905
)
FENCE = """\
```python
values = [n * {factor} for n in range({size})]
assert len(values) == {size}
print(sum(values))
```
"""
EXTENSIONS = """\
markdown_extensions:
  - admonition
  - attr_list
  - tables
  - toc:
      permalink: true
  - pymdownx.highlight
  - pymdownx.superfences
"""


def title(number: int) -> str:
    return f"{WORDS[number % len(WORDS)].title()} {WORDS[number // len(WORDS) % len(WORDS)]} {number}"


def path(number: int) -> str:
    return f"t{number // FOLDER}/page{number}.md"


def page(number: int, pages: int, style: Style) -> str:
    chance = random.Random(number)
    targets = [(number + 1) % pages, *(chance.randrange(pages) for _ in range(4))]

    def link(target: int) -> str:
        if style == "kb":
            return f"[[{title(target)}]]"
        return f"[{title(target)}]({relpath(path(target), path(number).rpartition('/')[0])})"

    def sentence() -> str:
        return " ".join(chance.choice(WORDS) for _ in range(chance.randrange(8, 14))).capitalize() + "."

    names = f"title: {title(number)}\naliases: [P{number}, {title(number)} in short]\ntags: [{WORDS[number % 7]}]"
    head = f"---\n{names}\n---\n"
    parts = [head, f"# {title(number)}\n", f"{sentence()} It follows from {link(targets[0])}.\n"]
    for part in range(4):
        parts += [
            f"## {WORDS[(number + part) % len(WORDS)].title()}\n",
            f"{sentence()} {sentence()} See {link(targets[part + 1])} too. {sentence()}\n",
            FENCE.format(factor=number % 9 + part, size=part * 3 + number % 5 + 1),
        ]
    return "\n".join(parts)


def write(folder: Path, pages: int, style: Style) -> None:
    """Write a wiki. ``FOLDER/docs`` holds the pages."""
    docs = folder / "docs"
    for number in range(pages):
        file = docs / path(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page(number, pages, style), encoding="utf-8")
    first = "[[" + title(0) + "]]" if style == "kb" else f"[{title(0)}]({path(0)})"
    (docs / "index.md").write_text(f"# Home\n\nBegin with {first}.\n", encoding="utf-8")
    plugins = "plugins:\n  - kbtools\n" if style == "kb" else "plugins:\n  - search\n"
    (folder / "mkdocs.yml").write_text(
        "site_name: Bench\nsite_url: https://bench.example/\ntheme:\n  name: material\n  font: false\n"
        f"nav:\n  - Home: index.md\n{plugins}{EXTENSIONS}",
        encoding="utf-8",
    )
    if style == "kb":
        (folder / "kb.toml").write_text('docs = "docs"\n[schema]\n"t*/**" = "none"\n', encoding="utf-8")


if __name__ == "__main__":
    given = sys.argv[1:]
    write(Path(given[0]), int(given[1]) if len(given) > 1 else 2000, "mkdocs" if "mkdocs" in given else "kb")

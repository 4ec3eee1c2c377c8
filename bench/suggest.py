"""Did-you-mean for many dead links: the whole cost of the first suggestion, its table of near names, and all others.

``python bench/suggest.py [TITLES] [MISSING]``; by default 1,200 missing links among 10,000 titles. Beside it, in the
same run, what a scan of all titles with rapidfuzz costs for a sample of the links (extrapolated to all of them).
"""

from __future__ import annotations

import random
import statistics
import sys
import time

from rapidfuzz import process
from rapidfuzz.distance import OSA

from kbtools.config.project import Config
from kbtools.links import fold_title
from kbtools.vault.index import Index
from kbtools.vault.links.linking import Linking
from kbtools.vault.links.resolution import Missing
from kbtools.vault.page import Page, decode

ENGLISH = [
    "tensor",
    "gradient",
    "attention",
    "linear",
    "layer",
    "norm",
    "batch",
    "softmax",
    "optimizer",
    "scheduler",
    "dataset",
    "loader",
    "kernel",
    "stream",
    "graph",
    "autograd",
    "module",
    "parameter",
    "buffer",
    "hook",
    "forward",
    "backward",
    "loss",
    "metric",
    "entropy",
]
KOREAN = [
    "텐서",
    "연산",
    "기울기",
    "자동",
    "미분",
    "신경망",
    "계층",
    "정규화",
    "배치",
    "최적화",
    "학습률",
    "손실",
    "함수",
    "행렬",
    "벡터",
    "주의",
    "집중",
    "변환기",
]


def titles(count: int, rng: random.Random) -> list[str]:
    made: dict[str, None] = {}
    while len(made) < count:
        words = rng.sample(rng.choice((ENGLISH, KOREAN)), 2)
        made.setdefault(" ".join((*words, str(rng.randrange(10 * count)))).capitalize())
    return list(made)


def misspelled(name: str, rng: random.Random) -> str:
    i = rng.randrange(len(name) - 8)
    return rng.choice((name[:i] + name[i + 1 :], name[:i] + "x" + name[i + 1 :], name[:i] + "q" + name[i:]))


def page(path: str, text: str) -> Page:
    return decode(path, text.encode())


def main(count: int = 10_000, missing: int = 1_200) -> None:
    rng = random.Random(1)
    names = titles(count, rng)
    pages = {f"{n}.md": page(f"{n}.md", "") for n in names}
    dead = [misspelled(rng.choice(names), rng) for _ in range(missing)]
    here = pages["start.md"] = page("start.md", " ".join(f"[[{d}]]" for d in dead))
    index = Index(pages)
    asked = [link for link, r in index.links["start.md"].wiki if isinstance(r, Missing)]
    _ = index.names.by_alias, index.redirects  # made by any check, before the first suggestion
    took, found = [], 0
    for _ in range(5):
        begin = time.perf_counter()
        suggester = Linking(index, Config()).suggester
        found = sum(suggester.suggest(link, here) is not None for link in asked)
        took.append(time.perf_counter() - begin)
    folded = [fold_title(n) for n in names]
    begin = time.perf_counter()
    for link in asked[:60]:
        process.extractOne(fold_title(link.name), folded, scorer=OSA.distance, score_cutoff=2)
    scan = (time.perf_counter() - begin) * len(asked) / 60
    best = min(took)
    print(f"{len(asked):,} missing links among {count:,} titles: {found:,} suggested")
    print(f"kb: {best * 1e3:.0f} ms (median of 5: {statistics.median(took) * 1e3:.0f} ms)")
    print(f"rapidfuzz over all titles: {scan * 1e3:,.0f} ms, {scan / best:.0f} times as long")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""The site's search beside stock Material's, on the same pages, in a real browser.

``python bench/site_search.py [PAGES] [ROUNDS]``; by default 10,000 pages and 3 rounds. Needs chromium and playwright.

First, what is found: the queries of ``tests/site/search_queries*.txt`` on this project's own wiki. Then, what it costs:
PAGES pages made of the wiki's sections in new combinations, three words in ten replaced by others and one in fifty by
one that nobody has written before, so that the vocabulary grows with the pages as real ones do. Both indexers read the
same HTML; both indexes are searched through the sites' own pages. Material gets the aliases of pages as tags and
separators for names in code, as this wiki gave it: more than it has out of the box. The pages stand in the indexes
alone: a site of 10,000 takes minutes to build, and search asks for none of them.

Rounds are taken in turns, each with an empty cache. Material's may take minutes: it gets BUDGET seconds in all, and the
line says how many rounds that were. Wants a machine that does nothing else; about six minutes.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/site"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from in_browser import CHROMIUM, FLAGS, served
from playwright.sync_api import Error, sync_playwright
from test_search import BY_KIND, BY_PERSON, HELD_OUT, OF_OTHERS, QUERIES, ask, built, found, queries

from kbtools.site.html.tree import Tree
from kbtools.site.search.search_index import SearchEntry, files
from kbtools.site.search.search_text import sections

os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")

ROOT = Path(__file__).parents[1]

SEPARATOR = r"""'[\\s\\u200b\\-_.,:;!?/\\\\|()\\[\\]{}<>"`''=+*#~&@·…]+'""".replace("\\\\", "\\")
STOCK = f"  - search:\n      lang: [ko, en]\n      separator: {SEPARATOR}\n"
QUERY = "역전파를 기울기"
PATIENCE = 240  # seconds for one round
BUDGET = 200  # seconds after which Material begins no further round


def sites(folder: Path) -> tuple[Path, Path]:
    """This wiki with its own search, and with Material's."""
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").replace("docs_dir: docs", f"docs_dir: {ROOT / 'docs'}")
    out = []
    for name, text in (("ours", config), ("stock", config.replace("plugins:\n", f"plugins:\n{STOCK}"))):
        root = folder / name
        root.mkdir()
        (root / "mkdocs.yml").write_text(text, encoding="utf-8")
        out.append(built(SimpleNamespace(root=root), root / "site"))
    return out[0], out[1]


_HANGUL = re.compile(r"[가-힣]{2,}")


def pages(site: Path, wanted: int) -> Iterator[tuple[str, str, str]]:
    """Address, title and HTML of made-up pages."""
    chance = random.Random(7)
    parts: list[str] = []
    for file in sorted(site.glob("topics/*/index.html")):
        html = file.read_text(encoding="utf-8")
        parts += re.split(r"(?=<h2 )", html.partition("<article")[2].partition("</article>")[0])[1:]
    words = _HANGUL.findall(re.sub("<[^>]*>", " ", "".join(parts)))

    def other(m: re.Match[str]) -> str:
        dice = chance.random()
        if dice < 0.02:
            return "".join(chr(chance.randrange(0xAC00, 0xD7A4)) for _ in range(3))
        return chance.choice(words) if dice < 0.3 else m[0]

    for number in range(wanted):
        title = f"{chance.choice(words)} {chance.choice(words)} {number}"
        body = "".join(chance.choice(parts) for _ in range(6))
        body = re.sub(r">[^<]*", lambda m: _HANGUL.sub(other, m[0]), body)
        ids = count()  # a section may come twice; Material fails at pages that have an address twice
        body = re.sub(r' id="[^"]*"', lambda _, ids=ids: f' id="s{next(ids)}"', body)
        yield f"many/{number}/", title, f"<h1>{title}</h1>{body}"


def stock_index(held: list[tuple[str, str, str]], config: dict[str, Any]) -> tuple[float, bytes]:
    from material.plugins.search.plugin import SearchIndex

    began = time.process_time()
    index = SearchIndex(**config)
    for url, title, html in held:
        index.add_entry_from_context(SimpleNamespace(meta={}, content=html, toc=[], url=url, title=title))
    content = index.generate_search_index(None).encode()
    return time.process_time() - began, content


def our_index(held: list[tuple[str, str, str]]) -> tuple[float, dict[str, bytes]]:
    began = time.process_time()
    content = dict(files([SearchEntry(url, title, sections(Tree(html))) for url, title, html in held]))
    return time.process_time() - began, content


def ask_stock(page: Any, query: str) -> list[str]:
    box = page.locator(".md-search__input")
    box.fill("")
    box.press("End")
    page.wait_for_function("() => !document.querySelector('.md-search-result__item')")
    box.fill(query)
    box.press("End")  # what is typed without keys is noticed with the next one
    read = "() => [...document.querySelectorAll('.md-search-result__item > a')].map((a) => a.href)"
    before, same = None, 0
    while same < 4:
        page.wait_for_timeout(60)
        now = page.evaluate(read)
        before, same = now, same + 1 if now == before else 0
    return [unquote(urlsplit(url).path).strip("/") for url in before or []]


def open_stock(page: Any) -> None:
    page.locator(".md-search__input").click()
    page.wait_for_function("() => document.querySelector('.md-search-result__meta').textContent.includes('검색어를')")


def hits(
    browser: Any, site: Path, start: Callable[[Any], None], look: Callable[[Any, str], list[str]], file: Path
) -> int:
    with served(site) as address:
        page = browser.new_page()
        page.goto(address)
        start(page)
        good = 0
        for query, wanted in queries(file):
            good += bool(set(wanted) & set(look(page, query)[:3]))
        page.close()
    return good


def first_result(browser: Any, site: Path, stock: bool) -> tuple[float, int]:
    """Seconds from opening the search with an empty cache to a result, and the bytes that came for searching.

    Material fetches its index with the page, before the clock starts; kb nothing.
    """
    box, result = (".md-search__input", ".md-search-result__item") if stock else (".kb-search-input", ".kb-search-page")
    with served(site) as address:
        context = browser.new_context()
        try:
            page = context.new_page()
            page.set_default_timeout(PATIENCE * 1000)
            came: dict[str, int] = {}
            page.on("response", lambda r: came.update({r.url: int(r.headers.get("content-length", 0))}))
            page.goto(address)
            page.wait_for_load_state("networkidle")
            began = time.perf_counter()
            if stock:
                page.locator(box).click()
            else:
                page.keyboard.press("/")
            page.locator(box).fill(QUERY)
            page.locator(box).press("End")  # Material notices what is typed by keys
            page.wait_for_selector(result)
            taken = time.perf_counter() - began
            return taken, sum(size for url, size in came.items() if "search" in urlsplit(url).path)
        finally:
            context.close()


def first_results(browser: Any, sites: dict[str, Path], rounds: int) -> None:
    """Print the median of each site, measured in turns."""
    taken: dict[str, list[tuple[float, int]]] = {name: [] for name in sites}
    spent = 0.0
    for _ in range(rounds):
        for name, site in sites.items():
            if name == "Material" and spent > BUDGET:
                continue
            began = time.perf_counter()
            try:
                taken[name].append(first_result(browser, site, name == "Material"))
            except Error as e:  # a browser's patience, or its memory, ended
                print(
                    f"{name}: no result after {time.perf_counter() - began:.0f} s: {str(e).splitlines()[0]}", flush=True
                )
            if name == "Material":
                spent += time.perf_counter() - began
    for name, times in taken.items():
        if times:
            print(f"{name}: seconds to the first result, cold: {statistics.median(t for t, _ in times):.2f} "
                  f"({len(times)} rounds), {times[0][1] / 1e3:,.0f} kB", flush=True)  # fmt: skip
    if all(taken.values()):
        mine, theirs = (statistics.median(t for t, _ in taken[name]) for name in taken)
        loaded, whole = (taken[name][0][1] for name in taken)
        print(f"ratios, kb to Material: time {mine / theirs:.3f}, bytes loaded {loaded / whole:.3f}")


def packed(content: bytes) -> int:
    return len(gzip.compress(content, 6))


def main(wanted: int, rounds: int) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        ours, stock = sites(folder)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for file in (QUERIES, BY_KIND, HELD_OUT, OF_OTHERS, BY_PERSON):
                asked = len(queries(file))
                mine = hits(browser, ours, lambda p: p.keyboard.press("/"), lambda p, q: ask(p, q) or found(p), file)
                theirs = hits(browser, stock, open_stock, ask_stock, file)
                print(
                    f"{file.name}: right page among the first three: kb {mine} of {asked}, Material {theirs}",
                    flush=True,
                )

            held = list(pages(ours, wanted))
            seconds, index = our_index(held)
            config = json.loads((stock / "search/search_index.json").read_bytes())["config"]
            stock_seconds, stock_content = stock_index(held, config)
            del held
            print(f"{wanted:,} pages: CPU seconds to index: kb {seconds:.1f}, Material {stock_seconds:.1f}")
            size = sum(map(len, index.values()))
            zipped, zipped_stock = sum(map(packed, index.values())), packed(stock_content)
            print(f"index, MB: kb {size / 1e6:.1f} in {len(index):,} files (gzip {zipped / 1e6:.1f}), "
                  f"Material {len(stock_content) / 1e6:.1f} (gzip {zipped_stock / 1e6:.1f}); "
                  f"ratio {size / len(stock_content):.2f} (gzip {zipped / zipped_stock:.2f})", flush=True)  # fmt: skip
            shutil.rmtree(ours / "assets/kb-search")
            (ours / "assets/kb-search").mkdir()
            for name, content in index.items():
                (ours / "assets/kb-search" / name).write_bytes(content)
            (stock / "search/search_index.json").write_bytes(stock_content)
            del index, stock_content
            first_results(browser, {"kb": ours, "Material": stock}, rounds)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*map(int, (sys.argv[1:] + ["10000", "3"][len(sys.argv) - 1 :])[:2]))

"""``llms.txt`` (llmstxt.org): the wiki as a list of Markdown files, for programs; ``llms-full.txt``: all of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from kbtools.page import Page
from kbtools.site.addresses import Site
from kbtools.site.infobox import STATUS
from kbtools.site.page_parts import lead, sort_key
from kbtools.site.text import clean
from kbtools.site.wiki import Wiki

FULL_LIMIT = 10_000_000
"""Characters; a larger wiki has no ``llms-full.txt``."""


def llms_txt(wiki: Wiki, site: Site, full: bool) -> str:
    listed: dict[str, list[Page]] = defaultdict(list)
    others: list[Page] = []
    paths = {path.path for path in wiki.learning_paths}
    for page in sorted(wiki.index.pages.values(), key=sort_key):
        if page.path not in site.pages or page.path in paths:
            continue
        if page.path in wiki.listed_paths:
            if page.path not in wiki.index.redirects:
                listed[page._scalar("category")].append(page)
        else:
            others.append(page)
    out = [f"# {_line(site.name)}", ""]
    if site.description:
        out += [f"> {_line(site.description)}", ""]
    out += ["코드 예제는 사이트를 만들 때마다 실행해 확인합니다. 링크는 각 문서의 Markdown입니다.", ""]
    if full:
        out += ["모든 문서를 이은 파일은 llms-full.txt에 있습니다.", ""]
    courses = [wiki.index.pages[path.path] for path in wiki.learning_paths if path.path in site.pages]
    out += _section("학습 경로", courses, wiki, site)
    for category, pages in sorted(listed.items()):
        out += _section(_line(category.replace("_", " ").replace("/", " › ")) or "문서", pages, wiki, site)
    out += _section("Optional", others, wiki, site)
    return "\n".join(out)


def _section(title: str, pages: Iterable[Page], wiki: Wiki, site: Site) -> list[str]:
    lines = [f"- [{_label(page.title)}]({site.markdown(page.path)}){_note(page, wiki)}" for page in pages]
    return [f"## {title}", "", *lines, ""] if lines else []


def _note(page: Page, wiki: Wiki) -> str:
    about = lead(page)
    passed, executable = wiki.results.proven(page)
    status = page._scalar("status")
    facts = [STATUS.get(status, status)] if status and page.path in wiki.listed_paths else []
    if executable:
        facts.append(f"코드 {executable}개 중 {passed}개 실행 확인")
    told = about + (f" ({_line(', '.join(facts))})" if facts else "")
    return f": {_line(told)}" if told else ""


def llms_full(pages: Iterable[str], written: Mapping[str, str]) -> str | None:
    """The Markdown of these pages in one file; None when that would be too large."""
    texts = [written[path] for path in pages if path in written]
    return "\n".join(texts) if sum(map(len, texts)) <= FULL_LIMIT else None


def _line(text: str) -> str:
    return " ".join(text.split())


def _label(text: str) -> str:
    return _line(clean(text)).replace("[", "(").replace("]", ")")

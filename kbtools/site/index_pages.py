"""Pages that lead to others: everything by name, tags, categories, what was verified last, learning paths."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from kbtools import confidence
from kbtools.page import Page
from kbtools.site.days import changed
from kbtools.site.infobox import STATUS, VERIFICATION
from kbtools.site.lessons import told
from kbtools.site.page_parts import (
    Groups,
    document,
    lead,
    letter_of,
    letter_rank,
    link,
    listing,
    sort_key,
    spread,
    status,
    table,
    unique,
)
from kbtools.site.text import escape
from kbtools.site.text import markdown_escape as md
from kbtools.site.wiki import Wiki, category_id, relative, strings, tag_id

FEW = 40
"""Pages a tag or category shows on the page of all of them; the rest is on one of its own."""
RECENT = 100


def everything(pages: Sequence[Page]) -> Mapping[str, str]:
    """By initial consonant and letter."""
    groups: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        groups[letter_of(page.title)].append(page)

    def show(path: str, held: Groups) -> list[str]:
        body = []
        for letter, found in held:
            body += [f"## {letter}", "", *listing(_entry(p, path) for p in found)]
        return body

    ordered = [(letter, groups[letter]) for letter in sorted(groups, key=letter_rank)]
    words = f"문서 {len(pages):,}편을 가나다순, ABC순으로 모았습니다."
    return spread("all.md", "전체 문서", words, ordered, show)


def _entry(page: Page, from_path: str) -> str:
    aliases = ", ".join(page.aliases[:4])
    note = f' <small class="kb-note">{escape(aliases)}</small>' if aliases else ""
    return f"- {link(page, from_path)}{note}"


def tags(pages: Sequence[Page]) -> Mapping[str, str]:
    tagged: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        for tag in dict.fromkeys(strings(page.data.get("tags"))):
            tagged[tag].append(page)
    order = sorted(tagged, key=lambda t: (unicodedata.normalize("NFC", t).casefold(), t))
    ids = unique({tag: tag_id(tag) for tag in order})
    cloud = " ".join(
        f'<a class="kb-tag" href="#{ids[t]}">{escape(t)} <span class="kb-count">{len(tagged[t])}</span></a>'
        for t in order
    )
    body = [f'<p class="kb-cloud">{cloud}</p>', ""] if order else ["아직 태그가 없습니다."]
    out = {}
    for tag in order:
        body += [f"## {md(tag)} {{ #{ids[tag]} }}", ""]
        body += listing(f"- {link(p, 'tags.md')}" for p in tagged[tag][:FEW])
        if len(tagged[tag]) > FEW:
            path = f"tags/{ids[tag]}.md"
            words = f"태그 {md(tag)}: 문서 {len(tagged[tag]):,}편"
            out.update(spread(path, "태그", words, [("", tagged[tag])], _entries))
            body += [f"[{len(tagged[tag]):,}편 모두 보기]({relative(path, 'tags.md')})", ""]
    # Material would repeat every tag in the sidebar; the cloud leads to them already.
    out["tags.md"] = document("태그", f"태그 {len(order):,}개로 문서를 찾습니다.", body, hide=("toc",))
    return out


def _entries(path: str, held: Groups) -> list[str]:
    return listing(_entry(page, path) for _, pages in held for page in pages)


def categories(wiki: Wiki, pages: Sequence[Page]) -> Mapping[str, str]:
    counts = Counter(page._scalar("status") or "" for page in pages)
    shown = [f"{escape(STATUS.get(s, s) or '상태 없음')} {n:,}" for s, n in counts.most_common()]
    groups: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        groups[page._scalar("category") or "분류 없음"].append(page)
    ids = unique({category: category_id(category) for category in sorted(groups)})

    def rows(path: str, held: Groups) -> list[str]:
        return _states(wiki, path, [page for _, found in held for page in found])

    body: list[str] = []
    out = {}
    for category, id in ids.items():
        name, found = md(category.replace("_", " ").replace("/", " › ")), groups[category]
        body += [f"## {name} {{ #{id} }}", "", *_states(wiki, "categories.md", found[:FEW])]
        if len(found) > FEW:
            path = f"categories/{id}.md"
            out.update(spread(path, "분류", f"{name}: 문서 {len(found):,}편", [("", found)], rows))
            body += [f"[{len(found):,}편 모두 보기]({relative(path, 'categories.md')})", ""]
    words = " · ".join(shown) or "아직 문서가 없습니다."
    out["categories.md"] = document("분류와 상태", words, body)
    return out


def _states(wiki: Wiki, path: str, pages: Sequence[Page]) -> list[str]:
    rows = (
        (
            link(p, path),
            status(p),
            md(p._scalar("source_trust_level")),
            f"{score:.2f}" if (score := confidence.today(p, wiki.today)) is not None else "",
            md(VERIFICATION.get(v, v) if (v := p._scalar("verification_status")) else ""),
            md(p._scalar("last_reinforced")),
        )
        for p in pages
    )
    return table(("문서", "상태", "신뢰도", "확신도", "확인 방법", "마지막 확인"), rows)


def recent(pages: Sequence[Page]) -> str:
    """What was verified or changed last."""
    dated = [(day, p) for p in pages if (day := changed(p)) is not None]
    dated.sort(key=lambda d: (-d[0].toordinal(), sort_key(d[1])))
    rows = ((day.isoformat(), link(p, "recent.md"), status(p)) for day, p in dated[:RECENT])
    body = table(("날짜", "문서", "상태"), rows) if dated else ["날짜가 적힌 문서가 없습니다."]
    return document("최근 갱신", "마지막으로 확인하거나 고친 날짜가 가까운 문서부터 보입니다.", body)


def paths(wiki: Wiki) -> str:
    body = []
    for path in sorted(wiki.learning_paths, key=lambda p: sort_key(wiki.index.pages[p.path])):
        page = wiki.index.pages[path.path]
        about = lead(page)
        names = " → ".join(wiki.index.pages[p].title for p in path.pages)
        lessons = escape(json.dumps(path.pages, ensure_ascii=False))
        body += [
            f'<section class="kb-path-card" data-kb-lessons="{lessons}" markdown>',
            "",
            f"## {link(page, 'paths.md')}",
            "",
            *([md(about), ""] if about else []),
            f'<p class="kb-path-names">{escape(names)}</p>',
            f'<p class="kb-path-figures">{escape(told(path, wiki))}</p>',
            '<div class="kb-card-live kb-path-row" hidden><progress class="kb-path-bar" aria-label="읽은 문서">'
            '</progress><span class="kb-path-count"></span></div>',
            "",
            "</section>",
            "",
        ]
    words = "차례로 읽으면 되는 길입니다. 어디까지 읽었는지는 이 브라우저가 기억합니다."
    return document("학습 경로", words, body or ["아직 학습 경로가 없습니다."], hide=("toc",))

"""The infobox behind a page's first heading: how far to trust the page, what it is called, where it comes from."""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Mapping

from kbtools import confidence
from kbtools.page import Page
from kbtools.site.elements import add, css_word, element
from kbtools.site.text import clean
from kbtools.site.wiki import Wiki, strings

STATUS: Mapping[str, str] = {
    "verified": "검증됨",
    "needs_review": "검토 필요",
    "draft": "초안",
    "merged": "다른 문서에 합쳐짐",
    "duplicate": "중복 문서",
}
VERIFICATION: Mapping[str, str] = {
    "applied": "적용해 확인",
    "pending": "확인 전",
    "conceptual": "개념만 검토",
    "redirected": "다른 문서로 옮김",
}
TRUST: Mapping[str, str] = {
    "A": "공식 문서와 직접 실행",
    "B": "믿을 만한 자료",
    "C": "검증이 더 필요함",
    "D": "출처 불명",
}
COMMIT: Mapping[str, str] = {"applied": "반영됨", "pending": "아직 반영되지 않음"}
_FIELDS = (
    "status",
    "source_trust_level",
    "confidence_score",
    "verification_status",
    "last_reinforced",
    "category",
    "raw_sources",
    "tech_stack",
    "github_commit",
)
_COMMIT = re.compile(r"^[0-9a-f]{7,40}$")


def has_infobox(page: Page) -> bool:
    """Whether a page's frontmatter says something of it as a piece of knowledge."""
    return any(page.data.get(key) not in (None, "", [], {}) for key in _FIELDS)


def infobox(page: Page, wiki: Wiki) -> etree.Element:
    """What the frontmatter says, in three parts: how far to trust the page, what it is called, where it comes from."""
    box = element("aside", {"class": "kb-infobox", "aria-label": "문서 정보", "data-search-exclude": ""})
    facts = element("dl", {"class": "kb-facts"})
    _trust(facts, page, wiki)
    if len(facts):
        box.append(facts)
    tags = strings(page.data.get("tags"))
    if tags:
        row = add(box, "ul", kind="kb-tags", aria_label="태그")
        for tag in tags:
            href = wiki.tag_href(tag, page.path)
            item = add(row, "li")
            add(item, "a", tag, "kb-tag", href=href) if href else add(item, "span", tag, "kb-tag")
    more = element("dl", {"class": "kb-more"})
    _origin(more, page, wiki)
    if len(more):
        details = add(box, "details")
        add(details, "summary", "출처와 다른 이름")
        details.append(more)
    return box


def _fact(parent: etree.Element, name: str) -> etree.Element:
    pair = add(parent, "div")
    add(pair, "dt", name)
    return add(pair, "dd")


def _scalar(page: Page, key: str) -> str:
    return page._scalar(key)


def _trust(facts: etree.Element, page: Page, wiki: Wiki) -> None:
    if status := _scalar(page, "status"):
        add(_fact(facts, "상태"), "span", STATUS.get(status, status), f"kb-status kb-status-{css_word(status)}")
    if trust := _scalar(page, "source_trust_level"):
        cell = _fact(facts, "출처 신뢰도")
        add(cell, "span", trust, f"kb-grade kb-grade-{css_word(trust)}", title=TRUST.get(trust, trust))
        if trust in TRUST:
            add(cell, "span", TRUST[trust], "kb-note")
    _confidence(facts, page, wiki)
    if verification := _scalar(page, "verification_status"):
        add(_fact(facts, "확인 방법"), "span", VERIFICATION.get(verification, verification))
    if reinforced := _scalar(page, "last_reinforced"):
        cell = _fact(facts, "마지막 확인")
        add(cell, "time", reinforced, datetime=reinforced)
        last = confidence.last_verified(page)
        if last is not None and (wiki.today - last).days > wiki.project.config.stale_after:
            add(cell, "span", "오래됨", "kb-status kb-status-needs-review")
    _code(facts, page, wiki)


def _confidence(facts: etree.Element, page: Page, wiki: Wiki) -> None:
    """The score as of today, and what was recorded where the two differ."""
    recorded, score = confidence.recorded(page), confidence.today(page, wiki.today)
    if recorded is None or score is None:
        return
    cell = _fact(facts, "확신도")
    percent = round(score * 100)
    meter = add(
        cell,
        "span",
        kind="kb-meter",
        role="meter",
        aria_label="확신도",
        aria_valuemin="0",
        aria_valuemax="100",
        aria_valuenow=str(percent),
    )
    level = "high" if score >= 0.8 else "mid" if score >= 0.5 else "low"
    add(meter, "span", "", f"kb-meter-{level}", style=f"width:{percent}%")
    add(cell, "span", f"{score:.2f}", "kb-number")
    if f"{score:.2f}" != f"{recorded:.2f}":
        add(cell, "span", f"기록 {recorded:.2f}, 확인한 뒤로 달마다 {confidence.FADES:.2f}씩 줄어듭니다", "kb-note")


def _code(facts: etree.Element, page: Page, wiki: Wiki) -> None:
    """How many of the page's snippets were proven to run."""
    passed, executable = wiki.results.proven(page)
    if not executable:
        return
    cell = _fact(facts, "코드 실행")
    kind = "passed" if passed == executable else "unknown"
    add(cell, "span", f"{executable}개 모두 통과" if passed == executable else f"{executable}개 중 {passed}개 통과",
        f"kb-badge kb-is-{kind}")  # fmt: skip


def _origin(more: etree.Element, page: Page, wiki: Wiki) -> None:
    if page.aliases:
        names = _fact(more, "다른 이름")
        names.text = clean(", ".join(page.aliases))
    stack = page.data.get("tech_stack")
    parts = [", ".join(strings(v)) for v in stack.values()] if isinstance(stack, dict) else list(strings(stack))
    if any(parts):
        _fact(more, "기술").text = clean(" · ".join(p for p in parts if p))
    if category := _scalar(page, "category"):
        name = category.replace("_", " ").replace("/", " › ")
        cell, href = _fact(more, "분류"), wiki.category_href(category, page.path)
        if href is not None and page.path in wiki.listed_paths:
            add(cell, "a", name, href=href)
        else:
            cell.text = clean(name)
    sources = strings(page.data.get("raw_sources"))
    if sources:
        held = add(_fact(more, "출처"), "ul")
        for source in sources:
            _source(add(held, "li"), source)
    commit = _scalar(page, "github_commit")
    if _COMMIT.match(commit):
        add(_fact(more, "커밋"), "code", commit[:12])
    elif commit in COMMIT:
        _fact(more, "커밋").text = COMMIT[commit]
    if page.id:
        add(_fact(more, "ID"), "code", page.id)


def _source(item: etree.Element, source: str) -> None:
    """A source; an address becomes a link, and nothing but http and https does."""
    if re.match(r"https?://[^\s<>\"]+$", source):
        add(item, "a", source, href=source, rel="noopener")
    else:
        item.text = clean(source)

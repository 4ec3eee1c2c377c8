"""The infobox behind a page's first heading: how far to trust the page, what it is called, where it comes from."""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Mapping

from kbtools.page import Page
from kbtools.site.elements import add, css_word
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
    box = etree.Element("aside", {"class": "kb-infobox", "aria-label": "문서 정보", "data-search-exclude": ""})
    facts = etree.Element("dl", {"class": "kb-facts"})
    _trust(facts, page)
    if len(facts):
        box.append(facts)
    tags = strings(page.data.get("tags"))
    if tags:
        row = add(box, "ul", kind="kb-tags", aria_label="태그")
        for tag in tags:
            href = wiki.tag_href(tag, page.path)
            item = add(row, "li")
            add(item, "a", tag, "kb-tag", href=href) if href else add(item, "span", tag, "kb-tag")
    more = etree.Element("dl", {"class": "kb-more"})
    _origin(more, page)
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


def _trust(facts: etree.Element, page: Page) -> None:
    if status := _scalar(page, "status"):
        add(_fact(facts, "상태"), "span", STATUS.get(status, status), f"kb-status kb-status-{css_word(status)}")
    if trust := _scalar(page, "source_trust_level"):
        cell = _fact(facts, "출처 신뢰도")
        add(cell, "span", trust, f"kb-grade kb-grade-{css_word(trust)}", title=TRUST.get(trust, trust))
        if trust in TRUST:
            add(cell, "span", TRUST[trust], "kb-note")
    score = page.data.get("confidence_score")
    if isinstance(score, (int, float)) and not isinstance(score, bool) and 0 <= score <= 1:
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
        add(
            meter,
            "span",
            "",
            f"kb-meter-{'high' if score >= 0.8 else 'mid' if score >= 0.5 else 'low'}",
            style=f"width:{percent}%",
        )
        add(cell, "span", f"{score:.2f}", "kb-number")
    if verification := _scalar(page, "verification_status"):
        add(_fact(facts, "확인 방법"), "span", VERIFICATION.get(verification, verification))
    if reinforced := _scalar(page, "last_reinforced"):
        add(_fact(facts, "마지막 확인"), "time", reinforced, datetime=reinforced)


def _origin(more: etree.Element, page: Page) -> None:
    if page.aliases:
        names = _fact(more, "다른 이름")
        names.text = clean(", ".join(page.aliases))
    stack = page.data.get("tech_stack")
    parts = [", ".join(strings(v)) for v in stack.values()] if isinstance(stack, dict) else list(strings(stack))
    if any(parts):
        _fact(more, "기술").text = clean(" · ".join(p for p in parts if p))
    if category := _scalar(page, "category"):
        _fact(more, "분류").text = clean(category.replace("_", " ").replace("/", " › "))
    sources = strings(page.data.get("raw_sources"))
    if sources:
        held = add(_fact(more, "출처"), "ul")
        for source in sources:
            _source(add(held, "li"), source)
    commit = _scalar(page, "github_commit")
    if _COMMIT.match(commit):
        add(_fact(more, "커밋"), "code", commit[:12])
    if page.id:
        add(_fact(more, "ID"), "code", page.id)


def _source(item: etree.Element, source: str) -> None:
    """A source; an address becomes a link, and nothing but http and https does."""
    if re.match(r"https?://[^\s<>\"]+$", source):
        add(item, "a", source, href=source, rel="noopener")
    else:
        item.text = clean(source)

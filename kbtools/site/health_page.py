"""The wiki's health as a page: figures, bars beside their numbers, and lists of what wants tending."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kbtools.codefence.option_values import DEVICES
from kbtools.page import Page
from kbtools.site.bars import columns, stacked
from kbtools.site.health import Health, health
from kbtools.site.page_parts import document, link, sort_key, table
from kbtools.site.panels import DEVICE_NAMES, seconds
from kbtools.site.text import markdown_escape as md
from kbtools.site.wiki import Wiki, relative

PATH = "health.md"
MOST = 50
"""Rows of a list."""
_KINDS = (
    ("ok", "통과", ("passed", "xfailed")),
    ("bad", "실패", ("failed", "error")),
    ("warn", "바뀜", ("stale", "rehearsed")),
    ("calm", "건너뜀", ("skipped", "blocked")),
)


def health_page(wiki: Wiki) -> str:
    found = health(wiki)
    pages = wiki.index.pages
    body = [
        *_tiles(wiki, found),
        "## 장치별 실행",
        "",
        *_devices(found),
        f"코드마다 어디서 어떻게 되었는지는 [실행 현황]({relative('runs.md', PATH)})에 있습니다.",
        "",
        "## 분류별 실행",
        "",
        *_categories(found),
        "## 확신도",
        "",
        *_scores(found),
        "## 오래 걸리는 코드",
        "",
        *_slowest(found),
    ]
    orphans, stale = ([pages[p] for p in paths] for paths in (found.orphans, found.stale))
    body += _pages("오래 확인하지 않은 문서", stale, lambda p: md(p._scalar("last_reinforced")), "마지막 확인")
    wanted = ((md(name), _links(wiki, asked)) for name, asked in found.wanted[:MOST])
    body += _list("쓰이기를 기다리는 문서", len(found.wanted), ("이름", "찾는 문서"), wanted)
    body += _pages("아무도 가리키지 않는 문서", orphans, lambda p: md(p.path), "파일")
    rows = ((md(n), _links(wiki, c), _links(wiki, asked)) for n, c, asked in found.ambiguous[:MOST])
    body += _list("여러 문서가 가진 이름", len(found.ambiguous), ("이름", "그 이름의 문서", "쓰인 곳"), rows)
    return document("위키 현황", f"{wiki.today.isoformat()}에 이 사이트를 만들 때의 모습입니다.", body)


def _tiles(wiki: Wiki, found: Health) -> list[str]:
    share = f"{found.passed / found.executable:.0%}" if found.executable else "–"
    tiles = (
        (f"{len(wiki.listed):,}", "문서", ""),
        (share, f"코드 {found.executable:,}개 중 실행 확인", ""),
        (f"{len(found.stale):,}", "오래 확인하지 않은 문서", "오래-확인하지-않은-문서"),
        (f"{len(found.wanted):,}", "쓰이기를 기다리는 문서", "쓰이기를-기다리는-문서"),
        (f"{len(found.orphans):,}", "아무도 가리키지 않는 문서", "아무도-가리키지-않는-문서"),
        (f"{len(found.ambiguous):,}", "여러 문서가 가진 이름", "여러-문서가-가진-이름"),
    )
    cells = "".join(
        f'<li><b>{value}</b> <a href="#{to}">{name}</a></li>' if to else f"<li><b>{value}</b> <span>{name}</span></li>"
        for value, name, to in tiles
    )
    return [f'<ul class="kb-tiles">{cells}</ul>', ""]


def _devices(found: Health) -> list[str]:
    whole = max([sum(c.values()) for c in found.devices.values()] or [0])
    if not whole:
        return ["실행할 코드가 없습니다.", ""]
    rows = []
    for device in DEVICES:
        counts = found.devices[device]
        parts = [(kind, sum(counts[s] for s in states), word) for kind, word, states in _KINDS]
        bar = stacked(((kind, n, f"{word} {n:,}") for kind, n, word in parts), sum(counts.values()))
        rows.append((f"**{DEVICE_NAMES[device]}**", bar, *(f"{n:,}" for _, n, _ in parts), f"{counts['unknown']:,}"))
    head = ("장치", "비율", *(f'<span class="kb-key kb-bar-{kind}"></span>{word}' for kind, word, _ in _KINDS))
    return table((*head, '<span class="kb-key kb-bar-rest"></span>미실행'), rows)


def _categories(found: Health) -> list[str]:
    rows = (
        (
            md(c.name.replace("_", " ").replace("/", " › ")) or "분류 없음",
            f"{c.pages:,}",
            stacked([("ok", c.passed, f"{c.executable:,}개 중 {c.passed:,}개 통과")], c.executable),
            f"{c.passed:,}/{c.executable:,}",
            f"{c.confidence:.2f}" if c.confidence is not None else "–",
        )
        for c in found.categories[:MOST]
    )
    return _list("", len(found.categories), ("분류", "문서", "실행 확인", "코드", "평균 확신도"), rows)


def _scores(found: Health) -> list[str]:
    if not any(found.scores):
        return ["확신도를 적은 문서가 없습니다.", ""]
    named = ((f"{n / 10:.1f}" if n < 9 else "0.9+", count) for n, count in enumerate(found.scores))
    lead = "오늘의 확신도로 나눈 문서 수입니다. 확신도는 마지막 확인에서 멀어질수록 줄어듭니다."
    return [lead, "", f'<figure class="kb-plot">{columns(named)}</figure>', ""]


def _slowest(found: Health) -> list[str]:
    if not found.slowest:
        return ["통과한 코드가 없습니다.", ""]
    most = found.slowest[0].seconds
    rows = (
        (
            f"{link(s.page, PATH)} `{md(s.snippet.id) if '`' in s.snippet.id else s.snippet.id}`",
            DEVICE_NAMES.get(s.device, md(s.device)),
            stacked([("value", s.seconds, seconds(s.seconds))], most),
            seconds(s.seconds),
        )
        for s in found.slowest
    )
    return table(("코드", "장치", "", "걸린 시간"), rows)


def _links(wiki: Wiki, paths: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(link(wiki.index.pages[p], PATH) for p in paths[:most])
    return shown + (f" 외 {len(paths) - most:,}" if len(paths) > most else "")


def _pages(title: str, pages: Iterable[Page], note: Callable[[Page], str], head: str) -> list[str]:
    found = sorted(pages, key=sort_key)
    return _list(title, len(found), ("문서", head), ((link(p, PATH), note(p)) for p in found[:MOST]))


def _list(title: str, count: int, head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    out = [f"## {title}", ""] if title else []
    if not count:
        return [*out, "없습니다.", ""]
    more = [f"… 그리고 {count - MOST:,}개가 더 있습니다.", ""] if count > MOST else []
    return [*out, *table(head, rows), *more]

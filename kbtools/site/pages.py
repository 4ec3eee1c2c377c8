"""Pages made from the vault as Markdown: everything by name, tags, categories and status, changes, and what ran.

They are Markdown so that they can be written to disk before a build as well. What comes from pages is escaped whole.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kbtools.codefence.option_values import DEVICES
from kbtools.execution.outcomes import Status
from kbtools.page import Page
from kbtools.site.elements import css_word
from kbtools.site.infobox import STATUS, VERIFICATION
from kbtools.site.lessons import told
from kbtools.site.panels import DEVICE_NAMES, WORDS, badge, seconds, state_of
from kbtools.site.results import Run
from kbtools.site.text import escape, first_paragraph
from kbtools.site.text import markdown_escape as md
from kbtools.site.wiki import Wiki, relative, strings, tag_id
from kbtools.snippets import Snippet

NAMES = ("all.md", "tags.md", "categories.md", "recent.md", "paths.md", "runs.md")

_INITIALS = "ㄱㄱㄴㄷㄷㄹㅁㅂㅂㅅㅅㅇㅈㅈㅊㅋㅌㅍㅎ"
"""The 19 initial consonants of Unicode's Hangul syllables, doubled ones with their plain one."""


def letter_of(title: str) -> str:
    """The heading a title is listed under: an initial consonant, a Latin letter, ``0–9`` or ``기타``."""
    char = unicodedata.normalize("NFC", title.lstrip("\"'“‘([{<《「").strip())[:1].upper()
    if "가" <= char <= "힣":
        return _INITIALS[(ord(char) - 0xAC00) // 588]
    if "A" <= char <= "Z":
        return char
    if char.isdigit():
        return "0–9"
    return "기타"


def _letter_rank(letter: str) -> tuple[int, str]:
    return (0 if "ㄱ" <= letter <= "ㅎ" else 1 if letter.isascii() else 2 if letter == "0–9" else 3, letter)


def sort_key(page: Page) -> tuple[str, str]:
    return unicodedata.normalize("NFC", page.title).casefold(), page.path


def _link(page: Page) -> str:
    return f"[{md(page.title)}]({relative(page.path, 'all.md')})"


def _page(title: str, lead: str, body: Iterable[str], hide: Sequence[str] = ()) -> str:
    hidden = "".join(f"  - {name}\n" for name in hide)
    front = f"---\ntitle: {title}\n" + (f"hide:\n{hidden}" if hide else "") + "search:\n  exclude: true\n---\n\n"
    return front + f"# {title}\n\n{lead}\n\n" + "\n".join(body) + "\n"


def _status(page: Page) -> str:
    status = page._scalar("status")
    return (
        f'<span class="kb-status kb-status-{css_word(status)}">{escape(STATUS.get(status, status))}</span>'
        if status
        else ""
    )


def generate(wiki: Wiki) -> Mapping[str, str]:
    """The Markdown of every generated page, by path."""
    pages = sorted(wiki.listed, key=sort_key)
    return {
        "all.md": _all(pages),
        "tags.md": _tags(pages),
        "categories.md": _categories(pages),
        "recent.md": _recent(pages),
        "paths.md": _paths(wiki),
        "runs.md": _runs(wiki),
    }


def _all(pages: Sequence[Page]) -> str:
    groups: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        groups[letter_of(page.title)].append(page)
    body = []
    for letter in sorted(groups, key=_letter_rank):
        body += [f"## {letter}", "", *_list(map(_entry, groups[letter]))]
    return _page("전체 문서", f"문서 {len(pages):,}편을 가나다순, ABC순으로 모았습니다.", body)


def _list(items: Iterable[str]) -> list[str]:
    return ['<div class="kb-index" markdown>', "", *items, "", "</div>", ""]


def _entry(page: Page) -> str:
    aliases = ", ".join(page.aliases[:4])
    note = f' <small class="kb-note">{escape(aliases)}</small>' if aliases else ""
    return f"- {_link(page)}{note}"


def _tags(pages: Sequence[Page]) -> str:
    tagged: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        for tag in dict.fromkeys(strings(page.data.get("tags"))):
            tagged[tag].append(page)
    order = sorted(tagged, key=lambda t: (unicodedata.normalize("NFC", t).casefold(), t))
    ids = _unique({tag: tag_id(tag) for tag in order})
    cloud = " ".join(
        f'<a class="kb-tag" href="#{ids[t]}">{escape(t)} <span class="kb-count">{len(tagged[t])}</span></a>'
        for t in order
    )
    body = [f'<p class="kb-cloud">{cloud}</p>', ""] if order else ["아직 태그가 없습니다."]
    for tag in order:
        body += [f"## {md(tag)} {{ #{ids[tag]} }}", "", *_list(f"- {_link(p)}" for p in tagged[tag])]
    return _page("태그", f"태그 {len(order):,}개로 문서를 찾습니다.", body)


def _unique(ids: Mapping[str, str]) -> dict[str, str]:
    """Ids that differ; the first tag keeps the one that links from infoboxes lead to."""
    seen: Counter[str] = Counter()
    out = {}
    for name, wanted in ids.items():
        seen[wanted] += 1
        out[name] = wanted if seen[wanted] == 1 else f"{wanted}--{seen[wanted]}"
    return out


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows)]


def _score(page: Page) -> str:
    score = page.data.get("confidence_score")
    return f"{score:.2f}" if isinstance(score, (int, float)) and not isinstance(score, bool) else ""


def _categories(pages: Sequence[Page]) -> str:
    counts = Counter(page._scalar("status") or "" for page in pages)
    shown = [f"{escape(STATUS.get(s, s) or '상태 없음')} {n:,}" for s, n in counts.most_common()]
    groups: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        groups[page._scalar("category") or "분류 없음"].append(page)
    body: list[str] = []
    for category in sorted(groups):
        body += [f"## {md(category.replace('_', ' '))}", ""]
        rows = (
            (
                _link(p),
                _status(p),
                md(p._scalar("source_trust_level")),
                _score(p),
                md(VERIFICATION.get(v, v) if (v := p._scalar("verification_status")) else ""),
                md(p._scalar("last_reinforced")),
            )
            for p in groups[category]
        )
        body += [*_table(("문서", "상태", "신뢰도", "확신도", "확인 방법", "마지막 확인"), rows), ""]
    return _page("분류와 상태", " · ".join(shown) or "아직 문서가 없습니다.", body)


def _recent(pages: Sequence[Page]) -> str:
    dated = sorted(
        (p for p in pages if p._scalar("last_reinforced")),
        key=lambda p: (p._scalar("last_reinforced"), p.path),
        reverse=True,
    )
    rows = ((md(p._scalar("last_reinforced")), _link(p), _status(p)) for p in dated[:100])
    body = _table(("마지막 확인", "문서", "상태"), rows) if dated else ["날짜가 적힌 문서가 없습니다."]
    return _page("최근 갱신", "마지막으로 확인한 날짜가 가까운 문서부터 보입니다.", body)


def _paths(wiki: Wiki) -> str:
    body = []
    for path in sorted(wiki.learning_paths, key=lambda p: sort_key(wiki.index.pages[p.path])):
        page = wiki.index.pages[path.path]
        lead = first_paragraph(page.source.text, next((h.span.end for h in page.structure.headings), 0))
        names = " → ".join(wiki.index.pages[p].title for p in path.pages)
        lessons = escape(json.dumps(path.pages, ensure_ascii=False))
        body += [
            f'<section class="kb-path-card" data-kb-lessons="{lessons}" markdown>',
            "",
            f"## {_link(page)}",
            "",
            *([md(lead), ""] if lead else []),
            f'<p class="kb-path-names">{escape(names)}</p>',
            f'<p class="kb-path-figures">{escape(told(path, wiki))}</p>',
            '<div class="kb-card-live kb-path-row" hidden><progress class="kb-path-bar" aria-label="읽은 문서">'
            '</progress><span class="kb-path-count"></span></div>',
            "",
            "</section>",
            "",
        ]
    lead = "차례로 읽으면 되는 길입니다. 어디까지 읽었는지는 이 브라우저가 기억합니다."
    return _page("학습 경로", lead, body or ["아직 학습 경로가 없습니다."], hide=("toc",))


_ORDER = ("passed", "xfailed", "failed", "error", "stale", "blocked", "skipped", "rehearsed", "unknown")


def _runs(wiki: Wiki) -> str:
    """What ran where: figures, a table of pages by device, and each snippet under its page."""
    rows: list[tuple[str, ...]] = []
    details: list[str] = []
    totals: dict[str, Counter[str]] = {d: Counter() for d in DEVICES}
    fences = executable = executed = 0
    for page in sorted(wiki.index.pages.values(), key=sort_key):
        fences += len(page.snippets)
        held = [(s, wiki.results.of_snippet(page.path, s)) for s in page.snippets if s.executable]
        if not held:
            continue
        executable += len(held)
        executed += sum(
            any(r.fresh and r.outcome.outcome in (Status.PASSED, Status.XFAILED) for r in runs) for _, runs in held
        )
        by_device = {d: _states(held, d) for d in DEVICES}
        for device, states in by_device.items():
            totals[device].update(states)
        rows.append((_link(page), str(len(held)), *(_counts(by_device[d]) for d in DEVICES)))
        details += _page_runs(page, held)
    share = f"{executed / executable:.0%}" if executable else "–"
    lead = (
        f"코드 블록 {fences:,}개 가운데 실행 대상은 {executable:,}개이고, "
        f"그중 <b>{executed:,}개({share})</b>를 실행해 확인했습니다. "
        "이 기계에 없는 장치의 코드는 건너뛴 것으로 남으며 통과로 세지 않습니다."
    )
    body = [
        *_table(("결과", *(DEVICE_NAMES[d] for d in DEVICES)), _totals(totals)),
        "",
        "## 문서별",
        "",
        *_table(("문서", "실행 대상", *(DEVICE_NAMES[d] for d in DEVICES)), rows),
        "",
        "## 코드별",
        "",
        *details,
    ]
    return _page("실행 현황", lead, body if executable else ["실행할 코드가 없습니다."])


def _totals(totals: Mapping[str, Counter[str]]) -> Iterator[Sequence[str]]:
    for state in _ORDER:
        if any(totals[d][state] for d in DEVICES):
            mark, words = WORDS[state]
            name = f'<span class="kb-badge kb-is-{state}"><span aria-hidden="true">{mark}</span> {words}</span>'
            yield (name, *(str(totals[d][state] or "·") for d in DEVICES))


def _states(held: Sequence[tuple[Snippet, Sequence[Run]]], device: str) -> Counter[str]:
    states: Counter[str] = Counter()
    for snippet, runs in held:
        run = next((r for r in runs if r.outcome.device == device), None)
        if run is not None or device in snippet.devices:
            states[state_of(run)] += 1
    return states


def _counts(states: Counter[str]) -> str:
    shown = (
        f'<span class="kb-badge kb-is-{s}" title="{WORDS[s][1]}"><span aria-hidden="true">{WORDS[s][0]}</span>'
        f'<span class="kb-sr">{WORDS[s][1]}</span> {states[s]}</span>'
        for s in _ORDER
        if states[s]
    )
    return " ".join(shown)


def _page_runs(page: Page, held: Sequence[tuple[Snippet, Sequence[Run]]]) -> list[str]:
    out = [f"### {md(page.title)}", ""]
    rows = []
    for snippet, runs in held:
        by_device = {r.outcome.device: r for r in runs}
        badges = [
            badge(d, state_of(by_device.get(d)), _time(by_device.get(d)))
            for d in DEVICES
            if d in by_device or d in snippet.devices
        ]
        reason = next((r.outcome.reason for r in runs if r.outcome.reason), None)
        rows.append(
            (
                f"[{md(snippet.id)}]({relative(page.path, 'runs.md')})",
                str(snippet.line),
                " ".join(badges),
                md(reason or ""),
            )
        )
    return [*out, *_table(("코드", "줄", "결과", "까닭"), rows), ""]


def _time(run: Run | None) -> str:
    ran = run is not None and run.fresh and run.outcome.outcome in (Status.PASSED, Status.XFAILED)
    return seconds(run.outcome.seconds) if run is not None and ran else ""

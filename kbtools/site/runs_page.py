"""What ran where, as a page: a table of the wiki's pages by device, and the snippets that did not simply pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from kbtools.codefence.option_values import DEVICES
from kbtools.page import Page
from kbtools.run.outcomes import Status
from kbtools.site.health import run_on, states
from kbtools.site.page_parts import Groups, link, sort_key, spread, table
from kbtools.site.panels import DEVICE_NAMES, WORDS, badge, seconds, state_of, torch_versions
from kbtools.site.results import Run
from kbtools.site.text import markdown_escape as md
from kbtools.site.wiki import Wiki, relative
from kbtools.snippets import Snippet

PATH = "runs.md"
MOST = 300
_ORDER = ("passed", "xfailed", "failed", "error", "stale", "blocked", "skipped", "rehearsed", "unknown")


def runs_pages(wiki: Wiki) -> Mapping[str, str]:
    pages = [p for p in sorted(wiki.index.pages.values(), key=sort_key) if any(s.executable for s in p.snippets)]
    fences = sum(len(p.snippets) for p in wiki.index.pages.values())
    proven = [wiki.results.proven(p) for p in pages]
    passed, executable = (sum(p[n] for p in proven) for n in (0, 1))
    share = f"{passed / executable:.0%}" if executable else "–"
    lead = (
        f"코드 블록 {fences:,}개 가운데 실행 대상은 {executable:,}개이고, "
        f"그중 <b>{passed:,}개({share})</b>를 실행해 확인했습니다. "
        "이 기계에 없는 장치의 코드는 건너뛴 것으로 남으며 통과로 세지 않습니다."
    )
    totals: dict[str, Counter[str]] = {d: Counter() for d in DEVICES}
    for page in pages:
        for device in DEVICES:
            totals[device].update(states(wiki, page, device))

    def show(path: str, held: Groups) -> list[str]:
        rows = (_row(wiki, page, path) for _, found in held for page in found)
        body = ["## 문서별", "", *table(("문서", "실행 대상", *(DEVICE_NAMES[d] for d in DEVICES)), rows)]
        if path != PATH:
            return body
        head = table(("결과", *(DEVICE_NAMES[d] for d in DEVICES)), _totals(totals))
        return [*head, *_machines(wiki, pages), *body, *_others(wiki, pages)]

    if not pages:
        lead = "실행할 코드가 없습니다."
    return spread(PATH, "실행 현황", lead, [("", pages)] if pages else [], show if pages else lambda *_: [])


def _totals(totals: Mapping[str, Counter[str]]) -> Iterator[Sequence[str]]:
    for state in _ORDER:
        if any(totals[d][state] for d in DEVICES):
            mark, words = WORDS[state]
            name = f'<span class="kb-badge kb-is-{state}"><span aria-hidden="true">{mark}</span> {words}</span>'
            yield (name, *(f"{totals[d][state]:,}" if totals[d][state] else "·" for d in DEVICES))


def _machines(wiki: Wiki, pages: Iterable[Page]) -> list[str]:
    """What ran where: a row for each machine, device and version of torch."""
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    days: dict[tuple[str, str, str], date] = {}
    for page in pages:
        for run in (r for s in page.snippets if s.executable for r in wiki.results.of_snippet(page.path, s)):
            if run.outcome.outcome in (Status.SKIPPED, Status.BLOCKED):
                continue  # it ran nowhere
            place = (run.machine or "", run.outcome.device, torch_versions(run))
            counts.setdefault(place, Counter())[state_of(run)] += 1
            if run.when is not None:
                days[place] = max(run.when, days.get(place, run.when))
    if not counts:
        return []
    rows = (
        (md(place[0]) or "–", DEVICE_NAMES.get(place[1], md(place[1])), md(place[2]) or "–",
         days[place].isoformat() if place in days else "–", _counts(found))
        for place, found in sorted(counts.items(), key=lambda item: (_rank(item[0][1]), item[0]))
    )  # fmt: skip
    return ["## 실행한 기계", "", *table(("기계", "장치", "PyTorch", "마지막 실행", "결과"), rows)]


def _rank(device: str) -> int:
    return DEVICES.index(device) if device in DEVICES else len(DEVICES)


def _row(wiki: Wiki, page: Page, path: str) -> Sequence[str]:
    executable = sum(s.executable for s in page.snippets)
    return (link(page, path), f"{executable:,}", *(_counts(states(wiki, page, d)) for d in DEVICES))


def _counts(found: Counter[str]) -> str:
    shown = (
        f'<span class="kb-badge kb-is-{s}" title="{WORDS[s][1]}"><span aria-hidden="true">{WORDS[s][0]}</span>'
        f'<span class="kb-sr">{WORDS[s][1]}</span> {found[s]}</span>'
        for s in _ORDER
        if found[s]
    )
    return " ".join(shown)


def _others(wiki: Wiki, pages: Iterable[Page]) -> list[str]:
    """The snippets that did not pass anywhere, or failed somewhere: those that pass say so on their pages."""
    rows = [
        (page, snippet, runs)
        for page in pages
        for snippet in page.snippets
        if snippet.executable and not _passed(runs := wiki.results.of_snippet(page.path, snippet))
    ]
    out = ["## 통과하지 않은 코드", ""]
    if not rows:
        return [*out, "없습니다. 실행 대상이 모두 통과했습니다.", ""]
    told = (_snippet_row(wiki, *row) for row in rows[:MOST])
    more = [f"… 그리고 {len(rows) - MOST:,}개가 더 있습니다.", ""] if len(rows) > MOST else []
    return [*out, *table(("문서", "코드", "줄", "결과", "까닭"), told), *more]


def _passed(runs: Sequence[Run]) -> bool:
    good = [r for r in runs if r.fresh and r.outcome.outcome in (Status.PASSED, Status.XFAILED)]
    bad = [r for r in runs if not r.fresh or r.outcome.outcome in (Status.FAILED, Status.ERROR)]
    return bool(good) and not bad


def _snippet_row(wiki: Wiki, page: Page, snippet: Snippet, runs: Sequence[Run]) -> Sequence[str]:
    found = {d: run_on(wiki, page, snippet, d) for d in DEVICES}
    badges = [badge(d, state_of(run), _time(run)) for d, run in found.items() if run or d in snippet.devices]
    reason = next((r.outcome.reason for r in runs if r.outcome.reason), None)
    code = f"[{md(snippet.id)}]({relative(page.path, PATH)})"
    return (md(page.title), code, str(snippet.line), " ".join(badges), md(reason or ""))


def _time(run: Run | None) -> str:
    ran = run is not None and run.fresh and run.outcome.outcome in (Status.PASSED, Status.XFAILED)
    return seconds(run.outcome.seconds) if run is not None and ran else ""

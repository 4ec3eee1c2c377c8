"""What became of a snippet, as a panel under its code: where it ran, what it printed, why it did not run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kbtools.codefence.option_values import DEVICES
from kbtools.run.figures import Figure
from kbtools.run.outcomes import Status
from kbtools.run.parity import State, parity
from kbtools.site.results import Run
from kbtools.site.text import clean, escape
from kbtools.snippets import Snippet

SHORT = 12
"""Lines of output that are shown unfolded."""
LONGEST = 20_000
"""Characters of output that a page carries."""

DEVICE_NAMES = {"cpu": "CPU", "cuda": "CUDA", "mps": "MPS"}

_WELL = (Status.PASSED, Status.XFAILED)
_PICTURE = "이 코드가 그린 그림"
WORDS: dict[str, tuple[str, str]] = {
    Status.PASSED.value: ("✓", "통과"),
    Status.XFAILED.value: ("✓", "예상대로 오류"),
    Status.FAILED.value: ("✗", "실패"),
    Status.ERROR.value: ("✗", "오류"),
    Status.SKIPPED.value: ("–", "건너뜀"),
    Status.BLOCKED.value: ("–", "앞 코드가 실행되지 않아 멈춤"),
    Status.REHEARSED.value: ("~", "다른 장치에서 예행 연습"),
    "stale": ("!", "바뀐 뒤 다시 실행하지 않음"),
    "unknown": ("○", "아직 실행하지 않음"),
}
"""A mark and words for each state, ``stale`` and ``unknown`` among them."""


def state_of(run: Run | None) -> str:
    if run is None:
        return "unknown"
    return run.outcome.outcome.value if run.fresh else "stale"


def seconds(value: float) -> str:
    """A duration as people read it."""
    if value < 0.0995:
        return f"{max(1, round(value * 1000))} ms"
    return f"{value:.2f}초" if value < 9.995 else f"{value:.0f}초"


def badge(device: str, state: str, extra: str = "") -> str:
    """One device's state as a pill; the words are there for those who do not see its colour or mark."""
    mark, words = WORDS[state]
    name = DEVICE_NAMES.get(device, escape(device))
    more = f' <span class="kb-badge-extra">{escape(extra)}</span>' if extra else ""
    return (
        f'<span class="kb-badge kb-is-{state}" title="{name}: {words}">'
        f'<span aria-hidden="true">{mark}</span> <b>{name}</b><span class="kb-sr"> {words}</span>{more}</span>'
    )


def decorate(
    snippet: Snippet, code: str, runs: Sequence[Run], address: Callable[[Figure], str] = lambda figure: figure.address
) -> str:
    """A code block's HTML with what is known of it around it. A block that is not about running stays as it is."""
    if not snippet.executable:
        if snippet.language == "output" or "output" in snippet.fence.header.classes:
            return f'<div class="kb-expected"><p class="kb-label">출력</p>{code}</div>'
        if snippet.options.skip is None or snippet.language not in ("python", "py", "python3"):
            return code
        return f'<div class="kb-snippet">{code}{_not_run(snippet.options.skip)}</div>'
    if snippet.options.skip is not None:
        return f'<div class="kb-snippet">{code}{_not_run(snippet.options.skip)}</div>'
    told = _said(snippet, runs) + _pictures(runs, address) + _reasons(runs)
    inside = f'<div class="kb-snippet">{code}<div class="kb-run" data-search-exclude>{told}</div></div>'
    if snippet.options.hidden:
        return f'<details class="kb-hidden"><summary>숨긴 준비 코드</summary>{inside}</details>'
    return inside


def _not_run(reason: str) -> str:
    return (
        '<div class="kb-run" data-search-exclude><div class="kb-run-bar">'
        '<span class="kb-badge kb-is-skipped"><span aria-hidden="true">–</span> 실행하지 않음</span></div>'
        f'<p class="kb-reason">{escape(reason)}</p></div>'
    )


def _bar(snippet: Snippet, runs: Sequence[Run]) -> str:
    by_device = {run.outcome.device: run for run in runs}
    badges = []
    for device in DEVICES:
        run = by_device.get(device)
        if run is None and device not in snippet.devices:
            continue
        ran = run is not None and run.fresh and run.outcome.outcome in (Status.PASSED, Status.XFAILED)
        badges.append(badge(device, state_of(run), seconds(run.outcome.seconds) if run and ran else ""))
    return f'<span class="kb-badges">{" ".join(badges)}</span>{_parity(runs)}{_where(runs)}'


def _parity(runs: Sequence[Run]) -> str:
    """Whether the devices it ran on printed the same."""
    out = []
    for told in parity(run.outcome for run in runs if run.fresh):
        one, other = (DEVICE_NAMES.get(device, escape(device)) for device in told.devices)
        if told.state is State.SAME:
            out.append(f'<span class="kb-where">{one} = {other}</span>')
        elif told.state is State.DIFFERS:
            out.append(f'<span class="kb-where" title="{escape(told.reason or "")}">{one} ≠ {other}</span>')
    return "".join(out)


def _done(runs: Sequence[Run]) -> list[Run]:
    """Those that started; a run that never did speaks for no version and no day."""
    return [r for r in runs if r.outcome.outcome not in (Status.SKIPPED, Status.BLOCKED)]


def torch_versions(run: Run) -> str:
    """Under which torch it ran, without what a build adds to the number; empty where that is not known."""
    return ", ".join(dict.fromkeys(v.partition("+")[0] for v in (run.torch or "").split(", ") if v))


def _made(run: Run) -> str:
    """On which machine, under which torch, and when."""
    parts = [escape(run.machine)] if run.machine else []
    if versions := torch_versions(run):
        parts.append(f"PyTorch {escape(versions)}")
    if run.when:
        parts.append(f'<time datetime="{run.when.isoformat()}">{run.when.isoformat()}</time>')
    return " · ".join(parts)


def _where(runs: Sequence[Run]) -> str:
    """Machine, version and day, when they are the same on all devices."""
    made = {_made(run) for run in _done(runs)}
    return f'<span class="kb-where">{told}</span>' if len(made) == 1 and (told := made.pop()) else ""


def _reasons(runs: Sequence[Run]) -> str:
    """Why it did not run or pass, device by device; machines, versions and days too, where devices differ in them."""
    out = []
    differ = len({_made(run) for run in _done(runs)}) > 1
    for run in runs:
        o = run.outcome
        made = _made(run) if differ and run in _done(runs) else ""
        well = not run.fresh or o.outcome in (Status.PASSED, Status.XFAILED)
        if well and not made:
            continue
        words = WORDS[state_of(run)][1]
        reason = f": {escape(o.reason)}" if o.reason and not well else ""
        if run.known is not None:
            reason += f" · {run.known.isoformat()}부터 알려진 실패"
        name = DEVICE_NAMES.get(o.device, escape(o.device))
        more = f' <span class="kb-where">{made}</span>' if made else ""
        out.append(f'<p class="kb-reason"><b>{name}</b> {words}{reason}{more}</p>')
        if not well and o.outcome in (Status.FAILED, Status.ERROR) and o.message:
            out.append(f'<pre class="kb-message">{escape(o.message[:LONGEST])}</pre>')
    return "".join(out)


def _said(snippet: Snippet, runs: Sequence[Run]) -> str:
    """Where it ran and, unfolding from there, what it printed unless the page shows that itself; the expected error."""
    bar = _bar(snippet, runs)
    plain = f'<div class="kb-run-bar">{bar}</div>'
    told = next((r for r in runs if r.fresh and r.outcome.outcome in (Status.PASSED, Status.XFAILED)), None)
    if told is None:
        return plain
    raised = _raised(snippet, told.outcome.message) if snippet.options.raises else ""
    stdout = clean(told.outcome.stdout).rstrip("\n")
    if not stdout or any(e.of_line is None or e.block for e in snippet.expects):
        return plain + raised
    lines = stdout.count("\n") + 1
    shown_beside = len(snippet.expects) >= lines
    note = f'\n<span class="kb-cut">… {len(stdout) - LONGEST:,}자 생략</span>' if len(stdout) > LONGEST else ""
    opened = " open" if lines <= SHORT and not shown_beside else ""
    count = f" {lines:,}줄" if lines > 1 else ""
    return (
        f'<details class="kb-stdout"{opened}><summary class="kb-run-bar">'
        f'<span class="kb-toggle">출력{count}</span>{bar}</summary>'
        f'<pre tabindex="0"><samp>{escape(stdout[:LONGEST])}{note}</samp></pre></details>{raised}'
    )


def _pictures(runs: Sequence[Run], address: Callable[[Figure], str]) -> str:
    """What it drew, once where devices drew the same. Pictures run nothing, whatever is in them."""
    figures = {f.name: f for run in runs if run.fresh and run.outcome.outcome in _WELL for f in run.outcome.figures}
    return "".join(
        f'<figure class="kb-figure"><img src="{escape(address(figure))}" alt="{escape(figure.alt or _PICTURE)}" '
        f'width="{figure.width}" height="{figure.height}" loading="lazy">'
        f"{f'<figcaption>{escape(figure.caption)}</figcaption>' if figure.caption else ''}</figure>"
        for figure in figures.values()
    )


def _raised(snippet: Snippet, message: str | None) -> str:
    name = escape(snippet.options.raises or "")
    text = (message or "").strip()
    if text.startswith(f"{snippet.options.raises}:"):
        text = text.partition(":")[2].strip()
    shown = f'<pre class="kb-message">{escape(text[:LONGEST])}</pre>' if text else ""
    return f'<div class="kb-raised"><p class="kb-label">예상된 오류 <code>{name}</code></p>{shown}</div>'

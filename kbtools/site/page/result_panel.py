"""Result panel below a snippet: where it ran, its output, or why it did not run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from kbtools.fences.option_values import DEVICES
from kbtools.run.results.figures import Figure
from kbtools.run.results.outcomes import Status
from kbtools.run.results.parity import ParityState, parity
from kbtools.site.data.results import ShownOutcome
from kbtools.site.html.text import clean, filled
from kbtools.site.html.tree import Tree
from kbtools.site.words import Words
from kbtools.snippets import Snippet

SHORT = 12
"""Maximum number of output lines shown unfolded."""
LONGEST = 20_000
"""Maximum characters of output in a page."""

DEVICE_NAMES = {"cpu": "CPU", "cuda": "CUDA", "mps": "MPS"}
MARKS: Mapping[str, str] = {
    Status.PASSED.value: "✓",
    Status.XFAILED.value: "✓",
    Status.FAILED.value: "✗",
    Status.ERROR.value: "✗",
    Status.SKIPPED.value: "–",
    Status.BLOCKED.value: "–",
    Status.REHEARSED.value: "~",
    "stale": "!",
    "unknown": "○",
}
"""A symbol for each state, including ``stale`` and ``unknown``."""
_WELL = (Status.PASSED, Status.XFAILED)


def state_words(state: str, words: Words) -> str:
    return {
        Status.PASSED.value: words("Passed"),
        Status.XFAILED.value: words("Failed as expected"),
        Status.FAILED.value: words("Failed"),
        Status.ERROR.value: words("Error"),
        Status.SKIPPED.value: words("Skipped"),
        Status.BLOCKED.value: words("Blocked by code before it"),
        Status.REHEARSED.value: words("Rehearsed on another device"),
        "stale": words("Changed since it was run"),
        "unknown": words("Not run yet"),
    }[state]


@dataclass(frozen=True, slots=True)
class View:
    """How a site displays results."""

    words: Words
    devices: bool = True
    """Whether devices and machines are shown."""
    results: bool = True
    """Whether results are shown."""
    row: Callable[[Snippet], str | None] = lambda _: None
    """The address of a snippet's row on the page of all results."""
    picture: Callable[[Figure], str] = lambda figure: figure.address
    """The address of a picture."""


def state_of(run: ShownOutcome | None) -> str:
    if run is None:
        return "unknown"
    return run.outcome.outcome.value if run.fresh else "stale"


def proven(run: ShownOutcome) -> bool:
    """Whether the present code ran as the page states."""
    return run.fresh and run.outcome.outcome in _WELL


@functools.lru_cache(maxsize=4096)
def badge(device: str, state: str, words: Words, extra: str = "", href: str | None = None) -> Markup:
    """A label with the state of one device; its text is for readers who do not see colours and symbols. Without a
    device, the text is shown."""
    told = state_words(state, words)
    name = DEVICE_NAMES.get(device, clean(device))
    inner = filled('<b>{}</b><span class="kb-sr"> {}</span>', name, told) if name else filled("<b>{}</b>", told)
    more = filled(' <span class="kb-badge-extra">{}</span>', clean(extra)) if extra else ""
    tag, link = ("a", filled(' href="{}"', href)) if href else ("span", "")
    title = f"{name}: {told}" if name else told
    return filled(
        '<{0}{1} class="kb-badge kb-is-{2}" title="{3}"><span aria-hidden="true">{4}</span> {5}{6}</{0}>',
        Markup(tag),
        link,
        state,
        title,
        MARKS[state],
        inner,
        more,
    )


def decorate(snippet: Snippet, code: str, runs: Sequence[ShownOutcome], view: View) -> str:
    """A code block's HTML with its results. Blocks that do not run are unchanged."""
    words = view.words
    if not snippet.executable:
        if snippet.language == "output" or "output" in snippet.fence.header.classes:
            return f'<div class="kb-expected"><p class="kb-label">{escape(words("Output"))}</p>{code}</div>'
        if snippet.options.skip is None or snippet.language not in ("python", "py", "python3") or not view.results:
            return code
        return _framed(code, _not_run(snippet.options.skip, words))
    if not view.results:
        inside = code
    elif snippet.options.skip is not None:
        return _framed(code, _not_run(snippet.options.skip, words))
    else:
        inside = _framed(code, _said(snippet, runs, view) + _pictures(runs, view) + _reasons(runs, view))
    if snippet.options.hidden:
        told = escape(words("Hidden preparation"))
        return f'<details class="kb-hidden"><summary>{told}</summary>{inside}</details>'
    return inside


def _framed(code: str, panel: Markup) -> str:
    """Code with its panel, inside the code's own frame, because themes expect a following list of annotations to be
    the frame's next sibling."""
    run = f'<div class="kb-run" data-search-exclude>{panel}</div>'
    head, end = Tree(code[: code.find(">") + 1]), code.rfind("</div>")
    frame = head.first("div")
    is_whole = frame is not None and not f"{code[: frame.start]}{code[end:].removeprefix('</div>')}".strip()
    if frame is not None and is_whole and "highlight" in frame.classes:
        head.set(frame, "class", f"kb-snippet {frame.get('class')}")
        return f"{head}{code[len(head.html) : end]}{run}{code[end:]}"
    return f'<div class="kb-snippet">{code}{run}</div>'


def _not_run(reason: str, words: Words) -> Markup:
    return filled(
        '<div class="kb-run-bar"><span class="kb-badge kb-is-skipped"><span aria-hidden="true">–</span> {}</span></div>'
        '<p class="kb-reason">{}</p>',
        words("Not run"),
        clean(reason),
    )


def _bar(snippet: Snippet, runs: Sequence[ShownOutcome], view: View) -> Markup:
    by_device = {run.outcome.device: run for run in runs}
    badges = []
    href = view.row(snippet)
    for device in DEVICES if view.devices else ("cpu",):
        run = by_device.get(device)
        if run is None and device not in snippet.devices:
            continue
        extra = view.words.seconds(run.outcome.seconds) if run is not None and proven(run) else ""
        badges.append(badge(device if view.devices else "", state_of(run), view.words, extra, href))
    where = _parity(runs, view.words) + _where(runs, view) if view.devices else _day(runs, view)
    return filled('<span class="kb-badges">{}</span>{}', Markup(" ").join(badges), where)


def _parity(runs: Sequence[ShownOutcome], words: Words) -> Markup:
    """Whether the output is the same on all devices."""
    out = Markup("")
    for found in parity(run.outcome for run in runs if run.fresh):
        one, other = (DEVICE_NAMES.get(device, device) for device in found.devices)
        if found.state is ParityState.SAME:
            out += filled('<span class="kb-where">{} = {}</span>', one, other)
        elif found.state is ParityState.DIFFERS:
            title = words.reason(found.reason)
            out += filled('<span class="kb-where" title="{}">{} ≠ {}</span>', title, one, other)
    return out


def _started(runs: Sequence[ShownOutcome]) -> list[ShownOutcome]:
    """Results of runs that started; others have no version and no date."""
    return [r for r in runs if r.outcome.outcome not in (Status.SKIPPED, Status.BLOCKED)]


def torch_versions(run: ShownOutcome) -> str:
    """The versions of torch without build suffixes; empty if unknown."""
    return ", ".join(dict.fromkeys(v.partition("+")[0] for v in (run.torch or "").split(", ") if v))


def _made(run: ShownOutcome, view: View) -> Markup:
    """The machine, version of torch, and date."""
    parts = [escape(clean(run.machine))] if run.machine else []
    if versions := torch_versions(run):
        parts.append(filled("PyTorch {}", versions))
    if run.when:
        parts.append(filled('<time datetime="{}">{}</time>', run.when.isoformat(), view.words.date(run.when)))
    return Markup(" · ").join(parts)


def _where(runs: Sequence[ShownOutcome], view: View) -> Markup:
    """Machine, version and date, if they are the same on all devices."""
    made = {_made(run, view) for run in _started(runs)}
    shown = made.pop() if len(made) == 1 else ""
    return filled('<span class="kb-where">{}</span>', shown) if shown else Markup("")


def _day(runs: Sequence[ShownOutcome], view: View) -> Markup:
    days = [run.when for run in _started(runs) if run.when]
    if not days:
        return Markup("")
    return filled(
        '<span class="kb-where"><time datetime="{}">{}</time></span>', max(days).isoformat(), view.words.date(max(days))
    )


def _reasons(runs: Sequence[ShownOutcome], view: View) -> Markup:
    """Why it did not run or pass, for each device; also machines, versions and dates if they differ."""
    out = Markup("")
    differ = view.devices and len({_made(run, view) for run in _started(runs)}) > 1
    for run in runs:
        o = run.outcome
        made = _made(run, view) if differ and run in _started(runs) else Markup("")
        well = not run.fresh or o.outcome in _WELL
        if well and not made:
            continue
        reason = f": {clean(view.words.reason(o.reason))}" if o.reason and not well else ""
        if run.known is not None:
            reason += " · " + view.words("known to fail since {date}", date=view.words.date(run.known))
        name = filled("<b>{}</b> ", DEVICE_NAMES.get(o.device, clean(o.device))) if view.devices else ""
        more = filled(' <span class="kb-where">{}</span>', made) if made else ""
        words = state_words(state_of(run), view.words)
        out += filled('<p class="kb-reason">{}{}{}{}</p>', name, words, reason, more)
        if not well and o.outcome in (Status.FAILED, Status.ERROR) and o.message:
            out += filled('<pre class="kb-message">{}</pre>', clean(o.message[:LONGEST]))
    return out


def _said(snippet: Snippet, runs: Sequence[ShownOutcome], view: View) -> Markup:
    """Where it ran and, foldable, its output unless the page shows that itself; or the expected error."""
    words = view.words
    bar = _bar(snippet, runs, view)
    plain = filled('<div class="kb-run-bar">{}</div>', bar)
    told = next((r for r in runs if proven(r)), None)
    if told is None:
        return plain
    raised = _raised(snippet, told.outcome.message, words) if snippet.options.raises else Markup("")
    stdout = clean(told.outcome.stdout).rstrip("\n")
    if not stdout or any(e.of_line is None or e.block for e in snippet.expects):
        return plain + raised
    lines = stdout.count("\n") + 1
    shown_beside = len(snippet.expects) >= lines
    note = Markup("")
    if (rest := len(stdout) - LONGEST) > 0:
        told_rest = words.many("… {count} character left out", "… {count} characters left out", rest)
        note = filled('\n<span class="kb-cut">{}</span>', told_rest)
    opened = Markup(" open") if lines <= SHORT and not shown_beside else Markup("")
    head = words("Output") if lines == 1 else words.many("Output, {count} line", "Output, {count} lines", lines)
    return (
        plain
        + filled(
            '<details class="kb-stdout"{}><summary><span class="kb-toggle">{}</span></summary>'
            '<pre tabindex="0"><samp>{}{}</samp></pre></details>',
            opened,
            head,
            stdout[:LONGEST],
            note,
        )
        + raised
    )


def _pictures(runs: Sequence[ShownOutcome], view: View) -> Markup:
    """Its figures, once if they are the same on several devices. Pictures in an ``img`` element cannot execute
    scripts."""
    figures = {f.name: f for run in runs if proven(run) for f in run.outcome.figures}
    shown = Markup("")
    for figure in figures.values():
        shown += _picture(figure, view)
    return shown


def _picture(figure: Figure, view: View) -> Markup:
    alt = figure.alt or view.words("Drawn by this code")
    caption = filled("<figcaption>{}</figcaption>", clean(figure.caption)) if figure.caption else ""
    return filled(
        '<figure class="kb-figure"><img src="{}" alt="{}" width="{}" height="{}" loading="lazy">{}</figure>',
        view.picture(figure),
        clean(alt),
        figure.width,
        figure.height,
        caption,
    )


def _raised(snippet: Snippet, message: str | None, words: Words) -> Markup:
    text = (message or "").strip()
    if text.startswith(f"{snippet.options.raises}:"):
        text = text.partition(":")[2].strip()
    shown = filled('<pre class="kb-message">{}</pre>', clean(text[:LONGEST])) if text else ""
    return filled(
        '<div class="kb-raised"><p class="kb-label">{} <code>{}</code></p>{}</div>',
        words("Expected error"),
        snippet.options.raises or "",
        shown,
    )

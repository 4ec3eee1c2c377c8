"""Bar charts as inline SVG, labelled for screen readers."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from kbtools.site.words import Words


def stacked(shares: Iterable[tuple[str, float, str]], whole: float, nothing: str) -> Markup:
    """A stacked bar: each part has a kind (a class of ``kb.css``), a size, and a text alternative. Parts above zero
    are at least half a percent wide."""
    drawn, words, at = [], [], 0.0
    for kind, size, name in shares:
        if size <= 0 or whole <= 0:
            continue
        width = max(0.5, 100 * size / whole)
        drawn.append(f'<rect class="kb-bar-{kind}" x="{at:.2f}" width="{width:.2f}" height="8"/>')
        words.append(name)
        at += width
    label = escape(", ".join(words) or nothing)
    return Markup(
        f'<svg class="kb-bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f'<rect class="kb-bar-rest" width="100" height="8"/>{"".join(drawn)}</svg>'
    )


def columns(heights: Iterable[tuple[str, int]], words: Words) -> Markup:
    """A histogram: a column for each name, with its number above and its name below."""
    found = list(heights)
    most = max([n for _, n in found] or [0])
    step, base = 40, 110
    drawn = []
    for at, (name, n) in enumerate(found):
        height = 84 * n / most if most else 0
        x, middle = at * step + 4, at * step + step / 2
        drawn.append(
            f'<rect class="kb-bar-value" x="{x}" y="{base - height:.1f}" width="{step - 8}" height="{height:.1f}"/>'
            + (f'<text x="{middle:.0f}" y="{base - height - 5:.1f}">{words.number(n)}</text>' if n else "")
            + f'<text class="kb-bar-name" x="{middle:.0f}" y="{base + 16}">{escape(name)}</text>'
        )
    told = escape(", ".join(f"{name}: {words.number(n)}" for name, n in found if n) or words("None"))
    return Markup(
        f'<svg class="kb-columns" viewBox="0 0 {max(1, len(found)) * step} 132" role="img" aria-label="{told}">'
        f'<path class="kb-bar-axis" d="M0 {base}.5H{max(1, len(found)) * step}"/>{"".join(drawn)}</svg>'
    )

"""Style sheets and scripts of single features, added to the pages that need them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from kbtools.site.data.model import SiteModel
from kbtools.site.html.text import escape


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that pages may have, and what it comes with."""

    marks: tuple[str, ...]
    """What stands in the HTML of pages that have it, one of them at least."""
    assets: tuple[str, ...]
    """Files and folders of ``assets/``; of the files pages get those that end in ``.css`` and ``.js``, in order."""
    wanted: Callable[[SiteModel], bool] = lambda _: True
    """Whether any page of a wiki may have it."""


def _has_formulas(wiki: SiteModel) -> bool:
    marks = ("$", "\\(", "\\[", "\\begin{")
    return any(mark in page.source.text for page in wiki.index.pages.values() for mark in marks)


PREVIEWS = Feature(
    ('class="kb-link', 'class="kb-backlinks', 'class="kb-notice'),
    ("kb-preview.css", "kb-preview.js"),
)
FEATURES = (
    PREVIEWS,
    Feature(('class="kb-embed"',), ("kb-embed.css",)),
    Feature(
        ('class="arithmatex"',),
        ("katex/katex.min.css", "kb-math.css", "katex/katex.min.js", "kb-math.js", "katex/fonts", "katex/LICENSE.txt"),
        _has_formulas,
    ),
)


def names() -> tuple[str, ...]:
    """The files and folders of the site that are theirs."""
    return tuple(f"assets/{asset}" for feature in FEATURES for asset in feature.assets)


def files(wiki: SiteModel, previews: bool = True) -> Mapping[str, bytes]:
    """The files that a wiki's site needs for them, by their place in it."""
    out: dict[str, bytes] = {}
    for feature in FEATURES:
        if feature.wanted(wiki) and (previews or feature is not PREVIEWS):
            for name in feature.assets:
                _collect(resources.files("kbtools.site") / "assets" / name, f"assets/{name}", out)
    ours = [path for path in out if path.startswith("assets/kb-") and path.endswith(".js")]
    return out | {path: wiki.words.script(out[path].decode("utf-8")).encode() for path in ours}


def _collect(file: Traversable, path: str, out: dict[str, bytes]) -> None:
    if file.is_dir():
        for inner in file.iterdir():
            _collect(inner, f"{path}/{inner.name}", out)
    else:
        out[path] = file.read_bytes()


def equip(html: str, to_root: str, previews: bool = True) -> str:
    """A page with the assets of what it has; ``to_root`` leads from the page to the site's root."""
    sheets, scripts = [], []
    for feature in FEATURES:
        if (feature is PREVIEWS and not previews) or not any(mark in html for mark in feature.marks):
            continue
        for asset in feature.assets:
            address = escape(f"{to_root}assets/{asset}")
            if asset.endswith(".css"):
                sheets.append(f'<link rel="stylesheet" href="{address}">')
            elif asset.endswith(".js"):
                scripts.append(f'<script src="{address}" defer></script>')
    added = "".join(sheets + scripts)
    head = html.find("</head>") if added else -1
    return f"{html[:head]}{added}{html[head:]}" if head >= 0 else html

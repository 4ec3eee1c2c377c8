"""Style sheets and scripts of single features, added to the pages that need them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from kbtools.site.data.model import SiteModel
from kbtools.site.html.text import escape
from kbtools.site.html.tree import Tree


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of pages, and the assets it needs."""

    classes: frozenset[str]
    """Classes that identify pages with the feature."""
    assets: tuple[str, ...]
    """Files and folders of ``assets/``; ``.css`` and ``.js`` files are added to pages, in order."""
    wanted: Callable[[SiteModel], bool] = lambda _: True
    """Whether any page of a wiki may have the feature."""


def _has_formulas(wiki: SiteModel) -> bool:
    marks = ("$", "\\(", "\\[", "\\begin{")
    return any(mark in page.source.text for page in wiki.index.pages.values() for mark in marks)


PREVIEWS = Feature(
    frozenset(("kb-link", "kb-backlinks", "kb-notice")),
    ("kb-preview.css", "kb-preview.js"),
)
FEATURES = (
    PREVIEWS,
    Feature(frozenset(("kb-embed-body", "kb-embed-note")), ("kb-embed.css",)),
    Feature(
        frozenset(("arithmatex",)),
        ("katex/katex.min.css", "kb-math.css", "katex/katex.min.js", "kb-math.js", "katex/fonts", "katex/LICENSE.txt"),
        _has_formulas,
    ),
)


def names() -> tuple[str, ...]:
    """The paths of all features' files and folders on the site."""
    return tuple(f"assets/{asset}" for feature in FEATURES for asset in feature.assets)


def files(wiki: SiteModel, previews: bool = True) -> Mapping[str, bytes]:
    """The files that a wiki's site needs for its features, by path on the site."""
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


def add(page: Tree, to_root: str, previews: bool = True) -> None:
    """Adds the assets of its features to a page; ``to_root`` is the relative path from the page to the site's root."""
    head = page.first("head")
    if head is None:
        return
    sheets, scripts = [], []
    for feature in FEATURES:
        if (feature is PREVIEWS and not previews) or not feature.classes & page.classes:
            continue
        for asset in feature.assets:
            address = escape(f"{to_root}assets/{asset}")
            if asset.endswith(".css"):
                sheets.append(f'<link rel="stylesheet" href="{address}">')
            elif asset.endswith(".js"):
                scripts.append(f'<script src="{address}" defer></script>')
    page.insert(head.close, "".join(sheets + scripts))

"""What a page has that rules look at: a rule that says so is not asked about the pages, most of them, without it."""

from __future__ import annotations

from typing import Literal, get_args

from kbtools.index import Alias, Ambiguous, Index, Missing, Resolved
from kbtools.links import fold_title
from kbtools.page import Page

Trait = Literal[
    "missing link",  # to what nothing is called
    "ambiguous link",
    "alias link",
    "variant link",  # that means a page only after folding
    "redirected link",  # to a page that stands aside for another
    "anchor",  # a link to a heading
    "block",  # a link to a block
    "label",  # a link with a label
    "reference",  # in the frontmatter, to a page that stands for this one
    "status aside",  # a status that wants such a reference
    "shared title",
    "shared id",
    "shared alias",  # an alias that is the name of a page
    "no frontmatter",
    "no link here",  # from any other page
    "learning path",
    "fence",
]
TRAITS: frozenset[str] = frozenset(get_args(Trait))

ASIDE = ("duplicate", "merged")
"""Values of ``status`` that say that another page stands for this one."""
REDIRECTED = "redirected"
"""The value of ``verification_status`` that says so."""

_MEANINGS: dict[type, Trait] = {Missing: "missing link", Ambiguous: "ambiguous link", Alias: "alias link"}


def traits_of(page: Page, index: Index) -> frozenset[Trait]:
    """The traits of one page of an index."""
    found: set[Trait] = set()
    add, redirects = found.add, index.redirects
    for link, meaning in index.links_of(page):
        if type(meaning) is Resolved:
            if meaning.how == "variant":
                add("variant link")
            if meaning.page in redirects:
                add("redirected link")
        else:
            add(_MEANINGS[type(meaning)])
        if link.anchor is not None:
            add("anchor")
        elif link.block is not None:
            add("block")
        if link.label is not None:
            add("label")
    if page.frontmatter is None:
        add("no frontmatter")
    else:
        data = page.frontmatter.data
        if page.references:
            add("reference")
        if data.get("status") in ASIDE or data.get("verification_status") == REDIRECTED:
            add("status aside")
        if page.is_learning_path:
            add("learning path")
        if page.id is not None and len(index.by_id.get(page.id, ())) > 1:
            add("shared id")
        if any(fold_title(alias) in index.by_fold for alias in page.aliases):
            add("shared alias")
    if page.structure.fences:
        add("fence")
    if len(index.by_fold.get(fold_title(page.title), ())) > 1:
        add("shared title")
    if not index.is_linked(page.path):
        add("no link here")
    return frozenset(found)

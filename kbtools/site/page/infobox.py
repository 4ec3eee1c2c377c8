"""Infobox of a page: status, confidence, names, sources."""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Mapping

from kbtools.site.data.model import SiteModel, relative, strings
from kbtools.site.html.elements import add, css_word, element
from kbtools.site.html.text import clean
from kbtools.site.words import Words
from kbtools.vault import confidence
from kbtools.vault.links.resolution import target_page
from kbtools.vault.page import Page

_OWN = ("source_trust_level", "confidence_score", "verification_status", "last_reinforced", "canonical_id")
"""Fields about trust in a page. Other sites use the remaining fields for their own purposes."""
_LEADS = re.compile(
    r"""(?x)
    (?<!\S) https?://[^\s<>"]*[^\s<>",;] (?![^\s,;])
    | \[\[ (?P<target>[^\[\]|\#]+) (?:\#[^\[\]|]*)? (?:\|(?P<label>[^\[\]]+))? \]\]
    """
)
"""An address, or a wikilink, in the text of a source."""


def breadcrumb(category: str) -> str:
    """A category for display: ``10_Wiki/Topics`` is ``10 Wiki › Topics``."""
    return category.replace("_", " ").replace("/", " › ")


def label(field: str, value: str, words: Words) -> str:
    """A value of the schema's frontmatter for display; other values are unchanged."""
    found = _labels(words).get((field, value))
    return value if found is None else found


def _labels(words: Words) -> Mapping[tuple[str, str], str]:
    return {
        ("status", "verified"): words("Verified"),
        ("status", "needs_review"): words("Needs review"),
        ("status", "draft"): words("Draft"),
        ("status", "merged"): words("Merged into another page"),
        ("status", "duplicate"): words("Duplicate"),
        ("verification_status", "applied"): words("Tried out"),
        ("verification_status", "pending"): words("Not yet verified"),
        ("verification_status", "conceptual"): words("Concepts reviewed"),
        ("verification_status", "redirected"): words("Moved to another page"),
        ("github_commit", "applied"): words("Applied"),
        ("github_commit", "pending"): words("Not yet applied"),
    }


def trust_note(level: str, words: Words) -> str:
    """The meaning of a trust level; empty for unknown ones."""
    notes = {
        "A": words("Official documentation, and run"),
        "B": words("Reliable sources"),
        "C": words("Needs more verification"),
        "D": words("Source unknown"),
    }
    return notes.get(level, "")


_FIELDS = (
    *_OWN,
    "status",
    "category",
    "raw_sources",
    "tech_stack",
    "github_commit",
)
_COMMIT = re.compile(r"^[0-9a-f]{7,40}$")


def has_infobox(page: Page, wiki: SiteModel) -> bool:
    """Whether the page gets an infobox: it has a schema, or its frontmatter has fields about trust."""
    if wiki.parts.infobox != "auto":
        return wiki.parts.infobox and bool(page.data)
    wanted = _FIELDS if wiki.has_schema and page.path in wiki.listed_paths else _OWN
    return any(page.data.get(key) not in (None, "", [], {}) for key in wanted)


def infobox(page: Page, wiki: SiteModel) -> etree.Element:
    """The frontmatter in three parts: trust, names, sources."""
    box = element(
        "aside", {"class": "kb-infobox", "aria-label": wiki.words("About this page"), "data-search-exclude": ""}
    )
    facts = element("dl", {"class": "kb-facts"})
    _trust(facts, page, wiki)
    if len(facts):
        box.append(facts)
    tags = strings(page.data.get("tags"))
    if tags:
        row = add(box, "ul", kind="kb-tags", aria_label=wiki.words("Tags"))
        for tag in tags:
            href = wiki.tag_href(tag, page.path)
            item = add(row, "li")
            add(item, "a", tag, "kb-tag", href=href) if href else add(item, "span", tag, "kb-tag")
    more = element("dl", {"class": "kb-more"})
    _origin(more, page, wiki)
    if len(more):
        details = add(box, "details")
        add(details, "summary", wiki.words("Sources and other names"))
        details.append(more)
    return box


def _fact(parent: etree.Element, name: str) -> etree.Element:
    pair = add(parent, "div")
    add(pair, "dt", name)
    return add(pair, "dd")


def _scalar(page: Page, key: str) -> str:
    return page.scalar(key)


def _trust(facts: etree.Element, page: Page, wiki: SiteModel) -> None:
    words = wiki.words
    if status := _scalar(page, "status"):
        add(
            _fact(facts, words("Status")),
            "span",
            label("status", status, words),
            f"kb-status kb-status-{css_word(status)}",
        )
    if trust := _scalar(page, "source_trust_level"):
        cell = _fact(facts, words("Trust in sources"))
        add(cell, "span", trust, f"kb-grade kb-grade-{css_word(trust)}", title=trust_note(trust, words) or trust)
        if note := trust_note(trust, words):
            add(cell, "span", note, "kb-note")
    _confidence(facts, page, wiki)
    if verification := _scalar(page, "verification_status"):
        add(_fact(facts, words("Verification")), "span", label("verification_status", verification, words))
    if reinforced := _scalar(page, "last_reinforced"):
        cell = _fact(facts, words("Last verified"))
        last = confidence.last_verified(page)
        add(cell, "time", words.date(last) if last else reinforced, datetime=reinforced)
        if last is not None and (wiki.today - last).days > wiki.project.config.stale_after:
            add(cell, "span", words("Stale"), "kb-status kb-status-needs-review")
    _code(facts, page, wiki)


def _confidence(facts: etree.Element, page: Page, wiki: SiteModel) -> None:
    """The score as of today."""
    score = confidence.today(page, wiki.today)
    if score is None:
        return
    words = wiki.words
    cell = _fact(facts, words("Confidence"))
    percent = round(score * 100)
    meter = add(
        cell,
        "span",
        kind="kb-meter",
        role="meter",
        aria_label=words("Confidence"),
        aria_valuemin="0",
        aria_valuemax="100",
        aria_valuenow=str(percent),
    )
    level = "high" if score >= 0.8 else "mid" if score >= 0.5 else "low"
    add(meter, "span", "", f"kb-meter-{level}", style=f"width:{percent}%")
    add(cell, "span", words.decimal(score), "kb-number")


def _code(facts: etree.Element, page: Page, wiki: SiteModel) -> None:
    """The number of the page's snippets that are proven to run."""
    passed, executable = wiki.results.proven(page)
    if not executable:
        return
    words = wiki.words
    cell = _fact(facts, words("Code"))
    kind = "passed" if passed == executable else "unknown"
    told = (
        words.many("The snippet passed", "All {count} snippets passed", executable)
        if passed == executable
        else words("{passed} of {all} snippets passed", passed=words.number(passed), all=words.number(executable))
    )
    add(cell, "span", told, f"kb-badge kb-is-{kind}")


def _origin(more: etree.Element, page: Page, wiki: SiteModel) -> None:
    words = wiki.words
    recorded, score = confidence.recorded(page), confidence.today(page, wiki.today)
    if recorded is not None and score is not None and f"{score:.2f}" != f"{recorded:.2f}":
        _fact(more, words("Confidence")).text = words(
            "Recorded as {score}; {step} less for each month since",
            score=words.decimal(recorded),
            step=words.decimal(confidence.FADES),
        )
    if page.aliases:
        names = _fact(more, words("Other names"))
        names.text = clean(", ".join(page.aliases))
    stack = page.data.get("tech_stack")
    parts = [", ".join(strings(v)) for v in stack.values()] if isinstance(stack, dict) else list(strings(stack))
    if any(parts):
        _fact(more, words("Technology")).text = clean(" · ".join(p for p in parts if p))
    if category := _scalar(page, "category"):
        name = breadcrumb(category)
        cell, href = _fact(more, words("Category")), wiki.category_href(category, page.path)
        if href is not None and page.path in wiki.listed_paths:
            add(cell, "a", name, href=href)
        else:
            cell.text = clean(name)
    sources = strings(page.data.get("raw_sources"))
    if sources:
        held = add(_fact(more, words("Sources")), "ul")
        for source in sources:
            _source(add(held, "li"), source, page, wiki)
    commit = _scalar(page, "github_commit")
    if _COMMIT.match(commit):
        add(_fact(more, words("Commit")), "code", commit[:12])
    elif commit in ("applied", "pending"):
        _fact(more, words("Commit")).text = label("github_commit", commit, words)
    if page.id:
        add(_fact(more, "ID"), "code", page.id)


def _source(item: etree.Element, source: str, page: Page, wiki: SiteModel) -> None:
    """A source; an http or https address or a wikilink in it becomes a link."""
    end = 0
    for found in _LEADS.finditer(source):
        _text(item, source[end : found.start()])
        target, name = found["target"], found["label"] or found["target"]
        path = target_page(wiki.index.resolve_name(target.strip(), page.path)) if target else None
        if path is not None:
            add(item, "a", name.strip(), href=relative(path, page.path))
        elif target:
            _text(item, name.strip())
        else:
            add(item, "a", found[0], href=found[0], rel="noopener")
        end = found.end()
    _text(item, source[end:])


def _text(item: etree.Element, text: str) -> None:
    """Appends text after existing content."""
    if len(item):
        item[-1].tail = (item[-1].tail or "") + clean(text)
    else:
        item.text = (item.text or "") + clean(text)

r"""Text that looks like a link and that the site does not show as one.

The renderer reads code, formulas and HTML before links, and a link's target holds no brackets. What looks like a link
there is shown with its brackets, leads to a wrong address, or is not shown at all. Reported are places where a page
answers to the name, and never code.

## Reported

```markdown title="A.md"
See [[B#`torch.compile`]], [[B]](in part), and [this]([[B]]).

<details><summary>More</summary>
[[B]]
</details>
```

```markdown title="B.md"
[[A]]

# `torch.compile`
```

## Instead

```markdown title="A.md"
See [[B#torch.compile]], [[B]]\(in part), and [[B|this]].

<details markdown><summary>More</summary>
[[B]]
</details>
```

```markdown title="B.md"
[[A]]

# `torch.compile`
```
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from kbtools.markdown.headings import plain_text
from kbtools.markdown.link_syntax import ADDRESS_BEHIND, WIKILINK, is_escaped
from kbtools.markdown.structure import MarkdownLink
from kbtools.rules import Context
from kbtools.text.diagnostics import Applicability, Edit, Fix, Problem, Severity
from kbtools.text.source import Span
from kbtools.vault.links.resolution import Missing, Resolved
from kbtools.vault.page import Page

SEVERITY = Severity.WARNING
GROUP = "links"

_OPEN = re.compile(r"\[\[(?!\[)")
_DEFINED = re.compile(r" {0,3}\[[^\]\r\n]+\]:\s*$")
_PATH = "write the path of the page"
_STEP = re.compile(r"\\.|\[|\]\]?|[\r\n]")
_LONGEST = 600
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?(/?)>")
_LITERAL = frozenset(("script", "style", "pre", "code", "textarea", "svg", "math", "kbd", "samp"))
_VOID = frozenset(("br", "hr", "img", "input", "source", "wbr", "link", "meta", "col", "area", "track", "embed"))
_SCHEME = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:|//|#|www\.)")
_WORD = re.compile(r"[^\W_]")
_NO_NAME = re.compile(r"[=,;(){}\"'$<>*]|\s{2}")
_POINTED = re.compile(r"<([^<>\s:]+?\.md)(#[^<>\s]*)?>", re.IGNORECASE)
_BRACKETS = re.compile(r"\\?[\[\]]")
_NO_PLACE = re.compile(r"\\?[\[\]]|\\[()]")
_ESCAPED_TAG = re.compile(r"\\<([^<>]*)>")
_HELD = {"`": "code", "$": "a formula", "\\": "a formula", "<": "HTML", "[": "a bracket"}
"""What prevents brackets from being a link, by the character it begins with."""


class _Text(NamedTuple):
    """Brackets that are not a link, and their content."""

    start: int
    end: int
    embed: bool
    target: str
    anchor: str | None
    label: str | None
    bar: str
    r"""The bar as written, ``\|`` inside a table; empty without a label."""


def check(page: Page, context: Context) -> Iterator[Problem]:
    text = page.source.text
    if text.count("[[") > len(page.links):
        yield from _brackets(page, context)
    if "](" in text and "([[" in text and context.config.dialect != "logseq":  # which follows such links
        yield from _addresses(page, context)
    if ".md" in text and "<" in text:
        yield from _pointed(page, context)
    if "]: <" in text:
        yield from _definitions(page, context)


def _brackets(page: Page, context: Context) -> Iterator[Problem]:
    text, structure = page.source.text, page.structure
    known = [link.start + link.embed for link in page.links]
    addresses = [(link.address, link.end) for link in structure.links if link.kind in ("link", "image")]
    opaque, math = structure.opaque, structure.math
    starts = [span.start for span in opaque]
    elements = _Elements(page)
    at = page.body_start
    while (m := _OPEN.search(text, at)) is not None:
        start, at = m.start(), m.end()
        before = bisect_right(addresses, (start, len(text))) - 1
        if is_escaped(text, start) or (before >= 0 and start < addresses[before][1]):
            continue
        hole = bisect_right(starts, start) - 1
        inside = opaque[hole] if hole >= 0 and start < opaque[hole].end else None
        found = _read(text, start)
        if found is None or bisect_left(known, start) < bisect_left(known, found.end):
            continue  # it is a link, or contains one
        if inside is None:
            problem = _in_text(found, page, context, opaque[hole + 1 : hole + 9])
        elif _covers(structure.raw, start):
            problem = _in_html(found, page, context, elements)
        elif _covers(math, start):
            problem = _in_formula(found, page, context, inside)
        else:
            at = inside.end
            continue
        if problem is not None:
            yield problem
            at = max(at, found.end)


def _read(text: str, start: int) -> _Text | None:
    """The brackets from a position to the matching ones on the same line, possibly with single brackets within."""
    depth, at, limit = 0, start + 2, start + _LONGEST
    while (m := _STEP.search(text, at, limit)) is not None:
        at = m.end()
        if m[0] == "[":
            depth += 1
        elif m[0][0] == "]":
            if not depth and m[0] == "]]":
                break
            at = m.start() + 1
            depth -= 1
            if depth < 0:
                return None
        elif m[0][0] in "\r\n":
            return None
    else:
        return None
    whole, bar, label = text[start + 2 : m.start()].partition("|")
    if bar and whole.endswith("\\"):
        whole, bar = whole[:-1], "\\|"
    name, mark, anchor = whole.partition("#")
    embed = start > 0 and text[start - 1] == "!"
    return _Text(start - embed, m.end(), embed, name.strip(), anchor if mark else None, label if bar else None, bar)


def _covers(spans: Sequence[Span], at: int) -> bool:
    before = bisect_right(spans, at, key=lambda span: span.start) - 1
    return before >= 0 and at < spans[before].end


def _answers(found: _Text, page: Page, context: Context) -> str | None:
    """The page or file that a name resolves to, without markup in the name."""
    if not found.target:
        return page.path if found.anchor and found.anchor.strip() else None
    for name in dict.fromkeys((found.target, plain_text(found.target))):
        resolution = context.resolve(name)
        if not isinstance(resolution, Missing):
            return resolution.page if isinstance(resolution, Resolved) else name
    return None


def _shown(found: _Text, page: Page) -> str:
    written = page.source.text[found.start : found.end]
    return written if len(written) <= 80 else f"{written[:60]}…]]"


def _problem(found: _Text, page: Page, reason: str, help_: str, fix: Fix | None = None) -> Problem:
    """The problem of text that Obsidian shows as a link."""
    message = f'the site shows "{_shown(found, page)}" as text: {reason}'
    return Problem("unrendered-link", Span(found.start, found.end), message, help_, fix, site_only=True)


# -- in running text


def _in_text(found: _Text, page: Page, context: Context, holes: Sequence[Span]) -> Problem | None:
    text = page.source.text
    path = _answers(found, page, context)
    behind = ADDRESS_BEHIND.match(text, found.end) if WIKILINK.match(text, found.start + found.embed) else None
    if behind is not None:
        return _before_parentheses(found, page, context, behind[0][1:-1]) if path is not None else None
    if _DEFINED.match(text, text.rfind("\n", 0, found.start) + 1, found.start):
        return Problem("unrendered-link", Span(found.start, found.end), f'"{_shown(found, page)}" is no address', _PATH)
    held = next((text[hole.start] for hole in holes if hole.start < found.end), "[")
    if path is None and (held != "[" or not _is_name(found.target)):
        return None
    rewritten = _rewritten(found, page, context, path) if path is not None else None
    if rewritten is None:
        way = "rename the page" if path is None else "write it in plain words"
        return _problem(found, page, f"{_HELD[held]} stands in it", f"no link holds {_HELD[held]}: {way}")
    fix = Fix(f"write {rewritten}", Applicability.UNSAFE, (Edit(Span(found.start, found.end), rewritten),))
    return _problem(found, page, f"{_HELD[held]} stands in it", f"write {rewritten}", fix)


def _is_name(target: str) -> bool:
    """Whether bracketed text looks like a page name with brackets, and not like an array."""
    return bool(_BRACKETS.search(target)) and bool(_WORD.match(target)) and not _NO_NAME.search(target)


def _rewritten(found: _Text, page: Page, context: Context, path: str) -> str | None:
    """The link in a form that the renderer accepts, with the same displayed text; None if there is none."""
    if _BRACKETS.search(found.target):
        if context.page(path) is None:
            return None
        address = quote(posixpath.relpath(path, page.folder or "."), safe="/")
        words = found.label if found.label is not None else found.target
        return f"[{words}]({address})" if not found.embed and not found.anchor else None
    target = plain_text(found.target)
    anchor = None
    if found.anchor is not None and found.anchor.strip():
        anchor = plain_text(_ESCAPED_TAG.sub(r" \1", found.anchor))
        anchor = " ".join(_NO_PLACE.sub("", anchor).replace("|", " ").split())
        if not anchor or context.page(path) is None or not context.has_section(path, anchor):
            return None
    place = target + (f"#{anchor}" if anchor else "")
    label = found.label
    if label is not None and (label.rstrip().endswith("]") or not WIKILINK.fullmatch(f"[[x|{label}]]")):
        label = _BRACKETS.sub("", plain_text(label)).strip()
    link = f"{'!' if found.embed else ''}[[{place}{f'{found.bar}{label}' if label else ''}]]"
    return link if WIKILINK.fullmatch(link.removeprefix("!")) and "`" not in place and "$" not in place else None


def _before_parentheses(found: _Text, page: Page, context: Context, address: str) -> Problem | None:
    """``[[x]](address)`` is an ordinary link, which is correct if the address is one."""
    if _SCHEME.match(address) or (address.strip() and not re.search(r"[\s,=()]", address) and _ending(address)):
        return None
    text = page.source.text
    gap = " " if "\\)" in text else "\\"
    leads = f'a link to "{address}"' if address else "a link without an address"
    fix = Fix("part them", Applicability.UNSAFE, (Edit(Span(found.end, found.end), gap),))
    written = f"{text[found.start : found.end]}{gap}("
    message = f'"{_shown(found, page)}" with the parentheses behind it is {leads}'
    return Problem("unrendered-link", Span(found.start, found.end), message, f"write {written}", fix, site_only=True)


def _ending(address: str) -> bool:
    return "/" in address or "." in address


# -- in formulas and in HTML


def _in_formula(found: _Text, page: Page, context: Context, formula: Span) -> Problem | None:
    if not found.target or _answers(found, page, context) is None:
        return None
    inside, lines = formula.of(page.source.text), page.source.lines
    closes = "$" if inside[0] == "$" else ("\\)", "\\]")
    whole = inside[0] in "$\\" and inside.endswith(closes)  # else a line within one
    several = not whole or lines.line_of(formula.start) != lines.line_of(formula.end - 1)
    is_meant = several or inside.startswith(("$$", "\\"))
    way = "write \\$ for dollar signs that are none" if not is_meant else "write it beside the formula"
    way = "leave a blank line between it and the formula" if several else way
    message = f'"{_shown(found, page)}" stands in a formula'
    return Problem("unrendered-link", Span(found.start, found.end), message, way, site_only=several)


def _in_html(found: _Text, page: Page, context: Context, elements: _Elements) -> Problem | None:
    around = elements.around(found.start)
    if not around or not _LITERAL.isdisjoint(around) or _answers(found, page, context) is None:
        return None
    if not found.target and not (found.anchor and context.has_section(page.path, found.anchor)):
        return None
    message = f'"{_shown(found, page)}" stands in HTML, where no Markdown is read'
    if elements.is_never_closed(around[0]):
        message += f": <{around[0]}> is never closed"
        way = f"write `<{around[0]}>` between backticks if it is meant as text, or close it"
    else:
        names = [f"<{name} markdown>" for name in around]
        way = f"write {names[0]}" if len(names) == 1 else f"write {', '.join(names[:-1])} and {names[-1]}"
    place = Span(found.start, found.end)
    return Problem("unrendered-link", place, message, way, site_only=elements.is_read_elsewhere(found.start))


class _Elements:
    """The elements of raw HTML around positions that are queried in order."""

    def __init__(self, page: Page) -> None:
        self.text, self.raw, self.lines = page.source.text, page.structure.raw, page.source.lines
        self.span = Span(0, 0)
        self.at = 0
        self.open: list[str] = []
        self.ends: dict[str, int] = {}
        """The position of the last end tag of an element, by its name; -1 if there is none."""
        self.paragraph = 0, 0
        """The line of the last query, and the first line above it without a blank line between."""

    def around(self, place: int) -> tuple[str, ...]:
        if not self.span.start <= place < self.span.end:
            self.span = next(span for span in self.raw if span.start <= place < span.end)
            self.at, self.open, self.ends = self.span.start, [], {}
        for tag in _TAG.finditer(self.text, self.at, place):
            name = tag[2].lower()
            if tag[1]:
                while name in self.open and self.open.pop() != name:
                    pass
            elif not tag[3] and name not in _VOID:
                self.open.append(name)
            self.at = tag.end()
        return tuple(self.open)

    def is_never_closed(self, name: str) -> bool:
        """Whether an element around the last queried position has no end tag on the page."""
        if name not in self.ends:
            tags = re.compile(f"</{name}", re.IGNORECASE).finditer(self.text, self.span.start, self.span.end)
            self.ends[name] = max((tag.start() for tag in tags), default=-1)
        return self.ends[name] < self.at

    def is_read_elsewhere(self, place: int) -> bool:
        """Whether GitHub and Obsidian parse Markdown here: a blank line ends HTML (CommonMark, "HTML blocks")."""
        line = first = self.lines.line_of(place)
        before, known = self.paragraph
        while first > 1 and first != before and self.lines.line(first - 1).of(self.text).strip():
            first -= 1
        first = known if first == before else first
        self.paragraph = line, first
        return not self.lines.line(first).of(self.text).lstrip().startswith("<")


# -- Markdown


def _addresses(page: Page, context: Context) -> Iterator[Problem]:
    """``[words]([[Page]])``."""
    text = page.source.text
    for link in page.structure.links:
        found = _read(text, link.address) if text.startswith("[[", link.address) else None
        if found is None or link.kind == "html":
            continue
        fix = _as_wikilink(link, found, page) if _answers(found, page, context) is not None else None
        help_ = f"write {fix.edits[0].replacement}" if fix is not None else "write one link: [[Page|words]]"
        message = f'"{_shown(found, page)}" is no address'
        behind = text.startswith("[[", link.start)  # [[A]]([[B]]) is two links to Obsidian
        yield Problem("unrendered-link", Span(found.start, found.end), message, help_, fix, site_only=behind)


def _as_wikilink(link: MarkdownLink, found: _Text, page: Page) -> Fix | None:
    text = page.source.text
    if link.kind != "link" or found.label is not None:
        return None
    words = text[link.start + 1 : text.rindex("](", link.start, link.address)]
    written = f"[[{text[found.start + 2 : found.end - 2]}|{words}]]"
    if not WIKILINK.fullmatch(written):
        return None
    return Fix(f"write {written}", Applicability.UNSAFE, (Edit(link.span, written),))


def _pointed(page: Page, context: Context) -> Iterator[Problem]:
    """``<Page.md>``."""
    text, opaque = page.source.text, page.structure.opaque
    starts = [span.start for span in opaque]
    links = page.structure.links
    for m in _POINTED.finditer(text, page.body_start):
        hole = bisect_right(starts, m.start()) - 1
        in_code = hole >= 0 and starts[hole] < m.start() < opaque[hole].end
        before = bisect_right(links, m.start(), key=lambda link: link.start) - 1
        if in_code or (before >= 0 and m.start() < links[before].end):
            continue
        path = posixpath.normpath(posixpath.join(page.folder, m[1]))
        found = context.page(path)
        if found is None:
            continue
        written = f"[{found.title}]({m[1]}{m[2] or ''})"
        fix = Fix(f"write {written}", Applicability.UNSAFE, (Edit(Span(*m.span()), written),))
        message = f'the site shows nothing of "{m[0]}": it takes it for HTML'
        yield Problem("unrendered-link", Span(*m.span()), message, f"write {written}", fix)


def _definitions(page: Page, context: Context) -> Iterator[Problem]:
    """``[name]: <Two words.md>``, which only other programs read."""
    for link, found in context.links.files:
        written = link.path_span.of(page.source.text)
        if link.kind == "definition" and link.pointed and " " in written and isinstance(found, Resolved):
            encoded = written.replace(" ", "%20")
            fix = Fix(f"write <{encoded}>", Applicability.SAFE, (Edit(link.path_span, encoded),))
            message = "the site reads no definition here: blanks stand in its address"
            yield Problem("unrendered-link", link.path_span, message, f"write <{encoded}>", fix)

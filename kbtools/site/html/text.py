"""Escapes text for HTML and Markdown, and converts Markdown to plain text."""

from __future__ import annotations

import html
import re

from markupsafe import Markup
from markupsafe import escape as escaped

from kbtools.markdown.headings import label_of
from kbtools.text.source import Span
from kbtools.vault.page import Page

# Python-Markdown marks stored HTML with STX and ETX: they must not occur in other text.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ANSI = re.compile("\x1b\\[[0-9;?]*[ -/]*[@-~]")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def clean(text: str) -> str:
    """Text without terminal colours and characters that HTML cannot contain."""
    return _CONTROL.sub("", _ANSI.sub("", text))


def escape(text: object) -> str:
    """Text for an HTML element or a quoted attribute."""
    return html.escape(clean(str(text)))


def filled(template: str, *values: object) -> Markup:
    """HTML with values in its places: text is escaped, HTML is not. ``Markup.format`` says the same in ten times the
    time."""
    return Markup(template.format(*map(escaped, values)))


def markdown_escape(text: object) -> str:
    """Text that Markdown displays literally in any position: all ASCII punctuation as character references."""
    one_line = " ".join(clean(str(text)).split())
    return _PUNCTUATION.sub(lambda m: f"&#{ord(m[0])};", one_line)


_NO_LINE_END = re.compile(r"[^\r\n]")


def hidden(page: Page) -> list[Span]:
    """The parts of a page that the site does not show: comments of HTML and of Obsidian (``%%…%%``)."""
    text = page.source.text
    found = [comment.span for comment in page.structure.comments]
    if "%%" in text:
        spans = (s for s in page.structure.opaque if text.startswith("%%", s.start))
        found += (s for s in spans if text.endswith("%%", s.start + 2, s.end))
    return found


def visible(page: Page) -> str:
    """A page's text with blanks in place of hidden parts, so that positions are unchanged."""
    text, at = page.source.text, 0
    kept: list[str] = []
    for span in sorted(hidden(page)):
        if span.start >= at:
            kept += (text[at : span.start], _NO_LINE_END.sub(" ", text[span.start : span.end]))
            at = span.end
    return "".join((*kept, text[at:])) if kept else text


_WIKILINK = re.compile(r"(!?)\[\[([^\[\]|\r\n]*)(?:\|([^\[\]\r\n]*))?\]\]")
_MARKUP: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<!--.*?-->", re.DOTALL), " "),
    (re.compile(r"\[![^\W\d_][\w-]*\][+-]?(?=\s|$)"), ""),
    (re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:[ \t]+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"\{[ \t]*[:#.][^{}\n]*\}"), ""),
    (re.compile(r"<[/a-zA-Z][^<>]*>"), ""),
    (re.compile(r"[ \t]\^[A-Za-z0-9-]+[ \t]*$", re.MULTILINE), ""),
    (re.compile(r"`+"), ""),
    (re.compile(r"\*{1,3}|~~|==|(?<!\w)_{1,3}|_{1,3}(?!\w)"), ""),
    (re.compile(r"\\([\\`*_{}\[\]()>#+.!|-])"), r"\1"),
)
_LINE_START = re.compile(r"(?m)^[ \t]*(?:>[ \t]?|#{1,6}[ \t]+|[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|\d{1,9}[.)][ \t]+)*")


def plain(markdown: str) -> str:
    """Markdown as one line of plain text, for excerpts: similar to the displayed text, and never markup."""

    def shown(m: re.Match[str]) -> str:
        label = m[3] if m[3] is not None and not m[1] else None
        return label if label and label.strip() else label_of(m[2])

    text = _LINE_START.sub("", _WIKILINK.sub(shown, markdown))
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return " ".join(clean(html.unescape(text)).split())


_SENTENCE_END = re.compile(r"[.!?。！？…][\"'”’)\]]*(?=\s|$)")
_BLANK_LINE = re.compile(r"\n[ \t>]*\n")
_BLOCK_START = re.compile(r"(?m)^[ \t>]*(?:[-*+][ \t]|\d{1,9}[.)][ \t]|\||#{1,6}[ \t])")
_TITLED = re.compile(r'[ \t>]*(?:!!!|\?\?\?\+?|===[!+]?)[ \t]+(?:[a-z][\w-]*[ \t]+)*"?')
"""The beginning of an admonition or tab up to its title."""
_REACH = 2000


def sentence_at(text: str, start: int, end: int, longest: int = 160) -> str:
    """The sentence of a page that contains ``[start, end)``, as plain text, at most about ``longest`` characters.

    Searches at most 2,000 characters around the position, so that pages with many links take linear time.
    """
    low, high = max(0, start - _REACH), min(len(text), end + _REACH)
    window = text[low:high].replace("\r\n", " \n").replace("\r", "\n")  # of the same length as before
    first, last = start - low, end - low
    before = [m.end() for m in _BLANK_LINE.finditer(window, 0, first)]
    begin = before[-1] if before else 0
    after = _BLANK_LINE.search(window, last)
    finish = after.start() if after else len(window)
    for m in _BLOCK_START.finditer(window, begin, finish):
        if m.start() <= first:
            begin = max(begin, m.start())
        else:
            finish = m.start()
            break
    if window[begin:first].lstrip(" \t>").startswith("#"):  # a heading is one line, and starts a new block
        end_of_line = window.find("\n", begin)
        if 0 <= end_of_line < first:
            begin = end_of_line + 1
    elif titled := _TITLED.match(window, begin):
        body = window.find("\n", begin) + 1
        if 0 < body <= first:
            begin = body
        else:
            begin, finish = min(titled.end(), first), max(last, window.find('"', last)) if '"' in titled[0] else finish
    if window.startswith("|", begin):
        return _cut(" · ".join(c for c in map(plain, _cells(window[begin:finish])) if c), longest)
    for m in _SENTENCE_END.finditer(window, begin, finish):
        if m.end() <= first:
            begin = m.end()
        elif m.start() >= last:
            finish = m.end()
            break
    return _cut(plain(window[begin:finish]), longest)


_CELL_END = re.compile(r"(?<!\\)\|")


def _cells(row: str) -> list[str]:
    return [cell.replace("\\|", "|") for cell in _CELL_END.split(row.split("\n", 1)[0])]


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    cut = text[:longest]
    return (cut[: cut.rfind(" ")] if " " in cut[longest // 2 :] else cut) + " …"


_FENCE_LINE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})")


def first_paragraph(text: str, start: int, longest: int = 200) -> str:
    """The first paragraph of prose at or after a position: no heading, code, table, comment or rule."""
    inside = False
    held: list[str] = []
    for line in text[start : start + 4_000].split("\n"):
        if _FENCE_LINE.match(line):
            inside = not inside
            if held:
                break
        elif inside:
            continue
        elif not line.strip():
            if held:
                break
        elif line.lstrip().startswith(("#", "|", "<", "---", "***", "!!!", "???", "===", "%%")):
            if held or line.startswith("#"):
                break
        else:
            held.append(line)
    return _cut(plain("\n".join(held)), longest)

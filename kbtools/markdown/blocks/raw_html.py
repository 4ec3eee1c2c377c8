"""Extracts raw HTML blocks as Python-Markdown's ``HTMLExtractor`` and ``md_in_html`` do.

A block-level tag at the start of a line opens a raw block that lasts to its matching end; the block parser only sees a
placeholder. An element with a ``markdown`` attribute is opened up again: its content is Markdown. The algorithm is that
of Python-Markdown 3.11 (``htmlparser.py``, ``extensions/md_in_html.py``); tags are cut with linear expressions.
"""

from __future__ import annotations

import re
from collections import Counter

from kbtools.markdown.marks import ETX, STX


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


BLOCK_TAGS = _names(
    "address article aside blockquote details div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header "
    "hgroup hr main menu nav ol p pre section table ul canvas colgroup dd body dt group html iframe li legend math map "
    "noscript output object option progress script style summary tbody td textarea tfoot th thead tr video center"
)
_SPAN_CONTENT = _names("address dd dt h1 h2 h3 h4 h5 h6 legend li p summary td th")
_RAW_CONTENT = _names("canvas math option pre script style textarea")
_VOID = _names("area base br col embed hr img input link meta param source track wbr")
_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])")
_TAG = re.compile(
    r"""<([a-zA-Z][^`\t\n\r\f />\x00]*+)(?:[\s/]*+(?:(?<=['"\s/])[^`\s/>][^\s/=>]*+"""
    r"""(?:\s*+=+\s*+(?:'[^']*'|"[^"]*"|(?!['"])[^`>\s]*+)(?:\s*+,)*+)?+(?:\s|/(?!>))*+)*+)?+\s*+"""
)
_ATTRIBUTE = re.compile(
    r"""(?<=['"\s/])([^\s/>][^\s/=>]*+)(?:\s*+=+\s*+('[^']*'|"[^"]*"|(?!['"])[^>\s]*+))?(?:\s|/(?!>))*+"""
)
_END_TAG = re.compile(r"</\s*+([a-zA-Z][^\t\n\r\f />\x00]*+)[^>]*+>")
_COMMENT_END = re.compile(r"--!?>")
_BLANK_AFTER = re.compile(r"(?:[ ]*+\n){2}")
_BLANK_INSIDE = re.compile(r"\n[ \t]*+\n")
_WASTE = 4  # how often the length of the text may be looked through in vain for the ends of tags
_NEAREST = 8  # inline tags around a comment that are looked at
MARK = re.compile(STX + "wzxhzdk:([0-9]+)" + ETX)


class Element:
    """A ``<tag markdown>`` whose content is Markdown (``block``), one inline text (``span``) or neither (``off``)."""

    def __init__(self, tag: str, state: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.state = state
        self.attributes = attributes
        self.text: list[tuple[str, int]] = []
        """Runs of text, each with its offset, or -1 for what is not of the page."""


class Extracted:
    """What is left of a text when raw HTML has been replaced by placeholders."""

    def __init__(self) -> None:
        self.text: list[tuple[str, int]] = []
        """Runs of text, each with its offset, or -1 for placeholders and line ends put in."""
        self.raw: list[tuple[int, int]] = []
        """Raw blocks (and the tags around Markdown) by offset."""
        self.comments: list[tuple[int, int]] = []
        """Comments by offset: those that stand as blocks, and those in raw HTML."""
        self.elements: dict[int, Element] = {}
        """Elements with Markdown in them, by the number in their placeholder."""
        self.lost: set[int] = set()
        """Placeholders that nothing will show: they stand in elements that never end."""


def mark(number: int) -> str:
    """The placeholder that stands in a text for what has been set aside under this number."""
    return f"{STX}wzxhzdk:{number}{ETX}"


def _strip_newlines(runs: list[tuple[str, int]]) -> None:
    while runs:
        text, at = runs.pop()
        if kept := text.rstrip("\n"):
            runs.append((kept, at))
            return


class _Extractor:
    """One pass over a text. Names follow Python-Markdown's class, so that the two can be laid side by side."""

    def __init__(self, text: str, number: int) -> None:
        self.rawdata = text
        self.number = number
        self.out = Extracted()
        self.cleandoc = self.out.text
        self.inraw = self.intail = False
        self.stack: list[str] = []
        self.inline_stack: list[str] = []
        self.raw_start = 0
        self.mdstack: list[Element] = []
        self.mdstarted: list[bool] = []
        self.open_tags: Counter[str] = Counter()
        self.next_blank = -1
        self.next_close: dict[str, int] = {}
        self.cdata: str | None = None
        self.no_comment_end = False
        self.no_gt = False
        self.waste = _WASTE * len(text) + 10_000

    # -- places

    def at_line_start(self, at: int) -> bool:
        begin = self.rawdata.rfind("\n", max(0, at - 4), at) + 1
        if begin == 0 and at > 3:
            return False
        return at - begin <= 3 and not self.rawdata[begin:at].strip()

    def blank_follows(self, at: int) -> bool:
        return _BLANK_AFTER.match(self.rawdata, at) is not None

    # -- output

    def data(self, start: int, end: int) -> None:
        if start >= end:
            return
        text = self.rawdata[start:end]
        if self.intail and "\n" in text:
            self.intail = False
        if self.inraw:
            return
        if self.mdstack:
            self.mdstarted[-1] = False
            self.mdstack[-1].text.append((text, start))
            return
        if self.inline_stack and _BLANK_INSIDE.search(text):
            self.inline_stack = []
        self.cleandoc.append((text, start))

    def stash(self) -> str:
        self.number += 1
        return mark(self.number - 1)

    def end_newlines(self) -> None:
        """A block that follows a line end directly is set off by a blank line."""
        last = self.cleandoc[-1][0] if self.cleandoc else ""
        if last.endswith("\n") and not last.endswith("\n\n"):
            self.cleandoc.append(("\n", -1))

    # -- events

    def start_tag(self, tag: str, start: int, end: int, closed: bool) -> None:
        block = tag in BLOCK_TAGS
        if closed or (tag == "hr" and (self.at_line_start(start) or self.intail or not block)):
            self.empty_tag(start, end, block)
            return
        opens = self.at_line_start(start) or self.intail or (bool(self.mdstarted) and self.mdstarted[-1])
        if not block or not opens:
            if self.inraw:
                self.stack.append(tag)
                return
            self.data(start, end)
            if not block and tag not in _VOID:
                self.inline_stack.append(tag)
            self.cdata = None
            return
        if self.inraw:
            self.stack.append(tag)
            return
        attributes = self.attributes(start, end, tag)
        state = self.state(tag, attributes)
        if state == "off" and not self.mdstack:
            self.inraw = True
            self.raw_start = start
            self.cleandoc.append(("\n", -1))
            self.stack.append(tag)
            return
        if self.open_tags["p"]:
            self.end_tag("p", start, start)
        self.mdstack.append(Element(tag, state, attributes))
        self.open_tags[tag] += 1
        self.mdstarted.append(True)
        self.out.raw.append((start, end))

    def attributes(self, start: int, end: int, tag: str) -> dict[str, str]:
        at = start + 1 + len(tag)
        while at < end and self.rawdata[at] in " \t\n\r\f/":
            at += 1
        found: dict[str, str] = {}
        while at < end and (m := _ATTRIBUTE.match(self.rawdata, at)):
            key, value = m[1].lower(), m[2]
            found[key] = key if value is None else value[1:-1] if value[:1] in ("'", '"') else value
            at = m.end()
        return found

    def state(self, tag: str, attributes: dict[str, str]) -> str:
        wish = attributes.get("markdown", "0")
        wish = "1" if wish == "markdown" else wish
        parent = self.mdstack[-1].state if self.mdstack else None
        if parent == "off" or (parent == "span" and wish != "0"):
            wish = parent
        if wish == "block" and tag in BLOCK_TAGS - _RAW_CONTENT - {"hr"}:
            return "block"
        if wish in ("1", "span") and tag in _SPAN_CONTENT:
            return "span"
        if wish in ("1", "span") and tag not in _RAW_CONTENT | {"hr"}:
            return "block" if wish == "1" else "span"
        return "off"

    def end_tag(self, tag: str, start: int, end: int) -> None:
        if self.inraw:
            if tag in self.stack:
                while self.stack.pop() != tag:
                    pass
            if not self.stack:
                self.intail = not self.blank_follows(end) or self.intail
                self.inraw = False
                self.out.raw.append((self.raw_start, end))
                self.cleandoc += ((self.stash(), -1), ("\n\n", -1))
        elif tag in BLOCK_TAGS and self.open_tags[tag]:
            self.out.raw.append((start, end))
            while True:
                element = self.mdstack.pop()
                self.open_tags[element.tag] -= 1
                self.mdstarted.pop()
                number = self.number
                placeholder = self.stash()
                self.out.elements[number] = element
                if self.mdstack:
                    # Set off by a blank line in the parent's text; what follows starts a line of its own.
                    runs = self.mdstack[-1].text
                    _strip_newlines(runs)
                    runs += (("\n\n", -1), (placeholder, -1), ("\n", -1))
                    self.mdstarted[-1] = False
                if element.tag == tag:
                    break
            if not self.mdstack:
                self.end_newlines()
                self.cleandoc += ((placeholder, -1), ("\n\n", -1))
                if not self.blank_follows(end):
                    self.intail = True
        else:
            self.data(start, end)
            if tag in self.inline_stack:
                while self.inline_stack.pop() != tag:
                    pass

    def empty_tag(self, start: int, end: int, block: bool) -> None:
        if self.mdstack and not self.inraw:
            if self.at_line_start(start) and block:
                self.mdstarted[-1] = False
                self.mdstack[-1].text += (("\n" + self.stash() + "\n\n", -1),)
                self.out.raw.append((start, end))
            else:
                self.data(start, end)
        elif self.inraw:
            return
        elif self.intail:
            self.out.raw.append((start, end))
        elif self.at_line_start(start) and block:
            self.intail = not self.blank_follows(end)
            self.end_newlines()
            self.cleandoc += ((self.stash(), -1), ("\n\n", -1))
            self.out.raw.append((start, end))
        else:
            self.data(start, end)

    def comment(self, start: int, end: int, text: str) -> None:
        block = bool(_BLANK_INSIDE.search(text)) or not self.inline_close_follows(end)
        outside = not self.inraw and (self.mdstack or not self.intail)
        if not (outside and not (block and self.at_line_start(start))):
            self.out.comments.append((start, end))
        self.empty_tag(start, end, block)

    def inline_close_follows(self, at: int) -> bool:
        if not self.inline_stack:
            return False
        n = len(self.rawdata)
        if self.next_blank < at:
            blank = _BLANK_INSIDE.search(self.rawdata, at)
            self.next_blank = blank.start() if blank else n
        for tag in set(self.inline_stack[-_NEAREST:]):
            if self.next_close.get(tag, -1) < at:
                m = re.compile(rf"</\s*+{re.escape(tag)}\s*+>", re.IGNORECASE).search(self.rawdata, at)
                self.next_close[tag] = m.start() if m else n
            if self.next_close[tag] < self.next_blank:
                return True
        return False

    # -- the parser

    def run(self) -> Extracted:
        text, n, at = self.rawdata, len(self.rawdata), 0
        while at < n:
            if self.cdata is not None:
                m = re.compile(rf"</{self.cdata}\s*+>", re.IGNORECASE).search(text, at)
                found = m.start() if m else n
            else:
                m = _MARKUP.search(text, at)
                found = m.start() if m else n
            self.data(at, found)
            at = found if found >= n else self.markup(found)
        if self.mdstack:
            # The renderer closes once. What is then still open is not shown at all.
            self.end_tag(self.mdstack[0].tag, n, n)
            self.lose(self.mdstack)
        if self.inraw:
            self.out.raw.append((self.raw_start, n))
            self.cleandoc.append((self.stash(), -1))
        return self.out

    def lose(self, elements: list[Element]) -> None:
        pending = list(elements)
        while pending:
            for text, at in pending.pop().text:
                if at >= 0 and text.strip():
                    self.out.raw.append((at, at + len(text)))
                for m in MARK.finditer(text):
                    number = int(m[1])
                    self.out.lost.add(number)
                    if number in self.out.elements:
                        pending.append(self.out.elements[number])

    def markup(self, at: int) -> int:
        text = self.rawdata
        if text[at + 1] == "/":
            return self.parse_end(at)
        if text.startswith("<!--", at):
            m = None if self.no_comment_end else _COMMENT_END.search(text, at + 4)
            if m is None:
                self.no_comment_end = True
                self.data(at, at + 1)
                return at + 1
            self.comment(at, m.end(), text[at + 4 : m.start()])
            return m.end()
        if text[at + 1] in "!?":
            return self.parse_declaration(at)
        end = self.tag_end(at)
        if end < 0:
            self.data(at, at + 1)
            return at + 1
        if not text.endswith(">", at, end):
            self.data(at, end)
            return end
        m = _TAG.match(text, at)
        tag = m[1].lower() if m else ""
        if tag in ("script", "style") and text[end - 2] != "/":
            self.cdata = tag
        self.start_tag(tag, at, end, text[end - 2] == "/")
        return end

    def tag_end(self, at: int) -> int:
        """Where the start tag at this place ends, or -1 if it is none."""
        text = self.rawdata
        if self.waste <= 0 or self.no_gt:
            return -1
        m = _TAG.match(text, at)
        end = m.end() if m else at
        if text.startswith(">", end):
            return end + 1
        if text.startswith("/>", end):
            return end + 2
        self.waste -= end - at
        following = text[end : end + 1]
        if following == "" or following in "=/" or (following.isascii() and following.isalpha()):
            return -1
        return max(end, at + 1)

    def parse_end(self, at: int) -> int:
        if not self.no_gt and self.rawdata.find(">", at) < 0:
            self.no_gt = True
        m = None if self.no_gt or self.waste <= 0 else _END_TAG.match(self.rawdata, at)
        letter = self.rawdata[at + 2 : at + 3]
        if m is None or not (letter.isascii() and letter.isalpha()):
            self.data(at, at + 2)
            return at + 2
        tag = m[1].lower()
        self.cdata = None
        self.end_tag(tag, at, m.end())
        return m.end()

    def parse_declaration(self, at: int) -> int:
        text = self.rawdata
        if not (self.at_line_start(at) or self.intail or self.mdstack):
            self.data(at, at + 2)
            return at + 2
        closer = "?>" if text[at + 1] == "?" else "]]>" if text.startswith("<![CDATA[", at) else ">"
        end = -1 if self.waste <= 0 else text.find(closer, at + 2)
        if end < 0:
            self.waste -= len(text) - at
            self.data(at, at + 1)
            return at + 1
        end += len(closer)
        doctype = text[at : at + 9].lower() == "<!doctype" or closer != ">"
        self.empty_tag(at, end, doctype)
        return end


def has_markup(text: str) -> bool:
    """Whether anything in a text could be HTML."""
    return "<" in text and _MARKUP.search(text) is not None


def extract(text: str, number: int) -> Extracted:
    """Take raw HTML out of a text. Placeholders are numbered from ``number`` on."""
    return _Extractor(text, number).run()

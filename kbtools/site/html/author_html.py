"""Sanitizes authors' HTML within Python-Markdown, and leaves the output of plugins and extensions alone.

Python-Markdown stores finished HTML separately (``md.htmlStash``) and inserts it at the end. Raw HTML of a page is
stored there by Python-Markdown and PyMdown Extensions; HTML stored by others (mkdocstrings, icons, custom fences,
the owner's extensions) is their output. The document is sanitized as a whole before their output is inserted.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as etree
from collections.abc import Callable
from typing import Any

from markdown import Markdown
from markdown.inlinepatterns import ImageInlineProcessor
from markdown.postprocessors import Postprocessor, RawHtmlPostprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE, HTML_PLACEHOLDER, AtomicString

from kbtools.site.html.sanitize import OWN, is_allowed, sanitize, settle
from kbtools.text.svg import is_remote

_PLACEHOLDER = HTML_PLACEHOLDER % r"([0-9]+)"
_SET_ASIDE = re.compile(f"<p>{_PLACEHOLDER}</p>|{_PLACEHOLDER}")
_ASIDE = re.compile("\x02[^\x02\x03]*\x03")
_MARKER = re.compile(r"<!--\s*(?!kb:)(?:more|[\w-]+[/:][\w/.:-]*)(?:\s+[\w./:{}\"',\[\]=-]+){0,8}\s*-->")
"""Comments that plugins use as markers in a page: ``<!-- more -->``, ``<!-- material/tags -->``."""
_MARK = re.compile("\x02kb-mark:(\\d+)\x03")
_IN_TAG = re.compile(r'<[A-Za-z][^<>"]*(?:"[^"]*"[^<>"]*)*>')
_OF_MARKDOWN = ("markdown.", "pymdownx.")

Told = Callable[[str, str], None]


class Made:
    """Which parts of the stored HTML were made by plugins and extensions, and not by the page's author."""

    def __init__(self, md: Markdown) -> None:
        self.md = md
        self.numbers: set[int] = set()
        """Their numbers in the stash."""
        self.is_plugin_s: Callable[[str], bool] = lambda _: False
        """Whether raw HTML of the page was inserted by another plugin."""
        self.source = ""
        """The page's Markdown including text inserted by preprocessors."""
        stash = md.htmlStash
        store, reset = stash.store, stash.reset

        def noting_store(html: Any) -> str:
            caller = sys._getframe(1).f_globals.get("__name__", "")
            if not caller.startswith(_OF_MARKDOWN):
                self.numbers.add(stash.html_counter)
            return store(html)

        def noting_reset() -> None:
            self.numbers.clear()
            reset()

        stash.store = noting_store  # type: ignore[method-assign]
        stash.reset = noting_reset  # type: ignore[method-assign]

    def set_aside(self, parent: etree.Element, at: int) -> None:
        """Stores the tags of an element that no author wrote until the page is sanitized. Its content is sanitized."""
        element = parent[at]
        bare = etree.Element(str(element.tag), dict(element.attrib))
        bare.text = "\x00"
        begin, _, end = self.md.serializer(bare).partition("\x00")
        first = self.md.htmlStash.store(begin) + (element.text or "")
        last = (self.md.htmlStash.store(end) if end else "") + (element.tail or "")
        children = list(element)
        if children:
            children[-1].tail = (children[-1].tail or "") + last
        else:
            first += last
        parent[at : at + 1] = children
        if at > 0:
            parent[at - 1].tail = (parent[at - 1].tail or "") + first
        else:
            parent.text = (parent.text or "") + first

    def may_be_written(self, tag: str) -> bool:
        """Whether the author may have written such an element: as HTML, or as a PyMdown block, ``/// html | tag``."""
        return bool(re.search(rf"(?i)(?:<|\|)\s*{re.escape(tag)}\b", self.source))

    def register(self, told: Told, sanitizes: bool, remote_images: bool) -> None:
        if sanitizes:
            self.md.preprocessors.register(_Source(self.md, self), "kb-source", _Source.PRIORITY)
            self.md.treeprocessors.register(_SetAside(self.md, self), "kb-set-aside", _SetAside.PRIORITY)
        clean = Sanitize(self.md, self, told, sanitizes, remote_images)
        self.md.postprocessors.register(clean, "kb-sanitize", Sanitize.PRIORITY)


class _Source(Preprocessor):
    """Runs after the preprocessors that copy text into the page."""

    PRIORITY = 21

    def __init__(self, md: Markdown, made: Made) -> None:
        super().__init__(md)
        self.made = made

    def run(self, lines: list[str]) -> list[str]:
        self.made.source = "\n".join(lines)
        return lines


class RemoteImages(Treeprocessor):
    """Replaces pictures from other hosts by links, so that reading a page sends no requests. HTML of extensions is
    unchanged."""

    PRIORITY = 1

    def __init__(self, md: Markdown, made: Made, told: Callable[[str], None]) -> None:
        super().__init__(md)
        self.made = made
        self.told = told
        self._written = f"data-{OWN}-written"
        md.preprocessors.register(_Hook(md, self._watch), "kb-watch-images", 1)

    def _watch(self) -> None:
        """Makes Markdown's own image processors mark their elements; other extensions may have replaced some."""
        for processor in self.md.inlinePatterns:
            if isinstance(processor, ImageInlineProcessor) and not hasattr(processor, "_kb_watched"):
                processor._kb_watched = True  # type: ignore[attr-defined]
                processor.handleMatch = self._marking(processor.handleMatch)  # type: ignore[method-assign]

    def _marking(self, handle: Callable[..., Any]) -> Callable[..., Any]:
        def handle_and_mark(*args: Any, **kwargs: Any) -> Any:
            found = handle(*args, **kwargs)
            if isinstance(found, tuple) and isinstance(found[0], etree.Element):
                found[0].set(self._written, "")
            return found

        return handle_and_mark

    def run(self, root: etree.Element) -> None:
        for parent in root.iter():
            for image in list(parent):
                if image.tag != "img":
                    continue
                is_written = image.attrib.pop(self._written, None) is not None or self.made.may_be_written("img")
                address = image.get("src", "")
                if not is_remote(address):
                    continue
                if not is_written:
                    continue
                self.told(address)
                shown = image.get("alt") or address
                image.tag = "span" if parent.tag == "a" else "a"
                image.attrib.clear()
                image.set("class", f"{OWN}-remote")
                image.text = AtomicString(shown)
                if image.tag == "a":
                    image.set("href", address)


class _Hook(Preprocessor):
    """Runs an action at the beginning of a page, when all extensions are registered."""

    def __init__(self, md: Markdown, work: Callable[[], None]) -> None:
        super().__init__(md)
        self.work = work

    def run(self, lines: list[str]) -> list[str]:
        self.work()
        return lines


class _SetAside(Treeprocessor):
    """Runs last: also stores elements that the page's author cannot have written, because the page contains no such
    tag. Some extensions put players and frames into the tree."""

    PRIORITY = -100

    def __init__(self, md: Markdown, made: Made) -> None:
        super().__init__(md)
        self.made = made

    def run(self, root: etree.Element) -> None:
        for parent in list(root.iter()):
            for child in list(parent):
                if self._is_made(child):
                    self.made.set_aside(parent, list(parent).index(child))

    def _is_made(self, element: etree.Element) -> bool:
        tag = element.tag
        if not isinstance(tag, str):
            return False
        if is_allowed(tag) and tag != "autoref" and not (tag == "img" and is_remote(element.get("src", ""))):
            return False
        return not self.made.may_be_written(tag)


class Sanitize(Postprocessor):
    """Runs just before stored HTML is inserted: inserts the authors' HTML, and sanitizes the document."""

    PRIORITY = 30.5

    def __init__(self, md: Markdown, made: Made, told: Told, sanitizes: bool, remote_images: bool) -> None:
        super().__init__(md)
        self.made = made
        self.told = told
        self.sanitizes = sanitizes
        self.remote_images = remote_images

    def run(self, text: str) -> str:
        if not self.sanitizes:
            return settle(text)
        self._clean_within_made()
        marks: list[str] = []
        whole = self._put_back(text.replace(AMP_SUBSTITUTE, "&"))
        whole = _MARKER.sub(lambda m: marks.append(m[0]) or f"\x02kb-mark:{len(marks) - 1}\x03", whole)  # type: ignore[func-returns-value]
        clean = sanitize(whole, remote_images=self.remote_images)
        if clean != whole:
            self.told(whole, clean)
        # Nothing is inserted within a tag: it would end the surrounding attribute.
        clean = _IN_TAG.sub(lambda m: _ASIDE.sub("", m[0]) if "\x02" in m[0] else m[0], clean)
        return settle(_MARK.sub(lambda m: marks[int(m[1])] if int(m[1]) < len(marks) else "", clean))

    def _clean_within_made(self) -> None:
        """Sanitizes HTML of an author that an extension has wrapped in its own."""
        blocks = self.md.htmlStash.rawHtmlBlocks
        for number in self.made.numbers:
            held = blocks[number] if number < len(blocks) else None
            if isinstance(held, str) and "\x02" in held:
                blocks[number] = _SET_ASIDE.sub(
                    lambda m: m[0] if int(m[1] or m[2]) in self.made.numbers else sanitize(self._put_back(m[0])), held
                )

    def _put_back(self, text: str) -> str:
        raw = self.md.postprocessors["raw_html"]
        assert isinstance(raw, RawHtmlPostprocessor)
        blocks = self.md.htmlStash.rawHtmlBlocks

        def one(m: re.Match[str]) -> str:
            number = int(m[1] or m[2])
            if number >= len(blocks) or number in self.made.numbers:
                return m[0]
            html = raw.stash_to_string(blocks[number])  # type: ignore[arg-type]
            if self.made.is_plugin_s(html):
                self.made.numbers.add(number)
                return m[0]
            shown = html if m[1] is None or raw.isblocklevel(html) else f"<p>{html}</p>"
            return _SET_ASIDE.sub(one, shown)

        return _SET_ASIDE.sub(one, text)

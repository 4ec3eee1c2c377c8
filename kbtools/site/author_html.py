"""Sanitizes what authors wrote, inside Python-Markdown, and leaves what plugins and other extensions made as it is.

Python-Markdown keeps finished HTML aside (``md.htmlStash``) and puts it back at the end. Raw HTML of a page gets there
through Python-Markdown and PyMdown Extensions; what mkdocstrings, icons, custom fences or an owner's own extension put
there is theirs. The document is sanitized as a whole while theirs is still away.
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

from kbtools.site.sanitize import OWN, is_allowed, sanitize, settle
from kbtools.svg import is_remote

_PLACEHOLDER = HTML_PLACEHOLDER % r"([0-9]+)"
_SET_ASIDE = re.compile(f"<p>{_PLACEHOLDER}</p>|{_PLACEHOLDER}")
_IN_TAG = re.compile(r'<[A-Za-z][^<>"]*(?:"[^"]*"[^<>"]*)*>')
_OF_MARKDOWN = ("markdown.", "pymdownx.")

Told = Callable[[str, str], None]


class Made:
    """Which of the HTML that is set aside was made by plugins and extensions, and not by the page's author."""

    def __init__(self, md: Markdown) -> None:
        self.md = md
        self.numbers: set[int] = set()
        """Their places in the stash."""
        self.source = ""
        """The page's Markdown with all that preprocessors copied into it."""
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

    def set_aside(self, element: etree.Element) -> etree.Element:
        """Keep an element that no author wrote until the page is sanitized; returns what stands for it."""
        tail, element.tail = element.tail, None
        kept = etree.Element("span")
        kept.text, kept.tail = self.md.htmlStash.store(self.md.serializer(element)), tail
        return kept

    def may_be_written(self, tag: str) -> bool:
        """Whether the page could hold such an element because its author wrote it: as HTML, or as a block of
        PyMdown's, ``/// html | tag``."""
        return bool(re.search(rf"(?i)(?:<|\|)\s*{re.escape(tag)}\b", self.source))

    def register(self, told: Told, sanitizes: bool, remote_images: bool) -> None:
        if sanitizes:
            self.md.preprocessors.register(_Source(self.md, self), "kb-source", _Source.PRIORITY)
            self.md.treeprocessors.register(_SetAside(self.md, self), "kb-set-aside", _SetAside.PRIORITY)
        clean = Sanitize(self.md, self, told, sanitizes, remote_images)
        self.md.postprocessors.register(clean, "kb-sanitize", Sanitize.PRIORITY)


class _Source(Preprocessor):
    """Behind the preprocessors that copy text into the page."""

    PRIORITY = 21

    def __init__(self, md: Markdown, made: Made) -> None:
        super().__init__(md)
        self.made = made

    def run(self, lines: list[str]) -> list[str]:
        self.made.source = "\n".join(lines)
        return lines


class RemoteImages(Treeprocessor):
    """Pictures on other machines as links to them: reading a page tells nobody. What extensions show is theirs."""

    PRIORITY = 1

    def __init__(self, md: Markdown, made: Made, told: Callable[[str], None]) -> None:
        super().__init__(md)
        self.made = made
        self.told = told
        self._written = f"data-{OWN}-written"
        md.preprocessors.register(_Hook(md, self._watch), "kb-watch-images", 1)

    def _watch(self) -> None:
        """Have Markdown's own processors of pictures mark what they make; other extensions may have replaced some."""
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
            for at, image in enumerate(list(parent)):
                if image.tag != "img":
                    continue
                is_written = image.attrib.pop(self._written, None) is not None or self.made.may_be_written("img")
                address = image.get("src", "")
                if not is_remote(address):
                    continue
                if not is_written:
                    parent[at] = self.made.set_aside(image)
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
    """Work to be done when a page begins, with all extensions in place."""

    def __init__(self, md: Markdown, work: Callable[[], None]) -> None:
        super().__init__(md)
        self.work = work

    def run(self, lines: list[str]) -> list[str]:
        self.work()
        return lines


class _SetAside(Treeprocessor):
    """Last: elements that a page's author cannot have written, since no such tag stands in the page, are set aside too.

    Extensions put players and frames into the tree.
    """

    PRIORITY = -100

    def __init__(self, md: Markdown, made: Made) -> None:
        super().__init__(md)
        self.made = made

    def run(self, root: etree.Element) -> None:
        for parent in list(root.iter()):
            for at, child in enumerate(list(parent)):
                tag = child.tag
                if isinstance(tag, str) and not is_allowed(tag) and not self.made.may_be_written(tag):
                    parent[at] = self.made.set_aside(child)


class Sanitize(Postprocessor):
    """Just before HTML that was set aside is put back: puts back what authors wrote, and sanitizes the document."""

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
        whole = self._put_back(text.replace(AMP_SUBSTITUTE, "&"))
        clean = sanitize(whole, remote_images=self.remote_images)
        if clean != whole:
            self.told(whole, clean)
        # Within a tag nothing is put back: it would end the attribute it stands in.
        return settle(_IN_TAG.sub(lambda m: _SET_ASIDE.sub("", m[0]) if "\x02" in m[0] else m[0], clean))

    def _put_back(self, text: str) -> str:
        raw = self.md.postprocessors["raw_html"]
        assert isinstance(raw, RawHtmlPostprocessor)
        blocks = self.md.htmlStash.rawHtmlBlocks

        def one(m: re.Match[str]) -> str:
            number = int(m[1] or m[2])
            if number >= len(blocks) or number in self.made.numbers:
                return m[0]
            html = raw.stash_to_string(blocks[number])  # type: ignore[arg-type]
            shown = html if m[1] is None or raw.isblocklevel(html) else f"<p>{html}</p>"
            return _SET_ASIDE.sub(one, shown)

        return _SET_ASIDE.sub(one, text)

"""Cuts parts out of rendered pages for embedding: ids made unique, links adjusted."""

from __future__ import annotations

from collections.abc import Callable

from kbtools.site.html.tree import Element, Tree

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_FRAMES = {"li": "ul", "td": "table", "th": "table", "tr": "table", "dd": "dl", "dt": "dl"}
_REFERRING = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "headers", "name")


class Part(Tree):
    """A page's HTML, from which parts are embedded."""

    def _of(self, id: str, *names: str) -> Element | None:
        return next((e for e in self.elements if (not names or e.name in names) and e.get("id") == id), None)

    def whole(self) -> str:
        """Everything but the first heading, if that is the title."""
        first = self.elements[0] if self.elements else None
        is_title = first is not None and first.name == "h1" and not self.html[: first.start].strip()
        return self.html[first.end :] if first is not None and is_title else self.html

    def section(self, id: str) -> str | None:
        """The content below a heading, up to the next of its level; None if there is no such heading."""
        heading = self._of(id, *_HEADINGS)
        if heading is None:
            return None
        end = heading.parent.close if heading.parent is not None else len(self.html)
        for other in self.elements:
            if other.parent is not heading.parent or other.start < heading.end:
                continue
            is_notes = other.name == "div" and "footnote" in other.classes
            if is_notes or (other.name in _HEADINGS and other.name <= heading.name):
                end = other.start
                break
        return self.html[heading.end : end]

    def block(self, id: str) -> str | None:
        """The element with an id, or the one that contains a marker with that id at its beginning."""
        element = self._of(id)
        if element is None:
            return None
        if element.name == "span" and element.parent is not None:
            element = element.parent
        text = self.html[element.start : element.end]
        frame = _FRAMES.get(element.name)
        if frame == "table" and element.name != "tr":
            text = f"<tr>{text}</tr>"
        return f"<{frame}>{text}</{frame}>" if frame else text


def settle(html: str, prefix: str, below: int, link: Callable[[str], str], here: str) -> str:
    """A part for another page: ids and references to them get a prefix, headings a level below ``below``, links and
    files are passed through ``link``; references to ids outside of the part lead to ``here``."""
    tree = Tree(html)
    kept: list[Element] = []
    at = 0
    for element in tree.elements:
        if element.name == "a" and "headerlink" in element.classes:
            tree.replace(element.start, element.end, "")
            at = element.end
        elif element.start >= at:
            kept.append(element)
    ids = {element.get("id") for element in kept}
    levels = [int(element.name[1]) for element in kept if element.name in _HEADINGS]
    shift = max(0, below + 1 - min(levels)) if levels else 0
    for element in kept:
        if shift and element.name in _HEADINGS:
            tree.rename(element, f"h{min(6, int(element.name[1]) + shift)}")
        for name in element.written:
            value = element.get(name) or ""
            if name == "id":
                tree.set(element, name, prefix + value)
            elif name in _REFERRING:
                tree.set(element, name, " ".join(prefix + word for word in value.split()))
            elif name == "href" and value.startswith("#"):
                tree.set(element, name, f"#{prefix}{value[1:]}" if value[1:] in ids else here + value)
            elif name in ("href", "src"):
                tree.set(element, name, link(value))
    return str(tree)

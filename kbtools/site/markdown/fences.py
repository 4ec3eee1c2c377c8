"""Matches rendered code blocks with snippets, in document order, by their code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from markdown import Markdown
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.util import ETX, STX

from kbtools.site.html.author_html import Made
from kbtools.snippets import Snippet

_MARK = re.compile(f"{STX}kb-fence:(\\d+){ETX}")
GONE = STX + ETX
"""Stands for what the site does not show: it keeps the blocks around it apart, and has no letters to get into an id."""
_EMPTY = re.compile(f"<p>{GONE}</p>\n?")
_STASHED = re.compile(f"{STX}wzxhzdk:(\\d+){ETX}")

Formatter = Callable[..., Any]
Decorate = Callable[[Snippet, str], str]


class Recorder(Preprocessor):
    """Runs before superfences and has it mark each block it formats, so that blocks it takes back leave no trace."""

    PRIORITY = 26

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        self.codes: list[str] = []
        self.made: set[int] = set()
        """Which of them a plugin's or the owner's own formatter made."""
        self.panels: set[int] = set()
        """Blocks that kb has decorated, by their numbers in the stash: their addresses are kb's own."""
        self._wrapped: set[int] = set()

    def run(self, lines: list[str]) -> list[str]:
        self.codes = []
        self.made, self.panels = set(), set()
        names = {p.name for p in self.md.preprocessors._priority}  # type: ignore[attr-defined]
        fences = self.md.preprocessors["fenced_code_block"] if "fenced_code_block" in names else None
        extension = getattr(fences, "extension", None)
        for entry in getattr(extension, "superfences", ()):
            if id(entry) not in self._wrapped and entry.get("formatter") is not None:
                self._wrapped.add(id(entry))
                entry["formatter"] = self._recording(entry["formatter"])
        return lines

    def _recording(self, formatter: Formatter) -> Formatter:
        inner = getattr(formatter, "func", formatter)  # a partial names no module
        is_foreign = not str(getattr(inner, "__module__", "")).startswith(("pymdownx.", "markdown."))

        def format_and_mark(*args: Any, **kwargs: Any) -> Any:
            out = formatter(*args, **kwargs)
            code = kwargs.get("src", args[0] if args else "")
            if is_foreign:
                self.made.add(len(self.codes))
            self.codes.append(code if isinstance(code, str) else "")
            return f"{out}{STX}kb-fence:{len(self.codes) - 1}{ETX}" if isinstance(out, str) else out

        return format_and_mark


def match(rendered: Sequence[str], snippets: Sequence[Snippet]) -> list[Snippet | None]:
    """The snippet of each rendered block. Where the two differ (another plugin changed the text), only code that is
    found once on either side is matched, in order: never a guess."""
    codes = [code.rstrip("\n") for code in rendered]
    held = [s.fence.code.rstrip("\n") for s in snippets]
    if codes == held:
        return list(snippets)
    ours, theirs = Counter(held), Counter(codes)
    out: list[Snippet | None] = []
    at = 0
    for code in codes:
        found = None
        if ours[code] == 1 and theirs[code] == 1 and (place := held.index(code)) >= at:
            found, at = snippets[place], place + 1
        out.append(found)
    return out


class Panels(Postprocessor):
    """Just before raw HTML is put back: decorates the blocks that stand in the document."""

    PRIORITY = 31

    def __init__(
        self,
        md: Markdown,
        recorder: Recorder,
        made: Made,
        snippets: Callable[[], Sequence[Snippet]],
        decorate: Decorate,
    ) -> None:
        super().__init__(md)
        self.recorder = recorder
        self.made = made
        self.snippets = snippets
        self.decorate = decorate

    def run(self, text: str) -> str:
        if not self.recorder.codes:
            return text
        blocks: list[Any] = self.md.htmlStash.rawHtmlBlocks
        shown: list[tuple[int, int]] = []
        for m in _STASHED.finditer(text):
            number = int(m[1])
            held = blocks[number] if number < len(blocks) else ""
            if isinstance(held, str) and (mark := _MARK.search(held)):
                shown.append((number, int(mark[1])))
        if not shown:  # the table of contents runs postprocessors over single headings
            return text
        matched = match([self.recorder.codes[code] for _, code in shown], self.snippets())
        for (number, code), snippet in zip(shown, matched, strict=True):
            html = _MARK.sub("", blocks[number])
            if snippet is not None:
                blocks[number] = self.decorate(snippet, html)
            if snippet is not None or code in self.recorder.made:
                self.made.numbers.add(number)
            if snippet is not None and code not in self.recorder.made:
                self.recorder.panels.add(number)
        return text


class Unmark(Postprocessor):
    """After raw HTML has been put back: removes the marks of blocks within other raw HTML, and of comments."""

    PRIORITY = 29

    def run(self, text: str) -> str:
        if STX not in text:
            return text
        return _EMPTY.sub("", _MARK.sub("", text)).replace(GONE, "")

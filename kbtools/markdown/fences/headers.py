"""Info strings that superfences refuses: the part it does not understand, and a valid form with the same meaning."""

from __future__ import annotations

import re

from kbtools.markdown.fences import fences
from kbtools.text.source import Span

_TOKEN = re.compile(r"""([^\s{}=,:]+)=("[^"]*"|'[^']*'|[^\s{}]*)|[^\s{},:]+|[{},:]""")
_LANGUAGE = re.compile(r"[ \t]*\.?([\w#+-][\w#.+-]*)")
_DEVICES = ("cpu", "cuda", "mps")
_SKIP = ("skip", "ignore", "notest", "no_run", "norun", "noexec", "no-run", "no-test", "skip-test", "notebook-skip")
_NUMBERS = re.compile(r"\d+(?:-\d+)?")
_KEY = re.compile(r"[A-Za-z][\w-]*")
_NAME = re.compile(r"[\w.+-]+")
_SLASHED = re.compile(r"[ \t]*(?:(?:text|application)/(?:x-)?(?P<mime>[A-Za-z]\w*)|(?P<word>[A-Za-z]\w*/\w+))[ \t]*")
"""A media type, as in pages saved from the web, or a language such as PL/I."""
_ATTACHED = re.compile(r"\w\{\Z")
_NUMBERED = ("showlinenumbers", "linenos", "linenums")


def suggest(info: str) -> tuple[str, bool] | None:
    """An info string with the same meaning that the site renders, and whether nothing in it is guessed."""
    if (slashed := _SLASHED.fullmatch(info)) is not None:
        return slashed["mime"] or slashed["word"].replace("/", "-"), slashed["mime"] is not None
    m = _LANGUAGE.match(info)
    language, at = (m[1].rstrip("."), m.end()) if m else ("", 0)
    if m and info[m.end() : m.end() + 1] == "=":
        language, at = "", 0
    parts: list[str] = []
    marked: list[str] = []
    certain, after_colon = True, False
    for token in _TOKEN.finditer(info, at):
        word = token[0]
        if word in "{},:":
            after_colon = word == ":"
            certain = certain and word in "{}"
        elif token[1]:
            value = token[2].strip("\"'")
            if '"' in value or not value or not _KEY.fullmatch(token[1]):
                return None
            parts.append(f'{token[1]}="{value}"')
        elif word[0] in "#." and len(word) > 1:
            parts.append(word)
        else:
            certain = False
            if _NUMBERS.fullmatch(word) and parts[-1:] == ['linenums="1"'] and _ATTACHED.search(info, 0, token.start()):
                parts[-1] = f'linenums="{word}"'
            elif _NUMBERS.fullmatch(word):
                marked.append(word)
            elif word.lower() in _NUMBERED:
                parts.append('linenums="1"')
            elif after_colon:
                words = info[token.start() :].strip()
                if not _NAME.fullmatch(words):
                    return _titled(language, words) if not parts else None
                parts.append(f'title="{word}"')
            elif word.lower() in _DEVICES:
                parts.append(f'device="{word.lower()}"')
            elif _NAME.fullmatch(word):
                parts.append(".skip" if word.lower() in _SKIP else f".{word}")
            else:  # text for readers becomes the title
                return _titled(language, info[token.start() :]) if not parts else None
            after_colon = False
    if marked:  # {1-2,9} of other programs: highlighted lines
        parts.append(f'hl_lines="{" ".join(marked)}"')
    written = f"{language} {{{' '.join(parts)}}}".strip() if parts else language
    return _checked(written, language, certain)


def _titled(language: str, words: str) -> tuple[str, bool] | None:
    words = words.strip(" \t|")
    return None if set('"{}=') & set(words) or not words else _checked(f'{language} {{title="{words}"}}', language)


def _checked(written: str, language: str, certain: bool = False) -> tuple[str, bool] | None:
    """The suggestion, if the site renders it."""
    header = fences.parse_header(written)
    return (written, certain) if written and header is not None and header.language == language else None


def offence(info: str) -> Span:
    """The first part of a refused info string that superfences does not accept."""
    end = len(info.rstrip(" \t"))
    m = _LANGUAGE.match(info)
    start = m.end() if m and info[m.end() : m.end() + 1] != "=" else 0
    rest = info[start:end]
    braces = re.match(r"[ \t]*\{[^}]*\}", rest)
    if m and rest.startswith("{"):
        return Span(start, start + (braces.end() if braces else len(rest)))
    if braces and braces.end() < len(rest):
        start += braces.end()
        return Span(start + len(info[start:end]) - len(info[start:end].lstrip()), end)
    for token in _TOKEN.finditer(info, start, end):
        if token[1] and token[2][:1] in "\"'" and fences.parse_header(token[0]) is not None:
            continue
        if token[0] == "title":
            continue
        if token[0] in (",", ":"):
            stop = re.compile(r"\S+").match(info, token.start(), end)
            return Span(token.start(), stop.end() if stop else token.end())
        return Span(token.start(), end if token[0] == "{" else token.end())
    return Span(len(info) - len(info.lstrip()), end)

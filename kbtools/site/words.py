"""Words of a site in the reader's language: gettext catalogues, numbers, dates, collation.

Messages are written in English in the code and in the scripts; ``locale/<language>.po`` holds them in another language.
Where a language has no catalogue, or a catalogue no such message, the English one is shown.
"""

from __future__ import annotations

import gettext
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from importlib import resources

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from kbtools.text.reason import Reason

_PARTICLE = re.compile(r"\[([가-힣]+)/([가-힣]+)\]")
_LETTERS = re.compile(r"[0-9A-Za-z가-힣](?=[^0-9A-Za-z가-힣]*\Z)")
_WITH_FINAL_SOUND = re.compile(r"(?:[lmn]|ng|[aeiou][bckpt]|[013678])\Z", re.IGNORECASE)
_ENDING_IN_L = re.compile(r"(?:l|[178])\Z", re.IGNORECASE)
_IN_SCRIPT = re.compile(r'\b(?:_|many)\(\s*"((?:[^"\\]|\\.)*)"(?:,\s*"((?:[^"\\]|\\.)*)")?')
_INITIALS = "ㄱㄱㄴㄷㄷㄹㅁㅂㅂㅅㅅㅇㅈㅈㅊㅋㅌㅍㅎ"
"""The 19 initial consonants of Unicode's Hangul syllables, doubled ones with their plain one."""


class Words:
    """Words of one language."""

    def __init__(self, language: str = "en") -> None:
        self.language = language or "en"
        """As HTML names it: ``ko``, ``pt-BR``."""
        self.locale = _locale(self.language)
        self.messages, self.plural_index, self._expression = _catalogue(self.language)

    def __call__(self, message: str, /, **values: object) -> str:
        """A message in this language, with values in place of ``{name}``."""
        found = self.messages.get(message)
        return self._filled(found if isinstance(found, str) else message, values)

    def reason(self, reason: str | None) -> str:
        """A reason in this language; unchanged if it has no message, or the catalogue does not contain it."""
        if not isinstance(reason, Reason) or reason.message not in self.messages:
            return reason or ""
        return self(reason.message, **{name: self.reason(value) for name, value in reason.values.items()})

    def many(self, one: str, more: str, count: int, /, **values: object) -> str:
        """A message about a number of things, which stands in it as ``{count}``."""
        found = self.messages.get(one)
        forms = found if isinstance(found, tuple) else None
        text = forms[self.plural_index(count)] if forms else one if count == 1 else more
        return self._filled(text, {"count": self.number(count), **values})

    def _filled(self, text: str, values: Mapping[str, object]) -> str:
        text = text.format_map({name: str(value) for name, value in values.items()}) if values else text
        return _PARTICLE.sub(lambda m: particle(text[: m.start()], m[1], m[2]), text) if "[" in text else text

    def number(self, value: int) -> str:
        return str(format_decimal(value, locale=self.locale))

    def decimal(self, value: float) -> str:
        """A number with two digits behind the point."""
        return str(format_decimal(value, "0.00", locale=self.locale))

    def percent(self, share: float) -> str:
        return str(format_percent(share, locale=self.locale))

    def date(self, day: date) -> str:
        return str(format_date(day, "medium", locale=self.locale))

    def seconds(self, value: float) -> str:
        """A duration in readable form."""
        if value < 0.0995:
            return self("{count} ms", count=max(1, round(value * 1000)))
        digits = "0.00" if value < 9.995 else "0"
        return self("{count} s", count=format_decimal(value, digits, locale=self.locale))

    def minutes(self, spent: int) -> str:
        """Minutes in readable form."""
        hours, rest = divmod(spent, 60)
        parts = [self("{count} h", count=hours)] if hours else []
        return " ".join([*parts, self("{count} min", count=rest)] if rest or not hours else parts)

    # -- Order ------------------------------------------------------------------------------------------------------

    def order(self, title: str) -> tuple[int, str, str]:
        """The place of a title among others: by script, in the order of its alphabet."""
        text = _bare(title)
        return self._rank(text[:1]), text, title

    def _rank(self, char: str) -> int:
        if "가" <= char <= "힣" or "ㄱ" <= char <= "ㅣ":
            return 0 if self.language.startswith("ko") else 2
        if char.isdigit():
            return 4
        return (1 if char.isascii() else 3) if char.isalpha() else 5

    def letter(self, title: str) -> str:
        """The heading a title is listed under: an initial consonant, a letter, ``0–9`` or the word for all others."""
        char = _bare(title)[:1].upper()
        if "가" <= char <= "힣":
            return _INITIALS[(ord(char) - 0xAC00) // 588]
        if char.isdigit():
            return "0–9"
        if char.isalpha() and not "\u2e80" <= char <= "\u9fff" and not "\uf900" <= char <= "\ufaff":
            return char
        return self("Other")

    def letter_order(self, letter: str) -> tuple[int, str]:
        return (9, "") if letter == self("Other") else (self._rank(letter[:1].lower()), letter)

    # -- Scripts ----------------------------------------------------------------------------------------------------

    def script(self, source: str) -> str:
        """A script of the site with the messages it shows, in a scope of its own."""
        used: dict[str, object] = {}
        for one, more in _IN_SCRIPT.findall(source):
            message = json.loads(f'"{one}"')
            forms = [message, json.loads(f'"{more}"')] if more else message
            found = self.messages.get(message, forms)
            used[message] = list(found) if isinstance(found, tuple) else found
        text = json.dumps(used, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
        helper = (resources.files("kbtools.site") / "assets" / "words.js").read_text(encoding="utf-8")
        plural = f"(n) => Number({self._expression})"
        head = f"const MESSAGES = {text}, LANGUAGE = {json.dumps(self.language)}, PLURAL = {plural}"
        return f'"use strict";\n(() => {{\n{head}\n{helper};\n{source}\n}})()\n'


@lru_cache(maxsize=8)
def words_of(language: str) -> Words:
    return Words(language)


def _bare(title: str) -> str:
    """The sort key of a title: without case, accents, and characters before its first letter."""
    text = unicodedata.normalize("NFD", title.lstrip("\"'“‘([{<《「_- ").strip())
    plain = "".join(c for c in text if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", plain).casefold()


def particle(before: str, closed: str, opened: str) -> str:
    """The form of a Korean particle that fits what stands before it: ``closed`` behind a final consonant."""
    m = _LETTERS.search(before)
    if m is None:
        return closed
    char = m[0]
    if "가" <= char <= "힣":
        final = (ord(char) - 0xAC00) % 28
        has_final, is_l = final != 0, final == 8
    else:
        end = before[max(0, m.start() - 2) : m.end()]
        has_final, is_l = bool(_WITH_FINAL_SOUND.search(end)), bool(_ENDING_IN_L.search(end))
    return opened if is_l and opened == "로" else closed if has_final else opened


def _locale(language: str) -> Locale:
    for name in (language.replace("-", "_"), language.partition("-")[0]):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


Messages = Mapping[str, str | tuple[str, ...]]


@lru_cache(maxsize=8)
def _catalogue(language: str) -> tuple[Messages, Callable[[int], int], str]:
    """Messages by their English text, which plural form a number takes, and that as an expression."""
    folder = resources.files("kbtools.site") / "locale"
    for name in (language.replace("-", "_"), language.partition("-")[0]):
        if not re.fullmatch(r"[A-Za-z_]+", name):
            continue
        file = folder / f"{name}.po"
        if file.is_file():
            with file.open("rb") as opened:
                catalogue = read_po(opened, locale=name)
            found: dict[str, str | tuple[str, ...]] = {}
            for message in catalogue:
                key = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
                if key and message.string and all(message.string) and not message.fuzzy:
                    found[key] = message.string if isinstance(message.string, str) else tuple(message.string)
            return found, gettext.c2py(catalogue.plural_expr), catalogue.plural_expr
    return {}, lambda n: int(n != 1), "n != 1"

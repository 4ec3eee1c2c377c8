"""Patterns of Python-Markdown's block processors, by the first character of a line."""

from __future__ import annotations

import re

from kbtools.markdown.marks import STX

INDENT = "    "

# Lines that may be anything but prose. Everything else is a paragraph without being looked at again.
SPECIAL = re.compile(r"^(?:    | {0,3}[>:*+\-_=|\[#!?\\$0-9\x02])", re.MULTILINE)

ADMONITION = re.compile(r'!!! ?[\w\-]+(?: +[\w\-]+)*+(?: +".*?")? *$')
DETAILS = re.compile(r'\?{3}\+? ?(?:(?:[\w\-]+(?: +[\w\-]+)*)?(?: +"(?P<title>.*?)")|[\w\-]+(?: +[\w\-]+)*) *$')
TAB = re.compile(r'={3}(?P<special>\+|\+!|!\+|!)? +".*?" *$')
HASH = re.compile(r"(?P<level>#{1,6})(?P<header>(?:\\.|[^\\#]|#+(?=[^#]))*?)#*$", re.DOTALL)
UNDERLINE = re.compile(r"(?:=+|-+) *$")
RULE = re.compile(r" {0,3}([-_*])(?: {0,2}\1){2,}+ *$")
OLIST = re.compile(r" {0,3}\d+\. +")
ULIST = re.compile(r" {0,3}[*+-] +")
ITEM = re.compile(r" {0,3}(?:\d+\.|[*+-]) +")
NESTED_ITEM = re.compile(r" {4,7}(?:\d+\.|[*+-]) +")
COMMONMARK_ITEM = re.compile(r"[ \t]*(?:\d+[.)]|[*+-])[ \t]")
"""What begins an item where editors and Obsidian read a page; Python-Markdown wants a blank line before the list."""
DEFINITION = re.compile(r" {0,3}: {1,3}")
QUOTE = re.compile(r" {0,3}> ?")
FOOTNOTE = re.compile(r" {0,3}\[\^([^\]]*+)\]: *")
ABBREVIATION = re.compile(r"\*\[[^\\]*?\] ?: *")
REFERENCE = re.compile(
    r" {0,3}\[(?P<name>[^\[\]\n]*+)\]: *(?:\n *)?(?P<address>[^\s]++) *(?:\n *)?"
    r"""(?:(?:(?P<quote>["']).*(?P=quote) *|\(.*\) *))?$""",
    re.MULTILINE,
)
TABLE_RULE = re.compile(r"[|: -]++$")

_KINDS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    # name, characters it may start with behind blanks, expression
    ("admonition", "!", ADMONITION),
    ("details", "?", DETAILS),
    ("tab", "=", TAB),
    ("hash", "#", HASH),
    ("underline", "=-", UNDERLINE),
    ("rule", "-_*", RULE),
    ("olist", "", OLIST),
    ("ulist", "*+-", ULIST),
    ("definition", ":", DEFINITION),
    ("quote", ">", QUOTE),
    ("footnote", "[", FOOTNOTE),
    ("abbreviation", "*", ABBREVIATION),
    ("reference", "[", re.compile(r" {0,3}\[[^\[\]\n]*+\]:")),
    ("table", "|:-", TABLE_RULE),
)
_BY_FIRST = {
    char: tuple((name, expression) for name, first, expression in _KINDS if char in first) for char in "!?=#-_*+:>[|"
}
KIND_NAMES = ("indented", "other", *(name for name, _, _ in _KINDS))


def kinds_of(line: str) -> tuple[str, ...]:
    """What a line may be besides prose."""
    m = SPECIAL.match(line)
    if m is None:
        return ()
    char = line[m.end() - 1]
    if char == " ":
        return ("indented",)
    if char.isdigit():
        return ("olist",) if OLIST.match(line) else ()
    if char in "\\$" or char == STX:
        return ("other",)
    return tuple([name for name, expression in _BY_FIRST[char] if expression.match(line)])

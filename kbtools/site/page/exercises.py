"""Exercises: foldable answers that readers can tick off."""

from __future__ import annotations

import xml.etree.ElementTree as etree

from kbtools.site.html.elements import add
from kbtools.site.html.sanitize import OWN
from kbtools.site.words import Words
from kbtools.vault.learning import exercise_headings, is_solution
from kbtools.vault.page import Page


def mark(root: etree.Element, page: Page, words: Words) -> None:
    """Gives each foldable solution (``???``) a number and a check box, hidden until its script runs."""
    if "???" not in page.source.text:
        return
    below = exercise_headings(page)
    inside, number = False, 0
    for element in list(root.iter()):
        if element.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            inside = element.get("id", "") in below
        elif element.tag == "details" and len(element) and element[0].tag == "summary":
            title = "".join(element[0].itertext())
            kinds = element.get("class", "")
            if is_solution(kinds, title, inside):
                number += 1
                element.set("class", f"{kinds} {OWN}-solution".strip())
                element.set("id", element.get("id") or f"solution-{number}")
                row = add(element, "p", kind="kb-solved", data_search_exclude="", hidden="hidden")
                label = add(row, "label", kind="kb-done")
                box = add(label, "input", type="checkbox", data_kb_solved=f"{page.path} {number}")
                box.tail = words("Solved")

"""Learning paths on the site: the list of lessons, and navigation on each lesson.

A reader's progress is stored in the browser by ``assets/kb-learn.js``; its controls are hidden until it runs.
"""

from __future__ import annotations

import xml.etree.ElementTree as etree
from collections.abc import Iterator

from kbtools.site.data.model import SiteModel, relative
from kbtools.site.html.elements import add, css_word, element
from kbtools.site.html.sanitize import OWN
from kbtools.site.page.infobox import label
from kbtools.site.page.reading_time import minutes
from kbtools.vault.learning import LearningPath, Lesson, count_exercises
from kbtools.vault.page import Page

# -- the path's page -----------------------------------------------------------------------------------------


def _own(page: Page, wiki: SiteModel) -> LearningPath | None:
    if not page.is_learning_path:
        return None
    return next((path for path in wiki.learning_paths if path.path == page.path), None)


def figures(path: LearningPath, wiki: SiteModel) -> tuple[int, int, int]:
    """The number of pages of a path, their minutes of reading, and their exercises."""
    pages = [wiki.index.pages[p] for p in path.pages]
    return len(pages), sum(map(minutes, pages)), sum(map(count_exercises, pages))


def told(path: LearningPath, wiki: SiteModel) -> str:
    """The same as text."""
    lessons, spent, exercises = figures(path, wiki)
    words = wiki.words
    parts = [words.many("{count} page", "{count} pages", lessons)]
    if spent:
        parts.append(words("about {time} to read", time=words.minutes(spent)))
    if exercises:
        parts.append(words.many("{count} exercise", "{count} exercises", exercises))
    return " · ".join(parts)


def summary(page: Page, wiki: SiteModel) -> etree.Element | None:
    """The length of a learning path, and the reader's progress."""
    path = _own(page, wiki)
    if path is None:
        return None
    words = wiki.words
    lessons = len(path.pages)
    box = element(
        "section",
        {
            "class": "kb-path",
            "aria-label": words("Learning path"),
            "data-kb-path": page.path,
            "data-search-exclude": "",
        },
    )
    add(box, "p", told(path, wiki), "kb-path-figures")
    live = add(box, "div", kind="kb-path-live", hidden="hidden")
    row = add(live, "div", kind="kb-path-row")
    add(row, "progress", "", "kb-path-bar", max=str(max(1, lessons)), value="0", aria_label=words("Pages read"))
    add(row, "span", f"0/{lessons}", "kb-path-count")
    add(row, "a", words("Start reading"), "kb-path-continue", href="#")
    tools = add(live, "details", kind="kb-path-tools")
    add(tools, "summary", words("Progress"))
    add(tools, "p", words("Kept in this browser only. Export it to a file to go on in another browser."))
    buttons = add(tools, "div", kind="kb-path-buttons")
    add(buttons, "button", words("Export"), "kb-button kb-path-export", type="button")
    add(buttons, "button", words("Import"), "kb-button kb-path-import", type="button")
    add(buttons, "input", None, "kb-path-file", type="file", accept=".json,application/json", hidden="hidden",
        aria_label=words("A file with progress"))  # fmt: skip
    add(buttons, "button", words("Clear the progress of this path"), "kb-button kb-path-clear", type="button")
    add(tools, "p", "", "kb-path-said", role="status")
    return box


def mark(root: etree.Element, page: Page, wiki: SiteModel) -> None:
    """Adds reading time, trust and code status below each lesson of a path's page."""
    path = _own(page, wiki)
    if path is None:
        return
    waiting = list(path.lessons)
    number = 1
    for listing in root.findall("ol"):
        listing.set("class", f"{OWN}-lessons")
        if number > 1:
            listing.set("start", str(number))
        for item in listing.findall("li"):
            number += 1
            link = _leading_link(item)
            lesson = _take(waiting, link, page) if link is not None else None
            if lesson is None or lesson.page is None:
                continue
            item.set("class", f"{OWN}-lesson")
            item.set(f"data-{OWN}-lesson", lesson.page)
            facts(item, wiki.index.pages[lesson.page], wiki)


def _leading_link(item: etree.Element) -> etree.Element | None:
    """The wikilink an item begins with; it may be in a paragraph and emphasized."""
    at = item
    while not (at.text or "").strip() and len(at):
        at = at[0]
        if at.tag == "a":
            return at if f"{OWN}-link" in (at.get("class") or "").split() else None
    return None


def _take(waiting: list[Lesson], link: etree.Element, page: Page) -> Lesson | None:
    """The next lesson that the link leads to. Items that are not rendered as list items are skipped."""
    href = (link.get("href") or "").partition("#")[0]
    for at, lesson in enumerate(waiting):
        if href in {relative(p, page.path) for p in (lesson.target, lesson.page) if p is not None}:
            del waiting[: at + 1]
            return lesson
    return None


def facts(item: etree.Element, lesson: Page, wiki: SiteModel) -> None:
    """Facts about a lesson, shown below its link."""
    words = wiki.words
    row = add(item, "div", kind="kb-lesson-facts", data_search_exclude="")
    tick = add(row, "label", kind="kb-done", hidden="hidden")
    box = add(tick, "input", type="checkbox", data_kb_done=lesson.path)
    box.tail = words("Read")
    add(row, "span", words("about {time}", time=words.minutes(minutes(lesson))), "kb-lesson-time")
    if status := lesson.scalar("status"):
        add(row, "span", label("status", status, words), f"kb-status kb-status-{css_word(status)}")
    passed, executable = wiki.results.proven(lesson)
    if executable:
        state = "passed" if passed == executable else "unknown"
        told = (
            words.many("{count} snippet run", "{count} snippets run", executable)
            if passed == executable
            else words("{passed} of {all} snippets run", passed=words.number(passed), all=words.number(executable))
        )
        add(row, "span", told, f"kb-badge kb-is-{state}")
    if exercises := count_exercises(lesson):
        add(
            row,
            "span",
            words.many("{count} exercise", "{count} exercises", exercises),
            "kb-lesson-exercises",
            data_kb_exercises=f"{lesson.path} {exercises}",
        )


# -- a lesson's page -----------------------------------------------------------------------------------------


def place(page: Page, wiki: SiteModel) -> etree.Element | None:
    """The learning paths that contain the page, with its position in each."""
    paths = wiki.stops.get(page.path, ())
    if not paths:
        return None
    nav = element("nav", {"class": "kb-course", "aria-label": wiki.words("Learning paths"), "data-search-exclude": ""})
    for path in paths:
        row = add(nav, "p", kind="kb-course-path", data_kb_path=path.path)
        add(row, "a", wiki.index.pages[path.path].shown_title, href=relative(path.path, page.path))
        where = f"{path.pages.index(page.path) + 1}/{len(path.pages)}"
        add(row, "span", where, "kb-course-place", title=wiki.words("Place in this path"))
    add(nav, "p", wiki.words("about {time} to read", time=wiki.words.minutes(minutes(page))), "kb-course-time")
    return nav


def neighbours(page: Page, wiki: SiteModel) -> Iterator[etree.Element]:
    """The end of a lesson, for each path: a read mark, and the previous and next lesson."""
    paths = wiki.stops.get(page.path, ())
    if not paths:
        return
    done = element("p", {"class": "kb-course-done", "data-search-exclude": "", "hidden": "hidden"})
    tick = add(done, "label", kind="kb-done")
    box = add(tick, "input", type="checkbox", data_kb_done=page.path)
    box.tail = wiki.words("I have read this page")
    yield done
    for path in paths:
        at = path.pages.index(page.path)
        nav = element(
            "nav",
            {
                "class": "kb-course-next",
                "aria-label": wiki.words("{path}: previous and next page", path=path.title),
                "data-kb-path": path.path,
                "data-search-exclude": "",
            },
        )
        head = add(nav, "p", kind="kb-course-name")
        add(head, "a", wiki.index.pages[path.path].shown_title, href=relative(path.path, page.path))
        if at > 0:
            _way(nav, "prev", path.pages[at - 1], page, wiki, "kb-course-before")
        if at + 1 < len(path.pages):
            _way(nav, "next", path.pages[at + 1], page, wiki, "kb-course-after")
        else:
            end = add(nav, "a", kind="kb-course-after", href=relative(path.path, page.path))
            add(end, "small", wiki.words("End"))
            add(end, "span", wiki.words("{path} finished", path=path.title))
        yield nav


def _way(nav: etree.Element, way: str, target: str, page: Page, wiki: SiteModel, kind: str) -> None:
    link = add(nav, "a", kind=kind, href=relative(target, page.path), rel=way)
    add(link, "small", wiki.words("Previous") if way == "prev" else wiki.words("Next"))
    add(link, "span", wiki.index.pages[target].shown_title)

"""Learning paths on the site: lessons on the path's page, and on a lesson's page where it stands and what comes next.

What a reader has done is kept by ``assets/kb-learn.js`` in the browser; its controls are hidden until it runs.
"""

from __future__ import annotations

import xml.etree.ElementTree as etree
from collections.abc import Iterator

from kbtools.learning import LearningPath, Lesson, count_exercises
from kbtools.page import Page
from kbtools.reading_time import minutes
from kbtools.site.elements import add, css_word, element
from kbtools.site.infobox import STATUS
from kbtools.site.sanitize import OWN
from kbtools.site.wiki import Wiki, relative


def duration(spent: int) -> str:
    """Minutes as people say them."""
    hours, rest = divmod(spent, 60)
    return " ".join(f"{n}{unit}" for n, unit in ((hours, "시간"), (rest, "분")) if n)


# -- the path's page -----------------------------------------------------------------------------------------


def _own(page: Page, wiki: Wiki) -> LearningPath | None:
    if not page.is_learning_path:
        return None
    return next((path for path in wiki.learning_paths if path.path == page.path), None)


def figures(path: LearningPath, wiki: Wiki) -> tuple[int, int, int]:
    """How many pages a path leads through, how many minutes they take, how many exercises they hold."""
    pages = [wiki.index.pages[p] for p in path.pages]
    return len(pages), sum(map(minutes, pages)), sum(map(count_exercises, pages))


def told(path: LearningPath, wiki: Wiki) -> str:
    """The same in words."""
    lessons, spent, exercises = figures(path, wiki)
    parts = [f"문서 {lessons}편"]
    if spent:
        parts.append(f"읽는 시간 약 {duration(spent)}")
    if exercises:
        parts.append(f"연습 {exercises}개")
    return " · ".join(parts)


def summary(page: Page, wiki: Wiki) -> etree.Element | None:
    """What a path asks of its reader, and how far this one has come."""
    path = _own(page, wiki)
    if path is None:
        return None
    lessons = len(path.pages)
    box = element(
        "section",
        {"class": "kb-path", "aria-label": "학습 경로", "data-kb-path": page.path, "data-search-exclude": ""},
    )
    add(box, "p", told(path, wiki), "kb-path-figures")
    live = add(box, "div", kind="kb-path-live", hidden="hidden")
    row = add(live, "div", kind="kb-path-row")
    add(row, "progress", "", "kb-path-bar", max=str(max(1, lessons)), value="0", aria_label="읽은 문서")
    add(row, "span", f"0/{lessons}", "kb-path-count")
    add(row, "a", "처음부터 읽기", "kb-path-continue", href="#")
    tools = add(live, "details", kind="kb-path-tools")
    add(tools, "summary", "진행 기록")
    add(tools, "p", "기록은 이 브라우저에만 남습니다. 파일로 내보내면 다른 브라우저에서 이어서 읽을 수 있습니다.")
    buttons = add(tools, "div", kind="kb-path-buttons")
    add(buttons, "button", "내보내기", "kb-button kb-path-export", type="button")
    add(buttons, "button", "가져오기", "kb-button kb-path-import", type="button")
    add(buttons, "input", None, "kb-path-file", type="file", accept=".json,application/json", hidden="hidden",
        aria_label="진행 기록 파일")  # fmt: skip
    add(buttons, "button", "이 경로의 기록 지우기", "kb-button kb-path-clear", type="button")
    add(tools, "p", "", "kb-path-said", role="status")
    return box


def mark(root: etree.Element, page: Page, wiki: Wiki) -> None:
    """Under each lesson of a path's page: how long it takes, how far to trust it, what of it ran."""
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
            _facts(item, wiki.index.pages[lesson.page], wiki)


def _leading_link(item: etree.Element) -> etree.Element | None:
    """The wikilink an item begins with; it may stand in a paragraph and be emphasised."""
    at = item
    while not (at.text or "").strip() and len(at):
        at = at[0]
        if at.tag == "a":
            return at if f"{OWN}-link" in (at.get("class") or "").split() else None
    return None


def _take(waiting: list[Lesson], link: etree.Element, page: Page) -> Lesson | None:
    """The next lesson the link leads to. Items the renderer shows otherwise than as a list are passed over."""
    href = (link.get("href") or "").partition("#")[0]
    for at, lesson in enumerate(waiting):
        if href in {relative(p, page.path) for p in (lesson.target, lesson.page) if p is not None}:
            del waiting[: at + 1]
            return lesson
    return None


def _facts(item: etree.Element, lesson: Page, wiki: Wiki) -> None:
    row = add(item, "div", kind="kb-lesson-facts", data_search_exclude="")
    label = add(row, "label", kind="kb-done", hidden="hidden")
    box = add(label, "input", type="checkbox", data_kb_done=lesson.path)
    box.tail = "읽음"
    add(row, "span", f"약 {duration(minutes(lesson))}", "kb-lesson-time")
    if status := lesson._scalar("status"):
        add(row, "span", STATUS.get(status, status), f"kb-status kb-status-{css_word(status)}")
    passed, executable = wiki.results.proven(lesson)
    if executable:
        state = "passed" if passed == executable else "unknown"
        told = (
            f"코드 {executable}개 실행 확인" if passed == executable else f"코드 {executable}개 중 {passed}개 실행 확인"
        )
        add(row, "span", told, f"kb-badge kb-is-{state}")
    if exercises := count_exercises(lesson):
        add(row, "span", f"연습 {exercises}개", "kb-lesson-exercises", data_kb_exercises=f"{lesson.path} {exercises}")


# -- a lesson's page -----------------------------------------------------------------------------------------


def place(page: Page, wiki: Wiki) -> etree.Element | None:
    """Which paths the page is part of, and where in them."""
    paths = wiki.stops.get(page.path, ())
    if not paths:
        return None
    nav = element("nav", {"class": "kb-course", "aria-label": "학습 경로", "data-search-exclude": ""})
    for path in paths:
        row = add(nav, "p", kind="kb-course-path", data_kb_path=path.path)
        add(row, "a", path.title, href=relative(path.path, page.path))
        where = f"{path.pages.index(page.path) + 1}/{len(path.pages)}"
        add(row, "span", where, "kb-course-place", title="이 경로에서의 순서")
    add(nav, "p", f"읽는 시간 약 {duration(minutes(page))}", "kb-course-time")
    return nav


def neighbours(page: Page, wiki: Wiki) -> Iterator[etree.Element]:
    """At the end of a lesson, for each path: a mark that it is read, the lesson before and the one behind."""
    paths = wiki.stops.get(page.path, ())
    if not paths:
        return
    done = element("p", {"class": "kb-course-done", "data-search-exclude": "", "hidden": "hidden"})
    label = add(done, "label", kind="kb-done")
    box = add(label, "input", type="checkbox", data_kb_done=page.path)
    box.tail = "이 문서를 다 읽었습니다"
    yield done
    for path in paths:
        at = path.pages.index(page.path)
        nav = element(
            "nav",
            {
                "class": "kb-course-next",
                "aria-label": f"{path.title}: 앞뒤 문서",
                "data-kb-path": path.path,
                "data-search-exclude": "",
            },
        )
        head = add(nav, "p", kind="kb-course-name")
        add(head, "a", path.title, href=relative(path.path, page.path))
        if at > 0:
            _way(nav, "이전", path.pages[at - 1], page, wiki, "kb-course-before")
        if at + 1 < len(path.pages):
            _way(nav, "다음", path.pages[at + 1], page, wiki, "kb-course-after")
        else:
            end = add(nav, "a", kind="kb-course-after", href=relative(path.path, page.path))
            add(end, "small", "끝")
            add(end, "span", f"{path.title} 마침")
        yield nav


def _way(nav: etree.Element, word: str, target: str, page: Page, wiki: Wiki, kind: str) -> None:
    link = add(nav, "a", kind=kind, href=relative(target, page.path), rel="prev" if word == "이전" else "next")
    add(link, "small", word)
    add(link, "span", wiki.index.pages[target].title)

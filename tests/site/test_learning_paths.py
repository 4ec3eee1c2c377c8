"""Learning paths and exercises in a browser: what a reader ticks off stays in it, and goes nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from in_browser import at_rest, tab
from small_site import read

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_path_shows_its_lessons(site_folder: Path) -> None:
    page = read(site_folder / "paths" / "first" / "index.html")
    lessons = [li["data-kb-lesson"] for li in page.all("li", "kb-lesson")]
    assert lessons == ["topics/Autograd.md", "topics/Autograd.md", "topics/Exercises.md"]  # Tensor is a duplicate
    assert [ol.get("start") for ol in page.all("ol", "kb-lessons")] == [None, "4"]
    assert "문서 2편 · 읽는 시간 약 2분 · 연습 1개" in page.text
    assert "코드 4개 중 3개 실행 확인" in page.text  # one needs CUDA
    everything = read(site_folder / "paths" / "index.html").text
    assert "첫 문단입니다." in everything
    assert "Autograd → Exercises" in everything


def test_a_lesson_knows_its_place(site_folder: Path) -> None:
    page = read(site_folder / "topics" / "Exercises" / "index.html")
    assert [p["data-kb-path"] for p in page.all("p", "kb-course-path")] == ["paths/first.md", "paths/second.md"]
    assert [a["href"] for a in page.all("a", "kb-course-before")] == ["../Autograd/", "../Other/"]
    assert [a["href"] for a in page.all("a", "kb-course-after")] == ["../../paths/first/", "../Autograd/"]
    assert "kb-course" not in (site_folder / "index.html").read_text(encoding="utf-8")
    solutions = page.all("details", "kb-solution")
    assert [s["id"] for s in solutions] == ["solution-1"]  # a hint is none


def test_without_scripts_there_are_no_dead_controls(browser: Any, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for path in ("paths/first/", "paths/", "topics/Exercises/"):
        page.goto(site + path)
        assert page.locator("input[type=checkbox]:visible:not(.md-toggle), progress:visible").count() == 0
    context.close()


def test_what_is_read_is_remembered(browser: Any, site: str) -> None:
    with tab(browser, site, "paths/first/") as page:
        assert page.locator(".kb-path-count").inner_text() == "0/2편 읽음"
        page.locator(".kb-path-continue").click()
        page.wait_for_url("**/topics/Autograd/")
        page.get_by_label("이 문서를 다 읽었습니다").check()
        page.locator(".kb-course-after", has_text="Exercises").first.click()
        page.wait_for_url("**/topics/Exercises/")
        page.locator(".kb-solution summary").first.click()
        page.locator(".kb-solution").first.get_by_label("풀었습니다").check()
        page.goto(site + "paths/first/")
        assert page.locator(".kb-path-count").inner_text() == "1/2편 읽음"
        assert page.locator("progress").evaluate("e => e.value / e.max") == 0.5
        assert page.locator(".kb-path-continue").inner_text() == "이어서 읽기: Exercises"
        assert page.locator(".kb-is-read").count() == 2
        assert page.locator(".kb-lesson-exercises").inner_text() == "연습 1/1개"
        page.locator(".kb-lesson").last.get_by_label("읽음").check()
        assert page.locator(".kb-path-count").inner_text() == "2편 모두 읽음"
        assert not page.locator(".kb-path-continue").is_visible()
        page.goto(site + "paths/")
        assert page.locator(".kb-path-count").all_inner_texts() == ["2/3편 읽음", "2편 모두 읽음"]


def test_progress_goes_to_a_file_and_comes_back(browser: Any, site: str, tmp_path: Path) -> None:
    with tab(browser, site, "paths/first/") as page:
        page.locator(".kb-lesson").first.get_by_label("읽음").check()
        page.locator(".kb-path-tools summary").click()
        with page.expect_download() as held:
            page.locator(".kb-path-export").click()
        file = tmp_path / held.value.suggested_filename
        held.value.save_as(file)
        page.locator(".kb-path-clear").click()
        assert page.locator(".kb-path-count").inner_text() == "0/2편 읽음"
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["version"] == 1
    assert list(record["read"]) == ["topics/Autograd.md"]
    with tab(browser, site, "paths/first/") as page:
        page.locator(".kb-path-tools summary").click()
        page.locator(".kb-path-file").set_input_files(file)
        page.wait_for_function("() => document.querySelector('.kb-path-said').textContent.includes('1편')")
        assert page.locator(".kb-path-count").inner_text() == "1/2편 읽음"
        for bad in ("", "[]", "null", '{"version": 2}', '{"version": 1, "read": [], "solved": {}}', "\x00"):
            wrong = tmp_path / "wrong.json"
            wrong.write_text(bad, encoding="utf-8")
            page.evaluate("document.querySelector('.kb-path-said').textContent = ''")
            page.locator(".kb-path-file").set_input_files(wrong)
            page.wait_for_function("() => document.querySelector('.kb-path-said').textContent.includes('아닙니다')")
            assert page.locator(".kb-path-count").inner_text() == "1/2편 읽음"


def test_the_path_a_reader_came_along_leads_on(browser: Any, site: str) -> None:
    with tab(browser, site, "topics/Autograd/") as page:
        assert page.locator(".kb-course-next:visible").count() == 2
        page.goto(site + "paths/second/")
        page.locator(".kb-lesson a.kb-link").nth(1).click()
        page.wait_for_url("**/topics/Exercises/")
        assert page.locator(".kb-course-path").first.inner_text().startswith("둘째 길")
        page.locator(".kb-course-after:visible").click()
        page.wait_for_url("**/topics/Autograd/")
        assert page.locator(".kb-course-next:visible").count() == 1


def test_where_nothing_is_kept_nothing_is_offered(browser: Any, site: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    wait = at_rest(page)
    page.goto(site + "paths/first/")
    wait()
    assert page.locator(".kb-done:visible, progress:visible").count() == 0
    assert [w for w in wrong if "kb-learn" in w] == []
    context.close()


def test_progress_is_kept_for_a_site_opened_as_files(browser: Any, site_folder: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.goto((site_folder / "paths" / "first" / "index.html").as_uri())
    page.locator(".kb-lesson").first.get_by_label("읽음").check()
    page.reload()
    assert page.locator(".kb-path-count").inner_text() == "1/2편 읽음"
    assert [w for w in wrong if "search" not in w] == []  # Material's own, which wants a server
    context.close()

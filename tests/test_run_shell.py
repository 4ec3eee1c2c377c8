"""Shell fences with ``.run``: in the session's folder, confined, with the page's lines; others are only shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbtools.adapters.testing import jobs_of, run_page
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results.outcomes import Status
from kbtools.snippets import Snippet
from kbtools.text.source import Source
from kbtools.vault.page import Page


def fence(language: str, info: str, code: str) -> str:
    return f"```{language} {info}\n{code}\n```\n\n"


def snippets(text: str) -> tuple[Snippet, ...]:
    return Page.parse(Source("Page.md", text)).snippets


def test_shell_and_python_of_a_session_share_its_folder_and_output_is_compared(launcher: Launcher) -> None:
    page = (
        fence("python", "{#write}", "open('data.txt', 'w').write('b\\na\\n')")
        + fence("bash", "{#sort .run}", "sort data.txt | tee sorted.txt")
        + fence("output", "", "a\nb")
        + fence("python", "{#read}", "print(open('sorted.txt').read().split())  # ['a', 'b']")
        + fence("sh", "{#wrong .run}", "echo one")
        + fence("output", "", "two")
    )
    found = run_page(page, launcher)
    assert {name: o.outcome.value for name, o in found.items()} == {
        "write": "passed",
        "sort": "passed",
        "read": "passed",
        "wrong": "failed",
    }, [o.message for o in found.values()]
    assert found["sort"].stdout == "a\nb\n"
    assert "two" in (found["wrong"].message or "")


@pytest.mark.parametrize("language", ["bash", "sh", "Bash"])
@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("echo fine\nno_such_command_at_all\necho never", 5),
        ("echo fine\n\nif true; then )\n", 6),
        ("echo fine\nfalse\necho never", None),
    ],
)
def test_the_first_command_that_fails_ends_the_script(
    launcher: Launcher, language: str, code: str, line: int | None
) -> None:
    outcome = run_page("# T\n\n" + fence(language, "{#a .run}", code), launcher)["a"]
    assert outcome.outcome is Status.FAILED
    assert outcome.traceback_line == line
    assert "never" not in outcome.stdout
    assert "the script ended with exit code" in (outcome.message or "")


def test_a_script_is_confined_and_its_time_is_limited(launcher: Launcher, tmp_path: Path) -> None:
    page = (
        fence("bash", "{#out .run}", f"echo x > {tmp_path}/escaped")
        + fence("bash", '{#long .run timeout="1"}', "sleep 60")
        + fence("bash", "{#after .run}", "echo still here")
    )
    found = run_page(page, launcher)
    assert (found["out"].outcome is Status.FAILED) is not (tmp_path / "escaped").exists()
    assert found["long"].outcome is Status.ERROR
    assert "timed out after 1 s" in (found["long"].reason or "")
    assert found["after"].outcome is Status.PASSED


def test_a_script_runs_once_whatever_the_devices(launcher: Launcher) -> None:
    jobs = jobs_of(fence("bash", "{#a .run}", "true"), device="all", available=("cpu", "cuda"))
    assert [step.id for job in jobs for step in job.steps if step.reported] == ["Page.md::a[cpu]"]


def test_without_run_and_with_prompts_shell_is_shown_only() -> None:
    page = fence("bash", "", "rm -rf /") + fence("console", "{.run}", "$ rm -rf /") + fence("fish", "{.run}", "x")
    assert [(s.executable, s.why_not) for s in snippets(page)] == [
        (False, "shell: its syntax is checked; add .run to run it"),
        (False, "console: the syntax of its commands is checked; .run is for bash, sh, shell, zsh"),
        (False, "shown, not run: .run is for bash, sh, shell, zsh"),
    ]

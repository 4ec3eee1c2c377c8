"""What must not pass: fences that end well without having done what their page says, and those beside them that do."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite import load

from kbtools.adapters.testing import run_page
from kbtools.fences.bad_value import BadValue
from kbtools.fences.launch_options import words
from kbtools.run.processes.launchers import Launcher
from kbtools.text.source import Source
from kbtools.vault.page import Page

CASES = {case.name: case for case in load(Path(__file__).parent / "suites/truth.md")}


@pytest.mark.parametrize("name", CASES)
def test_a_fence_passes_only_if_it_did_what_the_page_says(name: str, launcher: Launcher) -> None:
    (outcome,) = run_page(CASES[name].page, launcher).values()
    assert CASES[name].all("outcome") == [outcome.outcome.value], outcome.message
    for said in CASES[name].all("reason"):
        assert said in f"{outcome.reason}\n{outcome.message}"


def test_assertions_hold_whatever_the_page_sets_for_its_scripts(launcher: Launcher) -> None:
    page = "```python\nimport os\nos.environ['PYTHONOPTIMIZE'] = '1'\n```\n\n"
    page += '```python {#x launch="python"}\nassert 1 == 2\n```\n'
    assert run_page(page, launcher)["x"].outcome.value == "failed"


@pytest.mark.parametrize(
    ("name", "value"),
    [("BASH_FUNC_false%%", "() { true; }"), ("SHELLOPTS", "noexec"), ("BASH_ENV", "start.sh"), ("ENV", "start.sh")],
)
def test_shells_run_the_commands_that_they_name(name: str, value: str, launcher: Launcher) -> None:
    page = "```python\nimport os\nopen('start.sh', 'w').write('test() { true; }; false() { true; }')\n"
    page += f"os.environ[{name!r}] = {value!r}\n```\n\n"
    for shell in ("bash", "sh"):
        outcome = run_page(f"{page}```{shell} {{#x .run}}\ntest 1 = 2\nfalse\n```\n", launcher)["x"]
        assert outcome.outcome.value == "failed"
        assert "ended with exit code 1" in (outcome.message or "")


def test_a_page_that_replaces_how_code_is_run_changes_nothing(launcher: Launcher) -> None:
    page = "```python {.hidden}\nimport builtins\nbuiltins.exec = builtins.eval = lambda *a, **k: None\n"
    page += "builtins.compile = lambda *a, **k: (lambda: None).__code__\n```\n\n```python {#x}\nassert 1 == 2\n```\n"
    assert run_page(page, launcher)["x"].outcome.value == "failed"


def test_what_a_session_registers_is_called_after_its_last_fence_alone(launcher: Launcher) -> None:
    page = "```python {#a}\nimport atexit\natexit.register(lambda: 1 / 0)\n```\n\n```python {#b}\nx = 1\n```\n"
    outcomes = run_page(page, launcher)
    assert [outcomes[name].outcome.value for name in "ab"] == ["passed", "failed"]


def test_a_session_at_the_prompt_of_which_nothing_runs_is_shown_only() -> None:
    (snippet,) = Page.parse(Source("P.md", "```pycon\n>>> 1 / 0  # doctest: +SKIP\n0\n```\n")).snippets
    assert (snippet.executable, snippet.why_not) == (False, "every example says +SKIP")


@pytest.mark.parametrize(
    "launch",
    [
        "python -O", "python -OO", "python -Ou", "python -c pass", "python --version", "python -V", "python -m this",
        "python -h", "python -i", "python -E -O", "python -X frozen_modules=off", "python other.py", "python -",
        "torchrun --help", "torchrun --no-python true", "torchrun --no_python", "torchrun --no-py", "torchrun -m this",
        "torchrun --nproc-per-node=0x", "torchrun --run-path", "torchrun true", "torchrun --nproc-per-node",
        "accelerate launch -m this", "accelerate launch --no_python", "accelerate config", "accelerate",
        "env python", "python3.12", "",
    ],
)  # fmt: skip
def test_options_that_would_pass_without_running_are_refused(launch: str) -> None:
    with pytest.raises(BadValue):
        words(launch)


@pytest.mark.parametrize(
    "launch",
    [
        "python", "python3 -u", "python -X dev -W error::DeprecationWarning", "python -Wd -Xdev",
        "torchrun --nproc_per_node 2",
        "torchrun --nproc-per-node=gpu --standalone --nnodes=1", "torchrun --nnodes=1:2 --max-restarts=3 --rdzv-id=a",
        "accelerate launch --cpu --num_processes=2",
    ],
)  # fmt: skip
def test_options_that_say_how_a_script_is_started_are_taken(launch: str) -> None:
    assert words(launch)[0] in launch

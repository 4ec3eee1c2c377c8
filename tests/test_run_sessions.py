"""What runs in a session, and what is said of it: names, lines, output, exceptions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kbtools.adapters.testing import jobs_of, run_page
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.runner import run


def fence(code: str, info: str = "") -> str:
    return f"```python {info}\n{code}\n```\n\n".replace("python \n", "python\n")


def statuses(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {name: outcome.outcome.value for name, outcome in outcomes.items()}


def only(outcomes: dict[str, Outcome]) -> Outcome:
    (outcome,) = outcomes.values()
    return outcome


def test_fences_of_a_page_share_a_namespace_and_alone_and_named_ones_do_not(launcher: Launcher) -> None:
    page = (
        fence("x = 1", "{#a}")
        + fence('assert "x" not in globals()', "{#b .alone}")
        + fence("y = 5", '{#c session="other"}')
        + fence("print(x)  # 1", "{#d}")
        + fence('assert y == 5 and "x" not in globals()', '{#e session="other"}')
    )
    assert statuses(run_page(page, launcher)) == dict.fromkeys("abcde", "passed")


def test_the_line_that_raised_is_the_pages_in_an_admonition_in_a_list_and_in_a_quote(launcher: Launcher) -> None:
    page = (
        "# T\n\n!!! note\n\n    ```python {#adm}\n    def f():\n        raise ValueError('deep')\n    f()\n    ```\n\n"
        "- item\n\n    ```python {#li}\n    1 / 0\n    ```\n\n"
        "> ```python {#bq}\n> a = 1\n> a.nothing\n> ```\n"
    )
    outcomes = run_page(page, launcher)
    lines = page.split("\n")
    for name, text in (("adm", "raise ValueError"), ("li", "1 / 0"), ("bq", "a.nothing")):
        outcome = outcomes[name]
        assert outcome.outcome is Status.FAILED
        assert outcome.traceback_line is not None
        assert text in lines[outcome.traceback_line - 1], name
        assert text in (outcome.message or ""), "the traceback shows the page's source"
    message = outcomes["adm"].message or ""
    assert message.startswith("ValueError: deep\n")
    assert 'File "Page.md", line 8, in <module>' in message
    assert "kbtools" not in message, "no frame of kbtools"


def test_crlf_form_feed_and_line_separator_do_not_shift_lines(launcher: Launcher) -> None:
    page = "# T\r\n\r\n```python\r\ns = 'a\x0cb\u2028c'\r\n\r\nraise KeyError(s)\r\n```\r\n"
    assert only(run_page(page, launcher)).traceback_line == 6


def test_syntax_error_carries_its_line(launcher: Launcher) -> None:
    outcome = only(run_page("text\n\n" + fence("a = 1\nb = = 2"), launcher))
    assert (outcome.outcome, outcome.traceback_line) == (Status.FAILED, 5)


def test_a_file_is_importable_and_its_errors_are_told_in_the_pages_lines(launcher: Launcher) -> None:
    page = fence("def bad():\n    return 1 / 0", '{#m file="pkg/model.py"}') + fence(
        "from pkg import model\nmodel.bad()", "{#use}"
    )
    outcomes = run_page(page, launcher)
    assert statuses(outcomes) == {"m": "passed", "use": "failed"}
    assert outcomes["use"].traceback_line == 3
    assert "return 1 / 0" in (outcomes["use"].message or "")


def test_file_outside_the_folder_is_refused(launcher: Launcher) -> None:
    (job,) = jobs_of(fence("x = 1", '{#m file="model.py"}'))
    job = replace(job, steps=(replace(job.steps[0], file="a/../../../escape.py"),))
    (outcome,) = run([job], launcher)
    assert outcome.outcome is Status.ERROR
    assert "outside the session's folder" in (outcome.message or "")


def test_raises(launcher: Launcher) -> None:
    page = (
        fence("int('x')", '{#ok raises="ValueError" match="invalid literal"}')
        + fence("[][0]", '{#base raises="LookupError"}')
        + fence("import json\njson.loads('{')", '{#dotted raises="json.decoder.JSONDecodeError"}')
        + fence("1 / 0", '{#other raises="ValueError"}')
        + fence("pass", '{#nothing raises="ValueError"}')
        + fence("int('x')", '{#unlike raises="ValueError" match="^nope"}')
    )
    outcomes = run_page(page, launcher)
    assert statuses(outcomes) == {
        "ok": "passed",
        "base": "passed",
        "dotted": "passed",
        "other": "failed",
        "nothing": "failed",
        "unlike": "failed",
    }
    assert "ValueError was expected, ZeroDivisionError was raised" in (outcomes["other"].message or "")
    assert "nothing was raised" in (outcomes["nothing"].message or "")
    assert "does not match" in (outcomes["unlike"].message or "")
    assert outcomes["ok"].message is not None
    assert outcomes["ok"].message.startswith("ValueError: invalid literal")


def test_blocked_follows_the_names_and_only_them(launcher: Launcher) -> None:
    page = (
        fence("x = 1\ny = 1", "{#start}")
        + fence("raise ValueError\nz = 2\n", "{#bad}")
        + fence("w = z + 1", "{#needs-z}")
        + fence("print(w)", "{#needs-w}")
        + fence("print(x)", "{#free}")
        + fence("z = 3", "{#again}")
        + fence("print(z)  # 3", "{#mended}")
    )
    outcomes = run_page(page, launcher)
    assert statuses(outcomes) == {
        "start": "passed",
        "bad": "failed",
        "needs-z": "blocked",
        "needs-w": "blocked",
        "free": "passed",
        "again": "passed",
        "mended": "passed",
    }
    assert outcomes["needs-z"].reason == "needs z from #bad, which failed"
    assert outcomes["needs-w"].reason == "needs w from #needs-z, which was blocked"


def test_a_module_imported_by_a_failed_snippet_blocks_nothing(launcher: Launcher) -> None:
    page = fence("import math\n1 / 0", "{#bad}") + fence("print(math.floor(1.5))  # 1", "{#after}")
    assert statuses(run_page(page, launcher)) == {"bad": "failed", "after": "passed"}


def test_sys_exit_ends_the_snippet_only(launcher: Launcher) -> None:
    page = fence("import sys\nsys.exit(3)", "{#bad}") + fence("sys.exit()", "{#good}") + fence("print(1)  # 1", "{#on}")
    outcomes = run_page(page, launcher)
    assert statuses(outcomes) == {"bad": "failed", "good": "passed", "on": "passed"}
    assert outcomes["bad"].traceback_line == 3


def test_each_print_is_compared_with_its_own_comment(launcher: Launcher) -> None:
    page = (
        fence("for i in range(2):\n    print(7)  # 7\nprint('x')  #> x\nprint('y')\nprint(2 + 2)  # 5", "{#a}")
        + fence("if False:\n    print(1)  # 1", "{#never}")
        + fence("def show(v):\n    print(v)  #> 1\nshow(1)\nshow(2)", "{#twice}")
        + fence("print(1)  # 2", '{#off expect="off"}')
    )
    outcomes = run_page(page, launcher)
    assert statuses(outcomes) == {"a": "failed", "never": "passed", "twice": "failed", "off": "passed"}
    assert outcomes["a"].traceback_line == 6
    assert "line 6" in (outcomes["a"].message or "")
    assert "line 2" not in (outcomes["a"].message or "")
    states = {name: [(c.state.value, c.reason) for c in outcome.compared] for name, outcome in outcomes.items()}
    assert states["a"] == [("equal", None), ("equal", None), ("different", None)]
    assert states["never"] == [("not compared", "never reached")]
    assert states["off"] == [("not compared", 'expect="off"')]
    assert outcomes["a"].stdout == "7\n7\nx\ny\n4\n"


def test_output_fence_is_the_whole_output_of_python_of_c_and_of_programs(launcher: Launcher) -> None:
    code = "import ctypes, subprocess, sys\nprint('py')\nctypes.CDLL(None).puts(b'c')\n"
    code += "ctypes.CDLL(None).fflush(None)\nsubprocess.run([sys.executable, '-c', 'print(\"sub\")'], check=True)"
    good = fence(code, "{#a}") + "```output\npy\nc\nsub\n```\n\n"
    bad = fence("print(1)\nprint(2)", "{#b}") + "```output\n1\n3\n```\n"
    assert statuses(run_page(good + bad, launcher)) == {"a": "passed", "b": "failed"}


def test_classes_of_a_page_can_be_pickled_inspected_and_are_run_as_main(launcher: Launcher) -> None:
    page = fence("from __future__ import annotations\nclass Node:\n    next: Node\n", "{#a}") + fence(
        "import inspect, pickle, typing\n"
        "assert pickle.loads(pickle.dumps(Node)) is Node\n"
        "assert typing.get_type_hints(Node) == {'next': Node}\n"
        "assert inspect.getsource(Node) == 'class Node:\\n    next: Node\\n'\n"
        "def later(n: Undefined) -> None: ...\n"
        "if __name__ == '__main__':\n    print('main')  # main",
        "{#b}",
    )
    outcomes = run_page(page, launcher)
    assert statuses(outcomes) == {"a": "passed", "b": "passed"}, outcomes["b"].message


def test_top_level_await(launcher: Launcher) -> None:
    page = fence("import asyncio\nq = asyncio.Queue()\nawait q.put(1)") + fence("print(await q.get())  # 1")
    assert {o.outcome for o in run_page(page, launcher).values()} == {Status.PASSED}


def test_pages_do_not_leak_into_one_another(launcher: Launcher) -> None:
    first = fence(
        "import os, sys, builtins, random\nleak = 1\nbuiltins.leak = 1\nos.environ['LEAK'] = '1'\n"
        "sys.path.insert(0, 'leak')\nos.chdir('/')\nrandom.seed(99)\nsys.modules['leaked'] = sys"
    )
    second = fence(
        "import os, sys, builtins\n"
        "assert 'leak' not in globals() and not hasattr(builtins, 'leak') and 'LEAK' not in os.environ\n"
        "assert 'leak' not in sys.path and 'leaked' not in sys.modules and os.listdir() == []\n"
        "import random\nprint(random.random())  # 0.8444218515250481"
    )
    assert only(run_page(first, launcher)).outcome is Status.PASSED
    outcome = only(run_page(second, launcher))
    assert outcome.outcome is Status.PASSED, outcome.message


def test_requires_skips_with_the_reason(launcher: Launcher) -> None:
    page = fence("import nothing_like_it", '{#a requires="nothing-like-it>=2"}')
    page += fence("print(1)  # 1", '{#b requires="pytest>=7"}')
    page += fence("print(1)  # 1", '{#c requires="pytest>=9999"}')
    outcomes = run_page(page, launcher)
    assert statuses(outcomes) == {"a": "skipped", "b": "passed", "c": "skipped"}
    assert outcomes["a"].reason == "nothing-like-it>=2 is not installed"
    assert (outcomes["c"].reason or "").startswith("pytest>=9999 is not installed, ")


def test_strange_code_is_an_outcome_and_never_a_crash(launcher: Launcher) -> None:
    page = (
        fence("class E(Exception):\n    def __str__(self):\n        raise RuntimeError\nraise E", "{#str}")
        + fence("def f():\n    f()\nf()", "{#deep}")
        + fence("raise ExceptionGroup('g', [ValueError(1), KeyError(2)])", "{#group}")
        + fence("import sys\nsys.stdout.close()\nsys.stderr = None", "{#close}")
        + fence("import os\nos.close(1)", "{#close1}")
        + fence("print('still')  # still", "{#still}")
        + fence("raise KeyboardInterrupt", "{#ctrlc}")
        + fence("import sys\nsys.modules.clear()", "{#modules .alone}")
    )
    found = statuses(run_page(page, launcher))
    assert found["still"] == "passed"
    assert {found[name] for name in ("str", "deep", "group", "ctrlc")} == {"failed"}
    assert found["close"] == found["close1"] == "passed"


def test_torch_settings_do_not_leak_and_seeds_are_fixed(launcher: Launcher) -> None:
    pytest.importorskip("torch")
    first = fence("import torch\ntorch.set_default_dtype(torch.float64)\nprint(torch.rand(1).dtype)  # torch.float64")
    second = fence(
        "import torch\nprint(torch.ones(1).dtype)  # torch.float32\nprint(torch.rand(2))  # tensor([0.4963, 0.7682])\n"
        "import numpy as np\nprint(np.random.rand())  # 0.5488135039273248"
    )
    for page in (first, second):
        outcome = only(run_page(page, launcher))
        assert outcome.outcome is Status.PASSED, outcome.message

"""Processes that a snippet starts afresh find what the page defines, and nothing it does is done again."""

from __future__ import annotations

import pytest

from kbtools.adapters.testing import run_page
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results.outcomes import Status
from kbtools.run.worker.multiprocessing_main import define


def fence(code: str, info: str = "{#a}", language: str = "python") -> str:
    return f"```{language} {info}\n{code}\n```\n\n"


DEFINED = fence(
    "import math, os\nfrom concurrent.futures import ProcessPoolExecutor\nimport multiprocessing as mp\nBASE = 2\n"
    "print('once')\nopen('ran', 'a').write('x')\ndef power(n):\n    return math.floor(BASE ** n)",
    "{#def}",
)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_functions_imports_and_constants_of_earlier_fences_are_there(method: str, launcher: Launcher) -> None:
    page = DEFINED + fence(
        f"with ProcessPoolExecutor(1, mp_context=mp.get_context({method!r})) as pool:\n"
        "    print(list(pool.map(power, range(4))))  # [1, 2, 4, 8]\nassert open('ran').read() == 'x'"
    )
    found = run_page(page, launcher)
    assert found["a"].outcome is Status.PASSED, found["a"].message
    assert found["def"].stdout == "once\n"


def test_what_a_prompt_defines_is_there_too(launcher: Launcher) -> None:
    page = fence(
        ">>> import multiprocessing as mp\n>>> def double(x):\n...     return 2 * x\n...\n"
        ">>> with mp.get_context('spawn').Pool(1) as pool:\n...     pool.map(double, [1, 2])\n...\n[2, 4]",
        "{#a}",
        "pycon",
    )
    assert run_page(page, launcher)["a"].outcome is Status.PASSED


def test_what_is_missing_there_is_explained_and_a_file_helps(launcher: Launcher) -> None:
    made = "class A:\n    def __init__(self, n): self.n = n\nB = type('B', (A,), {})\ndef get(b):\n    return b.n\n"
    use = "with mp.get_context('spawn').Pool(1) as pool:\n    print(pool.map(get, [B(3)]))  # [3]"
    dynamic = fence("import multiprocessing as mp\n" + made, "{#def}") + fence(
        "f = lambda: 0\n" + use.replace("map(get", "map(f")
    )
    told = run_page(dynamic, launcher)["a"]
    assert told.outcome is Status.FAILED
    assert 'a fence with file="data.py"' in (told.message or "")
    helped = fence(made, '{#def file="data.py"}') + fence(
        "import multiprocessing as mp\nfrom data import B, get\n" + use
    )
    assert run_page(helped, launcher)["a"].outcome is Status.PASSED


def test_a_dataset_of_a_fence_in_a_spawned_data_loader(launcher: Launcher) -> None:
    pytest.importorskip("torch")
    page = fence(
        "import torch\nfrom torch.utils.data import DataLoader, Dataset\nclass Squares(Dataset):\n"
        "    def __len__(self): return 4\n    def __getitem__(self, i): return torch.tensor(i * i)\n",
        "{#def}",
    ) + fence("print(next(iter(DataLoader(Squares(), 4, num_workers=1, multiprocessing_context='spawn'))))")
    outcome = run_page(page, launcher)["a"]
    assert (outcome.outcome, outcome.stdout) == (Status.PASSED, "tensor([0, 1, 4, 9])\n"), outcome.message


def test_definitions_alone_are_run() -> None:
    code = (
        "from __future__ import annotations\nimport os as o\nX = 1 + 2\nY = print('no')\ndef f(a: Nowhere): ...\n"
        "class C(Missing): ...\nclass D: ...\nX.bad = 1\nif True:\n    Z = 1\nfor i in (): pass\nW: int = -1\n"
    )
    names: dict[str, object] = {}
    define(names, "Page.md", code, 3)
    define(names, "Page.md", "not python", 20)
    assert {name for name in names if not name.startswith("__")} == {"annotations", "o", "X", "f", "D", "W"}


RAISES = {
    "any code": ("echo no >&2\nexit 3", 'raises="CalledProcessError"', "passed", ""),
    "with its words": ("ls /nowhere/at/all", 'raises="CalledProcessError" match="No such file"', "passed", ""),
    "other words": ("ls /nowhere", 'raises="CalledProcessError" match="denied"', "failed", "does not match 'denied'"),
    "no failure": ("true", 'raises="CalledProcessError"', "failed", "ended with exit code 0"),
}


@pytest.mark.parametrize(("code", "info", "status", "told"), RAISES.values(), ids=RAISES)
def test_raises_on_a_shell_fence(code: str, info: str, status: str, told: str, launcher: Launcher) -> None:
    outcome = run_page(fence(code, f"{{#a .run {info}}}", "bash"), launcher)["a"]
    assert outcome.outcome.value == status, outcome.message
    assert told in (outcome.message or "")


def test_raises_on_a_launched_script(launcher: Launcher) -> None:
    page = (
        fence("raise ValueError('oh no')", '{#ok launch="python" raises="ValueError" match="oh no"}')
        + fence("raise ValueError('oh no')", '{#other launch="python" raises="KeyError"}')
        + fence("pass", '{#none launch="python" raises="KeyError"}')
    )
    found = run_page(page, launcher)
    assert {name: o.outcome.value for name, o in found.items()} == {"ok": "passed", "other": "failed", "none": "failed"}
    assert found["ok"].message == "ValueError: oh no"


def test_another_exception_on_a_shell_fence_is_a_finding() -> None:
    from kbtools.text.source import Source
    from kbtools.vault.page import Page

    page = Page.parse(Source("A.md", fence("false", '{.run raises="ValueError"}', "bash")))
    (problem,) = page.problems
    assert (problem.rule, problem.message) == (
        "invalid-option",
        "a script raises no ValueError: it ends with an exit code",
    )

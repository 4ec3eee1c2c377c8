"""Another interpreter than kb's own: ``--python``, and ``python`` by folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from terminal import PYTEST_ALONE, run_kb

PAGE = """# A

```python
import only_here, sys
print(only_here.X, sys.prefix != sys.base_prefix)  # 42 True
```

```python {raises="ModuleNotFoundError"}
import yaml
```

```python {requires="only-here>=2"}
print([p for p in sys.path if "kbtools" in p or "dist-info" in p])  # []
```

```python {requires="only-here>=3"}
1 / 0
```

```python {file="m.py"}
import only_here
print(only_here.X)
```

```bash {.run}
python m.py
```

```output
42
```

```python
import multiprocessing
def send(queue): queue.put(only_here.X)
context = multiprocessing.get_context("spawn")
queue = context.Queue()
process = context.Process(target=send, args=(queue,))
process.start()
print(queue.get())  # 42
process.join()
```
"""
STATES = ["passed", "passed", "passed", "skipped", "passed", "passed", "passed"]


def install(site: Path, version: str, value: int) -> None:
    for old in site.glob("only_here-*"):
        (old / "METADATA").unlink()
        old.rmdir()
    (site / "only_here.py").write_text(f"X = {value}\n")
    info = site / f"only_here-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: only-here\nVersion: {version}\n")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    venv.create(root / ".venv")
    install(site_of(root), "2.5", 42)
    (root / "docs").mkdir()
    (root / "docs/A.md").write_text(PAGE)
    (root / "kb.toml").write_text("docs = 'docs'\n")
    return root


def site_of(root: Path) -> Path:
    (site,) = (root / ".venv/lib").glob("python*/site-packages")
    return site


def states(root: Path, *words: str) -> list[tuple[str, bool]]:
    done = run_kb(("run", "--device", "cpu", "--format", "json", *words), cwd=root)
    assert done.stdout, done.stderr
    return [(one["outcome"], one["cached"]) for one in json.loads(done.stdout)["outcomes"]]


def test_pages_run_in_the_environment_that_is_named(project: Path) -> None:
    wanted = [(state, False) for state in STATES]
    assert states(project, "--python", ".venv/bin/python") == wanted
    assert states(project, "--python", ".venv/bin/python", "--start-method", "spawn", "--no-cache") == wanted
    again = [(state, state == "passed") for state in STATES]
    assert states(project, "--python", ".venv/bin/python") == again
    install(site_of(project), "2.6", 43)
    assert states(project, "--python", ".venv/bin/python")[0] == ("failed", False), "something else is installed"
    install(site_of(project), "2.5", 42)
    assert states(project)[0] == ("failed", False), "kb's own interpreter has no such package"


def test_by_folder_and_with_pytest(project: Path) -> None:
    (project / "docs/sub").mkdir()
    (project / "docs/sub/B.md").write_text("```python\nimport yaml\n```\n")
    (project / "kb.toml").write_text("docs = 'docs'\n[snippets]\n'A.md' = {python = '.venv/bin/python'}\n")
    try:
        assert [state for state, _ in states(project, "--no-cache")] == [*STATES, "passed"]
        command = [sys.executable, "-m", "pytest", "docs/A.md", "-q", "--kb-device=cpu", "-p", "no:cacheprovider"]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")} | PYTEST_ALONE
        (project / "kb.toml").write_text("docs = 'docs'\n")
        command.append("--kb-python=.venv/bin/python")
        done = subprocess.run(command, cwd=project, env=clean, capture_output=True, text=True, check=False, timeout=300)
        assert "6 passed, 1 skipped" in done.stdout, done.stdout
    finally:
        (project / "docs/sub/B.md").unlink()
        (project / "kb.toml").write_text("docs = 'docs'\n")


@pytest.mark.parametrize("program", ["nowhere/python", "docs/A.md"])
def test_what_is_no_interpreter_is_told(program: str, project: Path) -> None:
    done = run_kb(("run", "--python", program), cwd=project)
    assert done.returncode == 2
    assert program in done.stderr
    assert "--python .venv/bin/python" in done.stderr
    assert "Traceback" not in done.stderr
    (project / "kb.toml").write_text(f"docs = 'docs'\n[snippets]\n'**' = {{python = '{program}'}}\n")
    command = [sys.executable, "-m", "pytest", "docs", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, **PYTEST_ALONE}
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    (project / "kb.toml").write_text("docs = 'docs'\n")
    assert (done.returncode, program in done.stdout, "raise KbError" in done.stdout) == (2, True, False), done.stdout

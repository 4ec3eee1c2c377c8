"""A vault is data: no file in it is imported, loaded or obeyed by kb or by its pytest plugin, whatever its name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal import PYTEST_ALONE, run_kb

CODE = "import os\nopen(os.environ['KB_TEST_MARK'], 'a').write(__file__ + '\\n')\n"
PYTHON_FILES = (
    "__init__.py",
    "__main__.py",
    "conftest.py",
    "sitecustomize.py",
    "usercustomize.py",
    "setup.py",
    "test_evil.py",
    "evil_test.py",
    "evil.py",
    "json.py",
    "torch.py",
    "numpy.py",
    "yaml.py",
    "pytest.py",
    "kbtools.py",
    "noxfile.py",
    "hooks.py",
)
SETTINGS = {
    "pytest.ini": "[pytest]\npython_files = *.py *.md\n",
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-p evil"\npythonpath = ["."]\n[tool.kb]\ndocs = "/"\n',
    "kb.toml": 'docs = "/"\n',
    "tox.ini": "[pytest]\naddopts = -p evil\npythonpath = .\n",
    "setup.cfg": "[tool:pytest]\naddopts = -p evil\npythonpath = .\n",
    "evil.pth": "import evil\n",
    ".coveragerc": "[run]\nplugins = evil\n",
    "evil-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
    "evil-1.0.dist-info/entry_points.txt": (
        "[pytest11]\nevil = evil\n[kbtools.languages]\nevil = evil:Evil\n[markdown.extensions]\nevil = evil:Evil\n"
    ),
}
PAGE = "# Page\n\n```python {#one}\nx = 1\n```\n"


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose vault, and each folder in it, is full of Python files and settings."""
    root = tmp_path_factory.mktemp("wiki")
    (root / "kb.toml").write_text('docs = "docs"\n')
    for folder in (root / "docs", root / "docs" / "topics"):
        folder.mkdir()
        (folder / "Page.md").write_text(PAGE)
        for name in PYTHON_FILES:
            (folder / name).write_text(CODE)
        for name, text in SETTINGS.items() if folder.name == "topics" else ():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
    return root


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("check", "--no-run"),
        ("run", "--no-cache"),
        ("run", "--no-cache", "--sandbox", "strict"),
        ("run", "--no-cache", "--start-method", "spawn"),
        ("snippets",),
    ],
    ids=" ".join,
)
def test_no_command_imports_a_file_of_the_vault(wiki: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    mark = tmp_path / "mark"
    told = run_kb((*words, "--root", str(wiki)), cwd=tmp_path, env={"KB_TEST_MARK": str(mark)})
    assert told.returncode in (0, 1), told.stderr
    assert not mark.exists(), mark.read_text()
    if words[0] == "run":
        assert "2 passed" in told.stderr or "does not confine" in told.stdout


@pytest.mark.parametrize("more", [(), ("-n", "2"), ("--doctest-modules",), ("--import-mode=append",)], ids=" ".join)
def test_pytest_collects_pages_and_nothing_else_of_the_vault(wiki: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    told, mark = run_pytest(wiki, tmp_path, "docs/", *more)
    assert "2 passed" in told.stdout, told.stdout + told.stderr
    assert not mark.exists(), mark.read_text()


def test_settings_of_pytest_in_the_vault_are_refused(wiki: Path, tmp_path: Path) -> None:
    """Where pytest is pointed into a folder with settings of its own, it takes those: they are a stranger's."""
    told, mark = run_pytest(wiki, tmp_path, "docs/topics")
    assert told.returncode == 4
    assert "docs/topics/pytest.ini" in told.stderr.replace(os.sep, "/"), told.stderr
    assert "-c" in told.stderr
    assert not mark.exists(), mark.read_text()
    again, _ = run_pytest(wiki, tmp_path, "-c", os.devnull, "--rootdir", ".", "docs/topics")
    assert "1 passed" in again.stdout, again.stdout + again.stderr


def test_a_project_that_is_its_own_vault_keeps_its_tests(tmp_path: Path) -> None:
    """With ``docs = "."`` the project's own tests lie in the vault; they are the project's, and pytest's to run."""
    (tmp_path / "kb.toml").write_text('docs = "."\n')
    (tmp_path / "Page.md").write_text(PAGE)
    (tmp_path / "conftest.py").write_text("import pytest\n\n\n@pytest.fixture\ndef one():\n    return 1\n")
    (tmp_path / "test_own.py").write_text("def test_own(one):\n    assert one == 1\n")
    told, _ = run_pytest(tmp_path, tmp_path)
    assert "2 passed" in told.stdout, told.stdout + told.stderr


def run_pytest(folder: Path, scratch: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    mark = scratch / "mark"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    command = shutil.which("pytest", path=str(Path(sys.executable).parent)) or "pytest"
    done = subprocess.run(
        [command, "-p", "no:cacheprovider", *words],
        cwd=folder,
        env={**clean, **PYTEST_ALONE, "KB_TEST_MARK": str(mark), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done, mark

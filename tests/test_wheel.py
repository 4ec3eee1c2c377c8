"""What is shipped: the wheel holds its assets, installs into an empty environment, and works on a foreign folder."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def pip(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_every_file_of_the_package(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(["git", "ls-files", "kbtools"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(listed.split("\n")) - {""} <= held
    assert not [name for name in held if name.startswith(("tests", "docs", "bench"))]
    assert any(name.endswith("LICENSE") for name in held)


@pytest.mark.parametrize("tool", ["pipx", "uv"])
def test_tools_install_the_wheel_and_put_kb_on_the_path(tool: str, wheel: Path, tmp_path: Path) -> None:
    """As the README says."""
    program = Path(sys.executable).parent / tool
    if not program.is_file():
        pytest.skip(f"{tool} is not installed here: pip install {tool}")
    homes = {
        "PIPX_HOME": "pipx",
        "PIPX_BIN_DIR": "bin",
        "UV_TOOL_DIR": "uv",
        "UV_TOOL_BIN_DIR": "bin",
        "UV_CACHE_DIR": "cache",
    }
    environment = {**os.environ, **{name: str(tmp_path / folder) for name, folder in homes.items()}}
    words = {
        "pipx": [
            "install",
            "--python",
            sys.executable,
            f"--pip-args=--quiet --constraint={ROOT / 'constraints.txt'}",
            str(wheel),
        ],
        "uv": [
            "tool",
            "install",
            "--python",
            sys.executable,
            "--no-config",
            "--constraints",
            str(ROOT / "constraints.txt"),
            str(wheel),
        ],
    }[tool]
    done = subprocess.run(
        [str(program), *words], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    command = tmp_path / "bin" / ("kb.exe" if os.name == "nt" else "kb")
    told = subprocess.run([str(command), "--version"], capture_output=True, text=True, check=True, timeout=300)
    assert told.stdout.startswith("kb ")


def test_it_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env")
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    pip("--python", str(scripts / "python"), "install", "--constraint", str(ROOT / "constraints.txt"), str(wheel))
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "Home.md").write_text(
        "# Home\n\n[[home]] [[Nope]]\n\n```python\nprint(1 + 1)  # 2\n```\n", encoding="utf-8"
    )

    def kb(*words: str) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        return subprocess.run(
            [str(scripts / "kb"), *words],
            cwd=notes,
            env={**clean, "XDG_CACHE_HOME": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    assert kb("--version").stdout.startswith("kb ")
    checked = kb("check", "--vault", ".", "--format", "concise", "--snippets", "run")
    assert checked.stdout == 'Home.md:3:12: info[broken-link] no page is called "Nope"\n', checked.stderr
    assert checked.returncode == 0
    assert "1 passed" in checked.stderr
    assert kb("schema").stdout.startswith("{")
    skipped = kb("run", "--vault", ".", "--device", "all", "--format", "json")
    assert '"torch": null' in skipped.stdout
    assert skipped.returncode == 0, skipped.stdout + skipped.stderr

"""Changes in pull requests: what --changed-since looks at, the action's script, pre-commit, workflow files."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kbtools import cli

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


def git(root: Path, *words: str) -> str:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    identity |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
    command = ["git", "-c", "init.defaultBranch=main", *words]
    done = subprocess.run(command, cwd=root, env={**os.environ, **identity}, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def kb(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kbtools.cli", *words]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GITHUB_"))}
    return subprocess.run(command, cwd=root, env=clean, capture_output=True, text=True, check=False, timeout=300)


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


PAGES = {
    "sub/kb.toml": "",
    ".gitignore": ".kb/\n",
    "sub/docs/index.md": "# Start\n\n[[Target]] [[Other]]\n",
    "sub/docs/Target.md": "---\naliases: [Old Name]\n---\n\n# Target\n\n[[Nope 1]]\n",
    "sub/docs/Other.md": "# Other\n\n[[Nope 2]]\n\n```python\nprint(1)  # 2\n```\n",
    "sub/docs/Linking.md": "# Linking\n\n[[target]] [[Nope 3]]\n",
    "sub/docs/By alias.md": "# x\n\n[[old name]] [[Nope 4]]\n",
    "sub/docs/Picture.md": "# x\n\n![[plot.png]] [[Nope 5]]\n",
    "sub/docs/plot.png": "x",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    put(root, PAGES)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    git(root, "branch", "-M", "main")
    return root


def told(root: Path, *words: str) -> tuple[int, str, str]:
    """A command in this process: its exit code and what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main([words[0], "--root", str(root), *words[1:]])
    return code, out.getvalue(), err.getvalue()


def looked_at(root: Path, since: str = "main") -> set[str]:
    code, out, err = told(root / "sub", "check", "--changed-since", since, "--no-run", "--format", "json")
    assert code in (0, 1), err
    return {d["path"] for d in json.loads(out)["diagnostics"]}


def test_what_changed_and_what_depends_on_it_is_looked_at(repository: Path) -> None:
    assert looked_at(repository) == set()
    put(repository, {"sub/docs/Other.md": PAGES["sub/docs/Other.md"] + "\nmore\n"})
    assert looked_at(repository) == {"Other.md"}  # index.md links there, and is in order
    put(repository, {"sub/docs/Other.md": PAGES["sub/docs/Other.md"]})
    git(repository, "rm", "-q", "sub/docs/Target.md")  # not committed yet
    assert looked_at(repository) == {"index.md", "Linking.md", "By alias.md"}
    git(repository, "reset", "-q", "--hard")
    put(repository, {"sub/docs/plot.png": "y"})
    assert looked_at(repository) == {"Picture.md"}
    put(repository, {"sub/docs/plot.png": "x", "sub/docs/Nope 3.md": "# New\n\n[[Nope 6]]\n"})  # untracked
    assert looked_at(repository) == {"Nope 3.md", "Linking.md"}
    put(repository, {"sub/kb.toml": "stale_after = 3\n"})
    assert len(looked_at(repository)) >= 5


def test_a_branch_is_compared_with_where_it_began(repository: Path) -> None:
    git(repository, "checkout", "-qb", "work")
    put(repository, {"sub/docs/Picture.md": PAGES["sub/docs/Picture.md"] + "more\n"})
    git(repository, "commit", "-qam", "work")
    git(repository, "checkout", "-q", "main")
    put(repository, {"sub/docs/Other.md": "# Other\n\n[[Elsewhere]]\n"})
    git(repository, "commit", "-qam", "meanwhile")
    git(repository, "checkout", "-q", "work")
    assert looked_at(repository) == {"Picture.md"}


def test_only_changed_snippets_run(repository: Path) -> None:
    put(repository, {"sub/docs/index.md": PAGES["sub/docs/index.md"] + "\n```python\nprint(1)  # 1\n```\n"})
    done = kb(repository, "check", "--root", "sub", "--changed-since", "main", "--device", "cpu")
    assert "1 snippet: 1 passed" in done.stderr
    put(repository, {"sub/docs/index.md": PAGES["sub/docs/index.md"]})
    assert "0 snippets" in kb(repository, "check", "--root", "sub", "--changed-since", "main").stderr


def test_the_summary_tells_what_a_change_repairs_and_brings(repository: Path) -> None:
    text = (
        PAGES["sub/docs/Linking.md"].replace("[[Nope 3]]", "[[Target]] [[Nope 7]]").replace("[[target]]", "[[Target]]")
    )
    put(repository, {"sub/docs/Linking.md": text, "sub/docs/Nope 1.md": "# New\n\n[[Target]]\n"})
    code, out, _ = told(repository / "sub", "check", "--changed-since", "main", "--no-run", "--format", "markdown")
    assert code == 1
    assert "since main: 1 new, " in out
    repaired = out.partition("### Links repaired: 3")[2].partition("###")[0]
    assert "Linking.md: broken-link: Nope 3" in repaired
    assert "Linking.md: variant-link: target" in repaired
    assert "Target.md: broken-link: Nope 1" in repaired  # by a page that is new


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "", "main:sub"])
def test_an_unknown_revision_is_told(repository: Path, revision: str) -> None:
    code, _, err = told(repository / "sub", "check", "--no-run", f"--changed-since={revision}")
    assert code == 2
    assert "there is no revision" in err
    assert "fetch-depth: 0" in err
    assert not (repository / "x").exists()


def test_outside_of_a_repository_it_is_told(tmp_path: Path) -> None:
    put(tmp_path, {"kb.toml": "", "docs/a.md": "a"})
    code, _, err = told(tmp_path, "check", "--no-run", "--changed-since", "main")
    assert code == 2
    assert "in no git repository" in err


# --- the action


def steps() -> dict[str, dict[str, Any]]:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return {str(step.get("name", step.get("uses"))): step for step in action["runs"]["steps"]}


def act(repository: Path, tmp_path: Path, **inputs: str) -> tuple[dict[str, str], str, str]:
    """Run the action's check as a runner would; gives its outputs, its log and the summary of the job."""
    temp = tmp_path / "temp"
    temp.mkdir(exist_ok=True)
    files = {name: temp / name for name in ("output", "summary")}
    for file in files.values():
        file.write_text("", encoding="utf-8")
    defaults = {"directory": "sub", "run": "true", "changed-since": "auto"}
    given = {f"KB_{k.upper().replace('-', '_')}": v for k, v in {**defaults, **inputs}.items()}
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GIT", "KB_"))}
    environment |= {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "RUNNER_TEMP": str(temp), **given}
    environment |= {"GITHUB_OUTPUT": str(files["output"]), "GITHUB_STEP_SUMMARY": str(files["summary"])}
    environment["GITHUB_BASE_REF"] = inputs.pop("base", "")
    script = steps()["Check"]["run"]
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr  # what was found is told by the last step
    said = dict(line.split("=", 1) for line in files["output"].read_text(encoding="utf-8").splitlines())
    return said, done.stdout + done.stderr, files["summary"].read_text(encoding="utf-8")


def test_the_action_checks_everything_outside_of_pull_requests(repository: Path, tmp_path: Path) -> None:
    said, log, summary = act(repository, tmp_path)
    assert said["exit-code"] == "1"
    assert "::error file=sub/docs/Other.md,line=6" in log
    assert summary.startswith("## kb: 6 errors")
    assert "| cpu |" in summary
    results = Path(said["results"])
    assert json.loads(Path(said["report"]).read_text(encoding="utf-8"))["outcomes"][0]["outcome"] == "failed"
    assert {f.name for f in results.iterdir()} == {"kb.sarif", "summary.md", "findings.json", "report.json"}
    assert json.loads((results / "kb.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]


def test_the_action_looks_at_what_a_pull_request_changes(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", repository.as_uri(), str(clone))
    put(clone, {"sub/docs/Picture.md": PAGES["sub/docs/Picture.md"] + "more\n"})
    git(clone, "commit", "-qam", "work")
    said, log, summary = act(clone, tmp_path, base="main", run="false")
    assert said["exit-code"] == "1"
    assert summary.startswith("## kb: 1 error")
    assert "sub/docs/Picture.md" in log
    assert "Target.md" not in log


def test_the_action_tells_of_a_wrong_configuration(repository: Path, tmp_path: Path) -> None:
    put(repository, {"sub/kb.toml": "nonsense = 1\n"})
    said, log, _ = act(repository, tmp_path)
    assert said["exit-code"] == "2"
    assert "unknown key" in log


def test_scripts_of_the_action_take_inputs_from_the_environment_only() -> None:
    """An expression inside a script would let a branch's name run commands."""
    for name in ("action.yml", ".github/workflows/release.yml"):
        data = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
        jobs = [data["runs"]] if "runs" in data else list(data["jobs"].values())
        for step in (step for job in jobs for step in job["steps"]):
            assert "${{" not in step.get("run", "")
            if "run" in step:
                subprocess.run(["bash", "-n", "-c", step["run"]], check=True)


@pytest.mark.parametrize(
    ("schema", "file"),
    [("vendor.github-actions", "action.yml"), ("vendor.github-workflows", ".github/workflows/release.yml")],
)
def test_workflow_files_are_sound(schema: str, file: str) -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", schema, str(ROOT / file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


# --- pre-commit


@pytest.fixture
def hooked(repository: Path) -> Path:
    """The repository with kb's hooks; kb comes from this environment instead of a new one, which takes minutes."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        hook["language"] = "system"
        hook["entry"] += " --root sub"
        assert shutil.which(hook["entry"].split()[0], path=str(BIN))
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    put(repository, {".pre-commit-config.yaml": yaml.safe_dump(config)})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "hooks")
    return repository


def commit_with(root: Path, hook: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment = {**clean, "PATH": f"{BIN}{os.pathsep}{clean['PATH']}", "PRE_COMMIT_HOME": str(root.parent / "home")}
    command = [str(BIN / "pre-commit"), "run", hook]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=300)


def test_hooks_look_at_what_is_committed(hooked: Path) -> None:
    assert (
        subprocess.run(
            [BIN / "pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"], check=False
        ).returncode
        == 0
    )
    assert "Skipped" in commit_with(hooked, "kb-check").stdout
    put(hooked, {"sub/docs/index.md": PAGES["sub/docs/index.md"] + "\nmore\n"})
    git(hooked, "add", "-A")
    assert "Passed" in commit_with(hooked, "kb-check").stdout  # old findings elsewhere are not this commit's
    put(hooked, {"sub/docs/index.md": PAGES["sub/docs/index.md"] + "\n[[Gone]] [[target]]\n"})
    git(hooked, "add", "-A")
    failed = commit_with(hooked, "kb-check").stdout
    assert "Failed" in failed
    assert 'index.md:5:3: error[broken-link] no page is called "Gone"' in failed
    assert "Other.md" not in failed
    fixed = commit_with(hooked, "kb-fix").stdout
    assert "files were modified by this hook" in fixed
    assert "[[Target]]" in (hooked / "sub/docs/index.md").read_text(encoding="utf-8")

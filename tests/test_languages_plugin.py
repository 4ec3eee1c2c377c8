"""A language of another package: the guide's own example is installed, checked and run; broken ones are told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from terminal import run_kb

GUIDE = Path(__file__).parent.parent / "docs" / "guide" / "languages.md"
_BLOCK = re.compile(r"^```(?:python|toml) \{[^\n]*title=\"(?P<name>[^\"]+)\"\}\n(?P<body>.*?)^```$", re.M | re.S)


def example() -> dict[str, str]:
    return {m["name"]: m["body"] for m in _BLOCK.finditer(GUIDE.read_text(encoding="utf-8"))}


def page_of_the_guide() -> str:
    found = re.search(r"^````markdown\n(```sql\n.*?)^````$", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    assert found
    return found[1]


CHECK = ("check", "--snippets", "check", "--format", "concise", "--ignore", "orphan-page")


class Installed:
    """A package laid out as an installer leaves it, and a vault."""

    def __init__(self, tmp: Path, module: str, entry_points: str, name: str = "kb_sql") -> None:
        self.site, self.vault = tmp / "packages", tmp / "vault"
        self.vault.mkdir()
        info = self.site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (self.site / f"{name}.py").write_text(module, encoding="utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[kbtools.languages]\n{entry_points}\n")

    def kb(self, text: str, *words: str) -> tuple[int, str, str]:
        (self.vault / "A.md").write_text("# A\n\n" + text, encoding="utf-8")
        done = run_kb((*words, "--vault", str(self.vault)), env={"PYTHONPATH": str(self.site)})
        assert "Traceback" not in done.stderr + done.stdout, done.stderr + done.stdout
        return done.returncode, done.stdout, done.stderr

    def outcomes(self, text: str) -> dict[str, dict[str, object]]:
        _, out, err = self.kb(text, "run", "--format", "json", "--no-cache")
        assert out, err
        return {o["id"].split("::")[1]: o for o in json.loads(out)["outcomes"]}


@pytest.fixture
def sql(tmp_path: Path) -> Installed:
    made = example()
    toml = re.search(r'\[project.entry-points."kbtools.languages"\]\n(.*)', made["pyproject.toml"])
    assert toml
    return Installed(tmp_path, made["kb_sql.py"], toml[1].replace('"', ""))


def test_the_guides_example_works(sql: Installed) -> None:
    text = (
        page_of_the_guide()
        + "\n```python {#py}\nprint(db.execute('select count(*) from losses').fetchone())  # (2,)\n```\n"
    )
    found = sql.outcomes(text)
    assert {k: o["outcome"] for k, o in found.items()} == {"a[cpu]": "passed", "py[cpu]": "passed"}, found
    code, out, _ = sql.kb(text.replace("|0.25", "|0.75"), "run")
    assert code == 1
    assert "+ 2|0.25" in out
    rows = sql.kb(text, "snippets")[1]
    assert json.loads(rows.split("\n")[0])["device_reason"] == "a SQL fence"


def test_its_faults_and_failures_have_the_pages_lines(sql: Installed) -> None:
    code, out, _ = sql.kb("```sql\nselect 1;\nselect 2\n```\n", *CHECK)
    assert (code, out.strip()) == (1, "A.md:5:1: error[syntax-error] the last statement is not ended")
    found = sql.outcomes("```SQL {#a}\nselect 1;\n\nselect *\nfrom nowhere;\n```\n")["a[cpu]"]
    assert (found["outcome"], found["traceback_line"], found["reason"]) == ("failed", 6, "no such table: nowhere")


def test_annotations_hold(sql: Installed) -> None:
    fence = "```sql {{#a {}}}\nselect * from nowhere;\n```\n"
    raising = sql.outcomes(fence.format('raises="OperationalError" match="no such table"'))["a[cpu]"]
    assert raising["outcome"] == "passed"
    assert sql.outcomes(fence.format('.skip reason="r"'))["a[cpu]"]["outcome"] == "skipped"
    other = sql.outcomes(fence.format('raises="ValueError"'))["a[cpu]"]
    assert other["outcome"] == "failed"


def test_without_the_package_the_fence_is_inert(tmp_path: Path) -> None:
    (tmp_path / "A.md").write_text(page_of_the_guide(), encoding="utf-8")
    row = json.loads(run_kb(("snippets", "--vault", str(tmp_path))).stdout.split("\n")[0])
    assert (row["executable"], row["why_not"]) == (False, 'language "sql" has no runner')


BROKEN = {
    "cannot be imported": ("import nothing_of_this_name", "sql = kb_sql:Sql", "ModuleNotFoundError"),
    "names nothing": ("", "sql = kb_sql:Sql", "AttributeError"),
    "is no language": ("Sql = 3", "sql = kb_sql:Sql", "not a subclass of kbtools.languages.Language"),
    "ends the process": ("raise SystemExit(3)", "sql = kb_sql:Sql", "SystemExit"),
}


@pytest.mark.parametrize(("module", "point", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_package_is_told_at_its_fences_and_nowhere_else(
    module: str, point: str, told: str, tmp_path: Path
) -> None:
    package = Installed(tmp_path, module, point)
    code, out, _ = package.kb("```sql\nx\n```\n", *CHECK)
    assert code == 1
    assert out.startswith('A.md:3:4: error[broken-language] the language "sql" of kb-sql 1.0 cannot be used: ')
    assert told in out
    found = package.outcomes("```sql {#a}\nx\n```\n\n```python {#b}\n1\n```\n")
    assert {k: o["outcome"] for k, o in found.items()} == {"a[cpu]": "error", "b[cpu]": "passed"}
    assert "kb-sql 1.0" in str(found["a[cpu]"]["message"])
    assert package.kb("```python\n1\n```\n", "check", "--no-run")[0] == 0


RAISES = """
from kbtools.languages import Language
class Sql(Language):
    runs = "always"
    def read(self, places, options):
        {}
        return super().read(places, options)
    def run(self, code, session):
        {}
"""


def test_a_language_that_raises_is_told_in_a_line(tmp_path: Path) -> None:
    package = Installed(tmp_path, RAISES.format("raise KeyError('oh')", "pass"), "sql = kb_sql:Sql")
    _, out, _ = package.kb("```sql\nx\n```\n", *CHECK)
    assert "A.md:3:4: error[broken-language] the language \"sql\" failed on this fence: KeyError: 'oh'" in out


def test_a_language_that_raises_while_it_runs_is_told_in_a_line(tmp_path: Path) -> None:
    package = Installed(tmp_path, RAISES.format("pass", "raise KeyError('oh')"), "sql = kb_sql:Sql")
    found = package.outcomes("```sql {#a}\nx\n```\n")["a[cpu]"]
    assert (found["outcome"], found["traceback_line"]) == ("failed", 3)
    assert "kb_sql.Sql raised KeyError: 'oh' (kb_sql.py, line 9)" in str(found["message"])


def test_a_package_cannot_take_over_python(tmp_path: Path) -> None:
    package = Installed(tmp_path, "raise ValueError", "python = kb_sql:Sql")
    assert package.kb("```python\n1\n```\n", "check")[0] == 0


def test_a_language_that_only_checks_says_why_it_does_not_run(tmp_path: Path) -> None:
    module = "from kbtools.languages import Language\nclass Sql(Language):\n    title = 'SQL'\n"
    package = Installed(tmp_path, module, "sql = kb_sql:Sql")
    row = json.loads(package.kb("```sql\nx\n```\n", "snippets")[1].split("\n")[0])
    assert (row["executable"], row["why_not"]) == (False, "SQL is checked, not run")

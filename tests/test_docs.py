"""The documentation is true: commands, options, keys, fields and links in it exist, and the README's tour happens."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from kbtools import cli
from kbtools.cli.arguments import Arguments
from kbtools.cli.examples import EXAMPLES
from kbtools.config.project import Config, from_mapping
from kbtools.config.settings import SETTINGS
from kbtools.errors import KbError
from kbtools.fences.annotations import CLASSES
from kbtools.fences.option_values import KEYS
from kbtools.fields.schema import Schema, validate
from kbtools.output import FORMATS
from kbtools.rules import __main__ as generator
from kbtools.rules import all_rules
from kbtools.run.results.outcomes import Status
from kbtools.site.generated import NAMES as GENERATED
from kbtools.vault.page import decode
from tests.terminal import run_bash

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
GUIDE = DOCS / "guide"
PAGES = [ROOT / "README.md", ROOT / "README.ko.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES += sorted(p for folder in ("guide", "rules", "development") for p in (DOCS / folder).rglob("*.md"))
_BLOCK = re.compile(r"^(?P<m>`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=m)$", re.MULTILINE | re.DOTALL)


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def blocks(file: Path, language: str) -> list[str]:
    return [m["body"] for m in _BLOCK.finditer(text_of(file)) if m["info"].split(" ")[0] == language]


def parser(command: str) -> Arguments:
    return cli.parser_of(command)


# --- commands and their options

SHOWN = [
    (name_of(file), line)
    for file in PAGES
    if file.name != "cookbook.md"  # its commands use what its recipes add: test_cookbook.py types them
    for body in blocks(file, "console")
    for line in re.findall(r"^\$ (kb\b.*)$", body, re.MULTILINE)
]


@pytest.mark.parametrize(("file", "line"), SHOWN)
def test_every_command_shown_exists(file: str, line: str) -> None:
    words = shlex.split(line.partition(" > ")[0])
    parser(words[1]).parse(words[2:])


def test_a_command_with_a_wrong_option_would_be_found() -> None:
    with pytest.raises(KbError):
        parser("check").parse(["--no-runn"])


def sections(file: Path, level: int) -> dict[str, str]:
    mark = "#" * level
    parts = re.split(rf"^{mark} (.+)$", text_of(file), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def first_cells(text: str) -> list[str]:
    """The first cell of each row of the tables in a text, without heads."""
    rows = re.findall(r"^\|(.+?)\|.*\|$", text, re.MULTILINE)
    return [cell.strip() for cell in rows if "`" in cell]


def options_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", " ".join(first_cells(text))))


COMMON = {"-h", "--help", "--root", "--vault", "--schema", "--exclude"}


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_every_command_has_examples_that_are_understood(command: str) -> None:
    assert EXAMPLES[command]
    for line, meaning in EXAMPLES[command]:
        words = shlex.split(line.partition(" > ")[0])
        assert words[:2] == ["kb", command]
        parser(command).parse(words[2:])
        assert f"  {line}" in parser(command).format_help()
        assert meaning


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_every_command_tells_its_usage(command: str) -> None:
    """Signs such as % in a help text only fail when it is printed."""
    assert parser(command).format_help().startswith("usage: kb " + command)


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_commands_page_tells_every_option_and_no_other(command: str) -> None:
    file = GUIDE / "commands.md"
    there = {o for o in parser(command).options if o not in COMMON}
    parts = sections(file, 2)
    if f"kb {command}" in parts:
        section = parts[f"kb {command}"]
        own, _, running = section.partition("### Options for running")
        told = options_in(own)
        if running or "#options-for-running" in section:
            told |= options_in(sections(file, 3)["Options for running"].partition("\n## ")[0])
    else:
        row = re.search(rf"^\| `kb {command}` \|.*$", parts["Dumps"], re.MULTILINE)
        assert row, f"kb {command} is nowhere in {name_of(file)}"
        told = set(re.findall(r"--[a-z-]+", row[0]))
    assert told == there


def test_options_of_every_command_are_told() -> None:
    assert options_in(sections(GUIDE / "commands.md", 2)["Which wiki"]) == COMMON - {"-h", "--help"}


def test_formats_are_told() -> None:
    row = re.search(r"^\| `--format FORMAT` \| (`full`.*) \|$", text_of(GUIDE / "commands.md"), re.MULTILINE)
    assert row
    assert tuple(re.findall(r"`(\w+)`", row[1])) == tuple(FORMATS)


# --- configuration, fields, annotations, outcomes


@pytest.mark.parametrize("file", ["configuration.md", "obsidian.md"])
def test_every_configuration_shown_is_accepted(file: str) -> None:
    shown = blocks(GUIDE / file, "toml")
    assert shown
    for body in shown:
        table = tomllib.loads(body)
        from_mapping(table["tool"]["kb"] if "tool" in table else table)


def test_every_key_is_told_with_its_default() -> None:
    rows = dict(
        re.findall(r"^\| `([\w.]+)` \| (.+?) \|", sections(GUIDE / "configuration.md", 2)["Keys"], re.MULTILINE)
    )
    keys = {s.key for s in SETTINGS}
    assert set(rows) == keys
    for key, default in rows.items():
        if m := re.fullmatch(r"`([^`]+)`", default):
            value: object = tomllib.loads(f"x = {m[1]}")["x"]
            for part in reversed(key.split(".")):
                value = {part: value}
            assert isinstance(value, dict)
            assert from_mapping(value) == Config()


def test_every_field_of_the_schema_is_told() -> None:
    schema = Schema.load("topic").document
    rows = re.findall(r"^\| (`.+?) \| (yes|no) \|", sections(GUIDE / "authoring.md", 2)["Frontmatter"], re.MULTILINE)
    told = {field: needed == "yes" for cell, needed in rows for field in re.findall(r"`(\w+)`", cell)}
    assert told == {field: field in schema["required"] for field in schema["properties"]}


def test_the_block_shown_is_valid() -> None:
    (body,) = (b for b in blocks(GUIDE / "authoring.md", "yaml") if b.startswith("id:"))
    page = decode("topics/Page.md", f"---\n{body}---\n\n# Page\n".encode())
    assert page.frontmatter is not None
    assert page.problems == ()
    assert list(validate(page.frontmatter, Schema.load("topic"))) == []


def test_every_annotation_is_told() -> None:
    rows = first_cells(sections(GUIDE / "snippets.md", 2)["Annotations"])
    keys = {m[1] for cell in rows for m in re.finditer(r"(?<![\w-])([a-z]+)=", cell)}
    classes = {m[1] for cell in rows for m in re.finditer(r"\.([a-z]+)(?![\w\"])", cell.partition("=")[0])}
    assert keys == set(KEYS)
    # .output is told of with expected output.
    assert classes | {"output"} == set(CLASSES)


def test_every_outcome_is_told() -> None:
    rows = first_cells(sections(GUIDE / "snippets.md", 2)["Outcomes"])
    assert {row.strip("`") for row in rows} == {s.value for s in Status}


# --- architecture and dependencies

PROJECT = tomllib.loads(text_of(ROOT / "pyproject.toml"))


def test_the_floors_are_those_that_are_enforced() -> None:
    (floors,) = (
        c["layers"] for c in PROJECT["tool"]["importlinter"]["contracts"] if c.get("containers") == ["kbtools"]
    )
    rows = first_cells(sections(DOCS / "development" / "architecture.md", 2)["Rooms"])
    shown = [sorted(re.findall(r"`(\w+)/?`", row)) for row in rows if "`" in row]
    assert shown == [sorted(m.strip() for m in floor.split("|")) for floor in floors]


def test_every_dependency_is_accounted_for() -> None:
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    rows = re.findall(r"^\| ([\w, -]+?) \| ", text_of(DOCS / "development" / "dependencies.md"), re.MULTILINE)
    told = {name for row in rows if row != "package" for name in row.split(", ")}
    assert told == {name for d in wanted if (name := re.split(r"[<>=! \[]", d)[0]) != project["name"]}


# --- rules


def test_rules_are_written_as_their_docstrings_say() -> None:
    wanted = generator.pages(all_rules())
    there = {p.name: p.read_bytes().decode("utf-8") for p in (DOCS / "rules").glob("*.md")}
    assert there == wanted, "python -m kbtools.rules docs/rules"


def test_options_of_the_generator_are_no_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["--help"], [], ["docs", "more"]):
        with pytest.raises(SystemExit):
            generator.main(words)
    assert list(tmp_path.iterdir()) == []


def test_the_generator_is_idempotent_and_takes_only_its_own_away(tmp_path: Path) -> None:
    (tmp_path / "gone-rule.md").write_text(f"{generator.MARK}\n# gone-rule\n", encoding="utf-8")
    (tmp_path / "notes.md").write_text("# Mine\n", encoding="utf-8")
    assert generator.main([str(tmp_path)]) == 0
    once = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert generator.main([str(tmp_path)]) == 0
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == once
    assert "gone-rule.md" not in once
    assert once["notes.md"] == b"# Mine\n"


def test_examples_of_rules_are_shown_and_never_run() -> None:
    for name, text in generator.pages(all_rules()).items():
        page = decode(f"rules/{name}", text.encode())
        assert [s.id for s in page.snippets if s.executable] == [], name
        assert page.problems == (), name


# --- links and pictures

_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(([^()\s]+)\)")


@pytest.mark.parametrize("file", PAGES, ids=name_of)
def test_links_lead_somewhere(file: Path) -> None:
    page = decode(name_of(file), file.read_bytes())
    opaque = page.structure.opaque
    for m in _LINK.finditer(page.source.text):
        if any(m.start() in span for span in opaque) or re.match(r"[a-z]+:", m[1]):
            continue
        path, _, anchor = unquote(m[1]).partition("#")
        target = (file.parent / path).resolve() if path else file
        if target.parent == DOCS and target.name in GENERATED:
            continue
        assert target.exists(), f"{name_of(file)}: {m[1]}"
        assert target == file or file.parent == ROOT or target.is_relative_to(DOCS), f"{m[1]} is not on the site"
        if anchor:
            there = decode("x.md", target.read_bytes()).structure.headings
            assert anchor in {h.id for h in there}, f"{name_of(file)}: {m[1]}"


def test_the_guide_lists_all_its_pages() -> None:
    listed = set(re.findall(r"^\| \[.+?\]\((\w[\w-]*\.md)\)", text_of(GUIDE / "index.md"), re.MULTILINE))
    assert listed == {file.name for file in GUIDE.glob("*.md")} - {"index.md"}


def test_the_manual_is_clean() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kbtools.cli", "check", "--no-run", "--strict", "guide", "rules", "development"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


# --- the README's tour

_VARIABLE = (
    # What a kernel offers is its own; test_run_escapes tells of it.
    (re.compile(r"^(each session|not confined here): .*\n", re.MULTILINE), ""),
    (re.compile(r"\b\d+\.\d+ (s|min)\b"), "0.0 s"),
    (re.compile(r"\b\d{8}T\d{6}-[0-9a-f]{4}\b"), "20260101T000000-0000"),
)


_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


TOURS = {"README.md": "Five minutes", "README.ko.md": "5분 둘러보기"}
TOLD = {
    "docs/guide/obsidian.md": None,
    "docs/guide/devices.md": None,
    "docs/guide/theming.md": None,
    "docs/guide/troubleshooting.md": None,
}


@pytest.mark.parametrize(("file", "section"), (TOURS | TOLD).items())
def test_what_a_tour_shows_happens(file: str, section: str | None, tmp_path: Path, update_golden: bool) -> None:
    """Files shown with a title are written, then commands run; what is shown below a command is what it prints.

    ``--update-golden`` writes what is printed now. What ``--update`` prints is told of in the guide. Outside the
    READMEs a command with nothing below it is only told of.
    """
    page = ROOT / file
    tour = sections(page, 2)[section] if section else text_of(page)
    told: list[tuple[str, str, str]] = []

    def once(m: re.Match[str]) -> str:
        if section is None and not m[2]:
            return m[0]
        printed = shell(m[1], tmp_path)
        if "--update" in m[1]:
            printed = m[2]
        told.append((m[1], m[2], printed))
        return f"$ {m[1]}\n{printed}"

    def replay(block: re.Match[str]) -> str:
        if m := re.fullmatch(r"\w+ title=\"(.+)\"", block["info"]):
            target = tmp_path / m[1]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(block["body"].encode())
        elif block["info"] == "console":
            return f"{block['m']}console\n{_COMMAND.sub(once, block['body'])}{block['m']}"
        return block[0]

    now = _BLOCK.sub(replay, tour)
    if update_golden:
        page.write_bytes(text_of(page).replace(tour, now).encode())
    else:
        assert len(told) >= (6 if section else 1)
        for command, shown, printed in told:
            assert steady(printed) == steady(shown), command


def test_both_readmes_show_the_same_commands() -> None:
    """Only the name of the page that the tour makes is another."""
    shown = {f: [re.sub('".+"', '""', line) for line in commands_of(ROOT / f)] for f in TOURS}
    assert shown["README.md"] == shown["README.ko.md"]
    assert len(shown["README.md"]) >= 10
    links = {f: [x for x in re.findall(r"\]\(([^)]+)\)", text_of(ROOT / f)) if x not in TOURS] for f in TOURS}
    assert sorted(links["README.md"]) == sorted(links["README.ko.md"])


def commands_of(file: Path) -> list[str]:
    return [line for body in blocks(file, "console") for line in re.findall(r"^\$ (.*)$", body, re.MULTILINE)]


def test_what_the_guide_shows_is_printed(tmp_path: Path) -> None:
    topics = tmp_path / "docs" / "topics"
    topics.mkdir(parents=True)
    (tmp_path / "kb.toml").write_text('[schema]\n"topics/**" = "topic"\n', encoding="utf-8")
    bodies = [body for file in ("authoring.md", "links.md") for body in blocks(GUIDE / file, "console")]
    shown = [found for body in bodies for found in _COMMAND.findall(body)]
    ran = 0
    for command, printed in shown:
        if not printed:
            continue
        assert steady(shell(command, tmp_path)) == steady(printed), command
        ran += 1
        if "kb new" in command:
            page = topics / "Tensor-Shapes.md"
            text = text_of(page)
            page.write_bytes((text + "See [[Broadcasting]].\n").encode())
            text = text.replace("Tensor Shapes", "Broadcasting").replace("-tensor-shapes", "-broadcasting")
            (topics / "Broadcasting.md").write_bytes((text + "Shapes are explained in [[tensor shapes]].\n").encode())
            (tmp_path / "docs" / "index.md").write_text("# My wiki\n\n[[Broadcasting]]\n", encoding="utf-8")
    assert ran == 3


def shell(command: str, folder: Path) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "KB_"))}
    done = run_bash(command, folder, {**clean, "NO_COLOR": "1", "COLUMNS": "100", "PYTHONUNBUFFERED": "1"})
    return done.stdout


def steady(printed: str) -> str:
    """What a command printed without times and names of runs."""
    for pattern, constant in _VARIABLE:
        printed = pattern.sub(constant, printed)
    return printed


def test_the_site_builds_without_a_warning(own_site: Path) -> None:
    """Links, anchors and pages of the manual as MkDocs sees them."""
    assert (own_site / "rules" / "broken-link" / "index.html").is_file()


def test_every_decision_has_a_number_of_its_own_and_is_listed() -> None:
    files = sorted((DOCS / "development" / "decisions").glob("*.md"))
    told = [(f.name, re.search(r'^title: "(.*)"$', f.read_text(encoding="utf-8"), re.MULTILINE)[1]) for f in files]
    assert len({name[:4] for name, _ in told}) == len(files) > 20
    assert all(title.startswith(name[:4] + ": ") for name, title in told)
    index = (DOCS / "development" / "index.md").read_text(encoding="utf-8")
    assert re.findall(r"^- \[(.*)\]\(decisions/(.*)\)$", index, re.MULTILINE) == [(t, n) for n, t in told]

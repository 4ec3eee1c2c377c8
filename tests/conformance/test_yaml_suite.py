"""The YAML test suite as frontmatter: every case of the specification is read, validated and edited without a slip.

``yaml_test_suite.jsonl`` holds the cases of https://github.com/yaml/yaml-test-suite (MIT licence, copyright 2016-2020
Ingy döt Net), one a line. They are written for YAML 1.2; what this asks is not that kb agrees with the suite, but that
no YAML, valid or not, makes it fail, that values agree with PyYAML's, and that an edit changes one field.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from kbtools.errors import KbError
from kbtools.fields.compose import BrokenYaml, LimitExceeded, read
from kbtools.fields.schema import Schema, validate
from kbtools.fields.simple import read_simple
from kbtools.frontmatter import locate, parse, set_field
from kbtools.text.diagnostics import apply_edits

TOPIC = Schema.load("topic")
FILE = Path(__file__).with_name("yaml_test_suite.jsonl")
CASES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").split("\n") if line]


def test_the_suite_is_whole() -> None:
    assert len(CASES) > 390
    assert sum(case["invalid"] for case in CASES) > 80


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_every_case_is_read_and_edited(case: dict[str, str]) -> None:
    text = case["yaml"]
    page = f"---\n{text}{'' if text.endswith(chr(10)) else chr(10)}---\n\n# Body\n"
    found = parse(page)
    assert (found is None) == (locate(page) is None)
    if found is None:
        return
    assert page.startswith(found.span.of(page))
    for entry in found.entries.values():
        assert 0 <= entry.value.start <= entry.value.end <= len(page)
    for problem in (*found.problems, *validate(found, TOPIC)):
        assert 0 <= problem.span.start <= problem.span.end <= len(page)
        assert problem.message
    try:
        edit = set_field(page, "kb_test", "a: b")
    except KbError:
        return
    after = parse(apply_edits(page, [edit]))
    assert after is not None
    assert repr(dict(after.data)) == repr({**found.data, "kb_test": "a: b"})


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_values_are_pyyamls_and_both_ways_through_a_block_agree(case: dict[str, str]) -> None:
    text = case["yaml"]
    try:
        ours = read(text)
    except (BrokenYaml, LimitExceeded):
        assert read_simple(text) is None
        return
    simple = read_simple(text)
    assert simple is None or repr(simple) == repr(ours.data)
    try:
        theirs = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError):
        return
    plain = not ours.problems and not ours.duplicates and isinstance(theirs, dict)
    if plain and all(isinstance(key, str) for key in theirs):
        assert repr(ours.data) == repr(theirs)

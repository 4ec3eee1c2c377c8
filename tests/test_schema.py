"""Frontmatter against schemas: the topic page's, and a team's own."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest

from kbtools.errors import KbError
from kbtools.fields.schema import Schema, schema_text, validate
from kbtools.frontmatter import Frontmatter, parse
from kbtools.text.diagnostics import Applicability, Problem, apply_edits

TOPIC = Schema.load("topic")
FIELDS = {
    "id": "wiki-2026-0508-pytorch-foundations",
    "title": "PyTorch Foundations",
    "category": "10_Wiki/Topics/AI_and_ML",
    "status": "verified",
    "canonical_id": "self",
    "aliases": "[파이토치 기초, PyTorch Basics]",
    "duplicate_of": "none",
    "source_trust_level": "A",
    "confidence_score": "0.95",
    "verification_status": "applied",
    "tags": "[pytorch, 텐서]",
    "raw_sources": '\n  - https://pytorch.org/docs\n  - "[[Raw Notes]]"',
    "last_reinforced": "2026-05-10",
    "github_commit": "pending",
    "tech_stack": "\n  language: Python\n  framework: [PyTorch, CUDA]",
}


def page(**fields: str | None) -> str:
    """A sound topic page with some fields changed, added, or (None) removed."""
    held = {**FIELDS, **fields}
    return "---\n" + "".join(f"{k}: {v}\n" for k, v in held.items() if v is not None) + "---\n# Page\n"


def read(text: str) -> Frontmatter:
    found = parse(text)
    assert found is not None
    return found


def check(text: str, schema: Schema = TOPIC) -> tuple[Problem, ...]:
    return validate(read(text), schema)


def only(text: str, schema: Schema = TOPIC) -> Problem:
    (problem,) = check(text, schema)
    return problem


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("status", s) for s in ("verified", "merged", "duplicate", "draft", "needs_review")),
        *(("canonical_id", s) for s in ("self", "PyTorch_Foundations", "wiki-2026-0508-x")),
        *(("duplicate_of", s) for s in ("none", '"[[PyTorch Foundations]]"', '"[[텐서|label]]"', '"[[C++]]"')),
        *(("verification_status", s) for s in ("applied", "pending", "conceptual", "redirected")),
        *(("source_trust_level", s) for s in "ABCD"),
        *(("confidence_score", s) for s in ("0", "1", "0.99", "0.5")),
        *(("github_commit", s) for s in ("pending", "applied", "3f2a91c", '"0123456"', "a" * 40)),
        *(("last_reinforced", s) for s in ("2026-05-10", '"2026-05-10"')),
        *(
            ("tech_stack", s)
            for s in ("{language: Python, framework: PyTorch}", "{language: [Python, C++], framework: none}")
        ),
        *(("id", s) for s in ("wiki-2026-0508-파이토치-기초", "wiki-2026-0508-c", "wiki-2026-0508-cnn-s-a")),
        *(("aliases", s) for s in ("[]", "['1', 이름]")),
        ("redirect_to", "PyTorch_Foundations"),
        ("redirect_to", '"[[PyTorch Foundations]]"'),
        ("created_at", "2026-05-08"),
        ("updated_at", "2026-05-09"),
        ("applied_in", "[project]"),
        ("applied_in", "project"),
        ("snippets", "{device: cuda, timeout: 120}"),
    ],
)
def test_sound_values(field: str, value: str) -> None:
    assert check(page(**{field: value})) == ()


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_required_and_reported_at_the_opening_line(field: str) -> None:
    text = page(**{field: None})
    problem = only(text)
    assert (problem.rule, problem.span.of(text), problem.span.start) == ("missing-field", "---", 0)
    assert problem.message == f"`{field}` is missing"
    assert problem.help
    assert problem.help.startswith(f"add `{field}: ")


ITEMS = {"[a, 2024]": "2024", "[a, 2026-05-10]": "2026-05-10", "{language: 3, framework: x}": "3", '[a, " "]': '" "'}
"""Values of which only a part is wrong, and that part."""


@pytest.mark.parametrize(
    ("field", "value", "rule", "message", "fixed"),
    [
        # What a value must be, and what is written instead when that is sure
        ("title", "001", "wrong-type", "`title` is read as the number 1 and must be text", '"001"'),
        ("title", "2024", "wrong-type", "`title` is read as a number and must be text", '"2024"'),
        ("title", "no", "wrong-type", "`title` is read as false and must be text", '"no"'),
        ("title", "2026-05-10", "wrong-type", "`title` is read as a date and must be text", '"2026-05-10"'),
        ("title", "12:30:45", "wrong-type", "`title` is read as the number 45045 and must be text", '"12:30:45"'),
        ("title", "[a]", "wrong-type", "`title` is a list and must be text", None),
        ("title", "", "wrong-type", "`title` is empty and must be text", None),
        ("id", "001", "wrong-type", "`id` is read as the number 1 and must be text", None),
        ("aliases", "", "wrong-type", "`aliases` is empty and must be a list", "[]"),
        ("aliases", "null", "wrong-type", "`aliases` is empty and must be a list", "[]"),
        ("aliases", "이름", "wrong-type", "`aliases` is text and must be a list", "[이름]"),
        ("aliases", '"a: b"', "wrong-type", "`aliases` is text and must be a list", '["a: b"]'),
        ("aliases", "{a: 1}", "wrong-type", "`aliases` is a mapping and must be a list", None),
        ("aliases", "[a, 2024]", "wrong-type", "`aliases[1]` is read as a number and must be text", '"2024"'),
        ("tags", "[a, 2026-05-10]", "wrong-type", "`tags[1]` is read as a date and must be text", '"2026-05-10"'),
        ("confidence_score", '"0.9"', "wrong-type", "`confidence_score` is text and must be a number", "0.9"),
        ("confidence_score", "high", "wrong-type", "`confidence_score` is text and must be a number", None),
        ("confidence_score", ".nan", "wrong-type", "`confidence_score` is read as", None),
        ("github_commit", "0123456", "wrong-type", "`github_commit` is read as the number 42798", '"0123456"'),
        ("tech_stack", "Python", "wrong-type", "`tech_stack` is text and must be a mapping", None),
        ("tech_stack", "{language: 3, framework: x}", "wrong-type", "must be text or a list", '"3"'),
        # Values of the right type
        ("status", "Needs Review", "invalid-value", "is not one of verified, merged,", "needs_review"),
        ("status", "VERIFIED", "invalid-value", "`status` `VERIFIED` is not one of", "verified"),
        ("status", "done", "invalid-value", "`status` `done` is not one of", None),
        ("duplicate_of", "None", "invalid-value", "names no page", "none"),
        ("duplicate_of", "Title", "invalid-value", "names no page", None),
        ("duplicate_of", '"[[ ]]"', "invalid-value", "names no page", None),
        ("source_trust_level", "a", "invalid-value", "is not one of A, B, C or D", "A"),
        ("confidence_score", "1.5", "invalid-value", "`confidence_score` `1.5` is more than 1", None),
        ("confidence_score", "-1", "invalid-value", "is less than 0", None),
        ("last_reinforced", "2026-5-1", "invalid-value", "is not a date like 2026-05-10", None),
        ("last_reinforced", "2026-05-10 10:00:00", "invalid-value", "is not a date like", None),
        ("github_commit", "Pending", "invalid-value", "is no commit", "pending"),
        ("github_commit", "3f2a9", "invalid-value", "is no commit", None),
        ("id", "pytorch", "invalid-value", "is no id: write wiki-YYYY-MMDD-", None),
        ("aliases", "[a, a]", "invalid-value", "`aliases` names something twice", None),
        ("aliases", '[a, " "]', "invalid-value", "`aliases[1]` is blank", None),
    ],
)
def test_wrong_values(field: str, value: str, rule: str, message: str, fixed: str | None) -> None:
    text = page(**{field: value})
    problem = only(text)
    assert problem.rule == rule
    assert message in problem.message
    assert problem.span.of(text) == {"": field, **ITEMS}.get(value, value)
    safe = problem.fix if problem.fix and problem.fix.applicability is Applicability.SAFE else None
    if fixed is None:
        assert safe is None
        return
    assert safe is not None
    (edit,) = safe.edits
    assert edit.replacement.strip() == fixed
    assert check(apply_edits(text, safe.edits)) == ()


@pytest.mark.parametrize(
    ("wrong", "right", "applicability"),
    [
        ("Title", "title", Applicability.SAFE),
        ("canonical-id", "canonical_id", Applicability.SAFE),
        ("Source Trust Level", "source_trust_level", Applicability.SAFE),
        ("confidense_score", "confidence_score", Applicability.UNSAFE),
        ("tag", "tags", Applicability.UNSAFE),
    ],
)
def test_a_misspelt_field(wrong: str, right: str, applicability: Applicability) -> None:
    text = page(**{wrong: FIELDS[right], right: None})
    missing, unknown = check(text)
    assert (missing.rule, unknown.rule, unknown.span.of(text)) == ("missing-field", "unknown-field", wrong)
    assert unknown.help == f"did you mean `{right}`?"
    assert unknown.fix
    assert unknown.fix.applicability is applicability
    assert check(apply_edits(text, unknown.fix.edits)) == ()


def test_an_unknown_field_is_not_renamed_to_one_that_is_there() -> None:
    problem = only(page(titles="x"))
    assert (problem.rule, problem.fix) == ("unknown-field", None)
    assert problem.help == "`title` is there already; remove this one"


def test_a_field_missing_inside_a_field_points_at_it() -> None:
    text = page(tech_stack="\n  language: Python\n  Framework: x")
    missing, unknown = check(text)
    assert (missing.span.of(text), missing.message) == ("tech_stack", "`framework` is missing in `tech_stack`")
    assert (unknown.span.of(text), unknown.help) == ("Framework", "did you mean `framework`?")


def test_fields_that_could_not_be_read_are_not_missing() -> None:
    assert check(page(title="{{title}}")) == ()
    assert check(page(tags="[a, b")) == ()
    assert check("---\n- a\n---\n") == ()


def test_an_unquoted_link_is_the_link_it_means() -> None:
    found = read(page(duplicate_of="[[텐서]]"))
    assert [p.rule for p in found.problems] == ["unquoted-wikilink"]
    assert validate(found, TOPIC) == ()


def test_problems_are_sorted_and_few() -> None:
    problems = check("---\n" + "".join(f"x{i}: {i}\n" for i in range(5_000)) + "---\n")
    assert len(problems) == 100
    assert list(problems) == sorted(problems, key=lambda p: p.span)


# A team's own schema


def schema(document: dict[str, object]) -> Schema:
    return Schema.of("own", document)


@pytest.mark.parametrize(
    ("rule", "value", "message"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "array"}]}, "1", "`f` is read as a number and must be text or a list"),
        ({"anyOf": [{"const": "a"}, {"enum": ["b", "c"]}]}, "x", "`f` `x` fits none of the forms the schema allows"),
        (
            {"oneOf": [{"type": "integer"}, {"type": "string", "minLength": 3}]},
            "ab",
            "`f` `ab` is shorter than 3 characters",
        ),
        ({"type": "array", "minItems": 1}, "[]", "`f` needs at least one item"),
        ({"type": "array", "contains": {"const": "x"}}, "[y]", "`f` "),
        ({"multipleOf": 5}, "7", "`f` `7` is not a multiple of 5"),
        ({"not": {"const": "x"}}, "x", "`f` `x` "),
        ({"const": "x"}, "y", "`f` `y` is not one of x"),
        ({"type": "string", "pattern": "^a"}, "b", "`f` `b` does not match ^a"),
        ({"type": "string", "pattern": "^a", "errorMessage": "wants an a"}, "b", "`f` `b` wants an a"),
        ({"$ref": "#/$defs/n"}, "b", "`f` is text and must be a whole number"),
        (False, "b", "`f` must not be here"),
        ({"type": "object", "propertyNames": {"pattern": "^a"}}, "{b: 1}", "a field's name here is not allowed"),
        ({"type": "object", "additionalProperties": False}, "{b: 1}", "no field is called `b`"),
    ],
)
def test_any_keyword_gets_words(rule: object, value: str, message: str) -> None:
    text = f"---\nf: {value}\n---\n"
    own = schema({"properties": {"f": rule}, "$defs": {"n": {"type": "integer"}}})
    problem = only(text, own)
    assert problem.message.startswith(message)
    assert problem.span.of(text) in (value, "f", "b")


def test_dates_where_a_team_allows_them() -> None:
    own = schema({"properties": {"d": {"type": "string", "pattern": "^[0-9]{4}-"}, "any": {}, "t": {"type": "string"}}})
    problem = only("---\nd: 2026-05-10\nany: 2026-05-10\nt: 2026-05-10\n---\n", own)
    assert problem.message == "`t` is read as a date and must be text"


def test_a_schema_in_a_file_may_refer_to_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "팀.json").write_text('{"properties": {"a": {"$ref": "parts/word.json"}}}', encoding="utf-8")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/word.json").write_text('{"type": "string"}', encoding="utf-8")
    own = Schema.load("팀.json", tmp_path)
    assert only("---\na: 1\n---\n", own).rule == "wrong-type"
    assert check("---\na: b\nelse: 1\n---\n", own) == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no JSON: line 1, column 2"),
        ("[1]", "is an object"),
        ('{"properties": {"a": {"type": "strin"}}}', "at properties/a/type"),
        ('{"pattern": "("}', "not a valid JSON Schema at pattern"),
        ('{"$ref": "https://example.org/s.json"}', "https://example.org/s.json is not fetched"),
        ('{"$ref": "nope.json"}', "nope.json cannot be read"),
        ('{"$ref": "#/nope"}', "not a valid JSON Schema"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_a_broken_schema_says_so(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "s.json").write_text(content, encoding="utf-8")
    with pytest.raises(KbError) as caught:
        Schema.load("s.json", tmp_path)
    assert words in caught.value.message
    assert caught.value.hint


def test_no_such_schema() -> None:
    with pytest.raises(KbError, match=r"nope\.json cannot be read") as caught:
        Schema.load("nope.json")
    assert "topic" in str(caught.value.hint)
    with pytest.raises(KbError, match="no schema is called nope"):
        schema_text("nope")


def test_the_topic_schema_helps_editors() -> None:
    """Every field is described and has an example the schema itself accepts, for completion."""
    document = json.loads(schema_text("topic"))
    jsonschema_rs.meta.validate(document)
    for name, rule in document["properties"].items():
        assert rule["description"], name
        assert rule["examples"], name
        own = jsonschema_rs.validator_for({**rule, "$defs": document["$defs"]}, validate_formats=True)
        assert all(own.is_valid(example) for example in rule["examples"]), name
        assert own.is_valid(rule.get("default", rule["examples"][0])), name

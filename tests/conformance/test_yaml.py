"""Our reader beside PyYAML's: the same values wherever PyYAML's are sound, with both of its event parsers."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kbtools.fields.compose import BrokenYaml, LimitExceeded, read
from kbtools.fields.scalars import MAX_TYPED, UnreadableScalar, typed
from kbtools.frontmatter import parse
from kbtools.text.yaml_events import event_parser, python_parser

ORDINARY = [
    "title: A\ntags: [a, b]\n",
    "a: 1\nb: 0.5\nc: .5\nd: 1e3\ne: 1.0e+3\nf: 0x1F\ng: 010\nh: 0b11\ni: 1_000\nj: -1\nk: +1\nl: 12:30:45\nm: .inf\n",
    "a: yes\nb: No\nc: ON\nd: off\ne: True\nf: y\ng: n\nh: ~\ni: null\nj:\nk: NULL\nl: nUll\n",
    "a: 2026-05-10\nb: 2026-05-10 12:00:00\nc: 2026-05-10T12:00:00Z\nd: 2026-05-10T12:00:00.5+09:00\ne: 2026-5-1\n",
    "a: 'it''s'\nb: \"x\\ty\\u00e9\"\nc: >-\n  fold\n  ed\n\n  para\nd: |+\n  keep\n\ne: plain\n  goes on\n",
    "a:\n  b:\n    - c: 1\n      d: 2\n    -\n      - x\n- y: z\n",
    "a:\n- b\n-\n- c: d\ne: {f: [1, {g: h}], i: }\n",
    "a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2\nf:\n  <<: [*x, {b: 3, g: 4}]\n",
    "제목: 텐서 😀\n'quoted key': 1\n\"두 번째\": 2\n? long\n: 3\n",
    'a: http://x.org/#y\nb: a#b\nc: x # comment\n# comment\n\nd: C++\ne: "# no comment"\n',
    "a: x\u2028b: 2\nc: 3\n",
    "a: 1\r\nb:\r\n  - 2\r\n",
    "a: 1\rb: 2\r",
    "",
    "# nothing\n",
]


@pytest.mark.parametrize("text", ORDINARY)
@pytest.mark.parametrize("parser", [event_parser(), python_parser()], ids=["libyaml", "python"])
def test_values_are_those_of_safe_load(text: str, parser: object) -> None:
    try:
        expected = yaml.safe_load(text)
    except yaml.YAMLError:
        with pytest.raises(BrokenYaml):
            read(text, parser)  # type: ignore[arg-type]
        return
    found = read(text, parser)  # type: ignore[arg-type]
    assert found.data == (expected or {})
    assert [type(v) for v in found.data.values()] == [type(v) for v in (expected or {}).values()]
    assert not found.problems


def test_libyaml_is_what_reads_where_pyyaml_was_built_with_it() -> None:
    assert yaml.__with_libyaml__ == (event_parser() is not python_parser())


@pytest.mark.parametrize("text", ORDINARY)
def test_both_event_parsers_give_the_same_places(text: str) -> None:
    try:
        here = read(text, event_parser())
    except BrokenYaml:
        return
    assert read(text, python_parser()).rows == here.rows


words = st.text(alphabet="+-.0123456789:_eEtTzZxXoObBinfaNyYrRuUlLsS~<=&*! ", max_size=12)


@given(
    words
    | st.from_regex(
        r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?(Z|[+-][0-9]{1,2})?)?",
        fullmatch=True,
    )
)
def test_scalars_are_typed_like_pyyaml(text: str) -> None:
    node = yaml.ScalarNode(yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False)), text)
    loader = yaml.SafeLoader("")
    try:
        expected = loader.construct_object(node)
    except (ValueError, OverflowError, IndexError, KeyError, yaml.YAMLError):
        with pytest.raises(UnreadableScalar):
            typed(text)
        return
    value = typed(text)
    assert (type(value), str(value)) == (type(expected), str(expected))


def test_long_numbers_stay_text() -> None:
    assert typed("9" * MAX_TYPED) == int("9" * MAX_TYPED)
    assert typed("9" * (MAX_TYPED + 1)) == "9" * (MAX_TYPED + 1)


shapes = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.dates() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), shapes, max_size=5),
    st.sampled_from([None, False, True]),
    st.booleans(),
)
def test_what_pyyaml_writes_is_read_as_pyyaml_reads_it(
    data: dict[str, object], flow: bool | None, unicode: bool
) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=unicode, sort_keys=False)
    found = parse(f"---\n{text}---\n")
    if found is None or found.span.end != len(text) + 8:
        return  # the dump holds a closing line of its own
    if any(p.rule == "unquoted-wikilink" for p in found.problems):
        return  # [['a']] dumped in flow style: the one place where we read what people mean
    assert repr(found.data) == repr(yaml.safe_load(text))
    assert not found.problems


junk = st.lists(
    st.sampled_from(
        ["a", ": ", "- ", "\n", "\n  ", "[", "]", "{", "}", ",", '"', "'", "#", " ", "b:", "x", "|", ">", "1", "\t"]
    ),
    max_size=25,
)


@given(junk.map("".join))
def test_what_is_yaml_for_pyyaml_is_yaml_here(text: str) -> None:
    """And the reverse, apart from keys that are no text, which PyYAML takes for tuples or refuses itself."""
    try:
        expected = yaml.load(text, yaml.CSafeLoader)
        sound = True
    except yaml.YAMLError:
        expected, sound = None, False
    try:
        found = read(text)
        here = True
    except (BrokenYaml, LimitExceeded) as error:
        if "key that is not text" in str(error):
            return
        here, found = False, None
    if found is not None and not found.mapping:
        return  # not read to its end: it holds no fields anyway
    assert here == sound
    if found is not None and sound and isinstance(expected, dict) and not found.problems and not found.duplicates:
        assert list(found.data.values()) == list(expected.values()) or len(found.data) != len(expected)

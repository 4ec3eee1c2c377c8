"""What holds for snippets of any text: P1 total, P2 spans in bounds, P5 translation, P11 linear time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from examples import examples
from growth import assert_linear
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbtools.fences.expected.expect import explain, matches
from kbtools.fences.option_values import DEVICES
from kbtools.markdown.scanner import scan
from kbtools.snippets import Snippet, extract, undefined_names

QUICK = settings(max_examples=examples(120), suppress_health_check=[HealthCheck.too_slow])
ANY = st.text(st.characters(), max_size=60)  # lone surrogates, NUL, form feeds and U+2028 among them
CODE = st.lists(
    st.sampled_from(
        [
            "x = 1",
            "print(x)  # 1",
            "print(y, 2)  #> 3",
            "for i in x:",
            "    y = i",
            "    print(i)  # tensor([1.,",
            "#  2.])",
            "def f(a, b=y):",
            "    global z",
            "    z = a",
            "class A(f):",
            "    x = x",
            "del x",
            "import torch as t",
            "from q import *",
            "try:",
            "except NameError:",
            "    pass",
            "with t.cuda.device(0) as d:",
            "y = x.cuda()",
            "z = [i for i in x if (w := i)]",
            "lambda q: q + r",
            "if t.cuda.is_available():",
            'x = f"{가 + 나}"',
            "match x:",
            "    case [a, *b]: pass",
            "await x",
            "%magic",
            ">>> x",
            "return",
            "x: int",
            '"""',
            "(",
            "\t",
            "가 = 나  # (1)!",
        ]
    ),
    max_size=8,
).map("\n".join)
MARK = st.sampled_from(
    [
        "#id",
        "#a::b",
        ".skip",
        ".hidden",
        ".alone",
        ".output",
        ".hiden",
        'reason="r"',
        'device="cuda"',
        'device="gpu,"',
        'timeout="5"',
        'timeout="1e9"',
        'memory="4GiB"',
        'memory="lots"',
        'match="("',
        'raises="E"',
        'requires="a>=1,<2, b"',
        'requires="a b"',
        'network="maybe"',
        'launch="torchrun \'"',
        'file="../x"',
        'expect="off"',
        'title="t"',
        'session="s"',
        '"',
        "'",
        "=",
        "key=",
        'x="1"',
    ]
)
LANGUAGE = st.sampled_from(["python", "py", "output", "json", "yaml", "toml", "bash", "", "rust", "pycon"])

DEFAULTS = st.dictionaries(st.sampled_from(["device", "skip", "timeout", "x", "#", ".a", ""]), ANY)


@st.composite
def pages(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.integers(0, 4))
        if kind == 0:
            parts.append(f"# {draw(ANY)}")
        elif kind == 1:
            parts.append(draw(ANY))
        else:
            marks = " ".join(draw(st.lists(MARK, max_size=3)))
            info = draw(LANGUAGE) + (f" {{{marks}}}" if marks and draw(st.booleans()) else "")
            comment = f"<!-- kb: {' '.join(draw(st.lists(MARK, max_size=3)))} -->\n" if kind == 3 else ""
            body = draw(st.one_of(CODE, ANY))
            parts.append(f"{comment}```{info}\n{body}\n```")
    return draw(st.sampled_from(["\n", "\n\n"])).join(parts) + "\n"


def facts(snippets: tuple[Snippet, ...]) -> list[object]:
    return [
        (s.id, s.session, s.code, s.options, dict(s.declared), s.executable, s.why_not, s.devices, s.defines, s.uses)
        for s in snippets
    ]


@QUICK
@given(
    st.one_of(pages(), ANY),
    st.dictionaries(st.sampled_from(["device", "skip", "timeout", "x", "#", ".a", ""]), ANY),
    ANY,
)
def test_total_and_in_bounds(page: str, defaults: dict[str, object], slug: str) -> None:
    structure = scan(page)
    snippets, problems = extract(page, structure, defaults=defaults, page_slug=slug)
    assert [s.fence for s in snippets] == list(structure.fences)
    assert len({s.id for s in snippets}) == len(snippets)
    assert all(s.id and "::" not in s.id and "[" not in s.id and " " not in s.id for s in snippets)
    for s in snippets:
        assert s.executable is (s.why_not is None)
        assert set(s.devices) <= set(DEVICES)
        assert bool(s.devices) is s.executable
        assert 1 <= s.line <= s.end_line
        for e in s.expects:
            assert 0 <= e.span.start <= e.span.end <= len(page)
            assert e.of_line is None or s.line < e.of_line <= e.line <= s.end_line
    for p in (*problems, *undefined_names(snippets)):
        assert 0 <= p.span.start <= p.span.end <= len(page)
        assert "\n" not in p.message
    assert list(problems) == sorted(problems, key=lambda p: p.span)


@QUICK
@given(st.lists(st.tuples(LANGUAGE, CODE), max_size=3), st.text("가 \nx.", max_size=20))
def test_text_in_front_shifts_everything(fences: list[tuple[str, str]], front: str) -> None:
    page = "\n\n".join(["# A", *(f"```{language}\n{code}\n```" for language, code in fences)]) + "\n"
    front += "\n\n"
    one, found = extract(page, scan(page), page_slug="p")
    two, moved = extract(front + page, scan(front + page), page_slug="p")
    assert [(s.id, s.code, s.devices, s.defines, s.uses) for s in one] == [
        (s.id, s.code, s.devices, s.defines, s.uses) for s in two
    ]
    by = len(front)
    assert [(p.rule, p.span.shift(by)) for p in found] == [(p.rule, p.span) for p in moved]
    names, later = undefined_names(one), undefined_names(two)
    assert [(p.rule, p.span.shift(by)) for p in names] == [(p.rule, p.span) for p in later]
    assert [e.span.shift(by) for s in one for e in s.expects] == [e.span for s in two for e in s.expects]


@QUICK
@given(st.lists(st.tuples(LANGUAGE, CODE), max_size=3), st.sampled_from(["quote", "admonition", "tab"]))
def test_containers_change_nothing(fences: list[tuple[str, str]], container: str) -> None:
    body = "\n\n".join(f"```{language}\n{code}\n```" for language, code in fences)
    if container == "quote":
        page = "".join(f"> {line}\n" for line in body.split("\n"))
    else:
        opener = '!!! note "n"' if container == "admonition" else '=== "t"'
        page = f"{opener}\n\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    plain = extract(body, scan(body), page_slug="p")
    inside = extract(page, scan(page), page_slug="p")
    if len(scan(page).fences) == len(scan(body).fences):  # a quoted ">>> x" or the like may end a container
        assert facts(plain[0]) == facts(inside[0]) or "\t" in body
        texts = [[p.span.of(t) for p in problems] for t, (_, problems) in ((body, plain), (page, inside))]
        assert [t for t in texts[0] if "\n" not in t] == [t for t in texts[1] if "\n" not in t] or "\t" in body


VALUE = st.recursive(
    st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text("ab가' \"", max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.tuples(inner),
        st.dictionaries(st.integers(), inner, max_size=3),
    ),
    max_leaves=8,
)


@QUICK
@given(VALUE)
def test_what_repr_shows_is_read_back_as_expected_output(value: object) -> None:
    shown = repr(value)
    page = f"```python\nprint(v)  # {shown}\n```\n"
    (snippet,), _ = extract(page, scan(page), page_slug="p")
    assert [e.text for e in snippet.expects] == [shown]
    assert matches(shown, shown)


@QUICK
@given(ANY, ANY)
def test_comparison_is_total(expected: str, actual: str) -> None:
    assert isinstance(matches(expected, actual), bool)
    assert matches(actual, actual)
    assert matches(f"{expected}...", expected)
    assert matches(f"...{expected}", expected)
    explain(expected, actual)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "# a\n\n" + "```python\nx = y\n```\n\n" * n,
        lambda n: "```python\n" + "x = 가나 + f'{다}'\n" * n + "```\n",
        lambda n: "```python\nx = '" + "가" * 20 * n + "'\n```\n",
        lambda n: "```python\n" + "print(가) ; " * 4 * n + "\n```\n",
        lambda n: "```python\n" + "print(1)  # [" + "\n# [" * 4 * n + "\n```\n",
        lambda n: "```python\n" + "print(1)  # '" + "'" * 8 * n + "\n```\n",
        lambda n: "<!-- kb: " + '.a key="v" ' * n + "-->\n```python\n```\n",
        lambda n: "<!-- kb: " + "'" * 8 * n + "-->\n```python\n```\n",
        lambda n: "<!-- kb: .hidden -->\n" * n + "```python\n```\n",
        lambda n: "".join(f"```python {{#a-{k}}}\n```\n\n" for k in range(n)) + "# a\n\n" + "```python\n```\n\n" * n,
        lambda n: "".join(f"```python\nname{k} = nme{k}\n```\n\n" for k in range(n)),
        lambda n: "```json\n[" + "1, " * 8 * n + "]\n```\n",
    ],
    ids=[
        "fences",
        "lines",
        "long-line",
        "prints",
        "open-value",
        "quotes",
        "marks",
        "comment-quotes",
        "comments",
        "ids",
        "names",
        "json",
    ],
)
def test_linear_time(make) -> None:  # type: ignore[no-untyped-def]
    def work(size: int) -> Callable[[], object]:
        page = make(size)
        structure = scan(page)
        return lambda: undefined_names(extract(page, structure, page_slug="p")[0])

    assert_linear(work, 150)

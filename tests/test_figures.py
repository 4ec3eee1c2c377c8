"""Figures: taken from a snippet, the same at every run, harmless, kept with its result, shown on the site."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from pathlib import Path

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal import run_kb

from kbtools.adapters.testing import run_page
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results import figures
from kbtools.run.results.figures import Figure
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.worker.figures import MOST, capture

needs_matplotlib = pytest.mark.skipif(
    __import__("importlib.util").util.find_spec("matplotlib") is None, reason="matplotlib is not installed"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><path d="M0 0" id="%d"/></svg>'


def fence(code: str, info: str = "{#a}") -> str:
    return f"```python {info}\n{code}\n```\n\n"


PLOT = (
    "import matplotlib.pyplot as plt\nplt.figure('It falls', figsize=(4, 3))\nplt.plot([1, 2], label='training')\n"
    "plt.title('Loss')\nplt.xlabel('epoch')\nplt.ylabel('value')\nplt.legend()\nplt.show()"
)


@needs_matplotlib
def test_figures_left_open_belong_to_their_snippet(launcher: Launcher) -> None:
    page = (
        fence("import matplotlib\nprint(matplotlib.get_backend())", "{#backend}")
        + fence(PLOT, "{#one}")
        + fence("fig, _ = plt.subplots()\nplt.close(fig)\nplt.figure()", "{#none}")
        + fence("for n in range(12):\n    plt.figure()\n    plt.plot([n])", "{#many}")
        + fence("print(plt.get_fignums())  # []", "{#closed}")
    )
    found = run_page(page, launcher)
    assert [o.outcome for o in found.values()] == [Status.PASSED] * 5, [o.message for o in found.values()]
    assert found["backend"].stdout.lower() == "agg\n"
    (figure,) = found["one"].figures
    assert (300 < figure.width < 480, 200 < figure.height < 360) == (True, True)
    assert figure.caption == "It falls"
    assert figure.alt == "It falls; Loss: epoch / value (training)"
    assert Figure.from_json(figure.to_json()) == figure
    assert [f.caption for f in found["many"].figures] == [""] * MOST
    assert figure.data.startswith(b"<svg")
    assert figure.name.endswith(".svg")
    assert found["none"].figures == found["closed"].figures == ()
    assert len(found["many"].figures) == MOST


@needs_matplotlib
def test_the_same_figure_is_the_same_bytes(launcher: Launcher) -> None:
    assert run_page(fence(PLOT), launcher)["a"].figures == run_page("text\n\n" + fence(PLOT), launcher)["a"].figures


@needs_matplotlib
def test_what_would_be_large_is_a_png_and_what_fails_is_told(launcher: Launcher) -> None:
    page = (
        fence("import matplotlib.pyplot as plt\nplt.scatter(range(8000), [n % 97 for n in range(8000)])", "{#large}")
        + fence("plt.plot([1])\nplt.gca().lines[0].set_url('javascript:alert(1)')", "{#link}")
        + fence("plt.title('$\\\\frac{$')", "{#bad}")
        + fence("plt.plot([1])\n1 / 0", "{#raises}")
    )
    found = run_page(page, launcher)
    (large,) = found["large"].figures
    assert large.data.startswith(b"\x89PNG")
    assert 500 < large.width < 700
    assert found["link"].figures[0].name.endswith(".png"), "a drawing that could run something is not kept as SVG"
    assert found["bad"].outcome is Status.FAILED
    assert "a figure cannot be drawn" in (found["bad"].message or "")
    assert found["raises"].traceback_line is not None
    assert len(found["raises"].figures) == 1


def test_where_nothing_drew_nothing_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    assert capture() == ([], None)
    assert "matplotlib.pyplot" not in sys.modules


REFUSED = {
    "a script": b"<script>alert(1)</script>",
    "a handler": b'<path onload="alert(1)"/>',
    "HTML that runs": b'<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>',
    "a link": b'<a href="javascript:alert(1)"><path/></a>',
    "a remote image": b'<image href="http://example.org/x.png"/>',
    "an image of code": b'<image href="data:image/svg+xml;base64,AAAA"/>',
    "a remote use": b'<use href="http://example.org/x.svg#a"/>',
    "a style that loads": b"<style>@import 'x'; a{b:url(http://e)}</style>",
    "an attribute that loads": b'<path fill="url(http://example.org/)"/>',
    "an escaped style": b"<style>a{b:\\75rl(x)}</style>",
    "an animation": b'<animate attributeName="href" to="javascript:x"/>',
    "another namespace": b'<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
    "no end": b"<g>",
}


@pytest.mark.parametrize("inside", REFUSED.values(), ids=REFUSED)
def test_a_drawing_that_could_run_or_load_something_is_refused(inside: bytes) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg">' + inside + b"</svg>"
    data = {"name": "x.svg", "alt": "", "width": 1, "height": 1, "data": base64.b64encode(svg).decode()}
    with pytest.raises(ValueError, match="not a picture"):
        Figure.from_json(data)


def test_a_prolog_is_taken_off_and_entities_are_not_published() -> None:
    with_prolog = Figure.of(b'<!DOCTYPE x [<!ENTITY a "b">]>' + SVG % 1, "", 1, 1)
    assert with_prolog == Figure.of(SVG % 1, "", 1, 1)
    within = b'<svg xmlns="http://www.w3.org/2000/svg"><!DOCTYPE x [<!ENTITY a "b">]></svg>'
    assert Figure.of(within, "", 1, 1) is None


@settings(max_examples=examples(200))
@given(st.binary(max_size=60), st.text(max_size=40))
def test_any_bytes_give_a_harmless_picture_or_none(data: bytes, alt: str) -> None:
    for content in (data, SVG % 1 + data, (SVG % 1).replace(b"M0 0", data)):
        figure = Figure.of(content, alt, 1, 1)
        if figure is not None:
            assert Figure.from_json(figure.to_json()) == figure
            assert figures.is_name(figure.name)


def drawn(*numbers: int) -> tuple[Figure, ...]:
    return tuple(f for n in numbers if (f := Figure.of(SVG % n, f'<figure> "{n}"', 10, 20)) is not None)


def test_an_outcome_travels_with_its_figures() -> None:
    outcome = Outcome("A.md::a[cpu]", "A.md", 1, "cpu", Status.PASSED, figures=drawn(1, 2))
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


@needs_matplotlib
def test_store_report_merge_and_site_carry_them(tmp_path: Path) -> None:
    wiki = tmp_path / "wiki"
    (wiki / "docs" / "topics").mkdir(parents=True)
    (wiki / "docs" / "index.md").write_text("# Home\n\n[Plot](topics/Plot.md)\n")
    (wiki / "docs" / "topics" / "Plot.md").write_text("# Plot\n\n" + fence(PLOT))
    (wiki / "kb.toml").write_text('docs = "docs"\n')
    (wiki / "mkdocs.yml").write_text(
        "site_name: W\ntheme: material\nplugins: [kbtools]\nmarkdown_extensions:\n  - pymdownx.superfences\n"
    )
    done = run_kb(("run", "--report", "one.json"), cwd=wiki)
    assert done.returncode == 0, done.stderr + done.stdout
    (picture,) = (wiki / ".kb" / "results" / "figures").iterdir()
    assert b"figures" in b"".join(f.read_bytes() for f in (wiki / ".kb" / "results").glob("*.json"))
    again = run_kb(("run", "--format", "json"), cwd=wiki)
    (outcome,) = json.loads(again.stdout)["outcomes"]
    assert outcome["cached"] is True
    assert base64.b64decode(outcome["figures"][0]["data"]) == picture.read_bytes()
    picture.write_bytes(b"<svg>no longer what it was</svg>")
    once_more = json.loads(run_kb(("run", "--format", "json"), cwd=wiki).stdout)["outcomes"][0]
    assert once_more["cached"] is False, "a result without its picture is run again"
    assert run_kb(("results", "merge", "one.json", "one.json", "--output", "all.json"), cwd=wiki).returncode == 0
    shutil.rmtree(wiki / ".kb")
    built = run_kb(("build", "--no-run", "--results", "all.json"), cwd=wiki)
    assert built.returncode == 0, built.stderr
    html = (wiki / "site" / "topics" / "Plot" / "index.html").read_text(encoding="utf-8")
    name = outcome["figures"][0]["name"]
    assert f'<img src="../../assets/kb-figures/{name}" alt="It falls; Loss: epoch / value (training)" width="' in html
    assert "<figcaption>It falls</figcaption></figure>" in html
    assert (wiki / "site" / "assets" / "kb-figures" / name).is_file()

"""Pages as notebooks and back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from kbtools.errors import KbError
from kbtools.notebooks.export import ExportContext, export
from kbtools.notebooks.importing import import_notebook, read
from kbtools.run.results.figures import Figure
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.text.source import Source
from kbtools.vault.page import Page, decode

ROOT = Path(__file__).parent.parent
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (2).to_bytes(4, "big") * 2 + b"\x08\x06\0\0\0"

PAGE = """---
title: Sums
tags: [a]
---

# Sums {#top}

See [[Tensor|tensors]] and [[Nowhere]], ![[plot.png]] and ![alt](img/plot.png).

```python {#setup .hidden}
import math
```

!!! note "Mind"
    In a callout:

    ```python {#inside}
    print(math.pi)  # 3.14
    ```

    and on.

- a list

    ```python
    print("x")
    ```

    ```output
    x
    ```

```python {#wrong raises="ValueError"}
raise ValueError("no")
```

```python {.skip reason="slow"}
print("never")
```

```python {file="mod.py"}
y = 1
```

```bash
echo hi
```

The end.
"""


def page(text: str = PAGE) -> Page:
    return Page.parse(Source("a/Sums.md", text))


def outcome(name: str, status: Status = Status.PASSED, **more: object) -> Outcome:
    return Outcome(f"a/Sums.md::{name}[cpu]", "a/Sums.md", 1, "cpu", status, **more)  # type: ignore[arg-type]


def back(text: str) -> str:
    return import_notebook(read(text.encode(), "x.ipynb"), "x").text


def test_a_page_becomes_cells() -> None:
    figure = Figure.of(PNG, "a plot", 2, 2)
    done = [outcome("inside", stdout="3.14\n", figures=(figure,) if figure else ()), outcome("setup")]
    done.append(outcome("wrong", Status.PASSED, message="ValueError: no"))
    around = ExportContext(
        address=lambda link: "https://wiki.org/tensor/" if link.target == "Tensor" else None,
        picture=lambda name: PNG if name.endswith("plot.png") else None,
    )
    text = export(page(), done, around)
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert text == f"{nbformat.writes(notebook)}\n"
    kinds = "".join(c.cell_type[0] for c in notebook.cells)
    assert kinds == "mcmcmcmcmcm"
    first, setup, callout, inside, *_ = notebook.cells
    assert "# Sums\n" in first.source
    assert "[tensors](https://wiki.org/tensor/) and Nowhere, ![plot.png](attachment:plot.png)" in first.source
    assert first.attachments["plot.png"]["image/png"].startswith("iVBOR")
    assert setup.metadata.jupyter.source_hidden
    assert setup.source == "import math"
    assert callout.source.startswith("> **Mind**\n> In a callout:")
    assert inside.source == "print(math.pi)  # 3.14"
    assert [o.output_type for o in inside.outputs] == ["stream", "display_data"] if figure else ["stream"]
    wrong = next(c for c in notebook.cells if "ValueError" in c.source)
    assert wrong.metadata.tags == ["raises-exception"]
    assert wrong.outputs[0].ename == "ValueError"
    printed = next(c for c in notebook.cells if c.source == 'print("x")')
    assert printed.outputs[0].text == "x\n"  # not run yet: what the page says
    assert any(c.source == "%%writefile mod.py\ny = 1" for c in notebook.cells)
    assert not any(c.cell_type == "code" and "never" in c.source for c in notebook.cells)


def test_the_same_page_gives_the_same_bytes() -> None:
    assert export(page()) == export(page())


PAGES = sorted(p for p in (ROOT / "docs").rglob("*.md") if "rules" not in p.parts)


def test_every_page_of_the_wiki_comes_back() -> None:
    for file in PAGES:
        read_page = decode(file.relative_to(ROOT / "docs").as_posix(), file.read_bytes())
        assert back(export(read_page)) == read_page.source.text, file


@given(st.lists(st.sampled_from([*PAGE.split("\n"), "```", "~~~", "\r", "    ", "[[a|b]] [[a#b]]", "\x0c", "가"])))
def test_any_page_comes_back(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert back(export(page(text))) == page(text).source.text


def edited(**changes: str) -> str:
    notebook = nbformat.reads(export(page()), as_version=4)
    for cell in notebook.cells:
        for old, new in changes.items():
            cell.source = cell.source.replace(old, new)
    return back(str(nbformat.writes(notebook)))


def test_an_edited_cell_changes_its_own_lines_only() -> None:
    assert edited(**{"math.pi": "math.e"}) == PAGE.replace("math.pi", "math.e")
    assert edited(**{"y = 1": "y = 1\nz = 2"}) == PAGE.replace("y = 1", "y = 1\nz = 2")
    assert edited(**{"The end.": "The end!"}) == PAGE.replace("The end.", "The end!")
    inside = PAGE.replace("    print(math.pi)  # 3.14", "    if math.pi:\n        print(math.pi)  # 3.14")
    assert edited(**{"print(math.pi)": "if math.pi:\n    print(math.pi)"}) == inside


def test_an_edited_line_keeps_its_links() -> None:
    assert "Look at [[Tensor|tensors]] and [[Nowhere]]" in edited(**{"See tensors": "Look at tensors"})


def test_a_new_cell_is_taken_over() -> None:
    notebook = nbformat.reads(export(page()), as_version=4)
    notebook.cells.insert(2, new_code_cell("new = 1"))
    text = back(str(nbformat.writes(notebook)))
    assert "\n\n```python\nnew = 1\n```\n\n" in text
    assert text.replace("```python\nnew = 1\n```\n\n", "") == PAGE


# --- notebooks of others


def imported(*cells: object, **metadata: object) -> str:
    notebook = new_notebook(cells=list(cells), metadata=dict(metadata))
    return import_notebook(read(str(nbformat.writes(notebook)).encode(), "x.ipynb"), "a name").text


def shown(source: str, *outputs: object, **more: object) -> str:
    return imported(new_code_cell(source, outputs=list(outputs), **more)).removeprefix("# a name\n\n")


def test_outputs_become_expectations() -> None:
    out = new_output("stream", name="stdout", text="1\n2\n")
    assert shown("print(1)", out) == "```python\nprint(1)\n```\n\n```output\n1\n2\n```\n"
    value = new_output("execute_result", data={"text/plain": "3"})
    assert shown("1 + 2", value) == "```python\n1 + 2  #> 3\n```\n"
    table = new_output("execute_result", data={"text/plain": "a\nb"})
    assert shown("x", table) == "```python\nx\n#> a\n#> b\n```\n"
    err = new_output("error", ename="KeyError", evalue="'x'", traceback=["…"])
    assert shown("{}['x']", err) == "```python {raises=\"KeyError\"}\n{}['x']\n```\n"
    stderr = new_output("stream", name="stderr", text="warning")
    assert shown("f()", stderr) == "```python\nf()\n```\n"


def test_what_differs_at_every_run_is_left_open() -> None:
    out = new_output("stream", name="stdout", text="\x1b[31m<A at 0x7f12ab34cd>\x1b[0m\n 10%\r100%\n")
    assert "<A at ...>\n100%\n" in shown("print(a)", out)
    assert len(shown("print(a)", new_output("stream", name="stdout", text="line\n" * 5000))) < 5000


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("%%bash\nls", "```bash\nls\n```\n"),
        ("!pip install x\n!ls", "```bash\npip install x\nls\n```\n"),
        ("%matplotlib inline\nx = 1", "```python\nx = 1\n```\n"),
        ("%%writefile a.py\nx = 1", '```python {file="a.py"}\nx = 1\n```\n'),
        ("x = !ls\ny = 1", '```python {.skip reason="it uses commands of IPython"}\nx = !ls\ny = 1\n```\n'),
        ("%timeit f()", '```python {.skip reason="it uses commands of IPython"}\n%timeit f()\n```\n'),
        ("x = 5 % 2\n!x" if False else "x = 5\ny = x %2", "```python\nx = 5\ny = x %2\n```\n"),
        ('s = """\n```\n"""', '````python\ns = """\n```\n"""\n````\n'),
        ("", "# a name\n"),
    ],
)
def test_code_of_notebooks(source: str, written: str) -> None:
    assert shown(source).lstrip("\n") == written.lstrip("\n")


def test_text_and_its_pictures() -> None:
    cell = new_markdown_cell("# Real *Title*\n\n![p](attachment:my%20plot.png)")
    cell["attachments"] = {"my plot.png": {"image/png": "iVBORw0KGgo="}}
    notebook = new_notebook(cells=[cell, new_raw_cell("raw")])
    made = import_notebook(read(str(nbformat.writes(notebook)).encode(), "x"), "a name", "assets/x")
    assert made.title == "Real Title"
    assert made.text == "# Real *Title*\n\n![p](assets/x/my-plot.png)\n\n```text\nraw\n```\n"
    assert list(made.files) == ["assets/x/my-plot.png"]


def test_an_attachment_cannot_leave_its_folder() -> None:
    cell = new_markdown_cell("![p](attachment:../../x.png)")
    cell["attachments"] = {"../../x.png": {"image/png": "iVBORw0KGgo="}}
    made = import_notebook(new_notebook(cells=[cell]), "n", "assets/x")
    assert list(made.files) == ["assets/x/x.png"]


def test_another_language_is_shown() -> None:
    text = imported(new_code_cell("x <- 1"), kernelspec={"language": "R", "name": "ir", "display_name": "R"})
    assert "```r\nx <- 1\n```" in text


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"cells": 1}', b"\xff\xfe", b'{"nbformat": 4, "cells": [{}]}'])
def test_what_is_no_notebook_is_told(data: bytes) -> None:
    with pytest.raises(KbError, match=r"x\.ipynb is not a notebook"):
        read(data, "x.ipynb")


def test_an_old_notebook_is_read() -> None:
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}}
    cell = {"cell_type": "code", "input": "x = 1", "language": "python", "outputs": [], "collapsed": False}
    data = json.dumps({**old, "worksheets": [{"cells": [{**cell, "metadata": {}}], "metadata": {}}]}).encode()
    assert "x = 1" in import_notebook(read(data, "x"), "n").text


def test_the_commands(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "kb.toml").write_text("", encoding="utf-8")
    (tmp_path / "docs" / "plot.png").write_bytes(PNG)
    text = "# A\n\n![[plot.png]]\n\n```python\nprint(1 + 1)\n```\n"
    (tmp_path / "docs" / "A.md").write_text(text, encoding="utf-8")

    def kb(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kbtools.cli", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)

    assert "results of 0 of 1" in kb("export", "A", "-o", "first.ipynb").stderr
    assert kb("run", "--device", "cpu").returncode == 0
    assert kb("export", "A").stdout == "A.ipynb\n"
    assert kb("export", "A").returncode == 2  # never over a file that is there
    notebook = nbformat.read(tmp_path / "A.ipynb", as_version=4)
    assert notebook.cells[1].outputs[0].text == "2\n"
    assert "plot.png" in notebook.cells[0].attachments
    notebook.cells[1].source = "print(1 + 2)"
    nbformat.write(notebook, tmp_path / "A.ipynb")
    refused = kb("import", "A.ipynb")
    assert refused.returncode == 2
    assert "--into A.md" in refused.stderr
    assert kb("import", "A.ipynb", "--into", "A").returncode == 0
    page_file = tmp_path / "docs" / "A.md"
    assert page_file.read_text(encoding="utf-8") == text.replace("1 + 1", "1 + 2")
    assert kb("reconcile", "--undo").returncode == 0
    assert page_file.read_text(encoding="utf-8") == text
    other = new_notebook(
        cells=[new_code_cell("1 + 1", outputs=[new_output("execute_result", data={"text/plain": "2"})])]
    )
    nbformat.write(other, tmp_path / "some_work.ipynb")
    made = kb("import", "some_work.ipynb", "--folder", "notes")
    assert made.stdout == "notes/some-work.md\n"
    assert kb("run", "notes", "--device", "cpu").returncode == 0

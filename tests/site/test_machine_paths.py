"""Messages of snippets are published without the folders of the machine they ran on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from small_site import find_project, make, store, topic

from kbtools.run.results.outcomes import Status
from kbtools.site.build import build
from kbtools.site.data.machine_paths import shortened

VAULT = Path("/home/ada/wiki/docs")


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("<module '__main__' from '/tmp/kb-k2vd6/su9mz/__page__.py'>", "<module '__main__' from '__page__.py'>"),
        (
            'File "/home/ada/wiki/.venv/lib/python3.11/site-packages/torch/_library/custom_ops.py", line 3',
            'File "torch/_library/custom_ops.py", line 3',
        ),
        ('File "/usr/lib/python3.11/json/decoder.py", line 3', 'File "json/decoder.py", line 3'),
        ("/usr/lib/python3/dist-packages/numpy/lib.py:7", "numpy/lib.py:7"),
        ("see /home/ada/wiki/docs/topics/Two words.md.", "see topics/Two words.md."),
        ("'/Users/Ada Lovelace/work/data.csv' is missing", "'data.csv' is missing"),
        ("/home/ada/wiki/docs-old/x.md", "x.md"),
        ("in /home/ada/data/", "in data"),
        ("C:\\Users\\ada\\kb\\model.pt: no such file", "model.pt: no such file"),
        ("file:///home/ada/x.html", "x.html"),
        # What is not a path, is the same everywhere, or stands on the page.
        ("https://docs.pytorch.org/docs/stable/index.html", "https://docs.pytorch.org/docs/stable/index.html"),
        ("open /dev/null and /proc/self/status", "open /dev/null and /proc/self/status"),
        ("1/2, a/b/c, ~/data/x.csv, and/or, km / h", "1/2, a/b/c, ~/data/x.csv, and/or, km / h"),
        ("POST /v1/predict: 404", "POST /v1/predict: 404"),
        ("", ""),
    ],
)
def test_folders_of_a_machine_are_left_out(text: str, published: str) -> None:
    assert shortened(text, "the page asks for /v1/predict", VAULT) == published


def test_no_file_of_a_site_tells_where_it_was_built(tmp_path: Path) -> None:
    body = "".join(f"```python {{#{id}{more}}}\n1/0\n```\n" for id, more in (("a", ' raises="KeyError"'), ("b", "")))
    make(tmp_path, {"topics/Code.md": topic("Code", body)})
    at = f'File "{tmp_path}/elsewhere/deep/module.py", line 1'
    failed = {"outcome": Status.FAILED, "message": f"OSError: {at}", "reason": f"raised OSError: {at}"}
    (tmp_path / "kb.toml").write_text('publish = "any"\ndocs = "docs"\n', encoding="utf-8")
    project = find_project(tmp_path)
    store(project, a={"message": f"KeyError: {at}"}, b=failed)
    build(project)
    texts = {f: f.read_bytes() for f in (tmp_path / "site").rglob("*") if f.is_file()}
    assert b"module.py" in texts[tmp_path / "site/topics/Code/index.html"]
    assert [str(f) for f, text in texts.items() if str(tmp_path / "elsewhere").encode() in text] == []

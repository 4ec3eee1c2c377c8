"""What pages, their names and their code say is never obeyed by a terminal, nor by the log of a CI."""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from pathlib import Path

import pytest
from terminal import run_kb

OBEYED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)|##\[")
COMMAND = re.compile(
    r"^\s*::(?!(?:error|warning|notice) (?:file|title)=|group::|endgroup::|stop-commands::kb-|kb-)", re.M
)
PAGE = """# P

```python {#a}
print("\\x1b]52;c;AAAA\\x07 out")  # other
```

```python {#b}
import sys
sys.stderr.write("\\x1b[31mred\\n::add-mask::x\\n##[add-mask]x\\n")
raise ValueError("\\x1b]52;c;AAAA\\x07\\n::stop-commands::abc\\r::error::x\\n\\u202eevil")
```

```bash {#c .run}
printf '\\033[31m'; printf '::set-output::\\n' >&2; false
```
"""


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("vault")
    (root / "docs").mkdir()
    (root / "kb.toml").write_text('docs = "docs"\n')
    (root / "docs/P.md").write_text(PAGE)
    (root / "docs/Q\x1b[31m.md").write_text("# Q\n\n[[nowhere\x1b[5m]]\n\n```python\nprint(1)  # 2\n```\n")
    return root


@pytest.mark.parametrize(
    "words",
    [
        "run --device cpu", "run --device cpu --update --diff", "run --device cpu --format junit", "check",
        "check --format github", "check --format markdown", "check --format concise", "links", "pages",
    ],
)  # fmt: skip
def test_nothing_that_is_printed_is_obeyed(words: str, vault: Path) -> None:
    done = run_kb(words.split(), cwd=vault)
    assert "kbtools/cli" not in done.stderr
    for text in (done.stdout, done.stderr):
        assert OBEYED.search(text) is None, ascii(OBEYED.search(text))
        assert COMMAND.search(text) is None, COMMAND.search(text)
    if "junit" in words:
        told = " ".join(etree.fromstring(done.stdout).itertext())
        assert "::stop-commands::abc" in told  # said all the same

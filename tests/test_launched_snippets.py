"""A fence with ``launch=``: what can be compared, and how its script ends."""

from __future__ import annotations

import json
from pathlib import Path

from terminal import run_kb

from kbtools.markdown.scanner import scan
from kbtools.snippets import extract


def test_comments_beside_prints_are_not_silently_left_uncompared() -> None:
    text = '```python {launch="python"}\nprint(1)  # 2\n```\n'
    (snippet,), (problem,) = extract(text, scan(text), page_slug="p")
    assert (problem.rule, problem.span.of(text)) == ("uncompared-output", "2")
    assert [e.why_not for e in snippet.expects] == ["the output of a launched script is not assigned to lines"]


def test_the_whole_output_is_compared_and_what_happens_at_exit_happens(tmp_path: Path) -> None:
    code = 'import atexit, threading, time\natexit.register(print, "exit")\n'
    code += 'threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()\nprint("end")\n'
    (tmp_path / "a.md").write_text(
        f'```python {{#x launch="python"}}\n{code}```\n\n```output\nend\nthread\nexit\n```\n\n'
        '```python {#y launch="python"}\nprint("no")\n\nraise SystemExit(3)\n```\n'
    )
    done = run_kb(("run", "--vault", str(tmp_path), "--device", "cpu", "--no-cache", "--format", "json"))
    outcomes = {o["id"]: o for o in json.loads(done.stdout)["outcomes"]}
    assert outcomes["a.md::x[cpu]"]["outcome"] == "passed", outcomes["a.md::x[cpu]"]["message"]
    assert outcomes["a.md::y[cpu]"]["outcome"] == "failed"

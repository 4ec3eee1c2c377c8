"""A page that speaks to kb in its worker's place, or harms what keeps it: told as an error, and the run goes on."""

from __future__ import annotations

import ctypes
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kbtools.adapters.testing import run_page
from kbtools.run.job import Step
from kbtools.run.processes import process, search
from kbtools.run.processes.launchers import Launcher
from kbtools.run.processes.removal import remove
from kbtools.run.processes.reply import InvalidReply, validated
from kbtools.run.processes.search import search_problem
from kbtools.run.results.outcomes import Status

CHANNEL = """
import json, os, stat, threading
for number in range(3, 30):
    try:
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            channel = number
            break
    except OSError:
        pass
def say(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode() + b"\\n"
    while data:
        data = data[os.write(channel, data):]
GOOD = {"seconds": 0.1, "executed": 1, "printed": []}
"""

SPOKEN = {
    "a reply, then a failure": "say(GOOD)\nassert 1 == 2",
    "a reply, then the end": "say(GOOD)\nos._exit(0)",
    "a reply, then nothing": "say(GOOD)\nimport time\ntime.sleep(100)",
    "five replies": "for _ in range(5):\n    say(GOOD)\nassert 1 == 2",
    "a reply that names a later one": "say({**GOOD, 'word': 'x'})\nassert 1 == 2",
    "no JSON": "say(b'x\\n')",
    "a list": "say([])",
    "deep JSON": "say(b'[' * 100_000 + b'\\n')",
    "deep objects": "say(b'{\"a\":' * 100_000 + b'\\n')",
    "bytes": "say(bytes(range(128, 200)) + b'\\n')",
    "no line's end": "say(b'x' * (129 << 20))",
}


@pytest.mark.parametrize("name", SPOKEN)
def test_whoever_speaks_in_the_workers_place_is_told_so(
    name: str, launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_CONFIRM", 1.0)
    page = f'```python {{#a timeout="60"}}\n{CHANNEL}\n{SPOKEN[name]}\n```\n\n```python {{#b}}\nassert 1 == 2\n```\n'
    page += "\n```python {#c}\nx = 1\n```\n"
    outcomes = run_page(page, launcher)
    assert outcomes["a"].outcome is Status.ERROR, outcomes["a"]
    assert "tampered with" in (outcomes["a"].reason or "")
    assert [outcomes[one].outcome for one in "bc"] == [Status.FAILED, Status.PASSED]


def test_a_reply_written_between_fences_is_not_the_next_ones(launcher: Launcher) -> None:
    """By a thread that waits until the first fence has been told as passed."""
    code = CHANNEL + "\nimport time\ndef late():\n    time.sleep(0.3)\n    say(GOOD)\n"
    code += "threading.Thread(target=late, daemon=True).start()"
    page = f"```python {{#a}}\n{code}\n```\n\n```python {{#b}}\nimport time\ntime.sleep(0.6)\nassert 1 == 2\n```\n"
    outcomes = run_page(page, launcher)
    assert outcomes["b"].outcome in (Status.ERROR, Status.FAILED)


def test_what_a_page_puts_in_the_place_of_json_does_not_stop_the_worker(launcher: Launcher) -> None:
    page = "```python {#a}\nimport json\njson.dumps = json.loads = lambda *a, **k: '1'\n```\n\n"
    page += "```python {#b}\nassert 1 == 2\n```\n"
    outcomes = run_page(page, launcher)
    assert [outcomes[one].outcome for one in "ab"] == [Status.PASSED, Status.FAILED]


def test_what_is_said_to_be_printed_must_have_been_written(launcher: Launcher) -> None:
    forge = "import gc\nfrom kbtools.run.worker.python.captures import Captures\n"
    forge += "def says(self, key, callee):\n    def call(*a, **k):\n        callee(*a, **k)\n"
    forge += "        self.add(key, ('42\\n', None, None))\n    return call\n"
    forge += "captures = next(o for o in gc.get_objects() if isinstance(o, Captures))\n"
    forge += "import builtins\nbuiltins.__kb_print__ = lambda key, callee: says(captures, key, callee)"
    page = f"```python {{#a .hidden}}\n{forge}\n```\n\n```python {{#b}}\nprint(41)  # 42\n```\n"
    outcome = run_page(page, launcher)["b"]
    assert outcome.outcome is Status.FAILED
    assert "42" in (outcome.message or "")


GOOD = {"seconds": 0.5, "executed": 1, "printed": [[1, 0, [["1\n", None, None], ["", "1", "1"]]]]}
ERROR = {"message": "no", "line": 3, "summary": "no", "memory": False}
FIGURE = {"caption": "", "alt": "", "width": 1, "height": 1, "data": ""}
REPLIES: list[object] = [
    {}, {"seconds": "x"}, {"seconds": None}, {"seconds": float("nan")}, {"seconds": float("inf")}, {"seconds": -1},
    {"seconds": True}, {"printed": 5}, {"printed": [5]}, {"printed": [["1", 0, []]]}, {"printed": {"1": []}},
    {"printed": [[1, 0, [["a", 5, None]]]]}, {"printed": [[1, 0, None]]}, {"error": "no"}, {"error": {"line": 1}},
    {"error": {"message": 5, "line": None}}, {"error": {**ERROR, "line": "x"}}, {"error": {**ERROR, "line": 1e9}},
    {"error": {**ERROR, "script": True}}, {"error": {**ERROR, "more": 1}}, {"error": []}, {"figures": 5},
    {"figures": [5]}, {"figures": [{**FIGURE, "width": float("inf")}]}, {"figures": [{}]}, {"figures": [FIGURE] * 11},
    {"intact": 5}, {"intact": ["other"]}, {"skip": {}}, {"skip": "not asked for"}, {"expected": "not asked for"},
    {"executed": "1"}, {"executed": -1}, {"script": 1}, {"ended": 5}, {"raised": "x"}, {"outcome": "passed"},
]  # fmt: skip
STEP = Step("P.md::a[cpu]", "a", "cpu", "python", "x = 1", 1, 60.0, 1 << 30, defines=("x",))


@pytest.mark.parametrize("change", REPLIES, ids=lambda one: json.dumps(one)[:40])
def test_a_reply_of_another_form_is_refused(change: dict[str, object]) -> None:
    message = {**GOOD, **change} if change else {}
    with pytest.raises(InvalidReply):
        validated(message, STEP)


def test_replies_of_the_right_form_are_let_in() -> None:
    for more in ({}, {"error": ERROR, "intact": ["x"], "raised": ["a.B"]}, {"figures": [FIGURE]}, {"script": True}):
        validated({**GOOD, **more}, STEP)


def test_a_pattern_without_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert search_problem(r"b+", "aab") is None
    assert "does not match" in (search_problem(r"c", "aab") or "")
    monkeypatch.setattr(search, "_PATIENCE", 0.5)
    assert "without an end" in (search_problem(r"(a+)+$", "a" * 60 + "b") or "")


def test_a_message_of_any_length_is_told_shortened(launcher: Launcher) -> None:
    page = "```python {#long}\nraise ValueError('x' * 3_000_000)\n```\n\n"
    page += "```python {#script launch=\"python\"}\nraise ValueError('x' * 900_000)\n```\n"
    for outcome in run_page(page, launcher).values():
        assert outcome.outcome is Status.FAILED
        assert len(outcome.reason or "") < 3_000
        assert len(outcome.message or "") < 60_000


def test_a_scratch_folder_of_any_depth_and_permission_goes(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (top / "locked/in").mkdir(parents=True)
    (top / "locked").chmod(0)
    remove(top)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def common() -> Iterator[Path]:
    """A folder that every user of the machine can reach, wherever temporary files of this one lie."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="becomes somebody else, as root alone can")
def test_removing_follows_no_link(common: Path) -> None:
    """Without root's rights: what cannot be removed at once had its mode changed, through links too."""
    other, top = common / "other", common / "top"
    for folder in (other, top, top / "trap"):
        folder.mkdir()
    (other / "kept").write_text("kept")
    other.chmod(0o775)
    (top / "trap/link").symlink_to(other)
    (top / "link").symlink_to(other)
    for path in (other, top, top / "trap", common):
        os.chown(path, 65534, 65534)
    (top / "trap").chmod(0o500)
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as one who was never root: its /proc/self is its own
        remove(top)
        os._exit(0)
    os.waitpid(pid, 0)
    assert not top.exists()
    assert stat.S_IMODE(other.stat().st_mode) == 0o775
    assert (other / "kept").read_text() == "kept"

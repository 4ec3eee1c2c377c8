"""What differs from the page, and from itself in a second run, is not compared; everything else is."""

from __future__ import annotations

import sys
import time

import pytest

from kbtools.adapters.testing import run_page
from kbtools.run.grading import second_run
from kbtools.run.grading.second_run import _SEVERAL
from kbtools.run.processes.launchers import Launcher
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.worker import other_conditions

CHANGES = "changes from run to run"
PROMPT = "differs at Python's prompt"


def run(code: str, launcher: Launcher, behind: str = "") -> Outcome:
    return run_page(f"```python {{#a}}\n{code}\n```\n\n{behind}", launcher)["a"]


def states(outcome: Outcome) -> list[str]:
    return [one.reason or one.state.value for one in outcome.compared]


def test_what_no_two_runs_give_alike_is_not_compared(launcher: Launcher) -> None:
    code = """import datetime, glob, os, random, tempfile, time, uuid
from datetime import date, datetime as dt
print(random.random())  # 0.5
print("year:", date.today().year)  # 2019
print(dt.now())  # 2020-01-01 10:00:00
print(datetime.date.today().strftime("%A"))  # Output: some day
print(time.strftime("%Y"))  # 2019
print(time.perf_counter())  # 0.25
print(os.getcwd())  #> /home/me
print(os.path.exists("/home/me/notes.txt"))  # True
print(id(object()))  # 140123456789012
print(hash("a"))  # 123456789
print(os.stat("/bin/sh").st_size)  # 12
print(len(os.listdir("/usr/bin")))  # 12
print(glob.glob("data/*.csv"))  # ['data/a.csv']
print(uuid.uuid4())  #> 1b4e28ba-2fa1-11d2-883f-0016d3cca427
random.random()  # 0.25
print(2 + 2)  # 4"""
    outcome = run(code, launcher)
    assert outcome.outcome is Status.PASSED, outcome.message
    assert states(outcome) == [CHANGES] * 15 + ["equal"]


def test_durations_and_what_is_typed_are_not_compared(launcher: Launcher) -> None:
    code = """import sys, time
from datetime import datetime
start, ticks, began = datetime.now().replace(microsecond=0), time.perf_counter(), time.time()
print(datetime.now().replace(microsecond=0) - start)  # 0:03:43
print(f"took {time.perf_counter() - ticks:.1f} s")  #> took 2.3 s
print(round(time.time() - began))  # 12
sys.stdin.readline()  # 'hello'
print(sys.stdin.readline().strip())  #> hello
print(len("abc"))  # 3"""
    outcome = run(code, launcher)
    assert outcome.outcome is Status.PASSED, outcome.message
    assert states(outcome) == [CHANGES] * 5 + ["equal"]


def test_where_and_which_python_is_and_files_beside_the_page_are_not_compared(launcher: Launcher) -> None:
    code = """import glob, os, sys
sys.executable  # '/home/me/bin/python'
print(sys.prefix)  #> /home/me
os.__file__  # '/usr/lib/python2.7/os.pyc'
sys.implementation.cache_tag  # 'cpython-36'
sys.implementation.version[:3]  # (3, 6, 4)
print(glob.glob("data-*.csv"))  # ['data-1.csv']
print(os.path.basename(os.__file__))  #> os.pyc"""
    outcome = run(code, launcher)
    assert states(outcome) == ["changes from machine to machine"] * 5 + [CHANGES, "different"], outcome.message


def test_listings_of_the_authors_folder_are_not_compared(launcher: Launcher) -> None:
    code = """import os, pathlib
print(os.listdir("."))  # ['a.txt', 'b.txt']
print(len(os.listdir()))  # 4
print(sorted(p.name for p in pathlib.Path(".").iterdir()))  # ['main.py']
print([files for _, _, files in os.walk(".")])  # [['notes.txt']]
print(2 + 2)  # 5"""
    assert states(run(code, launcher)) == [CHANGES] * 4 + ["different"]


@pytest.mark.parametrize(
    "made", ["open('x.txt', 'w').close()", "os.mkdir('x.txt')", "open('x.txt', 'w').close(); os.remove('x.txt')"]
)
def test_listings_of_a_folder_that_the_page_fills_are_compared(made: str, launcher: Launcher) -> None:
    code = f"import os\n{made}\nprint(os.listdir('.'))  # ['y.txt']\nprint(next(os.walk('.'))[2])  # ['y.txt']"
    assert states(run(code, launcher)) == ["different"] * 2


def test_errors_behind_a_listing_of_the_authors_folder_are_found(launcher: Launcher) -> None:
    code = "import os\nfor name in os.listdir('.'):\n    open(name)\nprint(2 + 2)  # 5"
    assert states(run(code, launcher)) == ["different"]


def test_packages_written_in_c_are_imported_in_other_runs_too(launcher: Launcher) -> None:
    pytest.importorskip("pandas")
    code = "import datetime, pandas\nprint(pandas.Timestamp(2020, 1, 2).year)  # 2020\n"
    code += "print(pandas.Timestamp(datetime.datetime.now()).year)  # 2019\nprint(datetime.date.today().year)  # 2019"
    outcome = run(code, launcher)
    assert states(outcome) == ["equal", CHANGES, CHANGES], outcome.message


def test_what_a_snippet_shows_without_the_earlier_ones_is_not_compared(launcher: Launcher) -> None:
    page = "```python\nfor j in range(5):\n    pass\n```\n\n"
    page += "```python {#a}\n>>> [j for j in range(2)]\n[0, 1]\n>>> j\nTraceback (most recent call last):\n"
    page += "NameError: name 'j' is not defined\n>>> 2 + 2\n5\n```\n"
    outcome = run_page(page, launcher)["a"]
    assert states(outcome) == ["equal", "an earlier snippet of the page changes it", "different"]
    page = "```python\nj = 1\n```\n\n```python {#a}\ntry:\n    print(j)\nexcept NameError:\n    pass\n"
    page += "print('j' in globals())  # False\nprint(2 + 2)  # 5\n```\n"
    assert states(run_page(page, launcher)["a"]) == ["an earlier snippet of the page changes it", "different"]


THREADS = """from concurrent.futures import ThreadPoolExecutor
import threading, time
all_there = threading.Barrier({0})
def work(n):
    all_there.wait()
    time.sleep({1})
    print("done", n)
with ThreadPoolExecutor({0}) as pool:
    list(pool.map(work, range({0})))"""


def test_the_order_of_threads_is_compared_where_they_do_not_race(launcher: Launcher) -> None:
    some = "".join(f"done {n}\n" for n in (3, 1, 0, 2))
    # Eight of them wake in this order by chance once in 40,320 runs.
    eight = f"```output\n{some}" + "".join(f"done {n}\n" for n in (7, 5, 4, 6)) + "```\n"
    assert states(run(THREADS.format(8, "0.2"), launcher, eight)) == [CHANGES]
    four = f"```output\n{some}```\n"
    assert states(run(THREADS.format(4, "0.3 * n"), launcher, four)) == ["different"]
    missing = four.replace("done 2", "ready 2")
    assert states(run(THREADS.format(4, "0.3 * n"), launcher, missing)) == ["different"]


def test_what_is_the_same_in_every_run_is_wrong_where_it_differs(launcher: Launcher) -> None:
    code = """import datetime, os, random
random.seed(1)
print(random.random())  # 0.5
open("made.txt", "w").close()
print(os.path.exists("made.txt"))  # False
os.remove("made.txt")
print(os.path.exists("made.txt"))  # True
print(datetime.datetime(2020, 1, 2))  # 2020-01-03 00:00:00
datetime.date(2020, 1, 2)  # datetime.date(2020, 1, 3)
print(hash(1))  # 2
print(random.random() < 2)  # False
print(abs(datetime.date.today() - datetime.datetime.now().date()).days < 2)  # False"""
    outcome = run(code, launcher)
    assert states(outcome) == ["different"] * 8
    assert "0.1343" in (outcome.message or "")


def test_only_what_is_wrong_is_told(launcher: Launcher) -> None:
    outcome = run("import random\nprint(random.random())  # 0.5\nprint(1)  # 2", launcher)
    assert outcome.message == "line 4: expected: 2\nprinted:  1"
    assert outcome.traceback_line == 4


def test_lines_of_an_output_fence_are_told_apart(launcher: Launcher) -> None:
    code = "import random\nprint('loss', random.random())\nprint('done')"
    good = run(code, launcher, "```output\nloss 0.5\ndone\n```\n")
    assert (good.outcome, states(good)) == (Status.PASSED, [CHANGES])
    bad = run(code, launcher, "```output\nloss 0.5\ngone\n```\n")
    assert (bad.outcome, states(bad)) == (Status.FAILED, ["different"])


def test_what_agrees_at_first_is_equal(launcher: Launcher) -> None:
    outcome = run("import random\nrandom.random()  # 0.8444218515250481\nrandom.random()  # 0.75795440", launcher)
    assert states(outcome) == ["equal", "equal"]


def test_later_snippets_have_what_earlier_ones_made_in_the_second_run_too(launcher: Launcher) -> None:
    page = "```python {#a}\nimport random\nx = random.random()\nprint(x)  # 0.5\n```\n\n"
    page += "```python {#b}\nprint(x)  # 0.5\nprint(round(x) * 0)  # 1\n```\n\n```python {#c}\nx  # 0.5\n```\n"
    outcomes = run_page(page, launcher)
    assert {name: states(outcome) for name, outcome in outcomes.items()} == {
        "a": [CHANGES],
        "b": [CHANGES, "different"],
        "c": [CHANGES],
    }


def test_what_goes_on_with_files_of_another_machine_is_not_compared(launcher: Launcher) -> None:
    code = """import glob
for name in glob.glob("data/*.csv"):
    print(name, len(open(name).read()))"""
    assert states(run(code, launcher, "```output\ndata/a.csv 12\ndata/b.csv 7\n```\n")) == [CHANGES]
    wrong = run(code + "\nprint('done')", launcher, "```output\ndone\nmore\n```\n")
    assert states(wrong) == [CHANGES], "how much is printed depends on the files"
    assert states(run(f"{code}\n1 + 1  # 3", launcher)) == ["different"], "it does not"


CONTINUES = "continues random numbers that an earlier snippet has seeded"


def fences(*codes: str) -> str:
    return "".join(f"```python {{#{name}}}\n{code}\n```\n\n" for name, code in zip("abcdef", codes, strict=False))


def test_two_runs_that_draw_the_same_by_chance_are_no_proof(launcher: Launcher) -> None:
    draws = "\n".join(f"print(random.randint(1, 2))  # {draw}" for draw in (1, 2) * 6)
    outcome = run(f"import random\n{draws}", launcher)
    assert outcome.outcome is Status.PASSED, outcome.message
    assert set(states(outcome)) == {"equal", CHANGES}


def test_the_order_of_a_set_of_strings_is_that_of_a_run(launcher: Launcher) -> None:
    code = "flowers = {'rose', 'daisy', 'carnation', 'lily'}\n'-'.join(flowers)  # 'lily-daisy-rose-carnation'\n"
    code += "'-'.join(sorted(flowers))  # 'lily-daisy-rose-carnation'"
    assert states(run(code, launcher)) == [CHANGES, "different"]


def test_another_machine_has_other_versions_sizes_and_devices(launcher: Launcher) -> None:
    code = """import locale, os, platform, sys
import numpy, torch
print(numpy.__version__)  # 1.20.1
numpy.version.version  # '1.20.1'
print(torch.__version__[:3])  # 0.9
print(sys.version)  #> 3.7.3
sys.version_info  #> sys.version_info(major=3, minor=7, micro=3, releaselevel='final', serial=0)
locale.getpreferredencoding(False)  # 'cp936'
sys.getsizeof([])  # 64
platform.system()  # 'Darwin'
os.cpu_count()  # 1024
torch.cuda.device_count()  # 64
sys.getsizeof([]) > 0  # False"""
    outcome = run(code, launcher)
    assert states(outcome) == ["changes from machine to machine"] * 10 + ["different"]


def test_random_numbers_that_continue_from_an_earlier_snippet_are_not_compared(launcher: Launcher) -> None:
    page = fences(
        "import random\nrandom.seed(1)\nrandom.random()  # 0.134364",
        "random.randint(1, 5)  # 77\nrandom.random() < 2  # False",
        "random.seed(1)\nrandom.random()  # 0.5",
    )
    outcomes = run_page(page, launcher)
    assert [states(outcome) for outcome in outcomes.values()] == [["equal"], [CONTINUES, "different"], ["different"]]


def test_they_are_where_others_of_the_page_agree(launcher: Launcher) -> None:
    seed, agrees, wrong = "import random\nrandom.seed(1)", "random.random()  # 0.134364", "random.random()  # 0.5"
    for codes in ((seed, agrees, wrong), (seed, f"{agrees}\n{wrong}")):
        *_, last = run_page(fences(*codes), launcher).values()
        assert states(last)[-1] == "different"
    *_, last = run_page(fences(seed, wrong, agrees), launcher).values()
    assert states(last) == [CONTINUES], "the number it shows was drawn by the snippet before"


def test_times_that_other_programs_tell_are_not_compared(launcher: Launcher) -> None:
    code = """import sqlite3
db = sqlite3.connect(":memory:")
db.execute("select 1, current_timestamp").fetchall()  # [(1, '2020-01-02 03:04:05')]
db.execute("select 1, '2020-01-02 03:04:05'").fetchall()  # [(1, '2020-01-02 03:04:06')]"""
    outcome = run(code, launcher)
    assert states(outcome) == [CHANGES, "different"], outcome.message


def test_how_python_was_started_and_what_the_terminal_shows_is_not_compared(launcher: Launcher) -> None:
    code = """import keyword, math, shutil, sys
__loader__  #> <class '_frozen_importlib.BuiltinImporter'>
sys.stdout.encoding  # 'cp1252'
shutil.get_terminal_size().columns  # 132
keyword.kwlist  # ['False', 'None', 'True', 'and', 'print']
int.__subclasses__()  # [<class 'bool'>]
int.__name__  # 'integer'
class Own: pass
class Other(Own): pass
Own.__subclasses__()  # []"""
    outcome = run(code, launcher)
    assert states(outcome) == ["changes from machine to machine"] * 5 + ["different"] * 2, outcome.message
    shown = "```output\nHelp on module math:\n\nNAME\n    math\n```\n"
    assert states(run("import math\nhelp(math)", launcher, shown)) == ["changes from machine to machine"]
    shown = "```output\nHelp on class A:\n\nclass A(B)\n```\n"
    assert states(run("class A:\n    pass\nhelp(A)", launcher, shown)) == ["different"]


def test_output_that_agrees_on_another_machine_is_not_compared(launcher: Launcher) -> None:
    code = """import sys
if sys.stdout.encoding == "utf-8":
    print("first")
print("second", 2)"""
    assert states(run(code, launcher, "```output\nsecond 2\n```\n")) == ["changes from machine to machine"]
    assert states(run(code, launcher, "```output\nsecond 3\n```\n")) == ["different"]


def test_threads_that_begin_to_sleep_at_once_wake_in_other_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = []
    for number in (1, *_SEVERAL):
        slept: list[float] = []
        monkeypatch.setattr(time, "sleep", slept.append)
        other_conditions._sleep(number)
        for _ in range(4):
            time.sleep(1)
        assert all(1 <= seconds < 4 / 3 for seconds in slept)
        orders.append(sorted(range(4), key=slept.__getitem__))
    assert all(len({order[at] for order in orders}) == 4 for at in range(4)), orders


def test_whether_statements_share_constants_is_not_compared(launcher: Launcher) -> None:
    code = """import asyncio
a = 257
b = 257
await asyncio.sleep(0)
print(a is b)  # False
id(a) == id(b)  # False
a = b
print(a is b)  # False
print(256 + 1)  # 258"""
    assert states(run(code, launcher)) == [PROMPT, PROMPT, "different", "different"]
    prompt = ">>> a = 257\n>>> b = 257\n>>> a is b\nFalse\n>>> b is b\nFalse"
    assert states(run(prompt, launcher)) == ["equal", "different"]


def test_the_variables_of_a_program_are_those_of_the_prompt_or_not_compared(launcher: Launcher) -> None:
    code = """a = 1
print(sorted(globals()))  # ['__annotations__', '__builtins__', '__doc__', '__loader__', '__name__', '__package__', \
'__spec__', 'a']
[name for name in globals() if name[0] != "_"]  # ['b']
__name__  # '__test__'""".replace("\\\n", "")
    assert states(run(code, launcher)) == [PROMPT, "different", "different"]


def test_names_and_sizes_of_built_in_objects_are_those_of_a_version(launcher: Launcher) -> None:
    code = """class A:
    x = 1
dir(A())  # ['__class__', '__doc__', 'x']
[name for name in dir(A) if "__" not in name]  # ['y']
(x for x in range(3)).__sizeof__()  # 96
[].__sizeof__() > 9  # False"""
    machine = "changes from machine to machine"
    assert states(run(code, launcher)) == [machine, "different", machine, "different"]


def test_keys_that_end_a_program_are_not_compared(launcher: Launcher) -> None:
    code = ">>> input('name: ')\nname:\nTraceback (most recent call last):\nKeyboardInterrupt\n"
    code += ">>> int('x')\nTraceback (most recent call last):\nTypeError: no"
    assert states(run(code, launcher)) == [CHANGES, "different"]


def test_paths_of_another_system_are_not_compared(launcher: Launcher) -> None:
    code = """import os
print(os.path.join("a", "b.txt"))  #> a\\b.txt
print(os.path.join("a", "b.txt"))  #> a\\c.txt"""
    assert states(run(code, launcher)) == ["paths are written otherwise on this system", "different"]


def test_packages_are_imported_on_another_machine_too(launcher: Launcher) -> None:
    code = """import matplotlib.pyplot, pandas, scipy.stats, sklearn
pandas.__version__  # 1.5.2
sklearn.__version__  # 0.9
pandas.__version__ != "1.5.2"  # False"""
    machine = "changes from machine to machine"
    assert states(run(code, launcher)) == [machine, machine, "different"]


def test_later_versions_and_wide_terminals_are_not_compared(launcher: Launcher) -> None:
    code = "import sys\nprint(sys.version_info.major)\nprint(sys.version_info.minor)"
    machine = "changes from machine to machine"
    assert states(run(code, launcher, "```output\n3\n99\n```\n")) == [machine]
    assert states(run(code, launcher, "```output\n2\n99\n```\n")) == ["different"]
    pytest.importorskip("sympy")
    code = "from sympy import init_printing, symbols\ninit_printing(use_unicode=True)\n"
    code += "sum(symbols('a0:30'))"
    names = sorted(f"a{n}" for n in range(30))
    terms = [name.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")) for name in names]
    output = " + ".join(terms[:9]) + " +\n" + " + ".join(terms[9:])
    prompt = code.replace("\n", "\n>>> ")
    assert states(run(f">>> {prompt}\n{output}", launcher)) == [machine]
    assert states(run(f">>> {prompt}\n{output.replace('₉', '₈')}", launcher)) == ["different"]


def test_an_exception_that_no_run_raises_is_different(launcher: Launcher) -> None:
    code = ">>> id(1)\nTraceback (most recent call last):\nTypeError: no\n>>> id(1)\n5"
    assert states(run(code, launcher)) == ["different", CHANGES]


WAITS = """import sys
while sys.getsizeof([]) != {}:
    pass
print(2 + 2)  # 5"""


def test_another_run_that_does_not_end_is_not_waited_for(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """On another machine, it would wait until the snippet's time limit of a minute."""
    monkeypatch.setattr(second_run, "_LEAST", 0.5)
    began = time.monotonic()
    assert states(run(WAITS.format(sys.getsizeof([])), launcher)) == ["different"]
    assert time.monotonic() - began < 30


QUEUE = """```python
import json
```

```python {#a}
import multiprocessing
def send(queue): queue.put(json.loads("43"))
context = multiprocessing.get_context("spawn")
queue = context.Queue()
process = context.Process(target=send, args=(queue,))
process.start()
print(queue.get())  # 42
process.join()
```
"""


def test_what_needs_earlier_snippets_is_not_run_without_them(launcher: Launcher) -> None:
    """The other process would fail, and its answer be waited for."""
    began = time.monotonic()
    assert states(run_page(QUEUE, launcher)["a"]) == ["different"]
    assert time.monotonic() - began < second_run._LEAST

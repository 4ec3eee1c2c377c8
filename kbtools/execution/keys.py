"""What decides a step's result, as a hash: its own code and options, the steps it hangs on, the device.

Neither its name nor its line is part of it, nor the steps it does not need: a result outlives prose, headings and
unrelated code. What the machine adds (Python, torch, packages, hardware) is kept beside the key, in the store.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace

from kbtools.codefence.dataflow import Flow, Unit, flows
from kbtools.execution.job import Step
from kbtools.languages import Language, pycon
from kbtools.languages.python import Python
from kbtools.languages.registry import find
from kbtools.languages.shell import SHELLS

SCHEME = 4
"""Changes when keys, seeds or the way snippets are run change: no older result is taken for one of today."""
_LAST_VALUE = re.compile(r"(?<!\w)_(?!\w)")
# What a result does not hang on, or only through what is hashed beside it.
_LEFT_OUT = frozenset(
    {"id", "name", "line", "expects", "uses", "defines", "needs", "changes", "imports", "missing_is_error", "reported"}
    | {"key", "device"}
)


def keyed(steps: Sequence[Step], path: str, session: str, device: str) -> tuple[Step, ...]:
    """The steps with what they need of each other, and their keys."""
    found = flows(tuple(_unit(step, runs) for step, runs in zip(steps, _running(steps), strict=True)))
    # Where nothing mentions torch it is not imported before the first snippet, and NumPy is not seeded with it.
    torch = device != "cpu" or any("torch" in step.code for step in steps if step.skip is None)
    session = "alone" if session.startswith("alone:") else session
    keys: list[str] = []
    for step, flow in zip(steps, found, strict=True):
        values = {name: value for name, value in asdict(step).items() if name not in _LEFT_OUT}
        expects = [[*asdict(w).values()][1:] for w in step.expects]
        told = step.line if flow.lines or _script(step) else None
        needed = [keys[n] for n in flow.needs]
        whole = [SCHEME, path, session, device, torch, step.device, values, expects, told, needed]
        keys.append(hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest())
    return tuple(_with(step, flow, key, found) for step, flow, key in zip(steps, found, keys, strict=True))


def _with(step: Step, flow: Flow, key: str, found: Sequence[Flow]) -> Step:
    imports = sorted(set(flow.imports).union(_foreign(step), *(found[n].imports for n in flow.needs)))
    return replace(step, key=key, needs=flow.needs, changes=flow.changes, imports=tuple(imports))


def _script(step: Step) -> bool:
    return step.launch is not None or step.language.lower() in SHELLS


def _unit(step: Step, runs: bool) -> Unit:
    language, code, certain = find(step.language), step.code, True
    if isinstance(language, pycon.Pycon):
        lines = step.code.split("\n")
        # An exception that is expected ends its example, not the fence.
        code, certain = "\n".join(pycon.sources(lines, pycon.examples(lines)[0])), False
    last_value = (step.repl or not certain) and _LAST_VALUE.search(code) is not None
    return Unit(
        code=code,
        defines=step.defines,
        python=isinstance(language, (Python, pycon.Pycon)) and not last_value,
        separate=_script(step),
        runs=runs,
        certain=certain and step.raises is None and not step.requires and step.rehearse is None,
        file=step.file,
    )


def _foreign(step: Step) -> tuple[str, ...]:
    """The package of a language that is not kb's own: its version decides as well."""
    language = find(step.language)
    package = type(language).__module__.partition(".")[0]
    return (package,) if isinstance(language, Language) and package != "kbtools" else ()


def _running(steps: Sequence[Step]) -> list[bool]:
    """Which steps run if all that runs passes: not those skipped, nor those that wait for a name of one skipped."""
    missing: set[str] = set()
    found = []
    for step in steps:
        runs = step.skip is None and missing.isdisjoint(step.uses)
        found.append(runs)
        if runs:
            missing.difference_update(step.defines)
        else:
            missing.update(step.defines)
    return found

"""Cache keys: hashes of a session up to and including a snippet.

``sources`` hashes the page: code, options and files of the snippet and of all before it in its session. ``keyed``
adds properties of the run: the device, and which snippets are skipped or rehearsed. A result is valid if its key,
and the environment added by the machine (``store``), are equal. Neither ids nor line numbers are part of a key,
except if code may read its own line number.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kbtools.fences.annotations import Options
from kbtools.fences.languages import pycon
from kbtools.fences.languages.protocol import Language
from kbtools.fences.languages.registry import find
from kbtools.fences.languages.shell import SHELLS
from kbtools.run.job import ANY, SessionContext, Step
from kbtools.run.page_files import FoundFiles
from kbtools.snippets import Snippet

SCHEME = 8
"""Changed with keys, seeds or the way snippets are run, so that older results are not used."""
_LINES = re.compile(
    r"lineno|traceback|inspect|_getframe|currentframe|logging|tracemalloc|co_|exc_info|__code__|\bdis\b|monitoring"
)
"""Code that may read its own line number."""
_DYNAMIC = re.compile(
    r"__import__|importlib|import_module|builtins|runpy|subprocess|pkg_resources|os\.system"
    r"|(?<![\w.\"'])(?:exec|eval)\b|\.(?:exec|eval)\((?!\s*\))"
)
"""Code that may import anything. A method without arguments does not: ``model.eval()`` of torch only sets a mode."""


def sources(snippets: Iterable[Snippet], files: Mapping[str, FoundFiles]) -> dict[str, str]:
    """By snippet id: the hash of the session's source up to and including the snippet.

    For snippets that run, and those that may define names that others need. ``files`` are those copied in for them.
    """
    before: dict[str, str] = {}
    placed: set[str] = set()
    found: dict[str, str] = {}
    for snippet in snippets:
        if not snippet.executable and not snippet.names.open:
            continue
        name = snippet.session
        if _LINES.search(snippet.code) or snippet.options.launch is not None or snippet.language.lower() in SHELLS:
            placed.add(name)  # what is defined here may be called by any later snippet
        place = snippet.line if name in placed else None
        expects = [[e.text, e.statement, e.form, e.value, e.short, e.why_not] for e in snippet.expects]
        given = [(file.target, file.digest) for file in files[snippet.id].files] if snippet.id in files else []
        said = [snippet.code, snippet.language.lower(), place, expects, snippet.devices, _options(snippet), given]
        before[name] = found[snippet.id] = _hash([before.get(name, _session(name)), *said])
    return found


def _options(snippet: Snippet) -> dict[str, object]:
    """The options that affect the run; neither those for display nor the reason of a skip."""
    options = {name: getattr(snippet.options, name) for name in Options.__dataclass_fields__}
    del options["hidden"], options["run"]
    return {**options, "skip": snippet.options.skip is not None}


def _session(name: str) -> str:
    return "alone" if name.startswith("alone:") else name


def keyed(steps: Sequence[Step], path: str, session: str, device: str, around: SessionContext) -> tuple[Step, ...]:
    """The steps of a session on a device with their keys and imports."""
    # If nothing mentions torch, it is not imported before the first snippet, and NumPy is not seeded together with it.
    torch = device != "cpu" or any("torch" in step.code for step in steps if step.skip is None)
    where = [around.cwd, sorted(around.variables().items()), around.installed]
    before = _hash([SCHEME, path, _session(session), device, torch, *where])
    imports: set[str] = set()
    found = []
    last = next((step.id for step in reversed(steps) if step.skip is None), None)
    leaves = False
    for step in steps:
        if step.skip is None:
            imports |= imported(step.code, step.language)
            leaves = leaves or "atexit" in step.code
        ran = [step.device, step.skip is not None, step.rehearse, step.gpus, step.timeout, step.memory]
        before = _hash([before, step.source, ran])
        at_exit = leaves and step.id == last
        key = _hash([before, "at exit"]) if at_exit else before
        found.append(replace(step, key=key, imports=tuple(sorted(imports)), at_exit=at_exit))
    return tuple(found)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def imported(code: str, language: str) -> set[str]:
    """The top-level packages that code imports; contains ANY if they cannot be determined."""
    spoken = find(language)
    found = set[str]()
    package = type(spoken).__module__.partition(".")[0]
    if isinstance(spoken, Language) and package != "kbtools":
        found.add(package)  # its version matters too
    if language.lower() in SHELLS or _DYNAMIC.search(code):
        found.add(ANY)
    if isinstance(spoken, pycon.Pycon):
        lines = code.split("\n")
        typed = pycon.examples(lines)[0]
        for example in typed:
            found |= _imports(example.source)
    elif language.lower() not in SHELLS:
        found |= _imports(code)
    return found


def _imports(code: str) -> set[str]:
    try:
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        with warnings.catch_warnings():  # reported when the code runs
            warnings.simplefilter("ignore")
            tree = compile(code, "<fence>", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return {ANY} if "import" in code else set()
    return set(_named(ast.walk(tree)))


def _named(nodes: Iterable[ast.AST]) -> Iterable[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]

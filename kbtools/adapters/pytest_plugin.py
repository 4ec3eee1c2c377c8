"""Pytest plugin: collects pages as files and snippets as test items, one per device.

It adapts ``kbtools.run`` to pytest. Where there is no wiki it imports nothing heavy and collects nothing. A vault
is data: of it pytest gets pages alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from kbtools.adapters.pytest_wiki import Wiki
    from kbtools.config.project import Project
    from kbtools.errors import KbError
    from kbtools.run.job import Job, Step
    from kbtools.run.results.outcomes import Outcome

ATTRIBUTE = "kb_outcome"
"""The attribute of a report with its outcome, as JSON in ASCII, also from xdist workers."""
_BEFORE, _BEHIND = 6, 3
"""Number of lines of a snippet shown before and after the failed one."""
_WIKI: pytest.StashKey[Wiki | None] = pytest.StashKey()
_PROJECT: pytest.StashKey[Project | None] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kb", "snippets of a wiki (kbtools)")
    group.addoption("--kb-vault", metavar="DIR", help="take this folder of Markdown as the wiki")
    group.addoption("--kb-device", metavar="LIST", default="auto", help="auto (default), all, or a list: cpu,cuda,mps")
    group.addoption("--kb-require-device", metavar="D", action="append", default=[], help="a missing D is an error")
    group.addoption("--kb-python", metavar="PATH", help="as kb run --python")
    group.addoption("--kb-sandbox", metavar="MODE", default="default", help="as kb run --sandbox")
    group.addoption("--kb-launcher", choices=("auto", "fork", "spawn"), default="auto")
    group.addoption("--kb-cache", action="store_true", help="take results that passed and still hold from the store")
    group.addoption("--kb-store", action="store_true", help="keep results for the site")
    group.addoption("--kb-rehearse", action="store_true", help="retarget snippets bound to a device that is missing")


class _PlainImports(MetaPathFinder):
    """Imports kb's modules as they are. pytest would rewrite the assertions of all modules of a plugin's package, which
    for kb are hundreds, again in each process that finds none kept."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(fullname, path, target) if fullname.startswith("kbtools.") else None


def _wiki(config: pytest.Config) -> Wiki | None:
    """The wiki of this run, or None. Raises UsageError for invalid settings or options."""
    if _WIKI not in config.stash:
        project = _project(config)
        config.stash[_WIKI] = None if project is None else _wiki_of(config, project)
    return config.stash[_WIKI]


def _wiki_of(config: pytest.Config, project: Project) -> Wiki:
    from kbtools.adapters.pytest_wiki import Wiki
    from kbtools.errors import KbError

    try:
        return Wiki(config, project)
    except KbError as problem:
        raise _usage(problem) from problem


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Keeps pytest from rewriting kb's modules, and from loading settings and ``conftest.py`` from the vault."""
    imports = _PlainImports()
    sys.meta_path.insert(0, imports)
    early_config.add_cleanup(lambda: sys.meta_path.remove(imports))
    if _project(early_config) is None:
        return
    settings = early_config.inipath
    if settings is not None and _is_data(early_config, settings):
        raise pytest.UsageError(
            f"pytest takes its settings from {_shown(settings)}, a file of the wiki: name others, "
            "such as -c pyproject.toml (or -c /dev/null for none)"
        )
    manager = early_config.pluginmanager
    # pytest has no hook for it: this method decides from which folders conftest.py is loaded, at the start and later.
    loads = manager._is_in_confcutdir
    manager._is_in_confcutdir = lambda path: loads(path) and not _is_data(early_config, path)  # type: ignore[method-assign]


@pytest.hookimpl(tryfirst=True)
def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A folder of the vault is a folder, even with an ``__init__.py``: pytest would import that of a package."""
    return pytest.Dir.from_parent(parent, path=path) if _is_data(parent.config, path) else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Python files of the vault are not tests: collecting them would import them."""
    return True if collection_path.suffix == ".py" and _is_data(config, collection_path) else None


def _is_data(config: pytest.Config, path: Path) -> bool:
    """Whether a path is the vault or inside it: pytest then only collects pages. If the project is its own vault,
    its tests are in the vault too, and are still run by pytest."""
    project = _project(config)
    if project is None or (project.vault.resolve() == project.root.resolve() and not project.foreign):
        return False
    vault = project.vault.resolve()
    return path.is_relative_to(vault) or path.resolve().is_relative_to(vault)


def _shown(path: Path) -> str:
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def _no_wiki(root: Path) -> bool:
    """Whether no file above configures a wiki: then kb's modules are not even imported."""
    for folder in (root, *root.parents):
        if any((folder / name).exists() for name in ("kb.toml", "mkdocs.yml", "mkdocs.yaml")):
            return False
        try:
            if b"tool" in (data := (folder / "pyproject.toml").read_bytes()) and b"kb" in data:
                return False
        except OSError:
            continue
    return True


def _project(config: pytest.Config) -> Project | None:
    """The project of this run, or None if there is no wiki. Raises UsageError for invalid settings."""
    if _PROJECT not in config.stash:
        config.stash[_PROJECT] = _find(config)
    return config.stash[_PROJECT]


def _find(config: pytest.Config) -> Project | None:
    folder = config.known_args_namespace.kb_vault
    if folder is None and _no_wiki(config.rootpath.resolve()):
        return None
    from kbtools.config.project import find_project, foreign_vault
    from kbtools.errors import KbError

    try:
        if folder is not None:
            return foreign_vault(Path(folder))
        project = find_project(config.rootpath)
    except KbError as problem:
        if folder is None and problem.message.startswith("no wiki"):
            return None
        raise _usage(problem) from problem
    asked = project.file is None or not project.file.name.startswith("mkdocs") or _names_vault(config, project)
    return project if asked else None


def _usage(problem: KbError) -> pytest.UsageError:
    return pytest.UsageError(problem.in_one_line)


def _names_vault(config: pytest.Config, project: Project) -> bool:
    """Whether the command line names a path in the vault. With a ``mkdocs.yml`` without kb's plugin, pages are tests
    only if they are named on the command line."""
    here, vault = config.invocation_params.dir, project.vault.resolve()
    given = config.known_args_namespace.file_or_dir or config.getini("testpaths") or [str(here)]
    words = (str(arg).partition("::")[0] for arg in given)
    return any((here / word).resolve().is_relative_to(vault) for word in words if word)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Finds the wiki early: pytest would report a configuration error during collection as a broken file."""
    _wiki(session.config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> KbPage | None:
    if file_path.suffix != ".md":
        return None
    wiki = _wiki(parent.config)
    path = wiki.path_of(file_path) if wiki is not None else None
    if path is None:
        return None
    page: KbPage = KbPage.from_parent(parent, path=file_path)
    page.page = path
    return page


class KbPage(pytest.File):
    """A page of the wiki."""

    page: str

    def collect(self) -> Iterator[KbItem]:
        wiki = _wiki(self.config)
        assert wiki is not None
        for job in wiki.jobs(self.page, self.path):
            for step in job.steps:
                if step.reported:
                    name = f"{step.name}[{step.device}]"
                    # As a string: pytest 9 interprets brackets in others as parameters, and --lf compares those.
                    item: KbItem = KbItem.from_parent(self, name=name, nodeid=f"{self.nodeid}::{name}")
                    item.job, item.step = job, step
                    yield item

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from kbtools.errors import KbError

        return str(_usage(excinfo.value)) if isinstance(excinfo.value, KbError) else super().repr_failure(excinfo)


class KbItem(pytest.Item):
    """A snippet on a device."""

    job: Job
    step: Step
    outcome: Outcome | None = None
    funcargs: Mapping[str, object] = MappingProxyType({})
    """No fixtures: plugins (pytest-lsp) expect the attribute on every item."""

    def runtest(self) -> None:
        from kbtools.run.results.outcomes import Status

        wiki = _wiki(self.config)
        assert wiki is not None
        self.outcome = outcome = wiki.outcome(self.job, self.step)
        if outcome.stdout:
            self.add_report_section("call", "stdout", outcome.stdout)
        if outcome.outcome is Status.SKIPPED:
            raise pytest.skip.Exception(outcome.reason or "", _use_item_location=True)
        if outcome.outcome is Status.BLOCKED:
            # Not reported as a failure again: the step that it waits for is, or was skipped.
            raise pytest.skip.Exception(f"blocked: {outcome.reason}", _use_item_location=True)
        if outcome.outcome is Status.REHEARSED:
            raise pytest.skip.Exception(f"rehearsed: {outcome.reason}", _use_item_location=True)
        if outcome.outcome in (Status.FAILED, Status.ERROR):
            if (why := wiki.why_accepted(outcome)) is not None:
                raise pytest.xfail.Exception(why)
            raise SnippetFailed(outcome.message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        outcome = self.outcome
        # Accepted failures too: pytest's own traceback would show code of pytest and kb, not the page.
        if outcome is None or not isinstance(excinfo.value, (SnippetFailed, pytest.xfail.Exception)):
            return super().repr_failure(excinfo, style)
        from _pytest._code.code import ExceptionChainRepr, ReprEntryNative, ReprFileLocation, ReprTraceback

        text = outcome.message or outcome.reason or outcome.outcome.value
        where = ReprFileLocation(str(self.path), outcome.traceback_line or outcome.line, text.partition("\n")[0])
        report = f"{self.nodeid.partition('::')[0]}:{where.lineno}: {text}\n"
        if outcome.traceback_line is not None:
            report = f"{report}\n{_excerpt(self.step, outcome.traceback_line)}"
        native = ReprTraceback([ReprEntryNative([report])], None, "native")
        return ExceptionChainRepr([(native, where, None)])

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.step.line - 1, self.name


def _excerpt(step: Step, line: int) -> str:
    """The snippet around a line of the page, with the line marked."""
    shown = []
    for number, text in enumerate(step.code.split("\n"), step.line + 1):
        if line - _BEFORE <= number <= line + _BEHIND:
            shown.append(f"{'>' if number == line else ' '} {number:>5} | {text}".rstrip())
    return "\n".join(shown) + "\n" if shown else ""


class SnippetFailed(Exception):
    """Tells pytest that the outcome of an item is a failure."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    if isinstance(item, KbItem) and call.when == "call" and item.outcome is not None:
        setattr(report, ATTRIBUTE, json.dumps(item.outcome.to_wire()))
    return report


def pytest_collection_finish(session: pytest.Session) -> None:
    """Records the selected items: a session ends after its last one."""
    items = [item for item in session.items if isinstance(item, KbItem)]
    wiki = session.config.stash.get(_WIKI, None)
    if wiki is not None and items and not session.config.option.collectonly:
        for item in items:
            wiki.wanted.setdefault(item.job.id, set()).add(item.step.id)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: detects devices once for all workers, and creates one set of locks for GPUs."""
    wiki = _wiki(node.config)
    if wiki is not None:
        node.workerinput["kb"] = wiki.share(len(node.nodemanager.specs))


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """xdist: keep a page's snippets on one worker, where they share their session.

    Not ``--dist loadgroup``, which would add to the ids.
    """
    if config.getoption("dist", "no") != "load" or _wiki(config) is None:
        return None
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class PageScheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            page = nodeid.partition("::")[0]
            return page if page.endswith(".md") else nodeid

    return PageScheduling(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    wiki = config.stash.get(_WIKI, None)
    if wiki is not None:
        wiki.close()

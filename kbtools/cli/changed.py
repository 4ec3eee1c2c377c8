"""``--changed-since REV``: finds the pages that a change in git affects."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kbtools.check.changes import affected
from kbtools.cli.workspace import Workspace, plural, say
from kbtools.run import git

if TYPE_CHECKING:
    from kbtools.check.baseline import Comparison, Sources
    from kbtools.text.diagnostics import Diagnostic

_WHOLE = ("mkdocs.yml", "mkdocs.yaml", "kb.toml", "pyproject.toml", "kb-baseline.json")
"""Files in a project's root whose change can alter the findings of any page."""


def compared_with(wiki: Workspace, revision: str, found: Sequence[Diagnostic], source: Sources) -> Comparison:
    """Compares findings with those at the merge base with a revision: which are new, which existed, which are gone.
    Snippets are not run at that revision, so their findings count as new."""
    from kbtools.check.baseline import SNIPPETS, Baseline
    from kbtools.check.checker import check
    from kbtools.vault.index import Index
    from kbtools.vault.listing import Exclusion
    from kbtools.vault.page import decode

    project = wiki.project
    top = git.top(project.root)
    assert top is not None
    prefix = git.prefix(project.vault, top)
    base = git.merge_base(project.root, revision)
    changed = {f.removeprefix(prefix) for f in git.changed(project.root, revision) if f.startswith(prefix)}
    before = {path: git.show(project.root, base, prefix + path) for path in changed}
    covers = Exclusion(project.config).covers
    before = {path: data for path, data in before.items() if not covers(path)}
    pages = {path: page for path, page in wiki.index.pages.items() if path not in changed}
    pages |= {path: decode(path, data) for path, data in before.items() if data is not None and path.endswith(".md")}
    kept = {a for a in wiki.index.attachments if a not in changed}
    kept |= {path for path, data in before.items() if data is not None and not path.endswith(".md")}
    vault = wiki.vault._replace(pages=pages, attachments=frozenset(kept), unread={})
    touched = affected(wiki.index, changed, {p: pages[p].source.text for p in changed if p in pages}) | changed
    old = [d for d in check(vault, Index.build(vault), project.config).diagnostics if d.path in touched]
    baseline = Baseline().record(old, lambda path: pages[path].source, date.today(), lambda _: True)
    return baseline.compare(found, source, lambda entry: entry.key.rule != SNIPPETS)


def since(wiki: Workspace, revision: str) -> tuple[frozenset[str], frozenset[str]]:
    """The pages whose findings may differ since a git revision, and those among them whose files changed.

    These are all pages if the configuration or a schema changed. Raises KbError for an unknown revision.
    """
    project = wiki.project
    base = git.merge_base(project.root, revision)
    files = git.changed(project.root, revision)
    top = git.top(project.root)
    assert top is not None
    pages = frozenset(wiki.index.pages) | frozenset(wiki.vault.unread)
    inner = os.path.relpath(project.root.resolve(), top).replace(os.sep, "/")
    root = "" if inner == "." else f"{inner}/"
    schemas = {
        os.path.relpath(name, top).replace(os.sep, "/") for _, name in project.config.schema if Path(name).is_absolute()
    }
    settings = files & ({root + name for name in _WHOLE} | schemas)
    prefix = git.prefix(project.vault, top)
    changed = frozenset(f.removeprefix(prefix) for f in files if f.startswith(prefix))
    if settings:
        say(f"{', '.join(sorted(settings))} changed since {revision}: every page is looked at")
        return pages, pages
    before = {}
    for path in sorted(changed):
        if path.endswith(".md") and (data := git.show(project.root, base, prefix + path)) is not None:
            before[path] = data.decode("utf-8", "replace")
    touched = affected(wiki.index, changed, before) | (changed & pages)
    own = changed & pages
    say(f"since {revision}: {plural(len(own), 'page')} changed, {plural(len(touched - own), 'other')} linked with them")
    return touched, own

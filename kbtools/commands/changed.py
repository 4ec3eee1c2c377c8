"""``--changed-since REV``: which pages a change in git concerns."""

from __future__ import annotations

import os
from pathlib import Path

from kbtools import git
from kbtools.check.changes import concerned
from kbtools.commands import Wiki, plural, say

_WHOLE = ("mkdocs.yml", "mkdocs.yaml", "kb.toml", "pyproject.toml", "kb-baseline.json")
"""Files of a project's root that can alter what is found on any page."""


def since(wiki: Wiki, revision: str) -> tuple[frozenset[str], frozenset[str]]:
    """The pages whose findings a change since a revision can alter, and those among them that changed themselves.

    Where the configuration or a schema changed that is every page. Raises KbError for an unknown revision.
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
    touched = concerned(wiki.index, changed, before) | (changed & pages)
    own = changed & pages
    say(f"since {revision}: {plural(len(own), 'page')} changed, {plural(len(touched - own), 'other')} linked with them")
    return touched, own

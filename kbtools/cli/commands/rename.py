"""``kb rename``: gives a page another title and rewrites every link to it; writes only with ``--apply``."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import Workspace, emit, plural, project, read, say, undo_command, unified_diff, use_color
from kbtools.errors import KbError
from kbtools.text.source import visible

if TYPE_CHECKING:
    from kbtools.edit.rename import Rename
    from kbtools.rewrite import Run

COMMAND = "kb rename"


def configure(arguments: Arguments) -> None:
    arguments.add_link_style()
    arguments.add_argument("page", nargs="?", metavar="PAGE", help="the page, by path, title, id or file name")
    arguments.add_argument("title", nargs="?", metavar="NEW-TITLE", help="its new title")
    arguments.add_argument("--apply", action="store_true", help="write the changes, with a backup")
    arguments.add_argument("--diff", action="store_true", help="show the changes as a patch")
    arguments.add_argument("--format", choices=["text", "json"], default="text", help="output format (default: text)")
    arguments.add_argument("--keep-file", action="store_true", help="change the title only, not the file's name")
    arguments.add_argument(
        "--adopt", action="store_true", help="rename even if links that are broken today would then lead to the page"
    )
    arguments.add_argument("--undo", nargs="?", const="", metavar="RUN", help="undo a rename (default: the last one)")


def run(args: SimpleNamespace) -> int:
    if args.undo is not None:
        if args.apply or args.page:
            raise KbError("--undo takes no page and no --apply", "kb rename --undo [RUN]")
        from kbtools.cli.commands.undo import undo_and_report

        return undo_and_report(project(args), args.undo or None, args.format, command=COMMAND)
    if args.page is None or args.title is None:
        raise KbError("name the page and its new title", 'kb rename PAGE "New Title"')
    from kbtools.edit.history import changes, write
    from kbtools.edit.rename import plan_rename

    wiki = read(args)
    plan = plan_rename(
        wiki.index,
        page_given(wiki, args.page),
        args.title,
        style=wiki.project.config.link_style,
        keep_file=args.keep_file,
        adopt=args.adopt,
        unread=wiki.vault.unread,
    )
    done = None
    if args.apply:
        summary = {"page": plan.old, "to": plan.new, "title": plan.old_title, "new_title": plan.title}
        wanted = changes(wiki.index.pages, plan.texts, {plan.old: plan.new})
        done = write(wiki.project, wanted, COMMAND, summary)
    if args.format == "json":
        from kbtools.output.json import dumps

        emit((dumps(_report(wiki, plan, done), indent=1),))
        return 0
    emit(_patch(wiki, plan) if args.diff else _listed(wiki, plan))
    _summary(wiki, plan, done, args)
    return 0


def page_given(wiki: Workspace, given: str) -> str:
    """The page that the user named by path (from the working directory or in the vault), title, file name or id.

    Raises KbError if there is none, or more than one.
    """
    from kbtools.frontmatter import wikilink_target
    from kbtools.links import fold_title, page_name
    from kbtools.vault.links.resolution import Ambiguous, Resolved

    index = wiki.index
    base = wiki.project.vault.resolve()
    for candidate in (Path(given), base / given):
        full = candidate.resolve()
        if full.is_relative_to(base) and (path := full.relative_to(base).as_posix()) in index.pages:
            return path
    name = wikilink_target(given) or given
    meant = index.resolve_name(name, "")
    if isinstance(meant, Resolved) and meant.page in index.pages:
        return meant.page
    found = meant.candidates if isinstance(meant, Ambiguous) else index.names.by_id.get(page_name(name), ())
    if len(found) == 1:
        return found[0]
    if found:
        raise KbError(f'"{given}" is a name of {", ".join(found)}', "name the page by its path")
    known = {fold_title(p): p for p in index.pages} | {fold_title(p.title): p.title for p in index.pages.values()}
    close = difflib.get_close_matches(fold_title(given), list(known), n=1, cutoff=0.6)
    raise KbError(f'no page is called "{given}"', f'did you mean "{known[close[0]]}"?' if close else None)


_LINKS = ("wikilink", "embed", "markdown", "html", "frontmatter")
_SHOWN = 20
"""Largest number of unchanged mentions that are listed."""


def _report(wiki: Workspace, plan: Rename, done: Run | None) -> dict[str, object]:
    changes = []
    for c in plan.changes:
        at = wiki.source(c.path).lines.position(c.span.start)
        place = {"path": c.path, "line": at.line, "column": at.column}
        changes.append({**place, "kind": c.kind, "before": c.before, "after": c.after})
    return {
        "version": 1,
        "run": done.id if done else None,
        "applied": done is not None,
        "page": plan.old,
        "new_page": plan.new,
        "title": plan.old_title,
        "new_title": plan.title,
        "alias": plan.alias,
        "pages_changed": len(plan.texts),
        "links_changed": sum(c.kind in _LINKS for c in plan.changes),
        "changes": changes,
        "unfollowed": list(_unfollowed(wiki, plan)),
        "ambiguous": [
            {**_place(wiki, p.path, p.link.span.start), "raw": _raw(wiki, p.path, p.link), "candidates": p.candidates}
            for p in plan.ambiguous
        ],
        "adopted": [
            {**_place(wiki, p.path, p.link.span.start), "raw": _raw(wiki, p.path, p.link)} for p in plan.adopted
        ],
    }


def _place(wiki: Workspace, path: str, offset: int) -> dict[str, object]:
    at = wiki.source(path).lines.position(offset)
    return {"path": path, "line": at.line, "column": at.column}


def _raw(wiki: Workspace, path: str, link: object) -> str:
    from kbtools.links import WikiLink

    assert isinstance(link, WikiLink)
    return link.span.of(wiki.source(path).text)


def _listed(wiki: Workspace, plan: Rename) -> Iterator[str]:
    if plan.old != plan.new:
        yield f"{plan.old} → {plan.new}"
    for c in plan.changes:
        at = wiki.source(c.path).lines.position(c.span.start)
        what = f"{c.kind}: " if c.kind in ("frontmatter", "title", "heading", "alias") else ""
        how = f"{c.before} → {c.after}" if c.before else f"+ {c.after}"
        yield visible(f"{c.path}:{at.line}:{at.column}: {what}{how}")


def _patch(wiki: Workspace, plan: Rename) -> Iterator[str]:
    """A patch that ``git apply`` accepts, the renamed file included."""
    for path in sorted(plan.texts):
        if path == plan.old != plan.new:
            yield f"diff --git a/{plan.old} b/{plan.new}"
            yield f"rename from {plan.old}"
            yield f"rename to {plan.new}"
        for line in unified_diff({path: wiki.source(path).text}, {path: plan.texts[path]}, use_color(sys.stdout)):
            yield f"+++ b/{plan.new}" if path == plan.old and line == f"+++ b/{path}" else line


def _summary(wiki: Workspace, plan: Rename, done: Run | None, args: SimpleNamespace) -> None:
    links = plural(sum(c.kind in _LINKS for c in plan.changes), "reference")
    what = f'"{plan.old_title}" → "{plan.title}": {links}, {plural(len(plan.texts), "page")}'
    if done:
        undo = undo_command(wiki.project, done)
        say(f"{what}; originals in {wiki.project.backups.name}/{done.id}; {undo} restores them")
    else:
        say(f"{what}; nothing was written: --apply writes, --diff shows a patch")
    if plan.alias is None and plan.old_title != plan.title:
        say(f'"{plan.old_title}" is an alias already, or another page\'s name: no alias was added')
    for place in plan.ambiguous:
        at = wiki.source(place.path).lines.position(place.link.span.start)
        raw = _raw(wiki, place.path, place.link)
        say(f"left as it is: {place.path}:{at.line}:{at.column} {raw} could mean {', '.join(place.candidates)}")
    if plan.adopted:
        n = len(plan.adopted)
        say(f"{plural(n, 'link')} led nowhere and now {'means' if n == 1 else 'mean'} this page")
    unfollowed = list(_unfollowed(wiki, plan))
    for where in unfollowed[:_SHOWN]:
        say(f"{where['path']}:{where['line']}:{where['column']} names {plan.old}: change it there too")
    if len(unfollowed) > _SHOWN:
        say(f"and {len(unfollowed) - _SHOWN:,} more such places: --format json lists them")


def _unfollowed(wiki: Workspace, plan: Rename) -> Iterator[dict[str, object]]:
    """Mentions of the old name that stay unchanged: those in other files than pages, and those outside links."""
    from kbtools.edit import unfollowed
    from kbtools.text.source import Source

    page = wiki.index.pages[plan.old]
    pattern = unfollowed.naming(page)
    for other in wiki.index.pages.values():
        for offset in unfollowed.in_page(other, pattern):
            yield _place(wiki, other.path, offset)
    root, vault = wiki.project.root, wiki.project.vault
    files = [(name, root / name) for name in ("mkdocs.yml", "mkdocs.yaml", "zensical.toml")]
    files += [(a, vault / a) for a in sorted(wiki.index.attachments) if a.endswith(unfollowed.FILES)]
    for name, file in files:
        if not file.is_file():
            continue
        source = Source(name, file.read_text(encoding="utf-8", errors="replace"))
        for m in pattern.finditer(source.text):
            at = source.lines.position(m.start())
            yield {"path": name, "line": at.line, "column": at.column}

"""``kb init``: sets up a project: surveys the folder, proposes files, and writes those that the user confirms."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from kbtools.cli.arguments import Arguments
from kbtools.cli.workspace import emit, plural, say
from kbtools.errors import KbError

if TYPE_CHECKING:
    from kbtools.adopt.proposal import NewText
    from kbtools.adopt.survey import Survey
    from kbtools.config.project import Project

COMMAND = "kb init"
_KINDS = {
    "obsidian": "an Obsidian vault",
    "mkdocs": "a MkDocs project",
    "foam": "a Foam workspace",
    "markdown": "a folder of Markdown",
}


def configure(arguments: Arguments) -> None:
    arguments.add_argument(
        "folder", nargs="?", default=".", metavar="FOLDER", help="folder to set up (default: the current folder)"
    )
    arguments.add_argument("--yes", action="store_true", help="write without asking")
    arguments.add_argument("--diff", action="store_true", help="show the files in full and write nothing")
    arguments.add_argument(
        "--no-site", action="store_true", help="write no mkdocs.yml: pages are checked and run, and no site is built"
    )
    arguments.add_argument("--no-run", action="store_true", help="record the baseline without running snippets")
    arguments.add_argument(
        "--undo", action="store_true", help="restore the files that kb init changed here, as kb undo does"
    )


def run(args: SimpleNamespace) -> int:
    root = Path(args.folder)
    if not root.is_dir():
        raise KbError(f"there is no folder {root}", "kb init FOLDER; make it first")
    if args.undo:
        from kbtools.cli.commands.undo import undo_and_report

        return undo_and_report(_bare(root.resolve()), None, command=COMMAND)
    from kbtools.adopt.proposal import propose
    from kbtools.adopt.survey import survey

    root = root.resolve()
    _refuse_project(root)
    found = survey(root, site=not args.no_site)
    if not found.pages:
        raise KbError(f"there is no page (*.md) in {found.vault}", _other_files(found.vault))
    from kbtools.adopt.proposal import excluded

    if exclude := excluded(found):
        found = survey(root, exclude, site=not args.no_site)
    unsafe = 0 if args.no_site else _pages_with_unsafe_html(found)
    emit(_survey_lines(found, unsafe))
    files = propose(found, site=not args.no_site, files_as_is=_files_as_is(found), html_as_is=unsafe > 0)
    emit(_proposed(files, found, full=args.diff))
    if args.diff:
        say("nothing was written")
        return 0
    if not args.yes and not _agreed():
        say("nothing was written; kb init --yes writes it")
        return 0
    return _write(root, files, found, no_run=args.no_run)


def _files_as_is(found: Survey) -> list[str]:
    """Files of an existing site that kb would change, leave out or report."""
    if found.mkdocs is None:
        return []
    from kbtools.config.mkdocs_file import read
    from kbtools.site.files.attachments import withheld

    templates = read(found.mkdocs).theme_dir
    return list(withheld(found.vault, found.root / templates if templates is not None else None))


def _pages_with_unsafe_html(found: Survey) -> int:
    """The number of pages of an existing site with HTML that kb publishes only with ``sanitize: false``."""
    from kbtools.site.html.sanitize import removed, sanitize

    return sum(any(removed(text, sanitize(text, remote_images=True))) for text in found.html)


def _refuse_project(root: Path) -> None:
    from kbtools.config.project import find_project

    for name in ("kb.toml", "pyproject.toml"):
        file = root / name
        if file.is_file() and (name == "kb.toml" or "[tool.kb" in file.read_text(encoding="utf-8", errors="replace")):
            find_project(root)  # says what is wrong with it, if something is
            raise KbError(
                f"{root} is a project already: {file.name}", "kb check looks at it, kb config shows its settings"
            )


def _other_files(vault: Path) -> str:
    for ending, what in (
        (".mdx", "MDX"),
        (".markdown", "*.markdown"),
        (".ipynb", "notebooks"),
        (".rst", "reStructuredText"),
    ):
        if next(vault.rglob(f"*{ending}"), None) is not None:
            way = (
                "kb import NOTEBOOK makes a page of one"
                if ending == ".ipynb"
                else "kb reads *.md only: rename or convert them"
            )
            return f"there are {what} files: {way}"
    return "kb init FOLDER names another folder; kb new starts a page"


def _survey_lines(found: Survey, unsafe_html: int) -> Iterator[str]:
    """What the survey found, one line each; ``unsafe_html`` counts pages."""
    where = "" if found.docs == "." else f", pages in {found.docs.rstrip('/')}/"
    yield f"{found.root} is {_KINDS[found.kind]}{where}: {plural(found.pages, 'page')}"
    settings = found.obsidian
    for what, folder in (
        ("templates", ", ".join(settings.templates)),
        ("daily notes", settings.daily_notes),
        ("attachments", settings.attachment_folder),
        ("left out in Obsidian", ", ".join(settings.ignored)),
    ):
        if folder:
            yield f"  {what:<14} {folder}"
    if found.links:
        told = ((found.broken, "broken"), (found.ambiguous, "ambiguous"), (found.respelled, "can be reconciled"))
        parts = ", ".join(f"{n:,} {what}" for n, what in told if n)
        yield f"  {'links':<14} {found.links:,}{': ' if parts else ''}{parts}"
    fences = sum(c.fences for c in found.code.values())
    if fences:
        alone = sum(c.alone for c in found.code.values())
        yield f"  {'Python code':<14} {plural(fences, 'fence')}, {alone:,} of which can probably run here"
        if found.absent:
            named = ", ".join(f"{name} ({n:,})" for name, n in found.absent.most_common(5))
            more = f" and {len(found.absent) - 5} more" if len(found.absent) > 5 else ""
            yield f"  {'not installed':<14} {named}{more}: imported by so many fences"
    if found.kind == "mkdocs" and found.picture_hosts:
        hosts = ", ".join(host for host, _ in found.picture_hosts.most_common(3))
        more = " …" if len(found.picture_hosts) > 3 else ""
        yield f"  {'pictures':<14} {found.picture_hosts.total():,} from other machines: {hosts}{more}"
    if unsafe_html:
        yield f"  {'HTML':<14} on {plural(unsafe_html, 'page')} as kb publishes it only with sanitize: false"
    if found.with_frontmatter:
        fits = f", {found.fits_topic:,} fit the schema topic" if found.fits_topic else ""
        yield f"  {'frontmatter':<14} on {plural(found.with_frontmatter, 'page')}{fits}"
    if found.findings:
        fixable = f", {found.fixable:,} of which kb fix corrects" if found.fixable else ""
        yield f"  {'findings':<14} {found.findings.total():,}{fixable}"
        rules: dict[str, dict[str, int]] = {}
        for (severity, rule), n in found.findings.most_common():
            rules.setdefault(rule, {})[severity.value] = n
        for rule, counts in sorted(rules.items(), key=lambda item: -sum(item[1].values()))[:5]:
            severities = ", ".join(plural(n, severity) for severity, n in counts.items())
            yield f"  {'':<14} {sum(counts.values()):>6,}  {rule} ({severities})"


def _proposed(files: list[NewText], found: Survey, *, full: bool) -> Iterator[str]:
    yield ""
    yield "proposed:"
    for file in files:
        yield f"  {file.path:<18} {'new' if file.before is None else 'changed'}: {file.why}"
        if full or file.path in ("kb.toml", "mkdocs.yml" if file.before is not None else ""):
            before = set((file.before or b"").decode("utf-8", "replace").split("\n"))
            text = file.after.decode("utf-8").rstrip("\n").split("\n")
            yield from (f"    {line}".rstrip() for line in text if line not in before or file.before is None)
    if found.findings:
        yield f"  {'kb-baseline.json':<18} new: the present findings, accepted for now, so that only new ones fail"
    if found.start_page is None and found.kind == "mkdocs":
        yield f"there is no index.md or README.md in {found.docs}/: the site's address shows nothing; write one"


def _agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    try:
        answer = input("write these files? [Y/n] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("", "y", "yes", "ㅛ", "예", "네")


def _write(root: Path, files: list[NewText], found: Survey, *, no_run: bool) -> int:
    from kbtools.edit.history import write
    from kbtools.rewrite import FileChange

    changes = [FileChange(f.path, f.before, f.after) for f in files]
    done = write(_bare(root), changes, COMMAND, {"kind": found.kind})
    say("")
    for file in files:
        say(f"wrote {file.path}")
    say("== check, to accept what is there")
    accepted = _accept(root, done.id, no_run=no_run)
    if accepted:
        say(f"wrote kb-baseline.json: {plural(accepted, 'finding')} accepted")
    say("")
    say("from here on:")
    rows = [("kb check", "fails on what is new; kb check --no-baseline shows everything")]
    if found.fixable:
        rows.append(("kb fix --diff", f"shows corrections of {found.fixable:,} of the findings; kb fix does it"))
    if n := found.respelled:
        rows.append(("kb reconcile --diff", f"shows {plural(n, 'link')} respelled as the pages they mean"))
    if any(f.path.startswith("mkdocs") for f in files) or found.mkdocs:
        rows.append(("kb build", "builds the site in site/; kb serve previews it"))
    rows.append(("kb undo", "takes all of this back"))
    for command, what in rows:
        say(f"  {command:<20} {what}")
    return 0


def _bare(root: Path) -> Project:
    """The folder as a project, before it has any configuration; used to write the first files."""
    from kbtools.config.project import Config, Project

    return Project(root, root, root / ".kb", Config())


def _accept(root: Path, first: str, *, no_run: bool) -> int:
    """Check the new project as ``kb check`` does and record all findings in the baseline. Returns their number."""
    from datetime import date

    from kbtools.check.baseline import Baseline
    from kbtools.cli.commands import check
    from kbtools.cli.gathering import gather
    from kbtools.cli.known import FILE, answered_by
    from kbtools.edit.history import write
    from kbtools.rewrite import FileChange

    words = ["--root", str(root), *(["--no-run"] if no_run else [])]
    arguments = Arguments("check", COMMAND)
    check.configure(arguments)
    found = gather(arguments.parse(words))
    answered = answered_by(found.selection, found.outcomes)
    baseline = Baseline().record(found.diagnostics, found.source, date.today(), answered)
    if baseline.entries:
        change = FileChange(FILE, None, baseline.text().encode("utf-8"))
        write(_bare(root), [change], COMMAND, {"follows": first})
    return baseline.total

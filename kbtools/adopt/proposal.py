"""Proposes the files of a new project: ``kb.toml``, ``mkdocs.yml``, ``.gitignore``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kbtools.adopt.interpreter import environment_of
from kbtools.adopt.mkdocs_yml import PLUGIN, with_plugin
from kbtools.adopt.survey import START, Survey, code_modes
from kbtools.config.mkdocs_file import chain
from kbtools.config.settings import SETTINGS
from kbtools.errors import KbError

SMALL = 100
"""Up to this number of pages, a site lists all of them in its navigation, which Material repeats on every page."""
MOST_NAMED = 20
"""Up to this number of files, the configuration names each."""
# The last one is where a build works; one that was killed leaves it.
_KEPT = (".kb/", "_link_reconcile_backup/", "/site/", "/.kb-site-*/")
_EXTENSIONS = """\
markdown_extensions:
  - abbr
  - admonition
  - attr_list
  - def_list
  - footnotes
  - md_in_html
  - tables
  - toc:
      permalink: true
      slugify: !!python/object/apply:pymdownx.slugs.slugify
        kwds:
          case: lower
  - pymdownx.arithmatex:
      generic: true
  - pymdownx.betterem
  - pymdownx.details
  - pymdownx.highlight:
      anchor_linenums: true
  - pymdownx.inlinehilite
  - pymdownx.mark
  - pymdownx.superfences:
      custom_fences:
        - name: mermaid
          class: mermaid
          format: !!python/name:pymdownx.superfences.fence_code_format
  - pymdownx.tabbed:
      alternate_style: true
  - pymdownx.tasklist:
      custom_checkbox: true
  - pymdownx.tilde
  - kbtools
"""


@dataclass(frozen=True, slots=True)
class NewText:
    """A file to create or change."""

    path: str
    """Relative to the root."""
    before: bytes | None
    """None for a new file."""
    after: bytes
    why: str
    """The reason, in a few words."""


def excluded(found: Survey) -> list[str]:
    """Globs of files that are not pages: templates, drawings, built sites, files that Obsidian excludes."""
    globs = [f"{folder}/**.md" for folder in found.obsidian.templates]  # pages show other files of this kind
    globs += found.obsidian.ignored
    globs += ["*.excalidraw.md"] if found.drawings or any(found.vault.rglob("*.excalidraw.md")) else []
    if found.docs == ".":
        globs += ["site/**"]
        globs += [f"{name}/**" for name in ("venv", "env") if (found.root / name / "pyvenv.cfg").is_file()]
    return list(dict.fromkeys(globs))


def propose(
    found: Survey, *, site: bool = True, files_as_is: Sequence[str] = (), html_as_is: bool = False
) -> list[NewText]:
    """The files to write. ``files_as_is`` are files that an existing site publishes and that kb publishes only if they
    are listed; ``html_as_is`` is whether its pages hold HTML that kb would change. Raises KbError when the site's
    configuration cannot be edited safely."""
    files = [NewText("kb.toml", None, settings(found).encode("utf-8"), "settings; kb config explains each")]
    if site:
        files += _site(found, as_before(found, files_as_is, html_as_is=html_as_is))
    if ignored := _ignored(found.root):
        files.append(ignored)
    return files


def settings(found: Survey) -> str:
    """``kb.toml``, with the reason of each line."""
    exclude = excluded(found)
    lines = ["# Settings of kb. `kb config` prints all of them, `kb config KEY` explains one.", ""]
    if found.kind != "mkdocs":
        lines.append(f'docs = "{_toml(found.docs)}"')
        lines.append('link_style = "filename"  # links are spelled so that Obsidian and other editors follow them')
    if exclude:
        lines.append(f"exclude = [{', '.join(chr(34) + _toml(g) + chr(34) for g in exclude)}]")
    modes = list(code_modes(found))
    if modes and any(s.key == "snippets" for s in SETTINGS):
        lines += ["", "[snippets]", '# What code is held to, by folder: "run", "check" (read, not run) or "show".']
        python = environment_of(found.root)
        table = f'{{ mode = "run", python = "{python}" }}  # the environment that pages run in' if python else '"run"'
        lines += [f'"{_toml(glob)}" = {table if mode == "run" else chr(34) + mode + chr(34)}' for glob, mode in modes]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _toml(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _site(found: Survey, options: Mapping[str, object]) -> Iterator[NewText]:
    if found.mkdocs is None:
        if found.start_page is None:
            path = START[0] if found.docs == "." else f"{found.docs}/{START[0]}"
            yield NewText(
                path, None, start_page(found).encode("utf-8"), "the site's start page, to be written anew by you"
            )
        text = mkdocs_yml(found)
        yield NewText("mkdocs.yml", None, text.encode("utf-8"), "the site: kb build builds it, kb serve previews it")
        return
    file, data = _holding_plugins(found.mkdocs, found.root)
    new = with_plugin(_decoded(data, file), file.name, options).encode("utf-8")
    if new != data:
        path = file.relative_to(found.root).as_posix()
        yield NewText(path, data, new, f"the plugin {PLUGIN} is added; the rest is as it was")


def as_before(found: Survey, files_as_is: Sequence[str], *, html_as_is: bool) -> dict[str, object]:
    """Options of kb's plugin that keep the existing site unchanged: HTML of pages as it is written, pictures from other
    hosts, and files that kb does not publish by default."""
    options: dict[str, object] = {}
    if html_as_is:
        options["sanitize"] = False
    if found.picture_hosts:
        options["remote_images"] = True
    if 0 < len(files_as_is) <= MOST_NAMED:
        options["active_files"] = list(files_as_is)
    return options


def _holding_plugins(file: Path, root: Path) -> tuple[Path, bytes]:
    """The configuration that names the plugins: the file itself or one below ``root`` that it inherits from."""
    for here, settings in chain(file):
        named = Path(os.path.normpath(here))
        if named.is_relative_to(root) and isinstance(settings.get("plugins"), list | dict):
            return named, named.read_bytes()
    return file, file.read_bytes()


def _decoded(data: bytes, file: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as e:
        raise KbError(f"{file} is not UTF-8", "save it as UTF-8") from e


def start_page(found: Survey) -> str:
    """A page for the site's root address: links to the most linked pages."""
    return f"# {site_name(found)}\n\n" + "".join(f"- [[{name}]]\n" for name in found.central)


def site_name(found: Survey) -> str:
    return re.sub(r"[-_]+", " ", found.root.name).strip() or "Wiki"


_LOOKS = """\
  font: false  # the fonts of the reader's system: nothing is loaded from other hosts
  palette:  # light or dark, as the reader's system is
    - media: "(prefers-color-scheme: light)"
      scheme: default
    - media: "(prefers-color-scheme: dark)"
      scheme: slate
  features:
    - content.code.copy
    - navigation.top
    - navigation.indexes""".splitlines()


def mkdocs_yml(found: Survey) -> str:
    """A site's configuration for a folder that has none."""
    lines = [f"site_name: {_yaml(site_name(found))}", f"docs_dir: {_yaml(found.docs)}", "site_dir: site", ""]
    lines += ["theme:", "  name: material", f"  language: {found.language}", *_LOOKS, ""]
    if found.pages > SMALL:
        lines += [
            "# Material repeats the navigation on every page. Pages are found by search, links and these lists.",
            "nav:",
        ]
        lines += [f"  - {found.start_page or START[0]}", "  - all.md", "  - tags.md", "  - graph.md", ""]
    lines += ["# Words and the names in tables stay whole.", "extra_css:", "  - assets/kb-text.css", ""]
    left_out = [_in_gitignore(glob) for glob in excluded(found)]
    if found.docs == ".":
        left_out = [
            "/_link_reconcile_backup/",
            "node_modules/",
            "/kb.toml",
            "/kb-baseline.json",
            "/mkdocs.yml",
            *left_out,
        ]
    if left_out:
        lines += ["exclude_docs: |", *(f"  {g}" for g in dict.fromkeys(left_out)), ""]
    lines += ["validation:", "  omitted_files: ignore", "", "plugins:", "  - kbtools", ""]
    return "\n".join(lines) + "\n" + _EXTENSIONS


def _in_gitignore(glob: str) -> str:
    """A glob of ``exclude`` as MkDocs writes it in ``exclude_docs``."""
    if glob.endswith("/**.md"):
        return f"/{glob.removesuffix('**.md')}**/*.md"
    return f"/{glob.removesuffix('/**')}/" if glob.endswith("/**") else glob


def _yaml(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z가-힣][\w가-힣 ./-]*", text) is not None and text.lower() not in (
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "null",
    )
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _ignored(root: Path) -> NewText | None:
    """``.gitignore`` with kb's own files added; None outside a repository, or if they are listed already."""
    from kbtools.run.git import top

    if top(root) is None:
        return None
    file = root / ".gitignore"
    before = file.read_bytes() if file.is_file() else None
    text = (before or b"").decode("utf-8", "replace")
    said = {line.strip().strip("/") for line in text.split("\n")}
    missing = [line for line in _KEPT if line.strip("/") not in said]
    if not missing:
        return None
    end = "\r\n" if "\r\n" in text else "\n"
    gap = b"" if not text or text.endswith("\n") else end.encode()
    added = "".join(f"{line}{end}" for line in missing).encode()
    return NewText(
        ".gitignore", before, (before or b"") + gap + added, "kept out of version control: " + ", ".join(missing)
    )

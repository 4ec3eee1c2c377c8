"""A small wiki on disk, its results as a run leaves them, and its site as a browser's parser reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from kbtools.config.project import Project, find_project
from kbtools.run.job import DeviceRequest, Limits
from kbtools.run.plan import plan
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.run.results.store import Store
from kbtools.vault import loading as vaults

CONFIG = """
site_name: 작은 위키
theme:
  name: material
  language: ko
  font: false
  palette: {scheme: default}
nav:
  - index.md
validation:
  omitted_files: ignore
  anchors: warn
plugins:
  - search
  - kbtools
markdown_extensions:
  - attr_list
  - md_in_html
  - tables
  - footnotes
  - admonition
  - toc:
      permalink: true
      slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}
  - pymdownx.arithmatex: {generic: true}
  - pymdownx.betterem
  - pymdownx.details
  - pymdownx.highlight
  - pymdownx.inlinehilite
  - pymdownx.superfences:
      custom_fences:
        - {name: mermaid, class: mermaid, format: !!python/name:pymdownx.superfences.fence_code_format ''}
  - pymdownx.tabbed: {alternate_style: true}
  - kbtools
"""


def topic(title: str, body: str, **fields: str) -> str:
    """A page with frontmatter; values are written as given."""
    lines = "".join(f"{key}: {value}\n" for key, value in {"title": title, "status": "verified", **fields}.items())
    return f"---\n{lines}---\n\n# {title.strip(chr(34) + chr(39))}\n\n{body}\n"


def make(root: Path, pages: dict[str, str], config: str = CONFIG) -> Project:
    for name, text in {"index.md": "# 처음\n", **pages}.items():
        file = root / "docs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    (root / "mkdocs.yml").write_text(config, encoding="utf-8")
    (root / "kb.toml").write_text('docs = "docs"\n[schema]\n"topics/**" = "topic"\n', encoding="utf-8")
    return find_project(root)


def store(project: Project, **by_name: dict[str, object]) -> None:
    """Results for every snippet as a run on a CPU leaves them: passed, unless ``by_name`` says otherwise."""
    held = Store(project.state)
    for path, page in vaults.load(project).pages.items():
        for job in plan(path, page.snippets, DeviceRequest(), {"cpu": True}, Limits()):
            outcomes = []
            for step in (s for s in job.steps if s.reported):
                plain: dict[str, object] = {
                    "outcome": Status.SKIPPED if step.skip else Status.PASSED,
                    "reason": step.skip,
                }
                given = {**plain, **by_name.get(step.name.replace("-", "_"), {})}
                outcomes.append(Outcome(step.id, path, step.line, step.device, seconds=0.0214, **given))  # type: ignore[arg-type]
            held.save(job, outcomes)


@dataclass
class Document:
    """What a browser gets to see of a file."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""
    ids: set[str] = field(default_factory=set)

    def all(self, tag: str, kind: str = "") -> list[dict[str, str]]:
        return [a for name, a in self.elements if name == tag and (not kind or kind in a.get("class", "").split())]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.out = Document()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.out.elements.append((tag, attributes))
        if "id" in attributes:
            self.out.ids.add(attributes["id"])

    def handle_data(self, data: str) -> None:
        self.out.text += data


def read(file: Path) -> Document:
    reader = _Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    reader.close()
    return reader.out


def broken_links(site: Path) -> list[str]:
    """Every link and image of a built site that leads to no file, or to no id in it."""
    documents = {
        file.relative_to(site).as_posix(): read(file) for file in site.rglob("*.html") if file.name != "404.html"
    }
    broken = []
    for name, document in documents.items():
        for tag, attributes in document.elements:
            url = attributes.get("href" if tag in ("a", "link") else "src")
            if url is None:
                continue
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                continue
            path = unquote(urlsplit(urljoin("/" + name, url)).path).lstrip("/")
            target = path + "index.html" if path.endswith("/") or not path else path
            if (site / target).is_dir():
                target += "/index.html"
            if not (site / target).is_file():
                broken.append(f"{name}: {url}")
            elif parts.fragment and target in documents and unquote(parts.fragment) not in documents[target].ids:
                broken.append(f"{name}: {url}: no such id")
    return broken

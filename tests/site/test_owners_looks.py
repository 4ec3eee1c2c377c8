"""The looks of a site are its owner's: pages without kb's parts are the same to the pixel, and Material's features work
beside kb's."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from in_browser import SIZES, at_rest, served, tab
from small_site import make, store

from kbtools.site.build import build

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CONFIG = """
site_name: An owner's site
site_url: ADDRESS
repo_url: https://github.com/owner/site
theme:
  name: material
  font: false
  palette:
    - {media: "(prefers-color-scheme: light)", scheme: default, primary: pink, accent: amber}
    - {media: "(prefers-color-scheme: dark)", scheme: slate, primary: teal, accent: lime}
  features: [FEATURES]
plugins: [PLUGINS]
extra: {status: {new: Recently added}}
markdown_extensions:
  - abbr
  - admonition
  - attr_list
  - def_list
  - footnotes
  - md_in_html
  - tables
  - toc: {permalink: true}
  - pymdownx.details
  - pymdownx.emoji:
      emoji_index: !!python/name:material.extensions.emoji.twemoji
      emoji_generator: !!python/name:material.extensions.emoji.to_svg
  - pymdownx.highlight: {anchor_linenums: true, line_spans: __span, pygments_lang_class: true}
  - pymdownx.inlinehilite
  - pymdownx.keys
  - pymdownx.mark
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
  - pymdownx.tasklist: {custom_checkbox: true}
"""
FEATURES = (
    "content.code.annotate, content.code.copy, content.code.select, content.tabs.link, content.tooltips,"
    " content.footnote.tooltips, navigation.instant, navigation.tabs, navigation.footer, toc.follow"
)
TYPES = """---
status: new
description: It's "quoted"
---
# Everything an owner may write

A paragraph with a [link](b.md), [another](https://example.org/), `code`, **bold**, ++ctrl+a++ ==mark== :material-heart:
and a footnote[^1]. HTML is an abbreviation.

!!! warning "A title"
    An admonition with a [link](b.md).

??? note
    Folded.

=== "One"
    First tab.

=== "Two"
    Second tab.

```yaml title="a.yml" hl_lines="2" linenums="1"
one: 1 # (1)!
two: 2
```

1.  An annotation.

| a | b |
|---|:-:|
| [x](b.md) | `y` |

- [x] done
- [ ] not done

Term
:   Definition

<p align="center"><img src="a.png" width="40"><br clear="all"><font color="red">red</font></p>

<div class="grid cards" markdown>

- One
- Two

</div>

[A button](b.md){ .md-button .md-button--primary }

> A quote

## A heading with `code`

1. one
2. two

[^1]: The footnote.

*[HTML]: Hypertext
"""
PAGES = {
    "index.md": TYPES,
    "b.md": "# Another\n\n## Part\n\nText with a [way back](index.md).\n",
    "deep/c.md": "# Deep\n\nText.\n",
}


def owner_site(root: Path, plugins: str) -> Path:
    config = CONFIG.replace("PLUGINS", plugins).replace("FEATURES", FEATURES).replace("ADDRESS", "")
    project = make(root, PAGES, config)
    shutil.copy(Path(__file__).parents[2] / "docs/assets/screenshot.png", root / "docs/a.png")
    (root / "kb.toml").unlink()
    if "kbtools" in plugins:
        return build(project, strict=True)
    from mkdocs.commands.build import build as mkdocs_build
    from mkdocs.config import load_config

    config_ = load_config(str(root / "mkdocs.yml"))
    config_.plugins.on_startup(command="build", dirty=False)
    mkdocs_build(config_)
    return root / "site"


def _at_rest(page: Any) -> bytes:
    """A picture of a page on which nothing moves any more."""
    before = b""
    for _ in range(20):
        page.wait_for_timeout(200)
        picture: bytes = page.screenshot(full_page=True)
        if picture == before:
            return picture
        before = picture
    pytest.fail("the page does not come to rest")


def _picture(page: Any, address: str) -> bytes:
    """A page without kb's own parts."""
    wait = at_rest(page)
    page.goto(address)
    wait()
    page.evaluate("document.fonts.ready.then(() => null)")
    page.add_style_tag(content="*, ::before, ::after { transition: none !important; animation: none !important }")
    page.evaluate("document.querySelectorAll('.kb-graph-open, .kb-backlinks').forEach((e) => e.remove())")
    return _at_rest(page)


def test_pages_without_parts_of_kb_are_the_same_to_the_pixel(browser: Any, tmp_path: Path) -> None:
    sites = {
        name: owner_site(tmp_path / name, plugins) for name, plugins in (("plain", "search"), ("kb", "search, kbtools"))
    }
    different = []
    with served(sites["plain"]) as plain, served(sites["kb"]) as kb:
        for size, scheme in (("screen", "light"), ("phone", "dark")):
            width, height = SIZES[size]
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            context.route(lambda url: not url.startswith("http://127.0.0.1"), lambda route: route.abort())
            page = context.new_page()
            for path in ("", "b/", "deep/c/"):
                # On a busy machine a page may rest before its scripts have run: what differs is looked at again.
                if not any(_picture(page, plain + path) == _picture(page, kb + path) for _ in range(4)):
                    different.append((path, size, scheme))
            context.close()
    assert different == []


ANNOTATED = """# Code

```python {#one .annotate hl_lines="2"}
x = 1  # (1)!
print(x)
```

1.  The annotation of *x*.

=== "Tab"

    ```python {#two}
    print(2)
    ```

=== "Other"

    ```python {#three linenums="1"}
    print(3)
    ```

A footnote[^1] and [[b]].

[^1]: Its text.
"""


def test_features_of_material_work_beside_results(browser: Any, tmp_path: Path) -> None:
    config = CONFIG.replace("PLUGINS", "kbtools").replace("FEATURES", FEATURES)
    config = config.replace("repo_url: https://github.com/owner/site\n", "")
    pages = {"a.md": ANNOTATED, "b.md": "# Another\n\n## Part\n\n```python\nprint(4)\n```\n"}
    with served(tmp_path / "site") as base:  # instant navigation needs to know where the site is
        project = make(tmp_path, pages, config.replace("ADDRESS", base))
        store(project, one={"stdout": "1\n"}, two={"stdout": "2\n"}, three={"stdout": "3\n"}, part={"stdout": "4\n"})
        build(project, strict=True)
        _look(browser, base)


def _look(browser: Any, base: str) -> None:
    with tab(browser, base, "a/") as page:
        page.locator(".md-annotation__index").first.wait_for()
        assert page.locator("#one .md-annotation").count() == 1
        page.locator("#one .md-annotation__index").click(force=True)  # it pulses, and so is never at rest
        page.locator(".md-tooltip--active, .md-annotation .md-tooltip").first.wait_for()
        assert page.evaluate("document.querySelector('#one .hll') !== null")
        assert page.locator("#one > .kb-run .kb-badge").count() == 1
        assert page.locator("#one nav.md-code__nav button").count() >= 2  # copy and select
        page.locator("label", has_text="Other").first.click()
        assert page.locator("#three").is_visible()
        boxes = [
            page.locator(f"{selector}").first.bounding_box()
            for selector in ("#three pre, #three table", "#three > .kb-run")
        ]
        assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"] - 2
        page.evaluate("window.kept = true")
        page.locator(".md-content a.kb-link").first.click()
        page.wait_for_url("**/b/")
        page.locator(".kb-run .kb-badge").first.wait_for()
        assert page.evaluate("window.kept")  # instant navigation has put the page into this one
        page.evaluate("history.back()")
        page.wait_for_function("() => location.pathname.endsWith('/a/')")
        page.locator(".md-annotation__index").first.wait_for()

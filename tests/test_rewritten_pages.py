"""Every command that changes pages: the page is rendered before and after, and readers get the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from rendered_page import differences, rendered_page

from kbtools.adapters.testing import run_page
from kbtools.check.checker import check
from kbtools.config.project import foreign_vault
from kbtools.edit.fix import fix
from kbtools.edit.reconcile import plan_reconcile
from kbtools.edit.rename import plan_rename
from kbtools.frontmatter import set_field
from kbtools.run.processes.launchers import Launcher
from kbtools.run.update import update
from kbtools.text.diagnostics import apply_edits
from kbtools.vault.index import Index
from kbtools.vault.links.spelling import Speller
from kbtools.vault.loading import Vault, load
from kbtools.vault.page import decode

RICH = """---
title: Home
aliases: [start]
related: ["[[away]]"]
---

# Home

[[AWAY|there]], [[away]] and [other](Away.md#part), `[[away]]` in code, $[[away]]$ in math.

!!! note "With [[away]]"
    - [[AWAY#Part]]

        ```python
        x = "[[away]]"
        ```

    | a | b |
    |---|---|
    | [[away|l]] | ![[away]] |

=== "Tab"
    > [[away]] <!-- [[away]] --> <b title="[[away]]">bold</b>

A note[^1], **[[away]]** and <span>[[away]]</span>.

[^1]: To [[away]].

```text
[[away]]
```
"""
PAGES = {"Home.md": RICH, "Away.md": "---\ntitle: Away\n---\n\n# Away\n\n## Part\n\nBack to [[HOME]] and [[start]].\n"}
VAULTS = sorted(p for p in (Path(__file__).parent / "vaults").iterdir() if p.is_dir())
RENDERED_ANEW = {"irregular-fence", "unescaped-bar", "unrendered-link", "split-word-link", "discouraged-term"}
"""Rules whose fixes are there to change what readers see."""


def of(pages: Mapping[str, str]) -> Index:
    return Index({path: decode(path, text.encode()) for path, text in pages.items()})


def after(index: Index, texts: Mapping[str, str]) -> Index:
    return index.with_pages({**index.pages, **{path: decode(path, text.encode()) for path, text in texts.items()}})


@pytest.fixture(params=["rich", *VAULTS], ids=lambda p: p if isinstance(p, str) else p.name)
def vault(request: pytest.FixtureRequest) -> tuple[Vault, Index]:
    if request.param == "rich":
        index = of(PAGES)
        return Vault(index.pages, frozenset(), {}), index
    loaded = load(foreign_vault(request.param))
    return loaded, Index.build(loaded)


def seen_alike(before: Index, now: Index, moved: Mapping[str, str] | None = None) -> None:
    """Readers of every page get the same, wherever pages have moved."""
    names = {new: old for old, new in (moved or {}).items()}
    for path in now.pages:
        old = rendered_page(before, names.get(path, path))
        assert differences(old, rendered_page(now, path, names)) == [], path


def test_the_page_with_everything_is_rewritten_and_a_difference_would_be_seen() -> None:
    index = of(PAGES)
    assert plan_reconcile(index, Speller(index)).texts.keys() == PAGES.keys()
    for what, instead in (("`[[away]]`", "`[[Away]]`"), ("$[[away]]$", "$[[Away]]$"), ("[[AWAY|there]]", "[[Home]]")):
        changed = of({**PAGES, "Home.md": RICH.replace(what, instead)})
        assert differences(rendered_page(index, "Home.md"), rendered_page(changed, "Home.md")), what


@pytest.mark.parametrize("titles", [False, True], ids=["folded", "titles"])
def test_reconcile(vault: tuple[Vault, Index], titles: bool) -> None:
    _, index = vault
    plan = plan_reconcile(index, Speller(index), titles=titles)
    seen_alike(index, after(index, plan.texts))


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_fix(vault: tuple[Vault, Index], unsafe: bool) -> None:
    loaded, index = vault
    config = foreign_vault(Path()).config

    def findings(now: Index):
        found = check(loaded, now, config, today=date(2026, 11, 21)).diagnostics
        leads_elsewhere = {"broken-link"} if unsafe else set()  # a good guess makes a link of what was none
        return tuple(d for d in found if d.rule not in RENDERED_ANEW | leads_elsewhere)

    seen_alike(index, after(index, fix(index, findings, unsafe=unsafe).texts))


def test_rename() -> None:
    index = of(PAGES)
    plan = plan_rename(index, "Away.md", "Far")
    assert plan.new == "Far.md"
    rest = {path: page for path, page in index.pages.items() if path != plan.old}
    texts = {plan.new if path == plan.old else path: text for path, text in plan.texts.items()}
    now = index.with_pages({**rest, **{path: decode(path, text.encode()) for path, text in texts.items()}})
    assert "# Far" in now.pages["Far.md"].source.text
    assert differences(rendered_page(index, "Home.md"), rendered_page(now, "Home.md", {"Far.md": "Away.md"})) == []
    old, new = rendered_page(index, "Away.md"), rendered_page(now, "Far.md", {"Far.md": "Away.md"})
    assert [(a.count("Away"), b.count("Far")) for a, b in differences(old, new)] == [(1, 1)], "its heading alone"


def test_a_field() -> None:
    page = of(PAGES).pages["Home.md"]
    text = apply_edits(page.source.text, [set_field(page.source.text, "last_reinforced", date(2026, 11, 29))])
    assert decode("Home.md", text.encode()).data["last_reinforced"] == date(2026, 11, 29)
    seen_alike(of(PAGES), of({**PAGES, "Home.md": text}))


def test_update(launcher: Launcher) -> None:
    page = (
        "# A\n\n!!! note\n    ```python {#a}\n    print(1 + 1)\n    ```\n\n    ```output\n    3\n    ```\n\ntext `3`\n"
    )
    found = update(decode("Page.md", page.encode()), tuple(run_page(page, launcher).values()))
    text = apply_edits(page, found.edits)
    old, new = rendered_page(of({"Page.md": page}), "Page.md"), rendered_page(of({"Page.md": text}), "Page.md")
    assert differences(old, new) == [], "fences stand where they stood"
    assert [(a, b) for a, b in zip(old.fences, new.fences, strict=True) if a != b] == [
        (("output", "3"), ("output", "2"))
    ]

"""What generated pages hold, from pages in memory: figures of health, and lists too long for one page."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from kbtools.config.project import Config, Project
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.site.data.model import SiteModel
from kbtools.site.data.results import Results, ShownOutcome
from kbtools.site.generated import NAMES, generate
from kbtools.site.generated.bar_chart import columns, stacked
from kbtools.site.generated.document import LONG, parts
from kbtools.site.generated.figures import health
from kbtools.site.generated.runs import row_id
from kbtools.site.page.dates import changed
from kbtools.site.words import words_of
from kbtools.vault import confidence
from kbtools.vault.index import Index
from kbtools.vault.page import Page, decode


def wiki(texts: dict[str, str], runs: tuple[ShownOutcome, ...] = ()) -> SiteModel:
    here = Path("/nowhere")
    index = Index({path: decode(path, text.encode()) for path, text in texts.items()})
    return SiteModel(
        Project(here, here, here / ".kb", Config()), index, Results.of(runs), frozenset(NAMES), words=words_of("ko")
    )


def test_figures_of_health(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1798675200")  # 2026-12-31
    fence = "\n```python {{#{}}}\nx = 1\n```\n"
    front = "---\ncategory: c/{}\nconfidence_score: {}\nlast_reinforced: {}\n---\n"
    held = wiki(
        {
            "index.md": "[[A]] [[B]] [[wanted]] [[same]] [[picture.png]]",
            "A.md": front.format("one", 0.95, "2026-12-31") + fence.format("fast") + fence.format("slow"),
            "B.md": front.format("two", 0.5, "2020-01-01") + fence.format("new") + "[[wanted]] [[other]]",
            "alone.md": "",
            "ignored.md": "<!-- kb: ignore[orphan-page] -->\n\n# x\n",
            "x/same.md": "[[A]]",
            "y/same.md": "[[A]]",
        },
        (
            ShownOutcome(Outcome("A.md::fast[cpu]", "A.md", 6, "cpu", Status.PASSED, seconds=0.1)),
            ShownOutcome(Outcome("A.md::slow[cpu]", "A.md", 10, "cpu", Status.PASSED, seconds=7.0)),
            ShownOutcome(Outcome("A.md::slow[cuda]", "A.md", 10, "cuda", Status.FAILED, seconds=9.0)),
            ShownOutcome(Outcome("A.md::fast[cuda]", "A.md", 6, "cuda", Status.PASSED, seconds=9.0), fresh=False),
        ),
    )
    found = health(held)
    assert (found.fences, found.executable, found.passed) == (3, 3, 2)
    assert found.devices["cpu"] == {"passed": 2, "unknown": 1}
    assert found.devices["cuda"] == {"failed": 1, "stale": 1, "unknown": 1}
    assert found.devices["mps"] == {"unknown": 3}
    assert [(s.snippet.id, s.device, s.seconds) for s in found.slowest] == [("slow", "cpu", 7.0), ("fast", "cpu", 0.1)]
    named = [(c.name, c.pages, c.executable, c.passed, c.confidence) for c in found.categories]
    assert named == [("", 5, 0, 0, None), ("c/one", 1, 2, 2, 0.95), ("c/two", 1, 1, 0, 0.0)]
    assert found.scores == (1, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    assert found.stale == ("B.md",)
    assert found.orphans == ("alone.md", "x/same.md", "y/same.md")
    assert found.wanted == (("wanted", ("B.md", "index.md")), ("other", ("B.md",)))
    assert found.ambiguous == (("same", ("x/same.md", "y/same.md"), ("index.md",)),)
    text = generate(held)["health.md"].text
    assert "67%" in text
    assert "7.00초" in text
    shown = generate(held)["runs.md"].text.partition("코드별")[2]
    rows = re.findall(r'<tr id="(run-[0-9a-f]+)"><td><a [^>]*>[AB]</a></td><td><code>(\w+)</code>', shown)
    assert [name for _, name in rows] == ["fast", "slow", "new"]
    assert rows[1][0] == row_id("A.md", "slow")


def test_confidence_fades_and_never_below_nothing() -> None:
    def page(front: str) -> Page:
        return decode("P.md", f"---\n{front}\n---\n".encode())

    held = page("confidence_score: 0.9\nlast_reinforced: 2026-01-01")
    assert confidence.today(held, date(2026, 1, 1)) == 0.9
    assert confidence.today(held, date(2025, 1, 1)) == 0.9
    assert confidence.today(held, date(2027, 1, 1)) == pytest.approx(0.66, abs=0.001)
    assert confidence.today(held, date(2099, 1, 1)) == 0.0
    assert confidence.today(page("confidence_score: 0.9"), date(2099, 1, 1)) == 0.9
    for bad in ("confidence_score: true", "confidence_score: 2", "confidence_score: x", "a: b"):
        assert confidence.today(page(bad), date(2026, 1, 1)) is None


def test_long_lists_go_on_elsewhere() -> None:
    many = 2 * LONG + 7
    front = "---\ntitle: {}{:05}\ntags: [t, n{}]\ncategory: c\n---\n"
    texts = {f"p{n}.md": front.format("가나"[n % 2], n, n % 3) for n in range(many)}
    made = generate(wiki(texts))
    parts = ("all.md", "all/2.md", "all/3.md")
    assert {*parts, "tags/tag-t.md", "tags/tag-t/2.md", "categories/category-c/3.md"} <= set(made)
    listed = [re.findall(r'<li><a class="kb-link" href="(.+?)">(.+?)</a>', made[path].text) for path in parts]
    assert [len(found) for found in listed] == [LONG, LONG, 7]
    assert len({title for found in listed for _, title in found}) == many
    assert listed[0][0][0] == "../p0/"
    assert listed[1][-1][0].startswith("../../p")
    assert max(len(page.text) for page in made.values()) < 300_000
    assert made["recent.md"].text.count("<tr>") < 500


def test_parts_lose_nothing_and_keep_order() -> None:
    pages = [decode(f"{n}.md", b"") for n in range(11)]
    groups = [("a", pages[:4]), ("b", pages[4:4]), ("c", pages[4:])]
    cut = list(parts(groups, 3))
    assert [[(name, len(found)) for name, found in part] for part in cut] == [
        [("a", 3)],
        [("a", 1), ("c", 2)],
        [("c", 3)],
        [("c", 2)],
    ]
    assert [p for part in cut for _, found in part for p in found] == pages


def test_bars_say_what_they_show() -> None:
    bar = stacked([("ok", 1, "통과 1"), ("bad", 0, "실패 0"), ("calm", 3, 'x"<')], 4, "없음")
    assert 'aria-label="통과 1, x&#34;&lt;"' in bar
    assert re.findall(r'width="([\d.]+)" height="8"/>', bar) == ["100", "25.00", "75.00"]
    assert 'aria-label="없음"' in stacked([("ok", 0, "통과 0")], 0, "없음")
    assert 'aria-label="a: 2, b: 1"' in columns([("a", 2), ("b", 1), ("c", 0)], words_of("ko"))
    assert 'aria-label="없음"' in columns([], words_of("ko"))


@pytest.mark.parametrize(
    ("fields", "day"),
    [
        ("last_reinforced: 2026-05-08", "2026-05-08"),
        ("last_reinforced: 2026-05-08\nupdated_at: 2026-06-01", "2026-06-01"),
        ("date    : 2018-04-12 13:00:57 +0900\nupdated : 2018-04-18 20:44:02 +0900", "2018-04-18"),
        ("created: 2024-01-02T10:00\nmodified: '2024-03-04'", "2024-03-04"),
        ("date: {{date}}\nupdated: soon\nmodified: 2024-02-31\ncreated: [1]", "None"),
        ("title: x", "None"),
    ],
)
def test_the_day_of_a_change_is_read_from_what_vaults_write(fields: str, day: str) -> None:
    page = wiki({"A.md": f"---\n{fields}\n---\n\n# A\n"}).index.pages["A.md"]
    assert str(changed(page)) == day


def test_recent_changes_list_what_was_changed_not_only_what_was_verified() -> None:
    pages = {
        "A.md": "---\nlast_reinforced: 2026-05-08\n---\n# A\n",
        "B.md": "---\nupdated: 2026-06-01\n---\n# B\n",
        "C.md": "# C\n",
    }
    text = generate(wiki(pages))["recent.md"].text
    rows = re.findall(
        r'<tr><td><time datetime="([\d-]+)">[^<]*</time></td><td><a class="kb-link" href="\.\./(\w)/"', text
    )
    assert rows == [("2026-06-01", "B"), ("2026-05-08", "A")]


def test_pages_are_listed_by_the_titles_that_the_navigation_shows() -> None:
    held = wiki(
        {
            "environment_variables.md": "# Environment %%hidden%% *Variables*\n\n[[b]]\n",
            "b.md": "---\ntitle: Named\n---\n\n# Another heading\n",
            "c.md": "Text first.\n\n# A heading\n",
            "d.md": "## Not the page's\n",
        }
    )
    names = {"environment_variables": "Environment Variables", "Named": "Named", "c": "c", "d": "d"}
    assert {page.title: page.shown_title for page in held.index.pages.values()} == names
    listed = re.findall(r'<a class="kb-link" href=".+?">(.+?)</a>', generate(held)["all.md"].text)
    assert listed == ["c", "d", "Environment Variables", "Named"]

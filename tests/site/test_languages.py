"""The site speaks the reader's language: all its words come from catalogues, and numbers, dates and order with them."""

from __future__ import annotations

import ast
import json
import pickle
import re
from datetime import date
from pathlib import Path
from typing import Any

import catalogues
import pytest
from in_browser import served, tab
from selectolax.lexbor import LexborHTMLParser
from small_site import CONFIG, make, read, store, topic

from kbtools.config.project import find_project
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.site import words as module
from kbtools.site.build import build
from kbtools.site.words import particle, words_of
from kbtools.text.reason import Reason

README = Path(__file__).parents[2] / "README.md"
HANGUL = re.compile("[가-힣]")
LINGUISTIC = {
    "search_terms.py",
    "hangul.py",
    "sound.py",
    "mentions.py",
    "words.py",
    "layout.js",
    "query.js",
    "sound.js",
    "reading_time.py",
    "hangul.js",
}
"""Files that know something of Korean itself."""


@pytest.mark.parametrize("language", catalogues.languages())
def test_a_catalogue_holds_every_message(language: str) -> None:
    held = catalogues.catalogue(language)
    for message, place in catalogues.messages().items():
        found = held.get(message if isinstance(message, str) else message[0])
        assert found is not None, f"{place}: {message!r}: run python tests/site/catalogues.py"
        forms = [found.string] if isinstance(found.string, str) else list(found.string)
        assert all(forms), f"{language}: not translated: {message!r}"
        wanted = set(re.findall(r"{\w+}", message if isinstance(message, str) else message[1]))
        for form in forms:
            assert set(re.findall(r"{\w+}", form)) <= wanted, (message, form)
            if not isinstance(message, tuple):
                assert set(re.findall(r"{\w+}", form)) == wanted, (message, form)
    assert {m.id for m in held if m.id} <= catalogues.messages().keys()


def test_no_word_stands_in_the_code_but_in_english() -> None:
    for file in sorted(catalogues.SITE.rglob("*.py")):
        if file.name in LINGUISTIC:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        documented = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
                assert not HANGUL.search(node.value), f"{file.name}:{node.lineno}: {node.value}"
    for script in sorted((catalogues.SITE / "assets").rglob("*.js")):
        if ".min." not in script.name and script.name not in LINGUISTIC:
            assert not HANGUL.search(script.read_text(encoding="utf-8")), script.name


CODE = """
```python {#setup .hidden}
import math
```

```python {#printed}
print("one\\ntwo")
```

```python {#raising raises="ValueError"}
math.sqrt(-1)
```

```python {#gpu device="cuda"}
x = 1
```

```python {#not-run .skip reason="warum"}
```

> [!warning]
> acht

![[Zwei]] [[Zwei]] [[Fehlt]] [[Zwei#weg]] [[Doppelt]] ![[nichts.png]] [[Zweites]]
"""
FIELDS = {
    "confidence_score": "0.9", "source_trust_level": "A", "verification_status": "applied", "category": "eins/zwei",
    "last_reinforced": "2020-05-01", "tags": "[eins]", "aliases": "[Erstes]", "raw_sources": "[https://example.org/]",
    "tech_stack": "[torch]", "github_commit": "applied",
}  # fmt: skip


def pseudo(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A German wiki on a site whose every message stands in brackets."""
    wrapped: dict[str, Any] = {}
    for message in catalogues.messages():
        key = message if isinstance(message, str) else message[0]
        wrapped[key] = f"⟦{message}⟧" if isinstance(message, str) else tuple(f"⟦{form}⟧" for form in message)
    monkeypatch.setattr(module, "_catalogue", lambda _: (wrapped, lambda n: int(n != 1), "n != 1"))
    module.words_of.cache_clear()
    pages = {
        "index.md": "# Anfang\n\n[[Eins]] Zwei\n",
        "topics/Eins.md": topic("Eins", CODE, **FIELDS),
        "topics/Zwei.md": topic("Zwei", "[[Eins]]\n", duplicate_of='"[[Eins]]"', aliases="[Zweites]"),
        "a/Doppelt.md": "# Doppelt\n", "b/Doppelt.md": "# Doppelt\n",
        "topics/Drei.md": topic("Drei", "Eins und Zwei.\n\n## Exercises\n\n??? success \"Antwort\"\n    vier\n"),
        "paths/weg.md": "---\ntitle: Weg\nlearning_path: true\n---\n# Weg\n\n1. [[Eins]]\n2. [[Drei]]\n",
    }  # fmt: skip
    project = make(root, pages, CONFIG.replace("language: ko", "language: en").replace("  - search\n", ""))
    store(project, printed={"stdout": "one\ntwo\n"}, raising={"message": "ValueError: math domain error"})
    try:
        return build(project)
    finally:
        module.words_of.cache_clear()


DATA = re.compile(
    r"(?i)index|anfang|eins|erstes|zweites|zwei|drei|vier|acht|doppelt|fehlt|nichts|weg|antwort|"
    r"warum|"
    r"pytorch|torch|cuda|mps|cpu|"
    r"exercises|"
    r"[\w./#-]*\.(?:md|png|json|txt|org)/?|https?://\S*|setup|printed|raising|gpu|not-run|code|"
    r"ValueError|math domain error|device|"
    r"[a-z]+ \d+, \d+|am|und"
)


def test_reasons_of_skipped_code_are_in_the_language_of_the_site() -> None:
    needs = Reason("needs {device} ({why})", device="cuda", why=Reason("asked for by {option}", option='device="cuda"'))
    reason = Reason("{needs}: {absent}", needs=needs, absent=Reason("no {device} device here", device="CUDA"))
    assert reason == 'needs cuda (asked for by device="cuda"): no CUDA device here'
    outcome = Outcome("A.md::a[cuda]", "A.md", 3, "cuda", Status.SKIPPED, reason)
    stored = Outcome.from_json(json.loads(json.dumps(outcome.to_json()))).reason
    for one in (reason, stored, pickle.loads(pickle.dumps(reason))):
        assert words_of("en").reason(one) == reason
        assert words_of("ko").reason(one) == 'cuda 필요(device="cuda"로 지정), 실행한 컴퓨터에 CUDA 장치 없음'
    assert words_of("ko").reason("a reason of the page") == "a reason of the page"


def leftover(text: str) -> str:
    """What is left of a text without messages, data of the wiki, and what is no word."""
    while text != (text := re.sub("⟦[^⟦⟧]*⟧", " ", text)):
        pass
    return " ".join(re.findall("[A-Za-z]{2,}", DATA.sub(" ", text)))


def test_every_word_of_kb_comes_from_the_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = pseudo(tmp_path, monkeypatch)
    seen = 0
    machines = set(re.findall('"machine": "([^"]+)"', (site / "results.json").read_text(encoding="utf-8")))
    for file in sorted(f for f in site.rglob("*.html") if f.name != "404.html"):
        tree = LexborHTMLParser(file.read_text(encoding="utf-8"))
        for out in tree.css("pre, code, script, style, svg, .md-code__nav"):
            out.decompose()
        for node in tree.css("[class^=kb-], [class*=' kb-'], article.md-content__inner > h1, body > p, body > h1"):
            texts = [
                node.text(separator=" "),
                node.attributes.get("title") or "",
                node.attributes.get("aria-label") or "",
            ]
            seen += len(texts)
            for text in texts:
                for machine in machines:
                    text = text.replace(machine, " ")  # noqa: PLW2901
                assert leftover(text) == "", f"{file.relative_to(site)}: {leftover(text)!r} in {text!r}"
    assert seen > 300
    lost = LexborHTMLParser((site / "404.html").read_text(encoding="utf-8"))
    assert [h.text() for h in lost.css("article h1")] == ["⟦Page not found⟧"]
    assert [a.text() for a in lost.css("article p a")][1:] == ["⟦All pages⟧"]
    assert [b.text() for b in lost.css("article button")] == ["⟦Search⟧"]
    ways = [a.attributes["href"] or "" for a in lost.css("article p a")]
    assert all(way.startswith("/") and (site / way.strip("/") / "index.html").exists() for way in ways), ways
    for name in ("llms.txt", "topics/Zwei/preview.json"):
        assert "⟦" in (site / name).read_text(encoding="utf-8")


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_scripts_too(browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = pseudo(tmp_path, monkeypatch)
    with served(site) as base, tab(browser, base, "topics/Eins/") as page:
        page.locator("[data-kb-search]").click()
        page.keyboard.type("eins")
        page.locator(".kb-search-list a, .kb-search-list [role=option]").first.wait_for()
        texts = page.evaluate(
            """() => [...document.querySelectorAll(".kb-search *")].flatMap((e) =>
                 [e.placeholder, e.getAttribute("aria-label"), e.children.length ? "" : e.textContent])
                 .filter(Boolean)"""
        )
        page.keyboard.press("Escape")
        page.locator("[data-kb-graph]").click()
        page.locator(".kb-graph-status").wait_for()
        texts += page.evaluate(
            """() => [...document.querySelectorAll(".kb-graph-dialog *")].flatMap((e) =>
                 [e.placeholder, e.getAttribute("aria-label"), e.title, e.children.length ? "" : e.textContent])
                 .filter(Boolean)"""
        )
        assert len(texts) > 20
        assert [text for text in texts if leftover(text)] == []


def test_numbers_days_and_durations_are_those_of_the_language() -> None:
    day = date(2026, 5, 8)
    assert [words_of(name).date(day) for name in ("en", "ko", "de", "xx")] == [
        "May 8, 2026", "2026. 5. 8.", "08.05.2026", "May 8, 2026",
    ]  # fmt: skip
    assert [words_of(name).number(12345) for name in ("en", "ko", "de")] == ["12,345", "12,345", "12.345"]
    assert [words_of(name).decimal(0.5) for name in ("en", "de")] == ["0.50", "0,50"]
    assert [words_of(name).minutes(75) for name in ("en", "ko")] == ["1 h 15 min", "1시간 15분"]
    assert [words_of(name).many("{count} page", "{count} pages", n) for name in ("en", "ko") for n in (1, 2)] == [
        "1 page", "2 pages", "문서 1편", "문서 2편",
    ]  # fmt: skip


def test_titles_stand_in_the_order_of_the_language() -> None:
    titles = ["나", "가", "Zebra", "éclair", "apple", "3D", "Egg", "漢字", "10"]
    assert sorted(titles, key=words_of("en").order) == [
        "apple",
        "éclair",
        "Egg",
        "Zebra",
        "가",
        "나",
        "漢字",
        "10",
        "3D",
    ]
    assert sorted(titles, key=words_of("ko").order) == [
        "가",
        "나",
        "apple",
        "éclair",
        "Egg",
        "Zebra",
        "漢字",
        "10",
        "3D",
    ]
    letters = sorted({words_of("en").letter(t) for t in titles}, key=words_of("en").letter_order)
    assert letters == ["A", "E", "Z", "ㄱ", "ㄴ", "0–9", "Other"]


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("텐서", "를"),
        ("연산", "을"),
        ("Autograd", "를"),
        ("Python", "을"),
        ("‘미분’", "을"),
        ("C++", "를"),
        ("3", "을"),
        ("", "을"),
    ],
)
def test_particles(word: str, form: str) -> None:
    assert particle(word, "을", "를") == form
    assert [particle(w, "으로", "로") for w in ("집", "서울", "바다")] == ["으로", "로", "로"]


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_tour_of_the_readme_shows_an_english_site(browser: Any, tmp_path: Path) -> None:
    """As a reader who follows it sees it: no Korean, and no Markdown on any page."""
    text = README.read_text(encoding="utf-8")
    for _, name, held in re.findall(r'(?ms)^(`{3,})\w+ title="([^"]+)"\n(.*?)\n\1$', text):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(held.replace("# 50.0", "# 48.0") + "\n", encoding="utf-8")
    page = topic("Harmonic Mean", "A **mean**.\n", tags="[means]", category="maths", confidence_score="0.9")
    (tmp_path / "docs/topics").mkdir(parents=True)
    (tmp_path / "docs/topics/Harmonic-Mean.md").write_text(page, encoding="utf-8")
    project = find_project(tmp_path)
    store(project)
    site = build(project)
    pages = [f.relative_to(site).as_posix().removesuffix("index.html") for f in sorted(site.rglob("index.html"))]
    assert {"", "topics/Harmonic-Mean/", "all/", "tags/", "health/", "runs/", "graph/"} <= set(pages)
    with served(site) as base, tab(browser, base, "") as page:
        for path in pages:
            page.goto(base + path)
            assert page.evaluate("document.documentElement.lang") == "en"
            shown = page.evaluate("document.body.innerText")
            assert not HANGUL.search(shown), path
            raw = re.findall(r"(?m)\]\(|\*\*|^#+ |^- |\{[:#]|\|\s*-{2,}|```|\[\[", shown)
            assert raw == [], (path, raw, shown)
    assert not HANGUL.search((site / "llms.txt").read_text(encoding="utf-8"))
    assert read(site / "index.html").all("a", "kb-link")

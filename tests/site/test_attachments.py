"""Attachments run nothing when they are opened by their own address, and pictures stay pictures."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import small_site
from growth import assert_linear
from in_browser import served
from small_site import make

from kbtools.errors import KbError
from kbtools.site.build import build
from kbtools.site.files.attachments import clean
from kbtools.text.svg import clean_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="90" height="60" '
SHAPE = '<rect width="80" height="50" fill="#0a0"/>'
FIRE = "alert('fired')"
XHTML = "http://www.w3.org/1999/xhtml"
HOSTILE = {
    "script": f"{HEAD}><script>{FIRE}</script>{SHAPE}</svg>",
    "cdata": f"{HEAD}><script type='text/ecmascript'><![CDATA[{FIRE}]]></script>{SHAPE}</svg>",
    "prefixed": f'<x:svg xmlns:x="http://www.w3.org/2000/svg" width="9" height="9"><x:script>{FIRE}</x:script></x:svg>',
    "html-script": f'{HEAD}><h:script xmlns:h="{XHTML}">{FIRE}</h:script>{SHAPE}</svg>',
    "onload": f'{HEAD} onload="{FIRE}">{SHAPE}</svg>',
    "image": f'{HEAD}><image href="x:nothing" onerror="{FIRE}"/>{SHAPE}</svg>',
    "foreign": f'{HEAD}><foreignObject width="90" height="60"><div xmlns="{XHTML}">'
    f'<iframe src="javascript:parent.{FIRE}"/><img src="x.png" onerror="{FIRE}"/></div></foreignObject>{SHAPE}</svg>',
    "set": f'{HEAD}><a xlink:href="#"><set attributeName="xlink:href" to="javascript:{FIRE}"/>{SHAPE}</a></svg>',
    "link": f'{HEAD}><a xlink:href="java&#10;script:{FIRE}">{SHAPE}</a></svg>',
    "begin": f'{HEAD}><animate attributeName="x" onbegin="{FIRE}" dur="1s"/>{SHAPE}</svg>',
    "default": f'<!DOCTYPE svg [<!ATTLIST svg onload CDATA "{FIRE}">]>{HEAD}>{SHAPE}</svg>',
    "entity": f"<!DOCTYPE svg [<!ENTITY e \"<script xmlns='http://www.w3.org/2000/svg'>{FIRE.replace(chr(39), '&#34;')}"
    f'</script>">]>{HEAD}>&e;{SHAPE}</svg>',
    "sheet": f'<?xml-stylesheet href="https://elsewhere.example/a.css"?>{HEAD}>{SHAPE}</svg>',
    "style": f"{HEAD}><style>@import 'https://elsewhere.example/a.css';</style>{SHAPE}</svg>",
    "style-escaped": f"{HEAD}><style>rect {{ fill: \\75 rl(https://elsewhere.example/a) }}</style>{SHAPE}</svg>",
    "fill": f'{HEAD}><image href="//elsewhere.example/a.png"/><rect style="fill: url(https://elsewhere.example/a)"/>{SHAPE}</svg>',
}
HARMLESS = (
    f'<?xml version="1.0"?>\r\n<!-- by hand -->{HEAD}><defs><linearGradient id="g"><stop offset="0"/></linearGradient>'
    '<style>.a { fill: url(#g); font-family: "A" } @font-face { src: url(data:font/woff2;base64,AA) }</style></defs>'
    '<a href="https://example.org/"><rect class="a" fill="url(#g)"/></a><use xlink:href="#g"/>'
    '<image href="data:image/png;base64,AA=="/><animate attributeName="x" values="0;1" dur="1s"/>'
    f'<foreignObject><div xmlns="{XHTML}" style="color: red">글 <b>굵게</b></div></foreignObject></svg>\n'
).encode()


def test_a_picture_with_nothing_that_runs_keeps_its_bytes() -> None:
    assert clean_svg(HARMLESS).content is HARMLESS


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_left_is_clean(name: str) -> None:
    once = clean_svg(HOSTILE[name].encode())
    assert once.content is not None
    assert once.content != HOSTILE[name].encode()
    assert clean_svg(once.content).content == once.content
    assert b"fired" not in once.content
    assert b"elsewhere" not in once.content


@given(st.one_of(st.binary(), st.text().map(lambda t: f"{HEAD}>{t}</svg>".encode("utf-8", "surrogatepass"))))
def test_it_is_total(content: bytes) -> None:
    cleaned = clean_svg(content)
    assert cleaned.content is None or clean_svg(cleaned.content).content == cleaned.content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.svg", b""),
        ("a.svg", b"<svg"),
        ("a.svg", f"<html xmlns='{XHTML}'><script>1</script></html>".encode()),
        ("a.svg", (HEAD + ">" + "<g>" * 5000 + "</g>" * 5000 + "</svg>").encode()),
        ("a.SVGZ", gzip.compress(HARMLESS)),
        ("a.HTML", b"text"),
        *(
            (f"a.{ending}", b"text")
            for ending in ("xhtm", "xpdl", "shtml", "mht", "xsl", "rdf", "wsdl", "xsd", "unknown")
        ),
        ("extensionless", b"<script>"),
        ("a.xml", f"<a><b xmlns='{XHTML}'/></a>".encode()),
        ("a.xml", b"<?xml-stylesheet href='a.xsl'?><a/>"),
        ("a.xml", b"<a><b>"),
    ],
)
def test_what_cannot_be_made_safe_is_not_published(name: str, content: bytes) -> None:
    cleaned = clean(name, lambda: content)
    assert cleaned is not None
    assert cleaned.content is None
    assert cleaned.removed


def test_other_files_are_not_touched() -> None:
    feed = b"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'/>"
    cleaned = clean("feed.xml", lambda: feed)
    assert cleaned is not None
    assert cleaned.content is feed
    for name in ("a.png", "LICENSE", "a.PDF", "data.tar.gz", "a.ipynb"):
        assert clean(name, lambda: b"<script>") is None


def test_it_takes_linear_time() -> None:
    def work(size: int) -> Any:
        content = (HEAD + ">" + "<script/><g onload='1'/>" * size + "</svg>").encode()
        return lambda: clean_svg(content)

    assert_linear(work, 2000)


def wiki(root: Path, options: str = "") -> Any:
    files = {f"files/{name}.svg": text for name, text in HOSTILE.items()}
    page = "# 그림\n\n" + "\n\n".join(f"![{name}](files/{name}.svg)" for name in HOSTILE)
    files |= {"files/page.html": f"<script>{FIRE}</script>", "files/good.svg": HARMLESS.decode(), "pictures.md": page}
    config = small_site.CONFIG.replace("  - kbtools\nmarkdown", f"  - kbtools{options}\nmarkdown")
    return make(root, files, config)


def fired(browser: Any, site: Path) -> list[str]:
    said: list[str] = []
    with served(site) as base:
        context = browser.new_context()
        context.on("dialog", lambda d: (said.append(f"{d.page.url}: {d.message}"), d.dismiss()))
        context.on("request", lambda r: "elsewhere" in r.url and said.append(f"{r.frame.url}: {r.url}"))
        for file in sorted((site / "files").iterdir()):
            page = context.new_page()
            page.goto(f"{base}files/{file.name}", wait_until="load")
            page.evaluate("for (const a of document.querySelectorAll('a')) a.dispatchEvent(new MouseEvent('click'))")
            page.wait_for_timeout(50)
            page.close()
        context.close()
    return said


@pytest.mark.browser
def test_nothing_fires_and_pictures_are_seen(browser: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    site = build(wiki(tmp_path))
    warnings = [r.getMessage() for r in caplog.records if "active_files" in r.getMessage()]
    assert any(m.startswith("files/page.html is not published") for m in warnings)
    assert any(m.startswith("files/script.svg is published without") and "<script>" in m for m in warnings)
    assert not any("good.svg" in m for m in warnings)
    assert not (site / "files/page.html").exists()
    assert (site / "files/good.svg").read_bytes() == HARMLESS
    assert fired(browser, site) == []
    with served(site) as base:
        page = browser.new_page()
        page.goto(f"{base}pictures/")  # loaded when all of its pictures are
        seen = page.evaluate("[...document.querySelectorAll('article img')].map((i) => i.naturalWidth)")
        assert len(seen) == len(HOSTILE)
        assert all(seen)
        page.close()


@pytest.mark.browser
def test_files_of_trusted_authors_are_published_as_they_are(browser: Any, tmp_path: Path) -> None:
    """And do fire: the test above can fail."""
    site = build(wiki(tmp_path, ": {active_files: ['files/*']}"), strict=True)
    for name, text in HOSTILE.items():
        assert (site / f"files/{name}.svg").read_bytes() == text.encode()
    places = {said.partition(": ")[0].rpartition("/")[2] for said in fired(browser, site)}
    assert places >= {
        "page.html",
        "script.svg",
        "onload.svg",
        "default.svg",
        "entity.svg",
        "html-script.svg",
        "foreign.svg",
    }


def test_a_strict_build_refuses_what_has_to_be_changed(tmp_path: Path) -> None:
    with pytest.raises(KbError):
        build(wiki(tmp_path), strict=True)


def test_the_theme_s_and_kb_s_own_files_are_the_site_s(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import material

    theme = Path(material.__file__).parent / "templates/assets"
    script = next(theme.glob("javascripts/bundle.*.min.js")).name
    sheet = next(theme.glob("stylesheets/main.*.min.css")).name
    worker = next(theme.glob("javascripts/workers/*.js")).name
    taken = [
        f"assets/javascripts/{script}", f"Assets/Javascripts/{script.upper()}", f"assets/stylesheets/{sheet}",
        f"assets/javascripts/workers/{worker}", "assets/images/favicon.png", "assets/kb.js", "assets/KB.css",
        "assets/kb-search/index.js", "assets/kb-figures/a.svg", "assets/kb-graph-data.js", "404.html", "sitemap.xml",
        "graph.json", "results.json", "feed.xml", "llms.txt", "topics/A/preview.json", "assets/katex/katex.min.js",
    ]  # fmt: skip
    pages = dict.fromkeys(taken, "/* taken by an author */ alert('fired')")
    pages |= {
        "topics/A.md": "# A\n\n$x$\n",
        "CNAME": "evil.example",
        "_headers": "/*",
        "robots.txt": "x",
        "mine.js": "1",
    }
    site = build(make(tmp_path, pages))
    published = [f for f in site.rglob("*") if f.is_file() and "taken by an author" in f.read_text("utf-8", "replace")]
    assert published == []
    assert (site / "assets/javascripts" / script).stat().st_size > 50_000
    warnings = "\n".join(r.getMessage() for r in caplog.records if r.levelname == "WARNING")
    assert [name for name in taken if f"{name} is not published" not in warnings] == []
    assert [name for name in ("CNAME", "_headers", "robots.txt") if f"{name} is published, and" not in warnings] == []
    assert (site / "mine.js").is_file()


def test_the_owner_names_what_replaces_the_theme_s_files(tmp_path: Path) -> None:
    config = small_site.CONFIG.replace(
        "  font: false\n", "  font: false\n  favicon: assets/images/favicon.png\n"
    ).replace("  - kbtools\nmarkdown", "  - kbtools: {active_files: [CNAME]}\nmarkdown")
    site = build(make(tmp_path, {"assets/images/favicon.png": "mine", "CNAME": "own.example"}, config), strict=True)
    assert (site / "assets/images/favicon.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("files", "warning"),
    [
        ({"all": "x"}, "all"),
        ({"index.html/a.md": "# A\n"}, "index.html"),
        ({"assets/kb.css/a.md": "# A\n"}, "assets/kb.css"),
        ({"/".join(["d" * 20] * 300) + "/a.md": "# A\n"}, ""),
    ],
)
def test_places_that_cannot_be_on_one_site_are_told(
    tmp_path: Path, files: dict[str, str], warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        project = make(tmp_path, files)
    except OSError:
        pytest.skip("the file system itself refuses such a path")
    try:
        build(project)
        messages = "\n".join(r.getMessage() for r in caplog.records if r.levelname == "WARNING")
    except KbError as e:
        messages = str(e)
    assert warning in messages

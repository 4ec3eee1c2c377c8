"""Search: what is indexed, and what a reader finds with it in a real browser."""

from __future__ import annotations

import random
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from growth import assert_linear
from in_browser import CONTRAST, served, tab
from small_site import CONFIG, make, topic
from test_accessible import axe, violations  # noqa: F401

from kbtools.site.html.tree import Tree
from kbtools.site.search import collect as search
from kbtools.site.search.hangul import initials, stem
from kbtools.site.search.search_index import SearchEntry, _postings, files
from kbtools.site.search.search_terms import name_key, terms
from kbtools.site.search.search_text import SearchSection, sections
from kbtools.site.search.sound import hangul_key, latin_keys, sound_entries

ROOT = Path(__file__).parents[2]
QUERIES = Path(__file__).with_name("search_queries.txt")
BY_KIND = Path(__file__).with_name("search_queries_by_kind.txt")
HELD_OUT = Path(__file__).with_name("search_queries_held_out.txt")
OF_OTHERS = Path(__file__).with_name("search_queries_of_others.txt")
BY_PERSON = Path(__file__).with_name("search_queries_by_person.txt")


# -- What is indexed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("자동미분을", "자동 동미 미분 분을"),
        ("값 층", "값 층"),
        ("requires_grad", "grad requires requires_grad"),
        ("torch.utils.data", "data torch utils torch.utils utils.data"),
        ("loss.Backward()를 3.5", "backward loss loss.backward 3 5 를"),
        ("DataLoader", "data dataloader loader"),
        ("__init__", "init"),
        ("Autograd는", "autograd 는"),
        ("Conv2dBlock", "block conv conv2dblock"),
        (unicodedata.normalize("NFD", "자동"), "자동"),
        ("텐서😀연산", "연산 텐서"),
        ("행列", "행列 列"),
        ("自動微分は", "自動 動微 微分 分は は"),
        ("x" * 100, ""),
        ("pre-trained", "pre trained pretrained"),
        ("--no-run state-of-the-art", "art no of run state the"),
        ("___ ... \ud800 \x00", ""),
    ],
)
def test_terms(text: str, expected: str) -> None:
    assert set(terms(text)) == set(expected.split())


def test_names_are_one_term_without_spaces_and_punctuation() -> None:
    assert name_key("torch.compile") == name_key("Torch Compile") == "=torchcompile"
    assert name_key("자동 미분") == name_key("자동미분")
    assert name_key("C++") == "=c"


SPELLINGS = """
소프트맥스 softmax | 콘볼루션 컨볼루션 convolution | 텐서 tensor | 파이토치 pytorch | 스케줄러 scheduler
모멘텀 momentum | 토크나이저 tokenizer | 시퀀셜 sequential | 체크포인트 checkpoint | 오닉스 onnx | 캐시 cache
이미지 image | 그래디언트 gradient | 프로세스 process | 클래스 class | 레이어 layer | 하이퍼 hyper | 벡터 vector
스레드 thread | 파싱 parsing | 텍스트 text | 올리듀스 all_reduce | 디버거 debugger | 네트워크 network
"""


@pytest.mark.parametrize("spellings", SPELLINGS.strip().replace("\n", "|").split("|"))
def test_a_foreign_word_has_one_key_in_both_scripts(spellings: str) -> None:
    *hangul, latin = spellings.split()
    for word in hangul:
        assert hangul_key(word) in latin_keys(latin)


def test_words_are_listed_by_their_sound() -> None:
    runs = {"모멘텀을": 1, "모멘텀은": 1, "버킷으로": 1, "나무가": 1, "노루": 1}
    assert set(sound_entries(["momentum", "momentum.step", "v2", "=momentum", "값"], runs)) == {
        "~MMNTM momentum",
        "~MMNTM 모멘텀",
        "~PKT 버킷",  # on one page, with a consonant of foreign words
    }
    assert stem("모멘텀에서는") == "모멘텀"
    assert stem("이는") == "이는"  # two syllables are left
    assert stem("학습시") == "학습"  # behind a final consonant
    assert stem("크래시") == "크래시"


def test_names_have_the_pairs_of_their_words_joined_and_the_initials_of_keywords() -> None:
    postings = _postings(
        [SearchEntry("a", "전이 학습", (SearchSection("", "", "또 전이 학습, 다른 값"),), keywords=("층 얼리기",))]
    )
    assert {"이학", "층얼", "^ㅈㅇㅎㅅ", "^ㅊㅇㄹㄱ"} <= set(postings)
    assert "른값" not in postings  # a text has no pairs across its words


def test_initial_consonants_of_a_name_and_of_its_words() -> None:
    assert initials("자동 미분") == ("^ㅈㄷㅁㅂ", "^ㅁㅂ")
    assert initials("텐서") == ("^ㅌㅅ",)
    assert initials("PyTorch 값") == initials("Tensor") == ()


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>제목</h1><p>글 <b>굵게</b>입니다.</p>", [("", "", "글 굵게입니다.")]),
        (
            '<p>앞</p><h2 id="a">하나<a class="headerlink" href="#a">¶</a></h2><p>글</p><h3 id="b">둘</h3>',
            [("", "", "앞"), ("a", "하나", "글"), ("b", "둘", "")],
        ),
        ("<p>&lt;img onerror&gt; &amp;</p>", [("", "", "<img onerror> &")]),
        ("<p>보임</p><aside data-search-exclude><p>숨</p><aside>김</aside></aside><p>끝</p>", [("", "", "보임\n끝")]),
        ('<pre><span></span><code><span class="k">import</span> torch</code></pre>', [("", "", "import torch")]),
        ("<script>if (a < b) alert(1)</script><!-- <p>no</p> --><style>p{}</style>글", [("", "", "글")]),
        ('<a title="a > b" href=x>말</a>', [("", "", "말")]),
        ("<h2>아이디 없음</h2><p>글</p>", [("", "", "아이디 없음\n글")]),
        ("a < b &lt;b", [("", "", "a < b <b")]),
        ('<h2 id="a">열린 제목', [("a", "열린 제목", "")]),
        ("<table><tr><td>1</td><td>2</td></table>", [("", "", "1\n2")]),
        ("", []),
    ],
)
def test_sections(html: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(s.anchor, s.heading, s.text) for s in sections(Tree(html))] == expected


PIECES = st.sampled_from(
    ["<", ">", "</", "<!--", "-->", "<pre>", "</pre>", "<h2 id='x'>", "</h2>", "<p data-search-exclude>"]
)


@given(st.lists(PIECES | st.text(max_size=8), max_size=30).map("".join))
def test_any_html_is_read(html: str) -> None:
    for section in sections(Tree(html)):
        terms(section.text)


@pytest.mark.parametrize(
    "piece", ["<", "<pre>", "<!--", '<a "', "<a '\"", "<h2>", "<p data-search-exclude>", "&", "글"]
)
def test_html_is_read_in_linear_time(piece: str) -> None:
    def work(size: int) -> Any:
        html = piece * size
        return lambda: [terms(s.text) for s in sections(Tree(html))]

    assert_linear(work, 4000)


def test_the_same_pages_give_the_same_bytes() -> None:
    pages = [SearchEntry(f"p{i}/", f"쪽 {i}", (SearchSection("", "", f"글 {i} 텐서"),)) for i in range(20)]
    once = list(files(pages))
    random.Random(1).shuffle(pages)
    assert list(files(pages)) == once
    assert next(iter(files([])))[0] == "index.js"


def found_with(entries: list[SearchEntry], term: str) -> dict[int, int]:
    """The pages of a term by their number, with their levels."""
    return dict(_postings(entries).get(term, ()))


def test_what_other_pages_say_where_they_link_counts_for_a_page() -> None:
    linked = SearchEntry("a/", "하나", (), linked=("바다에서 고래를 봅니다: 하나",))
    assert found_with([linked, SearchEntry("b/", "둘", ())], "고래").keys() == {0}


def test_a_name_is_found_from_each_of_its_words_on() -> None:
    pages = [SearchEntry("a/", "Computation Graph and Chain Rule", (), aliases=("매개변수와 상태 사전",))]
    whole, end = found_with(pages, "=computationgraphandchainrule")[0], found_with(pages, "=chainrule")[0]
    assert whole > end
    assert found_with(pages, "=상태사전").keys() == {0}
    assert found_with(pages, "=graphand") == {}


def test_a_page_that_many_link_to_goes_before_its_like() -> None:
    text = (SearchSection("", "", "고래"),)
    pages = [
        SearchEntry("a/", "하나", text),
        SearchEntry("b/", "둘", text, linked=("이 글",)),
        SearchEntry("c/", "셋", text),
    ]
    levels = found_with(pages, "고래")
    assert levels[1] > levels[0] == levels[2]
    alone = found_with([pages[0], pages[2]], "고래")  # in a wiki without links
    assert alone[0] == alone[1]


def test_another_search_plugin_stays_in_charge(tmp_path: Path) -> None:
    built(make(tmp_path, {}, CONFIG), tmp_path / "site")
    assert not (tmp_path / "site" / search.FOLDER).exists()
    page = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert "md-search" in page
    assert "kb-search" not in page


def built(project: Any, target: Path) -> Path:
    """The site as ``mkdocs build`` makes it; results are another test's matter."""
    from mkdocs.commands import build
    from mkdocs.config import load_config

    loaded = load_config(str(project.root / "mkdocs.yml"), site_dir=str(target))
    loaded.plugins["kbtools"].config.lenient = True
    build.build(loaded)
    return target


# -- What is found: this project's own wiki --------------------------------------------------------------------------


def queries(file: Path = QUERIES) -> list[tuple[str, list[str]]]:
    lines = file.read_text(encoding="utf-8").split("\n")
    held = (line.split(" -> ") for line in lines if line.strip() and not line.startswith("#"))
    return [(query, [_place(page.strip()) for page in pages.split("|")]) for query, pages in held]


def _place(page: str) -> str:
    return page if "/" in page else f"topics/{page}"


@pytest.fixture(scope="module")
def wiki(own_site: Path) -> Iterator[str]:
    with served(own_site) as address:
        yield address


def ask(page: Any, query: str) -> None:
    """Type a query and wait until its results stand there."""
    page.locator(".kb-search-input").fill(query)
    page.wait_for_function("query => document.querySelector('.kb-search').dataset.query === query", arg=query)


def found(page: Any) -> list[str]:
    """The addresses of the pages found, in order, from the site's root."""
    urls = page.eval_on_selector_all(".kb-search-page", "(all) => all.map((a) => new URL(a.href).pathname)")
    return [unquote(url).strip("/") for url in urls]


FOUND_BY_EACH = """async (queries) => {
  const dialog = document.querySelector(".kb-search"), input = dialog.querySelector(".kb-search-input");
  const answered = (query) => new Promise((done) => {
    const seen = new MutationObserver(() => dialog.dataset.query === query && (seen.disconnect(), done()));
    seen.observe(dialog, { attributeFilter: ["data-query"] });
    input.value = query;
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
  });
  const found = [];
  for (const query of queries) {
    await answered(query);
    found.push([...dialog.querySelectorAll(".kb-search-page")].slice(0, 3).map((a) => new URL(a.href).pathname));
  }
  return found;
}"""
"""Asks hundreds of queries within the browser: passing each of them to it and back would take as long again."""


@pytest.mark.browser
@pytest.mark.parametrize(("file", "share"), [(QUERIES, 0.95), (BY_KIND, 0.9), (OF_OTHERS, 0.95)])
def test_readers_find_what_they_look_for(browser: Any, wiki: str, file: Path, share: float) -> None:
    """So many of the queries have an expected page among the first three results."""
    asked = queries(file)
    assert len(asked) >= 60
    pages_of_wiki = {
        page.relative_to(ROOT / "docs").with_suffix("").as_posix() for page in (ROOT / "docs").rglob("*.md")
    }
    assert [name for _, pages in asked for name in pages if name not in pages_of_wiki] == []
    missed = []
    with tab(browser, wiki, "") as page:
        page.keyboard.press("/")
        for (query, pages), urls in zip(
            asked, page.evaluate(FOUND_BY_EACH, [query for query, _ in asked]), strict=True
        ):
            first = [unquote(url).strip("/") for url in urls]
            if not set(pages) & set(first):
                missed.append((query, first))
    assert len(missed) <= len(asked) * (1 - share), missed


# -- What is found: other languages ------------------------------------------------------------------------------------

WORDS = {
    "en": {
        "training": "Models are trained on batches. She ran a query and stopped.",
        "running": "The queries run while training stops. Making caches.",
        "other": "Nothing of the kind.",
        "hyphens": "A co-located mailbox.",
    },
    "zh": {"tensor": "张量是多维数组。自动微分记录运算。", "model": "模型在训练集上训练。", "cat": "这是一只黑猫"},
    "ko": {
        "softmax": "softmax와 momentum, DDP를 씁니다. Conv2d와 mac도 씁니다.",
        "bucket": "소프트맥스를 버킷에 담습니다.",
        "tree": "나무와 들에 대한 글.",
        "sizes": "size가 사이즈입니다. 이 페이지에서 쓰입니다. 기울기.",
        "used": "아직 쓰이지 않는 사이즈.",
        "unused": "거의 쓰이지 않는 사이즈.",
        "slow": "늦고 느린 때와, 값이 바뀌는 때. 처음은 어렵습니다. 길이가 다릅니다. 장치가 놀 때. module, list, CUDA.",
    },
    "ja": {
        "tensor": "テンソルは多次元配列です。自動微分を使います。",
        "model": "モデルを訓練する方法。",
        "cat": "これは黒猫",
    },
}
ASKED = {
    "en": [
        ("trains", ["training", "running"]), ("train", ["training", "running"]), ("run", ["running"]),
        ("runs", ["running"]), ("queried", ["training", "running"]), ("stopping", ["training", "running"]),
        ("colocated", ["hyphens"]), ("mail-box", ["hyphens"]), ("batch", ["training"]),
        ("make", ["running"]), ("cached", ["running"]),
    ],
    "ko": [
        ("소프트맥스", ["softmax", "bucket"]), ("softmax", ["softmax", "bucket"]), ("모멘텀을", ["softmax"]),
        ("디디피", ["softmax"]), ("bucket", ["bucket"]), ("콘볼루션", ["softmax"]), ("convolution", ["softmax"]),
        ("브레이크", []), ("트리", []), ("모듈리스트", ["slow"]),
        ("씨유디에이", ["slow"]), ("느려요", ["slow"]), ("바뀌었어", ["slow"]), ("바뀐", ["slow"]), ("음악", []),
        ("어려워서", ["slow"]), ("느려져요", ["slow"]), ("어려워도", ["slow"]), ("달라도", ["slow"]),
        ("놀고 있어요", ["slow"]),
    ],
    "zh": [("自动微分", ["tensor"]), ("微分", ["tensor"]), ("训练", ["model"]), ("多维 数组", ["tensor"]),
           ("猫", ["cat"])],
    "ja": [("自動微分", ["tensor"]), ("訓練", ["model"]), ("テンソル", ["tensor"]), ("配列", ["tensor"]),
           ("猫", ["cat"])],
}  # fmt: skip


@pytest.mark.browser
def test_word_forms_and_scripts_without_blanks(browser: Any, tmp_path: Path) -> None:
    """English by the forms of its words, Chinese and Japanese within their sentences."""
    pages = {
        f"{lang}/{name}.md": f"# {name[:1]}\n\n{text}\n" for lang, held in WORDS.items() for name, text in held.items()
    }
    site = built(make(tmp_path, pages, CONFIG.replace("  - search\n", "").replace(": ko", ": en")), tmp_path / "site")
    missed = []
    with served(site) as root, tab(browser, root, "") as page:
        page.keyboard.press("/")
        for lang, asked in ASKED.items():
            for query, wanted in asked:
                ask(page, query)
                got = {url.partition("/")[2] for url in found(page) if url.startswith(lang)}
                if got != set(wanted):
                    missed.append((query, wanted, got))
        assert missed == []
        ask(page, "모멘텀을")
        assert page.get_by_role("status").filter(has_text="“momentum” instead of “모멘텀”").count() == 1
        assert page.locator(".kb-search-group mark").all_inner_texts() == ["momentum"]
        ask(page, "size")  # sounds like 쓰이지, of which the page has a part
        assert set(page.locator(".kb-search-group mark").all_inner_texts()) == {"size", "사이즈", "쓰이지"}
        ask(page, "기울기가")
        assert page.locator(".kb-search-group mark").all_inner_texts() == ["기울기"]


@pytest.mark.browser
def test_words_typed_wrongly(browser: Any, tmp_path: Path) -> None:
    """In the keyboard's other layout, romanized, joined, or with wrong letters; what was taken instead is said."""
    pages = {
        "a.md": "---\naliases: [AutomaticDifferentiation]\n---\n\n# 자동 미분\n\n텐서와 컨볼루션에 대한 글.\n",
        "b.md": "# 둘\n\nloss와 optimizer에 대한 글. 텐서도 씁니다.\n",
        "d.md": "# 넷\n\n`xpstj`는 다른 자판의 글자입니다.\n",
        **{f"many/{i}.md": f"# 쪽 {i}\n\n텐서에 대한 글.\n" for i in range(11)},
        "c.md": "# 셋\n\n자동차와 미분에 대한 글. 또 자동차와 미분. An automatic use of automatic differentiations.\n",
    }
    asked = [
        ("wkehdalqns", "a", "자동미분"), ("xpstjfmf wkehdalqns", "a", "텐서를"),
        ("ㅣㅐㄴㄴ", "b", "loss"), ("ㅐㅔ샤ㅡㅑㅋㄷㄱ", "b", "optimizer"),
        ("xpstj loss", "b", "텐서"), ("jadongmibun", "a", "자동미분"), ("mibuneul jadong", "a", "미분을"),
        ("자돈 미분", "a", ""), ("콘벌루션", "a", "컨볼루션"), ("ㅈㄷㅁㅈ", "a", "ㅈㄷㅁㅂ"),
        ("potimizer", "b", "optimizer"),
        ("쉬운 자동미분", "a", ""), ("자동미분의 뜻", "a", ""), ("how to use automatic differentiations", "a", ""),
    ]  # fmt: skip
    site = built(make(tmp_path, pages, CONFIG.replace("  - search\n", "")), tmp_path / "site")
    with served(site) as root, tab(browser, root, "") as page:
        page.keyboard.press("/")
        for query, wanted, meant in asked:
            ask(page, query)
            assert found(page)[0] == wanted, query
            said = page.locator(".kb-search-status").inner_text()
            assert f"‘{meant}’" in said if meant else "대신" not in said, query


# -- What the dialog does ------------------------------------------------------------------------------------------

HOSTILE = "<img src=x onerror=alert(1)>"
BODY = f"""
첫 문단의 자동 미분입니다. `{HOSTILE}` 그리고 긴 줄이 하나 있습니다. {"가나다라 " * 60}찾을말입니다. {"마바사 " * 60}

## 둘째 마당

`torch.utils.data`를 씁니다.

## {HOSTILE.replace("<", "&lt;")} 제목

찾을말이 여기에도 있습니다.
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("small")
    pages = {
        "topics/Hostile.md": f'---\ntitle: "{HOSTILE} 악의"\naliases: ["</script>{HOSTILE}", 나쁜 이름, 값 세기]\n---\n'
        f"\n# 악의\n{BODY}",
        "topics/Old.md": topic(
            "옛 문서", "옛 글", duplicate_of='"[[Hostile]]"', status="duplicate", aliases="[낡은 이름]"
        ),
        "topics/Hidden.md": "---\ntitle: 숨은 문서\nsearch:\n  exclude: true\n---\n\n# 숨은 문서\n\n찾을말\n",
        **{f"many/{i}.md": f"# 많은 쪽 {i}\n\n여럿에 있는 낱말입니다.\n" for i in range(25)},
    }
    project = make(root, pages, CONFIG.replace("  - search\n", ""))
    return built(project, root / "site")


@pytest.fixture(scope="module")
def address(small: Path) -> Iterator[str]:
    """Under a path of its own, as project pages are."""
    with served(small.parent) as root:
        yield f"{root}{small.name}/"


@pytest.mark.browser
def test_nothing_of_a_page_is_read_as_html(browser: Any, address: str) -> None:
    with tab(browser, address, "") as page:
        page.on("dialog", lambda d: pytest.fail(f"a script ran: {d.message}"))
        page.keyboard.press("/")
        for query in ("악의", "img onerror", "찾을말", HOSTILE):
            ask(page, query)
            assert page.locator(".kb-search-page").first.locator(".kb-search-title").inner_text() == f"{HOSTILE} 악의"
            assert page.locator(".kb-search img").count() == 0


@pytest.mark.browser
def test_results_are_pages_with_the_sections_and_sentences_that_match(browser: Any, address: str) -> None:
    with tab(browser, address, "many/3/") as page:
        page.keyboard.press("/")
        ask(page, "찾을말을")
        hit = page.locator(".kb-search-group").first
        teaser = hit.locator(".kb-search-page .kb-search-teaser")
        assert "찾을말" in teaser.inner_text()
        assert len(teaser.inner_text()) < 200
        assert teaser.locator("mark").all_inner_texts() == ["찾을말"]
        assert hit.locator(".kb-search-section .kb-search-title").all_inner_texts() == [f"{HOSTILE} 제목"]
        assert found(page) == ["site/topics/Hostile"]  # not the page that asks not to be found
        for query in ("옛 문서", "낡은 이름", "나쁜이름은"):  # a page stands for those it has replaced
            ask(page, query)
            assert found(page)[0] == "site/topics/Hostile"
        ask(page, "data utils")
        section = page.locator(".kb-search-section", has_text="둘째 마당")
        section.click()
        page.wait_for_url("**/topics/Hostile/**")
        assert unquote(page.url).endswith("#둘째-마당")  # without the query
        page.wait_for_function("() => CSS.highlights.get('kb-search')?.size >= 2")


@pytest.mark.browser
def test_a_misspelt_word_is_taken_for_the_nearest_one_and_said_so(browser: Any, address: str) -> None:
    with tab(browser, address, "many/3/") as page:
        page.keyboard.press("/")
        for query in ("utlis", "torch.utiils", "UTILZ"):  # changed places, one more, another
            ask(page, query)
            assert found(page) == ["site/topics/Hostile"]
            assert page.get_by_role("status").filter(has_text="대신 ‘utils’").count() == 1
        assert page.locator(".kb-search-section mark").all_inner_texts() == ["utils"]
        page.locator(".kb-search-section").click()
        page.wait_for_url("**/topics/Hostile/**")
        page.wait_for_function("() => CSS.highlights.get('kb-search')?.size >= 1")
        page.keyboard.press("/")
        for query in ("utxyz", "dax", "utils"):  # too far, too short, and as it is written
            ask(page, query)
            assert "대신" not in page.locator(".kb-search-status").inner_text()


@pytest.mark.browser
def test_a_page_is_found_by_the_sentences_that_link_to_it(browser: Any, tmp_path: Path) -> None:
    pages = {
        "a.md": "# 하나\n\n바다에서 고래를 보려면 [[b]]를 읽습니다.\n",
        "b.md": "# 둘\n\n글.\n",
        "c.md": "# 셋\n\n글.\n",
    }
    site = built(make(tmp_path, pages, CONFIG.replace("  - search\n", "")), tmp_path / "site")
    with served(site) as address, tab(browser, address, "") as page:
        page.keyboard.press("/")
        ask(page, "고래")
        assert sorted(found(page)) == ["a", "b"]


@pytest.mark.browser
def test_what_stands_together_goes_first(browser: Any, tmp_path: Path) -> None:
    filler = "\n\n다른 글이 여기에 있습니다.\n\n"
    pages = {
        "a.md": f"# 하나\n\n기름에 대한 글.{filler}고래에 대한 글.\n",
        "b.md": f"# 둘\n\n고래의 기름에 대한 글.{filler}글이 또 있습니다.\n",
        "c.md": f"# 셋\n\n고래에 대한 글.{filler}기름에 대한 글.\n",
    }
    site = built(make(tmp_path, pages, CONFIG.replace("  - search\n", "")), tmp_path / "site")
    with served(site) as address, tab(browser, address, "") as page:
        page.keyboard.press("/")
        ask(page, "고래 기름")
        assert found(page)[0] == "b"
        assert sorted(found(page)) == ["a", "b", "c"]


@pytest.mark.browser
def test_a_page_is_found_by_keywords_that_it_does_not_say(browser: Any, tmp_path: Path) -> None:
    pages = {
        "a.md": "---\nsearch:\n  keywords: [여러 컴퓨터, freezing layers]\n---\n\n# 하나\n\n글.\n",
        "b.md": "# 둘\n\n여러 글.\n\n컴퓨터에 대한 글. The layers of an onion.\n",
        "c.md": "# 셋\n\n글.\n",
    }
    site = built(make(tmp_path, pages, CONFIG.replace("  - search\n", "")), tmp_path / "site")
    assert "freezing" not in (site / "a/index.html").read_text(encoding="utf-8")
    with served(site) as address, tab(browser, address, "") as page:
        page.keyboard.press("/")
        for query in ("여러 컴퓨터로 하기", "how to freeze layers"):
            ask(page, query)
            assert found(page)[0] == "a"


@pytest.mark.browser
def test_folders_have_a_boost_unless_a_page_has_its_own(browser: Any, tmp_path: Path) -> None:
    text = "# {}\n\n고래에 대한 글. 고래는 큽니다.\n"
    pages = {
        "a.md": text.format("하나"),
        "new/b.md": text.format("둘"),
        "old/c.md": text.format("셋"),
        "old/d.md": "---\nsearch: {boost: 1}\n---\n\n" + text.format("넷"),
        **{f"e{number}.md": f"# 다른 {number}\n\n글.\n" for number in range(8)},
    }
    config = CONFIG.replace("  - search\n  - kbtools\n", "  - kbtools: {search_boost: {old: 0.25, 'new/*': 4}}\n")
    site = built(make(tmp_path, pages, config), tmp_path / "site")
    with served(site) as address, tab(browser, address, "") as page:
        page.keyboard.press("/")
        ask(page, "고래")
        assert found(page) == ["new/b", "a", "old/d", "old/c"]


@pytest.mark.browser
def test_keyboard_and_screen_reader(browser: Any, address: str) -> None:
    with tab(browser, address, "") as page:
        for key in ("/", "Control+k", "s"):
            page.keyboard.press(key)
            assert page.locator(".kb-search").evaluate("e => e.open")
            page.keyboard.press("Escape")
            assert not page.locator(".kb-search").evaluate("e => e.open")
        # A key right after Escape, before the browser has moved the focus out of the closed dialog.
        page.locator(".kb-search-input").dispatch_event("keydown", {"key": "/"})
        assert page.locator(".kb-search").evaluate("e => e.open")
        page.keyboard.press("Escape")
        page.locator("[data-kb-search]").press("Enter")
        box = page.get_by_role("combobox", name="검색")
        assert box.get_attribute("aria-expanded") == "false"
        ask(page, "많은 쪽 낱말")
        assert box.get_attribute("aria-expanded") == "true"
        assert page.get_by_role("status").filter(has_text="문서 25편").count() == 1
        options = page.get_by_role("listbox", name="검색 결과").get_by_role("option")
        assert options.count() == 10

        def active() -> str:
            return str(box.evaluate("e => document.getElementById(e.getAttribute('aria-activedescendant')).innerText"))

        first = active()
        page.keyboard.press("ArrowDown")
        assert active() != first
        page.keyboard.press("ArrowUp")
        assert active() == first
        for _ in range(14):  # further results arrive as the list is walked
            page.keyboard.press("ArrowDown")
            page.wait_for_function("() => document.querySelectorAll('.kb-search-page').length >= 10")
        page.wait_for_function("() => document.querySelectorAll('.kb-search-page').length > 10")
        addresses = found(page)
        assert len(addresses) == len(set(addresses))
        wanted = page.locator("[aria-selected=true]").get_attribute("href")
        page.keyboard.press("Enter")
        page.wait_for_url("**/many/**")
        assert wanted.split("?")[0] == page.url
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"


@pytest.mark.browser
def test_letters_that_are_still_being_composed(browser: Any, address: str) -> None:
    with tab(browser, address, "") as page:
        page.keyboard.press("/")
        initial_consonants = ("ㄴㅃㅇㄹ", "ㄴㅃ", "ㄴㅃ ㅇㄹ", "ㄱㅅ", "ㄳㄱ")  # of which a keyboard joins some
        for query in ("자동 미ㅂ", "자동 미부", "자도", "찾을마", "옛 문", *initial_consonants):
            ask(page, query)
            assert found(page)[:1] == ["site/topics/Hostile"], query
        box = page.locator(".kb-search-input")
        for how in ("{ isComposing: true }", "{ keyCode: 229 }"):  # Enter ends the syllable and follows no result
            box.evaluate(
                f"e => e.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Enter', bubbles: true, ...{how} }}))"
            )
        assert page.url == address
        for query in ("ㅂ", "...", ""):
            page.locator(".kb-search-input").fill(query)
            page.wait_for_function("() => document.querySelectorAll('.kb-search-page').length === 0")


@pytest.mark.browser
@pytest.mark.parametrize(("size", "scheme"), [("screen", "light"), ("phone", "dark")])
def test_the_dialog_fits_and_can_be_read(
    browser: Any,
    address: str,
    axe: str,  # noqa: F811
    size: str,
    scheme: str,
) -> None:
    with tab(browser, address, "topics/Hostile/", size, scheme) as page:
        page.evaluate(
            "(dark) => { document.body.dataset.mdColorScheme = dark ? 'slate' : 'default' }", scheme == "dark"
        )
        page.locator("[data-kb-search]").click()
        ask(page, "찾을말 낱말")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        box = page.locator(".kb-search").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= page.viewport_size["width"]
        assert page.evaluate(CONTRAST) == []
        assert violations(page, axe) == []


@pytest.mark.browser
def test_search_works_from_a_disk(browser: Any, small: Path) -> None:
    # From another page: a browser that is closed on its way from a page to itself, on a disk, never answers.
    with tab(browser, "file://", f"{small}/index.html") as page:
        page.keyboard.press("/")
        ask(page, "찾을말")
        assert page.locator(".kb-search-page").count() == 1
        page.keyboard.press("Enter")
        page.wait_for_url("**/topics/Hostile/index.html*")
        page.wait_for_load_state("load")


@pytest.mark.browser
def test_a_site_built_anew_is_found_without_reloading(browser: Any, tmp_path: Path) -> None:
    config = CONFIG.replace("  - search\n", "")
    names = ("가나", "다라", "마바", "사아", "자차", "카타")  # more than there are in one file
    old = {f"p{i}.md": f"# {name}\n\n옛글\n" for i, name in enumerate(names)}
    site = built(make(tmp_path, old, config), tmp_path / "site")
    with served(site) as address, tab(browser, address, "") as page:
        page.keyboard.press("/")
        ask(page, "가나")
        assert found(page) == ["p0"]
        new = {f"p{i}.md": f"# {name}\n\n새글\n" for i, name in enumerate(names)}
        built(make(tmp_path, {"a.md": "# 앞에 온 쪽\n", **new}, config), site)
        ask(page, "카타")  # its text is in a file that is not loaded yet, and every page has another number now
        assert found(page) == ["p5"]
        assert page.locator(".kb-search-teaser").first.inner_text() == "새글"


@pytest.mark.browser
def test_a_missing_index_is_told(browser: Any, tmp_path: Path) -> None:
    site = built(make(tmp_path, {}, CONFIG.replace("  - search\n", "")), tmp_path / "site")
    for file in (site / search.FOLDER).iterdir():
        file.unlink()
    with served(site) as address:
        page = browser.new_page()
        page.goto(address)
        page.keyboard.press("/")
        page.locator(".kb-search-input").fill("처음")
        page.get_by_text("검색 색인을 불러오지 못했습니다").wait_for()
        page.close()

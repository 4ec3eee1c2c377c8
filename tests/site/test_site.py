# ruff: noqa: E501
"""Sites of small wikis, built by MkDocs as users build them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

sys.path.insert(0, str(Path(__file__).parent))

import small_site
from preview import previewed
from small_site import broken_links, make, read, store, topic

from kbtools.config.project import Project
from kbtools.errors import KbError
from kbtools.run.results.outcomes import Outcome, Status
from kbtools.site.build import build
from kbtools.site.data.stored import stored
from kbtools.vault import loading as vaults

ATTACK = "<img src=x onerror=alert(1)>"
FENCE = "```python {{#{id}{options}}}\n{code}\n```\n"


def fence(id: str, code: str, options: str = "") -> str:
    return FENCE.format(id=id, code=code, options=f" {options}" if options else "")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")


def html(project: Project, path: str) -> str:
    return (project.root / "site" / path / "index.html").read_text(encoding="utf-8")


def test_links_lead_where_they_say(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        {
            "topics/텐서 연산.md": topic(
                "텐서 연산", "## 더하기와 빼기\n\n문단입니다. ^sum\n\n- 항목 ^Item\n\n> 인용\n\n^quote\n"
            ),
            "topics/Autograd.md": topic(
                "Autograd",
                "[[텐서 연산]]은 [[텐서 연산#더하기와 빼기|덧셈]]이고 [[텐서_연산]]이며 [[#아래]]에 있다. [[자동]] [[없는 것]]\n\n"
                "| 표 | 둘 |\n|---|---|\n| [[텐서 연산\\|표 안]] | [[텐서 연산#^sum]] [[텐서 연산#^item]] [[텐서 연산#^quote]] |\n\n"
                "![[그림.png|100x50]] [[자료.csv]] ![[텐서 연산]]\n\n[[텐서 연산#없음]]\n\n## 아래\n",
                aliases="[자동]",
            ),
            "topics/그림.png": "png",
            "topics/자료.csv": "a,b",
            "a/Same.md": topic("하나", ""),
            "b/Same.md": topic("둘", "[[Autograd|라벨 **굵게** `코드`]]"),
            "topics/Last.md": topic("Last", "[[Same]] [[autograd]]"),
        },
    )
    site = build(project, strict=True)
    assert broken_links(site) == []
    page = read(site / "topics" / "Autograd" / "index.html")
    hrefs = [a["href"] for a in page.all("a", "kb-link")]
    (missing,) = page.all("a", "kb-missing")
    assert missing["title"] == "‘없는 것’ 문서가 아직 없습니다. 찾는 문서: Autograd"
    assert missing["href"] == hrefs.pop(hrefs.index("../../wanted/#wanted-없는-것"))
    there = "../%ED%85%90%EC%84%9C%20%EC%97%B0%EC%82%B0/"
    assert hrefs == [
        there, f"{there}#더하기와-빼기", there, "#아래", "./", there, f"{there}#block-sum", f"{there}#block-item",
        f"{there}#block-quote", f"../{'%EC%9E%90%EB%A3%8C'}.csv", there, there,
    ]  # fmt: skip
    image = page.all("img", "kb-link")[0]
    assert (image["width"], image["height"], image["alt"]) == ("100", "50", "그림.png")
    assert "^sum" not in read(site / "topics" / "텐서 연산" / "index.html").text
    assert "a/Same.md, b/Same.md" in read(site / "topics" / "Last" / "index.html").all("a", "kb-ambiguous")[0]["title"]
    assert "라벨 <strong>굵게</strong> <code>코드</code></a>" in html(project, "b/Same")


def test_nothing_from_a_page_becomes_markup(tmp_path: Path) -> None:
    nasty = f"</title><script>alert(1)</script>{ATTACK}"
    project = make(
        tmp_path,
        {
            "topics/Bad.md": topic(
                f"'{nasty}'",
                f"[[A{ATTACK}]] [[Good|{ATTACK}]] [[Good|a & <b>]]\n\n"
                + fence("out", "print(1)")
                + fence("skipped", "print(2)", f".skip reason='{ATTACK}'")
                + fence("raising", "1/0", 'raises="ZeroDivisionError"'),
                tags=f"['{nasty}', '{ATTACK}']",
                aliases=f"['{ATTACK}']",
                raw_sources=f"['{ATTACK}', 'javascript:alert(1)', 'https://e.org/\"onclick=\"x']",
                description=f"'\"{ATTACK}'",
                category=f"'{ATTACK}'",
                source_trust_level=f"'{ATTACK}'",
                last_reinforced=f"'{ATTACK}'",
                verification_status=f"'{ATTACK}'",
                github_commit=f"'{ATTACK}'",
                id=f"'{ATTACK}'",
                status=f"'{ATTACK}'",
            ),
            "topics/Good.md": topic("Good", f"앞에는 `{ATTACK}` 이 있고 [[Bad]]가 뒤에 있다."),
        },
    )
    # Titles stand raw in a page's H1, which is Markdown; here it is taken out to look at everything else.
    bad = project.vault / "topics" / "Bad.md"
    bad.write_text(bad.read_text(encoding="utf-8").replace(f"# {nasty}", "# Bad"), encoding="utf-8")
    store(
        project,
        out={"stdout": f"{nasty}\x1b[31mred\x1b[0m\x02wzxhzdk:0\x03\n"},
        raising={"outcome": Status.PASSED, "message": f"ZeroDivisionError: {ATTACK}"},
    )
    site = build(project, strict=True)
    for file in site.rglob("*.html"):
        document = read(file)
        for tag, attributes in document.elements:
            assert not any(name.startswith("on") for name in attributes), (file, tag, attributes)
            assert not attributes.get("href", "").startswith("javascript"), file
            assert attributes.get("src") != "x", file
        assert "<script>alert" not in file.read_text(encoding="utf-8"), file
    for entry in json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]:
        assert not any(
            mark in part for part in (entry["title"], *entry.get("tags", ())) for mark in ("<img", "<script")
        )
        assert "<img" not in entry["text"]
    page = read(site / "topics" / "Bad" / "index.html")
    assert page.text.count(ATTACK) >= 9
    assert f"{nasty}red" in page.text
    head = html(project, "topics/Bad").partition("</title>")[0].rpartition("<title>")[2]
    assert head.startswith("&lt;/title&gt;&lt;script&gt;")


def test_results_stand_beside_the_code(tmp_path: Path) -> None:
    many = "\n".join(map(str, range(50)))
    project = make(
        tmp_path,
        {
            "topics/Code.md": topic(
                "Code",
                fence("setup", "x = 1", ".hidden")
                + fence("shown", "print(x)")
                + fence("told", "print(x)  # 1")
                + fence("long", "for i in range(50): print(i)")
                + fence("bad", "1/0", 'raises="ZeroDivisionError"')
                + fence("gpu", "y = 2", 'device="cuda"')
                + fence("whole", "print(3)")
                + "```output\n3\n```\n"
                + "```bash\necho\n```\n"
                + '!!! note\n\n    ```python\n    print("안")\n    ```\n',
            )
        },
    )
    store(
        project,
        shown={"stdout": "1\n"},
        told={"stdout": "1\n"},
        long={"stdout": many},
        bad={"message": "ZeroDivisionError: division by zero"},
        whole={"stdout": "3\n"},
        code_2={"stdout": "안\n"},
    )
    build(project, strict=True)
    page = html(project, "topics/Code")
    blocks = page.split('class="kb-snippet ')[1:]
    assert len(blocks) == 8
    assert page.count("숨긴 준비 코드") == 1
    assert (
        '<details class="kb-hidden"><summary>숨긴 준비 코드</summary><div id="setup" class="kb-snippet hidden' in page
    )
    assert '<details class="kb-stdout" open>' in blocks[1]
    assert "<samp>1</samp>" in blocks[1]
    assert '<details class="kb-stdout"><summary' in blocks[2]  # the comment says it already
    assert '<details class="kb-stdout"><summary' in blocks[3]
    assert "출력 50줄" in blocks[3]
    assert "예상된 오류 <code>ZeroDivisionError</code>" in blocks[4]
    assert '<pre class="kb-message">division by zero</pre>' in blocks[4]
    assert "<b>CUDA</b> 건너뜀: cuda 필요" in blocks[5]
    assert "kb-is-passed" not in blocks[5]
    assert "kb-stdout" not in blocks[6]  # the page shows the whole output itself
    assert '<div class="kb-expected"><p class="kb-label">출력</p>' in blocks[6]
    assert "<samp>안</samp>" in blocks[7]
    assert page.count("21 ms") == 7
    assert "\x02" not in page
    assert "kb-fence" not in page


def test_comments_are_not_shown(tmp_path: Path) -> None:
    """Nor do they glue together what stands around them: the indented line is code, and no item of the list."""
    body = "# 하나 %%쉿%%\n\n앞 %%쉿%% 뒤\n\n1. 하나\n\n%%\n쉿 [[없음]]\n\n쉿\n%%\n\n    [[코드]]\n\n`%%코드%%` 100 %% 남음\n"
    project = make(tmp_path, {"topics/A.md": body})
    build(project, strict=True)
    page = html(project, "topics/A")
    assert "쉿" not in page
    assert "\x02" not in page
    assert "<p>앞  뒤</p>" in page
    assert "<p></p>" not in page
    assert '<h1 id="하나' in page
    assert "[[코드]]" in page
    assert "<code>%%코드%%</code> 100 %% 남음" in page


def test_another_plugin_may_change_the_text(tmp_path: Path) -> None:
    """Blocks that cannot be told apart get no panel, those that can keep theirs."""
    config = small_site.CONFIG.replace("  - kbtools\nmarkdown", "  - kbtools\nhooks: [hook.py]\nmarkdown")
    same = fence("a", "print(1)") + fence("b", "print(1)") + fence("c", "print(3)") + fence("d", "print(4)")
    project = make(tmp_path, {"topics/P.md": topic("P", same)}, config)
    (tmp_path / "hook.py").write_text(
        "def on_page_markdown(markdown, **_):\n    return markdown.replace('```python {#a}\\nprint(1)\\n```\\n', '', 1)\n"
    )
    store(project, a={"stdout": "A"}, b={"stdout": "B"}, c={"stdout": "C"}, d={"stdout": "D"})
    build(project, strict=True)
    page = html(project, "topics/P")
    assert "<samp>A" not in page
    assert "<samp>B" not in page
    assert "<samp>C</samp>" in page
    assert "<samp>D</samp>" in page


def test_infobox_backlinks_and_banner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1782864000")  # 2026-07-01
    project = make(
        tmp_path,
        {
            "topics/A.md": topic(
                "A",
                "본문.",
                confidence_score="0.93",
                source_trust_level="A",
                last_reinforced="2026-05-01",
                tags="[torch, 자동 미분]",
                aliases="[에이]",
                raw_sources='["https://example.org/x (2026-11-29)", "보기: [[C]], [[없는 것]]", 책]',
                tech_stack="{language: Python, framework: PyTorch}",
            ),
            "topics/B.md": topic(
                "B", "첫 문장이다. 둘째 문장은 [[A|저것]]을 **가리킨다**. 셋째.", duplicate_of='"[[A]]"'
            ),
            "topics/C.md": topic("C", "| 열 | 값 |\n|---|---|\n| `x` | [[A]] |\n"),
            "plain.md": "# 그냥\n\n글.\n",
        },
    )
    site = build(project, strict=True)
    page = read(site / "topics" / "A" / "index.html")
    assert len(page.all("aside", "kb-infobox")) == 1
    meter = next(a for _, a in page.elements if a.get("role") == "meter")
    assert meter["aria-valuenow"] == "89"  # two months later
    assert "기록 0.93" in page.text
    assert "오래됨" not in page.text
    assert "https://example.org/x" in [a.get("href") for a in page.all("a")]
    assert "../C/" in [a.get("href") for a in page.all("a")]
    assert "https://example.org/x (2026-11-29)" in page.text
    assert "보기: C, 없는 것" in page.text
    assert [a["href"] for a in page.all("a", "kb-tag")] == ["../../tags/#tag-torch", "../../tags/#tag-자동-미분"]
    assert "둘째 문장은 저것을 가리킨다." in page.text
    assert "x · A" in page.text
    assert "첫 문장이다" not in page.text
    raw = html(project, "topics/A").partition("<body")[2]
    assert raw.index("<h1") < raw.index("kb-infobox") < raw.index("본문.") < raw.index("kb-backlinks")
    assert "__kb-backlinks" not in raw[: raw.index("<article")]  # not in the table of contents
    banner = html(project, "topics/B")
    assert 'class="kb-notice"' in banner
    assert 'href="../A/">A</a>' in banner
    plain = html(project, "plain")
    assert "kb-infobox" not in plain
    assert "kb-backlinks" not in plain
    assert broken_links(site) == []


def test_generated_pages(tmp_path: Path) -> None:
    names = ["가위", "까치", "나무", "자동 미분", "Tensor", "autograd", "3차원", "*별*", "C++ | C#"]
    project = make(
        tmp_path,
        {
            **{
                f"topics/p{i}.md": topic(f'"{n}"', fence("s", "x = 1"), tags="['C++', 'C#', c]")
                for i, n in enumerate(names)
            },
            "guide.md": topic("안내서", "위키 밖"),
        },
    )
    store(project)
    site = build(project, strict=True)
    everything = read(site / "all" / "index.html")
    assert [e["id"] for e in everything.all("h2")] == ["ㄱ", "ㄴ", "ㅈ", "a", "c", "t", "09", "기타"]
    for name in names:
        assert name in everything.text
    assert "안내서" not in everything.text.partition("전체 문서")[2]
    assert everything.text.index("가위") < everything.text.index("까치") < everything.text.index("나무")
    tags = read(site / "tags" / "index.html")
    ids = [e["id"] for e in tags.all("h2")]
    assert len(set(ids)) == 3
    assert "9개(100%)" in read(site / "runs" / "index.html").text
    assert {"categories", "recent"} <= {p.name for p in site.iterdir()}
    assert broken_links(site) == []


def test_pages_of_ones_own_come_first(tmp_path: Path) -> None:
    project = make(tmp_path, {"tags.md": "# 내 태그\n", "topics/A.md": topic("A", "", tags="[x]")})
    site = build(project, strict=True)
    assert "내 태그" in read(site / "tags" / "index.html").text
    assert read(site / "topics" / "A" / "index.html").all("a", "kb-tag") == []


def vault_with_code(root: Path) -> Project:
    return make(root, {"topics/A.md": topic("A", fence("one", "x = 1") + fence("two", "y = x"))})


def refused(project: Project) -> str:
    with pytest.raises(KbError) as caught:
        build(project)
    return str(caught.value)


def test_missing_results_refuse_the_site(tmp_path: Path) -> None:
    message = refused(vault_with_code(tmp_path))
    assert "kb run" in message
    assert "topics/A.md:8: one: has not been run" in message
    assert not (tmp_path / "site").exists()


def test_stale_results_refuse_the_site(tmp_path: Path) -> None:
    project = vault_with_code(tmp_path)
    store(project)
    build(project, strict=True)
    page = project.vault / "topics" / "A.md"
    page.write_text(page.read_text(encoding="utf-8").replace("x = 1", "x = 2"), encoding="utf-8")
    before = html(project, "topics/A")
    message = refused(project)
    assert "one: has changed since it was run on cpu" in message
    assert "two: has changed since it was run on cpu" in message  # it shares the first one's names
    assert html(project, "topics/A") == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".site")] == []


def test_failures_refuse_the_site(tmp_path: Path) -> None:
    project = vault_with_code(tmp_path)
    store(project, two={"outcome": Status.FAILED, "message": "Traceback\nNameError: x"})
    assert "two: failed on cpu: NameError: x" in refused(project)


def mkdocs(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_mkdocs_itself_refuses_and_runs_nothing(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    project = make(tmp_path, {"topics/A.md": topic("A", fence("one", f"open({str(trap)!r}, 'w')"))})
    done = mkdocs(tmp_path)
    assert done.returncode == 1
    assert "has not been run" in done.stderr
    assert "Traceback" not in done.stderr
    store(project)
    done = mkdocs(tmp_path)
    assert done.returncode == 0, done.stderr
    assert not trap.exists()
    assert "kb-is-passed" in html(project, "topics/A")


def kb(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kbtools.cli", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("publish", ["proven", "failing", "any", "lenient"])
@pytest.mark.parametrize("known", ["missing", "failed"])
def test_what_may_be_published_is_one_setting(tmp_path: Path, publish: str, known: str) -> None:
    options = ": {lenient: true}" if publish == "lenient" else ""
    config = small_site.CONFIG.replace("  - kbtools\nmarkdown", f"  - kbtools{options}\nmarkdown")
    project = make(tmp_path, {"topics/A.md": topic("A", fence("one", "x = 1"))}, config)
    setting = "" if publish == "lenient" else f'publish = "{publish}"\n'
    (tmp_path / "kb.toml").write_text(f'{setting}docs = "docs"\n', encoding="utf-8")
    project = small_site.find_project(tmp_path)
    if known == "failed":
        store(project, one={"outcome": Status.FAILED, "message": "AssertionError: no"})
    allowed = publish in ("any", "lenient") or (publish, known) == ("failing", "failed")
    gate = kb(tmp_path, "gate", "--no-run")
    assert (gate.returncode == 0) == allowed, gate.stderr
    assert (mkdocs(tmp_path).returncode == 0) == allowed
    if not allowed:
        with pytest.raises(KbError, match="cannot be published"):
            build(project)
        return
    build(project)
    shown = html(project, "topics/A")
    assert ("아직 실행하지 않음" if known == "missing" else "kb-is-failed") in shown
    assert "kb-is-passed" not in shown


def test_a_failed_snippet_is_listed_and_published_where_that_is_allowed(tmp_path: Path) -> None:
    make(tmp_path, {"topics/A.md": topic("A", fence("one", "assert 1 == 2"))})
    (tmp_path / "kb.toml").write_text('publish = "failing"\ndocs = "docs"\n', encoding="utf-8")
    done = kb(tmp_path, "build")
    assert done.returncode == 0, done.stderr
    assert "failing-snippet" in done.stdout
    assert "kb-is-failed" in html(small_site.find_project(tmp_path), "topics/A")


def test_the_site_tells_on_which_machine_a_snippet_ran(tmp_path: Path) -> None:
    code = fence("one", "x = 1") + fence("gpu", "y = 2", 'device="cuda"')
    project = make(tmp_path, {"topics/A.md": topic("A", code)})
    store(project)
    pages = vaults.load(project).pages
    line = {s.id: s.line for s in pages["topics/A.md"].snippets}

    def outcome(name: str, device: str, machine: int, status: Status = Status.PASSED) -> dict[str, object]:
        told = Outcome(f"topics/A.md::{name}[{device}]", "topics/A.md", line[name], device, status)
        return {**told.to_json(), "machine": machine}

    def machine(cpu: str, cuda: str | None = None, **more: str) -> dict[str, object]:
        devices = {"cpu": {"available": True, "name": "x86_64"}, "cuda": {"available": bool(cuda), "name": cuda}}
        return {"cpu": cpu, "devices": devices, "torch": "2.13.0+cu130", "date": "2026-02-03", **more}

    report = {
        "version": 1,
        "environment": {"torch": "2.13.0", "devices": {}},
        "machines": [machine("AMD EPYC 7B13"), machine("Intel Xeon", "NVIDIA H100 <80>", machine="<b>lab</b>")],
        "outcomes": [outcome("one", "cpu", 0), outcome("one", "cuda", 1), outcome("gpu", "cuda", 1)],
    }
    build(project, strict=True, results=stored(project, pages.values(), {"all.json": report}))
    page = html(project, "topics/A")
    h100 = "&lt;b&gt;lab&lt;/b&gt; · NVIDIA H100 &lt;80&gt; · PyTorch 2.13.0 · "
    cpu, cuda = page.split('class="kb-run"')[1:3]
    for device, told in (("CPU", "AMD EPYC 7B13 · PyTorch 2.13.0 · "), ("CUDA", h100)):
        assert f'<b>{device}</b> 통과 <span class="kb-where">{told}<time datetime="2026-02-03">' in cpu
    assert f'<span class="kb-where">{h100}<time' in cuda
    text = re.sub("<[^>]*>", " ", html(project, "runs").partition('id="실행한-기계"')[2].partition("<h2")[0])
    rows = [" ".join(row.split()) for row in re.split(r"(?=AMD EPYC|&lt;b&gt;)", text)[1:]]
    assert rows == [
        "AMD EPYC 7B13 CPU 2.13.0 2026. 2. 3. ✓ 통과 1",
        "&lt;b&gt;lab&lt;/b&gt; · NVIDIA H100 &lt;80&gt; CUDA 2.13.0 2026. 2. 3. ✓ 통과 2",
    ]
    bad = {**report, "outcomes": [outcome("one", "cpu", 7)]}
    with pytest.raises(KbError, match="no machine 7"):
        stored(project, pages.values(), {"all.json": bad})


def test_a_report_of_another_machine_counts(tmp_path: Path) -> None:
    code = fence("one", "x = 1") + fence("gpu", "y = 2", 'device="cuda"') + fence("late", "z = 3", 'device="cuda"')
    project = make(tmp_path, {"topics/A.md": topic("A", code)})
    store(project)
    pages = vaults.load(project).pages
    line = {s.id: s.line for s in pages["topics/A.md"].snippets}

    def outcome(name: str, moved: int = 0) -> dict[str, object]:
        id = f"topics/A.md::{name}[cuda]"
        return Outcome(id, "topics/A.md", line[name] + moved, "cuda", Status.PASSED, stdout="from afar\n").to_json()

    one = {"id": "topics/A.md::one[cuda]", "line": line["one"]}
    where = {"torch": "2.13.0, 2.13.0+cu130", "date": "2026-02-03"}
    report = {"version": 1, "environment": where, "outcomes": [outcome("gpu"), {**outcome("gpu"), **one}]}
    results = stored(project, pages.values(), {"gpu.json": report})
    build(project, strict=True, results=results)
    page = html(project, "topics/A")
    assert "<samp>from afar</samp>" in page
    assert page.count("CUDA</b> 건너뜀") == 1
    assert 'PyTorch 2.13.0 · <time datetime="2026-02-03">2026. 2. 3.</time></span>' in page
    first = page.split('class="kb-run"')[1]
    assert re.findall(r"<b>(CPU|CUDA)</b> 통과 <span class=\"kb-where\">(?:[^<]* · )?PyTorch ([\w.]+)", first) == [
        ("CPU", "2.13.0"),
        ("CUDA", "2.13.0"),
    ]  # they were made on other days
    moved = {
        **report,
        "outcomes": [outcome("gpu"), outcome("late", 1), {**outcome("gpu"), "id": "topics/A.md::no[cuda]"}],
    }
    with pytest.raises(KbError, match="late: has changed since it was run on cuda"):
        build(project, results=stored(project, pages.values(), {"gpu.json": moved}))
    for bad in ({}, [], {"version": 2, "outcomes": []}, {"version": 1, "outcomes": [{"id": 1}]}):
        with pytest.raises(KbError, match=r"gpu\.json"):
            stored(project, pages.values(), {"gpu.json": bad})


def test_warnings_refuse_a_strict_site_and_leave_the_old_one(tmp_path: Path) -> None:
    project = make(tmp_path, {"topics/A.md": topic("A", "[x](missing.md)")})
    build(project)
    marker = tmp_path / "site" / "old.txt"
    marker.write_text("old")
    with pytest.raises(KbError, match=r"missing\.md"):
        build(project, strict=True)
    assert marker.exists()
    build(project)
    assert not marker.exists()


@pytest.mark.parametrize("folder", [".", "docs/.."])
def test_a_site_is_never_built_over_the_project(tmp_path: Path, folder: str) -> None:
    project = make(tmp_path, {}, small_site.CONFIG + f"site_dir: {folder}\n")
    with pytest.raises(KbError):
        build(project)
    assert (tmp_path / "docs" / "index.md").is_file()


def test_the_preview_follows_the_pages(tmp_path: Path) -> None:
    """Served on loopback, lenient, rebuilt when a page changes; nothing is executed."""
    trap = tmp_path / "ran"
    project = make(tmp_path, {"topics/A.md": topic("A", fence("one", f"open({str(trap)!r}, 'w')"))})
    with previewed(tmp_path, "--no-run") as preview:
        assert "code is not run" in preview.printed()
        preview.wait_for("topics/A/", "아직 실행하지 않음")
        page = project.vault / "topics" / "A.md"
        page.write_text(page.read_text(encoding="utf-8") + "\n바뀐 문장과 [[새 링크]]\n", encoding="utf-8")
        preview.wait_for("topics/A/", "바뀐 문장과 <a")
    assert not trap.exists()
    assert not (tmp_path / "site").exists()


def test_a_folder_that_is_no_site_is_left_alone(tmp_path: Path) -> None:
    project = make(tmp_path, {})
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thesis.txt").write_text("years of work")
    with pytest.raises(KbError, match="not a built site"):
        build(project)
    assert (tmp_path / "site" / "thesis.txt").read_text() == "years of work"


def test_a_build_leaves_nothing_to_the_next_in_its_process(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """MkDocs hands the same plugin to every build of a process: it must not have the pages and results of the last."""
    project = make(tmp_path, {"topics/A.md": topic("A", "```python\nx = 1\n```\n")})
    store(project)
    build(project)
    page = project.vault / "topics/A.md"
    page.write_text(page.read_text(encoding="utf-8").replace("x = 1", "x = 2"), encoding="utf-8")
    with pytest.raises(Abort):
        mkdocs_build(load_config(str(tmp_path / "mkdocs.yml")))
    assert "has changed since it was run on cpu" in caplog.text

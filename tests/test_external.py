"""External links: found on pages, asked for politely, judged rightly, whatever servers do."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from kbtools.external import cache, client, guard
from kbtools.external.client import Answer, AnswerKind, ClientOptions, ask_all
from kbtools.external.urls import find
from kbtools.text.source import Source
from kbtools.vault.page import Page
from tests.misbehaving_server import Server, misbehaving
from tests.waiting import LIMIT

PATIENT = ClientOptions(allow_private=True, timeout=LIMIT, pause=0.0, archive=None)
SILENT = ("/hang", "/drip")
"""No answer of these comes to an end."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with misbehaving() as running:
        yield running


EXPECTED = {
    "/ok": (AnswerKind.OK, ""),
    "/empty": (AnswerKind.OK, ""),
    "/no-head": (AnswerKind.OK, ""),
    "/head-404": (AnswerKind.OK, ""),
    "/head-breaks": (AnswerKind.OK, ""),
    "/endless": (AnswerKind.OK, ""),
    "/busy": (AnswerKind.OK, ""),
    "/flaky": (AnswerKind.OK, ""),
    "/temporary": (AnswerKind.OK, ""),
    "/mixed": (AnswerKind.OK, ""),
    "/cookie": (AnswerKind.OK, ""),
    "/한글": (AnswerKind.OK, ""),
    "/ok?a=1&b=2": (AnswerKind.BROKEN, "404"),
    "/permanent": (AnswerKind.MOVED, "/ok"),
    "/relative": (AnswerKind.MOVED, "/ok"),
    "/unicode": (AnswerKind.MOVED, "/"),
    "/404": (AnswerKind.BROKEN, "404: not found"),
    "/410": (AnswerKind.BROKEN, "410: gone"),
    "/to-404": (AnswerKind.BROKEN, "redirected to"),
    "/circle": (AnswerKind.BROKEN, "in a circle"),
    "/chain/0": (AnswerKind.BROKEN, "more than 10 times"),
    "/nowhere": (AnswerKind.BROKEN, "does not say where"),
    "/300": (AnswerKind.BROKEN, "does not say where"),
    "/to-file": (AnswerKind.BROKEN, "that is not HTTP"),
    "/to-nonsense": (AnswerKind.BROKEN, "invalid address"),
    "/to-inner": (AnswerKind.BROKEN, "not known"),
    "/403": (AnswerKind.UNREACHABLE, "403"),
    "/999": (AnswerKind.UNREACHABLE, "999"),
    "/500": (AnswerKind.UNREACHABLE, "500"),
    "/hang": (AnswerKind.UNREACHABLE, "no answer"),
    "/drip": (AnswerKind.UNREACHABLE, "no answer"),
    "/reset": (AnswerKind.UNREACHABLE, ""),
    "/garbage": (AnswerKind.UNREACHABLE, "does not answer by HTTP"),
    "/no-status": (AnswerKind.UNREACHABLE, "does not answer by HTTP"),
    "/old": (AnswerKind.UNREACHABLE, "does not answer by HTTP"),
    "/huge-header": (AnswerKind.UNREACHABLE, ""),
}


@pytest.fixture(scope="module")
def answers(server: Server) -> dict[str, Answer]:
    silent = ask_all(map(server.url, SILENT), replace(PATIENT, timeout=2.0))
    return silent | ask_all((server.url(path) for path in EXPECTED if path not in SILENT), PATIENT)


@pytest.mark.parametrize("path", EXPECTED)
def test_what_a_server_does_is_judged(path: str, server: Server, answers: dict[str, Answer]) -> None:
    kind, words = EXPECTED[path]
    answer = answers[server.url(path)]
    assert (answer.kind, words in answer.reason or not words) == (kind, True), answer
    assert "\n" not in answer.reason
    if kind is not AnswerKind.OK:
        assert answer.reason


def test_what_is_no_address_is_told() -> None:
    wrong = ["http://", "http://[::bad/", "http://a..b/", "http://x.invalid/", "http://" + "a" * 70 + ".org/"]
    for url, answer in ask_all(wrong, PATIENT).items():
        assert answer.kind is AnswerKind.BROKEN, (url, answer)


def test_a_closed_port_is_no_answer() -> None:
    (answer,) = ask_all(["http://127.0.0.1:1/"], PATIENT).values()
    assert answer.kind is AnswerKind.UNREACHABLE


def test_it_works_inside_a_running_event_loop() -> None:
    """As in a notebook, or beside a browser that a test drives."""

    async def inside() -> AnswerKind:
        return ask_all(["http://127.0.0.1:1/"], PATIENT)["http://127.0.0.1:1/"].kind

    with ThreadPoolExecutor(1) as thread:  # a browser's tests may have a loop running in this one
        assert thread.submit(asyncio.run, inside()).result() is AnswerKind.UNREACHABLE


def test_a_host_is_asked_by_few_at_a_time_with_pauses() -> None:
    with misbehaving() as running:
        urls = [running.url(f"/slow/{n}") for n in range(6)]
        began = time.monotonic()
        found = ask_all(urls, ClientOptions(allow_private=True, per_host=2, pause=0.05, archive=None))
        assert {a.kind for a in found.values()} == {AnswerKind.OK}
        assert running.most_at_once <= 2
        assert time.monotonic() - began >= 5 * 0.05


def test_waiting_for_a_turn_is_no_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one request at a time, what all of them count of their time limits has passed one after another."""
    budgets: list[client._Budget] = []

    class Budget(client._Budget):
        def __init__(self, seconds: float) -> None:
            super().__init__(seconds)
            budgets.append(self)

    monkeypatch.setattr(client, "_Budget", Budget)
    with misbehaving() as running:
        urls = [running.url(f"/slow/{n}") for n in range(8)]
        began = time.monotonic()
        ask_all(urls, replace(PATIENT, per_host=1))
        assert sum(LIMIT - budget._left for budget in budgets) <= time.monotonic() - began
    assert len(budgets) == 8


def test_each_address_is_asked_for_once(server: Server) -> None:
    before = server.counts()["/ok"]
    ask_all([server.url("/ok")] * 5, PATIENT)
    assert server.counts()["/ok"] == before + 1


def test_an_archive_is_asked_for_what_is_gone(server: Server) -> None:
    options = ClientOptions(allow_private=True, pause=0.0, archive=server.url("/available?url="))
    found = ask_all([server.url("/404"), server.url("/410"), server.url("/ok")], options)
    assert found[server.url("/404")].archived == "https://web.archive.org/web/2020/x"
    assert found[server.url("/410")].archived is None


# --- private addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
    ],
)
def test_private_addresses_are_known(address: str) -> None:
    assert not guard.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111"])
def test_public_addresses_are_known(address: str) -> None:
    assert guard.is_public(address)


def test_private_addresses_are_not_asked_for(server: Server) -> None:
    asked = len(server.asked)
    shut = ClientOptions(archive=None)
    port = server.port
    urls = [f"http://{host}:{port}/ok" for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "0")]
    found = ask_all(urls, shut)
    assert {a.kind for a in found.values()} <= {AnswerKind.SKIPPED, AnswerKind.BROKEN}
    assert found[urls[0]].kind is AnswerKind.SKIPPED
    assert len(server.asked) == asked


def test_a_redirect_into_a_private_network_is_not_followed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each hop is looked at: a public page cannot make kb ask for an inner one."""

    async def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
        if host == "inner.test":
            raise guard.PrivateAddress(f"{host} is in a private network")
        return ["127.0.0.1"]

    monkeypatch.setattr(client, "addresses", resolve)
    url = f"http://public.test:{server.port}/to-inner"
    (answer,) = ask_all([url], ClientOptions(archive=None, pause=0.0)).values()
    assert answer.kind is AnswerKind.SKIPPED
    assert not any(path == "/secret" for _, path in server.asked)


def test_the_name_is_asked_for_though_the_address_is_connected_to(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(client, "addresses", resolve)
    (answer,) = ask_all([f"http://wiki.test:{server.port}/ok"], ClientOptions(archive=None)).values()
    assert answer.kind is AnswerKind.OK


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_certificates_are_those_of_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the connection goes to an address that was looked at before."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=wiki.test -addext subjectAltName=DNS:wiki.test"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *words.split(), *files], check=True, capture_output=True, timeout=300)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    async def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(client, "addresses", resolve)
    with misbehaving(tls) as running:
        trusting = ClientOptions(archive=None, pause=0.0, verify=ssl.create_default_context(cafile=str(certificate)))
        url, other = (f"https://{host}.test:{running.port}/ok" for host in ("wiki", "other"))
        found = ask_all([url, other], trusting)
        assert found[url].kind is AnswerKind.OK, found
        assert found[other].kind is AnswerKind.UNREACHABLE
        assert "certificate is not valid" in found[other].reason
        (answer,) = ask_all([url], ClientOptions(archive=None, pause=0.0)).values()
        assert answer.kind is AnswerKind.UNREACHABLE
        assert "self-signed" in answer.reason.replace(" ", "-")


# --- what is kept


def test_good_answers_are_kept_and_bad_ones_asked_for_again(tmp_path: Path) -> None:
    file = tmp_path / "state" / "external.json"
    answers = {
        "a": Answer(AnswerKind.OK),
        "b": Answer(AnswerKind.BROKEN, "404"),
        "c": Answer(AnswerKind.MOVED, "m", "d", 301),
    }
    cache.write(file, answers, 1000.0, 7)
    assert cache.read(file, 1001.0, 7) == {"a": answers["a"], "c": answers["c"]}
    assert cache.read(file, 1000.0 + 8 * 86400, 7) == {}
    assert cache.read(file, 999.0, 7) == {}  # a clock that was put back
    file.write_text('{"version": 1, "answers": {"a": [1]}}', encoding="utf-8")
    assert cache.read(file, 1001.0, 7) == {}


# --- on pages


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("[a](https://a.org/x)", ["https://a.org/x"]),
        ("[a](<https://a.org/x>)", ["https://a.org/x"]),
        ('[a](https://a.org/x "t")', ["https://a.org/x"]),
        ("[a](https://a.org/x_(y))", ["https://a.org/x_(y)"]),
        ("(see https://a.org/x_(y)).", ["https://a.org/x_(y)"]),
        ("![](https://a.org/x.png)", ["https://a.org/x.png"]),
        ("[a]: https://a.org/x", ["https://a.org/x"]),
        ("<https://a.org/x>", ["https://a.org/x"]),
        ("Read https://a.org/x, then.", ["https://a.org/x"]),
        ("Read https://a.org/x.", ["https://a.org/x"]),
        ("**https://a.org/x**", ["https://a.org/x"]),
        ("https://a.org/문서를", ["https://a.org/문서를"]),
        ("[a](https://a.org/x?a=1&amp;b=2#part)", ["https://a.org/x?a=1&b=2"]),
        (r"[a](https://a.org/x\_y)", ["https://a.org/x_y"]),
        ('<a href="https://a.org/x">a</a>', ["https://a.org/x"]),
        ("---\nraw_sources:\n  - https://a.org/x (2026-11-29)\n---\n", ["https://a.org/x"]),
        ("https://a.org/{name}/x and https://a.org/<name>", []),
        ("`https://a.org/x` <!-- https://a.org/x -->", []),
        ("```\nhttps://a.org/x\n```", []),
        ("https://example.com/x https://a.example/ http://b.test/ http://x.example.org/", []),
        ("http:// https://[x", []),
    ],
)
def test_addresses_on_pages(text: str, urls: list[str]) -> None:
    page = Page.parse(Source("a.md", text))
    found = find(page)
    assert [u.address for u in found] == urls
    for url in found:
        assert url.span.of(text).startswith("http")


def test_finding_addresses_is_linear() -> None:
    from tests.growth import assert_linear

    for part in ("https://a", "https://a.org/(", "https://a.org/\\_", "[a](https://a.org/x) "):

        def prepared(n: int, part: str = part) -> Callable[[], object]:
            page = Page.parse(Source("a.md", part * n))
            return lambda: find(page)

        assert_linear(prepared, 500)


def test_the_command(tmp_path: Path, server: Server) -> None:
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "a.md"
    page.write_text(
        f"# A\n\n[gone]({server.url('/404')}#x), [moved]({server.url('/permanent')}#x), [good]({server.url('/ok')}),\n"
        f"[off]({server.url('/hang')})\n\n<!-- kb: ignore[broken-url] -->\n[gone]({server.url('/410')})\n",
        encoding="utf-8",
    )
    settings = "[external]\nallow_private = true\narchive = false\nignore = ['*/hang']\n"
    (tmp_path / "kb.toml").write_text(settings, encoding="utf-8")

    def kb(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kbtools.cli", "check", "--no-run", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)

    assert json.loads(kb("--format", "json", "--ignore", "orphan-page").stdout)["diagnostics"] == []
    first = kb("--external", "--format", "json", "--ignore", "orphan-page")
    told = json.loads(first.stdout)["diagnostics"]
    assert [(d["rule"], d["start"]["line"]) for d in told] == [("broken-url", 3), ("moved-url", 3)]
    assert told[1]["fix"]["edits"][0]["replacement"] == server.url("/ok#x")
    assert "4 external addresses: 1 ok, 1 moved, 2 broken" in first.stderr
    assert first.returncode == 0  # warnings
    asked = server.counts()["/ok"]
    again = kb("--external", "--strict")
    assert again.returncode == 1
    assert "2 known from before" in again.stderr
    assert server.counts()["/ok"] == asked

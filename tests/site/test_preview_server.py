"""The preview answers this machine only: raw requests, as pages of other sites and other machines would send them."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from preview import previewed
from small_site import make, topic

from kbtools.site.serve import is_own_host
from tests.waiting import LIMIT


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    root = tmp_path_factory.mktemp("preview")
    make(root, {"topics/A.md": topic("A", "비밀입니다.")})
    with previewed(root) as preview:
        yield preview.port


def ask(port: int, *lines: str, to: str = "127.0.0.1") -> tuple[int, str]:
    with socket.create_connection((to, port), LIMIT) as wire:
        wire.sendall("\r\n".join((*lines, "", "")).encode())
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        while part := wire.recv(65536):
            answer += part
    text = answer.decode("utf-8", "replace")
    return int(text.split(" ", 2)[1]), text


@pytest.mark.parametrize("host", ["127.0.0.1:{0}", "localhost:{0}", "LOCALHOST:{0}", "[::1]:{0}", "127.8.8.8:{0}"])
def test_this_machine_is_answered(port: int, host: str) -> None:
    status, text = ask(port, "GET /topics/A/ HTTP/1.1", f"Host: {host.format(port)}", "Connection: close")
    assert status == 200
    assert "비밀입니다" in text
    assert "X-Content-Type-Options: nosniff" in text
    assert "Cross-Origin-Resource-Policy: same-origin" in text


def test_an_editor_finds_the_page_of_a_file(tmp_path: Path) -> None:
    make(tmp_path, {"topics/가 나.md": topic("가 나", "글"), "topics/index.md": topic("Topics", "글")})
    config = tmp_path / "mkdocs.yml"
    config.write_text(f"site_url: https://wiki.example/w/\n{config.read_text(encoding='utf-8')}", encoding="utf-8")
    with previewed(tmp_path) as preview:
        for file, address in (
            (tmp_path / "docs/topics/가 나.md", "/w/topics/%EA%B0%80%20%EB%82%98/"),
            (tmp_path / "docs/topics/index.md", "/w/topics/"),
            (tmp_path / "README.md", "/w/"),
        ):
            asked = f"GET /livereload/page/{quote(str(file), safe='')} HTTP/1.1"
            status, text = ask(preview.port, asked, f"Host: 127.0.0.1:{preview.port}", "Connection: close")
            assert (status, f"Location: {address}\r\n" in text) == (302, True), text


@pytest.mark.parametrize(
    "headers",
    [
        ["Host: evil.example"],
        ["Host: evil.example:{0}"],
        ["Host: localhost.evil.example:{0}"],
        ["Host: 127.0.0.1.nip.io:{0}"],
        ["Host: evil.example@127.0.0.1:{0}"],
        ["Host: 127.0.0.1:{0}", "Host: evil.example"],
        ["Host: evil.example", "X-Forwarded-Host: 127.0.0.1:{0}"],
        ["Host: 127.0.0.1:1"],
        ["Host: 10.0.0.1:{0}"],
        ["Host: 0.0.0.0:{0}"],
        ["Host:"],
        [],
    ],
)
@pytest.mark.parametrize("path", ["/topics/A/", "/livereload/0/1", "/no/such/page", "/search/search_index.json"])
def test_other_names_are_not(port: int, path: str, headers: list[str]) -> None:
    status, text = ask(port, f"GET {path} HTTP/1.1", *(h.format(port) for h in headers), "Connection: close")
    assert status == 421
    assert "비밀" not in text
    assert text.rstrip().endswith("ask for localhost.")


def test_only_reading(port: int) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        assert ask(port, f"{method} /topics/A/ HTTP/1.1", f"Host: 127.0.0.1:{port}")[0] == 405
    assert ask(port, "GET /../../../../etc/passwd HTTP/1.1", f"Host: 127.0.0.1:{port}")[0] == 404
    assert ask(port, "GET /%2e%2e/%2e%2e/mkdocs.yml HTTP/1.1", f"Host: 127.0.0.1:{port}")[0] == 404


def test_other_addresses_of_the_machine_are_closed(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with contextlib.suppress(OSError):
            probe.connect(("192.0.2.1", 9))  # asks for the way, sends nothing
        own = probe.getsockname()[0]
    if own.startswith(("127.", "0.")):
        pytest.skip("this machine has no other address")
    with pytest.raises(OSError):
        socket.create_connection((own, port), 2).close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.org"])
def test_no_other_address_is_served(tmp_path: Path, host: str) -> None:
    make(tmp_path, {})
    words = [sys.executable, "-m", "kbtools.cli", "serve", "--root", str(tmp_path), "--host", host]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 2
    assert "not a loopback address" in done.stderr


def test_default_ports_may_go_unnamed() -> None:
    assert is_own_host("localhost", 80)
    assert is_own_host("[::1]", 80)
    assert not is_own_host("localhost", 8000)
    assert not is_own_host("[::1]8000", 8000)

"""HTTP client for link checks: concurrent, rate-limited by host, with an overall time limit.

Each address gets a HEAD request first, and a GET request only if that is not answered; no body is
read. Each host gets few requests at a time with a pause between them, and ``Retry-After`` is honoured. Every
redirect is followed by hand, so that each hop is held to the same rules.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx
from anyio.from_thread import start_blocking_portal

from kbtools import __version__
from kbtools.external.guard import PrivateAddress, UnknownHost, addresses
from kbtools.external.urls import host_of


class AnswerKind(str, Enum):
    """The kinds of answers."""

    OK = "ok"
    MOVED = "moved"
    """Permanently redirected to another address that works."""
    BROKEN = "broken"
    """The address does not exist, according to the server, or there is no server."""
    UNREACHABLE = "unreachable"
    """No conclusive answer: a timeout, a server error, or a refusal of automated requests."""
    SKIPPED = "skipped"
    """Not requested."""


class Answer(NamedTuple):
    """The answer for one address."""

    kind: AnswerKind
    reason: str = ""
    """In one line; empty if the address works."""
    moved_to: str | None = None
    status: int | None = None
    archived: str | None = None
    """A copy in a web archive."""


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How addresses are requested."""

    allow_private: bool = False
    timeout: float = 20.0
    """Seconds for one address, redirects and retries included."""
    concurrency: int = 16
    """Requests at a time."""
    per_host: int = 2
    """Requests at a time to one host."""
    pause: float = 0.2
    """Seconds between two requests to one host."""
    retries: int = 2
    redirects: int = 10
    archive: str | None = "https://archive.org/wayback/available?url="
    """The web archive that is searched for copies of broken links; None: no search."""
    verify: bool | ssl.SSLContext = True
    """How certificates are verified; True trusts the authorities listed by certifi."""


_GONE = frozenset({404, 410, 451})
_REFUSALS = frozenset({401, 402, 403, 405, 406, 407, 418, 429, 999})
"""Statuses with which sites reject automated requests although browsers may have access."""
_TRY_GET = frozenset({400, 401, 403, 404, 405, 406, 409, 410, 411, 415, 418, 429, 500, 501, 502, 503, 504, 520, 999})
"""Statuses that are inconclusive for HEAD, because many servers do not support it properly."""
_RETRY = frozenset({429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "User-Agent": f"kbtools/{__version__} (link checker of a documentation site)",
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Accept-Language": "en,*;q=0.5",
}


class Client:
    """Requests addresses. Used as an asynchronous context manager."""

    def __init__(self, options: ClientOptions) -> None:
        self.options = options
        self._all = asyncio.Semaphore(options.concurrency)
        self._hosts: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(options.per_host))
        self._next: dict[str, float] = defaultdict(float)

    async def __aenter__(self) -> Client:
        self._http = httpx.AsyncClient(
            headers=_HEADERS,
            timeout=self.options.timeout,
            # Connections are not reused: they are identified by IP address, which many host names share.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            verify=self.options.verify,
            trust_env=False,  # no proxy from the environment: the connection must use the address that was checked
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ask(self, url: str) -> Answer:
        """The answer for an address. Never raises, except when cancelled."""
        try:
            return await self._follow(url, _Budget(self.options.timeout))
        except TimeoutError:
            return Answer(AnswerKind.UNREACHABLE, f"no answer within {self.options.timeout:g} s")

    async def archived(self, url: str) -> str | None:
        """The address of a copy in the archive, if there is one."""
        if self.options.archive is None:
            return None
        from urllib.parse import quote

        question = self.options.archive + quote(url, safe="")
        try:
            async with self._turn(self.options.archive), asyncio.timeout(self.options.timeout):
                try:
                    response = await self._http.get(question)
                except (httpx.RemoteProtocolError, httpx.ReadError):
                    # A kept connection that the server closed when it was reused.
                    response = await self._http.get(question)
                found = response.json()["archived_snapshots"]["closest"]
                address = found["url"] if found["available"] else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, TimeoutError):
            return None
        if not isinstance(address, str) or not address.startswith(("http://", "https://")):
            return None
        return address.replace("http://web.archive.org", "https://web.archive.org", 1)

    async def _follow(self, url: str, budget: _Budget) -> Answer:
        here, permanent = url, True
        seen = {url}
        for _ in range(self.options.redirects + 1):
            answer, status, location = await self._settled(here, budget)
            if status not in _REDIRECTS or location is None:
                if here != url and answer.kind is AnswerKind.OK and permanent:
                    return Answer(AnswerKind.MOVED, f"it has moved to {here}", here, status)
                if here != url and answer.kind is not AnswerKind.OK:
                    return answer._replace(reason=f"{answer.reason} (redirected to {here})")
                return answer
            permanent = permanent and status in _PERMANENT
            try:
                here = urljoin(here, location)
                scheme = urlsplit(here).scheme
            except ValueError:
                return Answer(
                    AnswerKind.BROKEN, f"it redirects to an invalid address: {location[:100]!r}", status=status
                )
            if scheme not in ("http", "https"):
                return Answer(
                    AnswerKind.BROKEN, f"it redirects to an address that is not HTTP: {here[:100]!r}", status=status
                )
            if here in seen:
                return Answer(AnswerKind.BROKEN, "it redirects in a circle", status=status)
            seen.add(here)
        return Answer(AnswerKind.BROKEN, f"it redirects more than {self.options.redirects} times")

    async def _settled(self, url: str, budget: _Budget) -> tuple[Answer, int | None, str | None]:
        """The answer of one address, without following redirects: by HEAD, by GET if HEAD is inconclusive, again later
        if the server sends ``Retry-After``."""
        reply: _Reply | None = None
        for attempt in range(self.options.retries + 1):
            try:
                reply = await self._once("HEAD", url, budget)
                if reply.status in _TRY_GET:
                    reply = await self._once("GET", url, budget)
            except PrivateAddress as e:
                return Answer(AnswerKind.SKIPPED, str(e)), None, None
            except (UnknownHost, httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as e:
                return (
                    Answer(
                        AnswerKind.BROKEN, str(e) if isinstance(e, UnknownHost) else f"it is not a valid address: {e}"
                    ),
                    None,
                    None,
                )
            except httpx.RemoteProtocolError as e:
                if "location header" in str(e):
                    return Answer(AnswerKind.BROKEN, "it redirects to an invalid address"), None, None
                # The problem may be specific to HEAD.
                try:
                    reply = await self._once("GET", url, budget)
                except httpx.HTTPError as e2:
                    return Answer(AnswerKind.UNREACHABLE, _reason(e2)), None, None
            except httpx.HTTPError as e:
                if attempt == self.options.retries or not isinstance(e, (httpx.ConnectError, httpx.ReadError)):
                    return Answer(AnswerKind.UNREACHABLE, _reason(e)), None, None
                await asyncio.sleep(_wait(None, attempt))
                continue
            if reply.status not in _RETRY or attempt == self.options.retries:
                break
            pause = _wait(reply.retry_after, attempt)
            host = _place(url)
            self._next[host] = max(self._next[host], time.monotonic() + pause)
            await asyncio.sleep(pause)
        assert reply is not None
        return _judge(reply), reply.status, reply.location

    async def _once(self, method: str, url: str, budget: _Budget) -> _Reply:
        parts = urlsplit(url)
        host = host_of(url)
        if host is None:
            raise UnknownHost("the address names no host")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        async with self._turn(url), budget.spend():
            ips = await addresses(host, port, allow_private=self.options.allow_private)
            last: Exception | None = None
            for ip in ips[:3]:
                # The connection uses the IP address that was checked; the host name is sent in the header and in TLS.
                target = httpx.URL(url).copy_with(host=ip, username="", password="")
                headers = {"Host": httpx.URL(url).netloc.decode("ascii").rpartition("@")[2]}
                extensions = {"sni_hostname": httpx.URL(url).raw_host.decode("ascii")}
                try:
                    async with self._http.stream(method, target, headers=headers, extensions=extensions) as response:
                        return _Reply(
                            response.status_code,
                            response.headers.get("Location"),
                            response.headers.get("Retry-After"),
                        )
                except httpx.ConnectError as e:
                    last = e
            assert last is not None
            raise last

    @contextlib.asynccontextmanager
    async def _turn(self, url: str) -> AsyncIterator[None]:
        """Waits for the next time slot for a request to this host."""
        host = _place(url)
        async with self._hosts[host], self._all:
            now = time.monotonic()
            start = max(now, self._next[host])
            self._next[host] = start + self.options.pause
            if start > now:
                await asyncio.sleep(start - now)
            yield


class _Budget:
    """Seconds available for one address: the time of its requests, without waiting for slots."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    @contextlib.asynccontextmanager
    async def spend(self) -> AsyncIterator[None]:
        """Raises TimeoutError when it is used up."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, self._left)):
                yield
        finally:
            self._left -= time.monotonic() - began


class _Reply(NamedTuple):
    status: int
    location: str | None
    retry_after: str | None


def _place(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _judge(reply: _Reply) -> Answer:
    status = reply.status
    if status < 300 or (status in _REDIRECTS and reply.location is not None):
        return Answer(AnswerKind.OK, status=status)
    if status in _GONE:
        return Answer(AnswerKind.BROKEN, f"the server says {status}: {_WORDS.get(status, 'not there')}", status=status)
    if status in _REFUSALS or status >= 500:
        return Answer(AnswerKind.UNREACHABLE, f"the server says {status}", status=status)
    if status < 400:
        return Answer(AnswerKind.BROKEN, f"the server redirects ({status}) and does not say where to", status=status)
    return Answer(AnswerKind.BROKEN, f"the server says {status}", status=status)


_WORDS = {404: "not found", 410: "gone", 451: "unavailable for legal reasons"}
_LONGEST_WAIT = 10.0


def _wait(retry_after: str | None, attempt: int) -> float:
    """Seconds to wait before another attempt: as the server requests, up to a limit."""
    if retry_after is not None:
        if retry_after.strip().isdecimal():
            return min(float(retry_after), _LONGEST_WAIT)
        try:
            return min(max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time()), _LONGEST_WAIT)
        except (ValueError, TypeError, OverflowError):
            pass
    return float(0.5 * 2**attempt)


def _reason(error: Exception) -> str:
    """A connection error in one line."""
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    text = str(error) or str(cause)
    if "CERTIFICATE" in text.upper():
        return "its certificate is not valid: " + text.partition("certificate verify failed: ")[2].partition(" (")[0]
    known = {
        httpx.ConnectTimeout: "no connection in time",
        httpx.ReadTimeout: "no answer in time",
        httpx.RemoteProtocolError: "the server does not answer by HTTP",
        httpx.ReadError: "the connection broke off",
    }
    words = next((w for kind, w in known.items() if isinstance(error, kind)), "no connection")
    return f"{words}: {' '.join(text.split())[:150]}" if text else words


async def _ask_all(
    urls: Iterable[str], options: ClientOptions, on_answer: Callable[[str, Answer], None] | None
) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    async with Client(options) as client:

        async def one(url: str) -> None:
            answer = await client.ask(url)
            if answer.kind is AnswerKind.BROKEN:
                answer = answer._replace(archived=await client.archived(url))
            answers[url] = answer
            if on_answer is not None:
                on_answer(url, answer)

        await asyncio.gather(*(one(url) for url in urls))
    return answers


def ask_all(
    urls: Iterable[str], options: ClientOptions, on_answer: Callable[[str, Answer], None] | None = None
) -> dict[str, Answer]:
    """The answers for all addresses, each requested once. ``on_answer`` receives each answer.

    The event loop runs in a separate thread, because the caller may already run one (a notebook, a language server).
    """
    with start_blocking_portal() as portal:
        return portal.call(_ask_all, dict.fromkeys(urls), options, on_answer)

"""A polite, bounded HTTP client: what feeds and pictures are fetched with.

Only http and https.  Every redirect is checked like a first address.  Where private addresses are not
allowed, the name is resolved, every address checked, and the connection made to the address that was
checked, so that a name that resolves differently the second time gains nothing.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpcore
import httpx
import stamina

from catalog.errors import CatalogError, FeedRefusedError, FeedUnreachableError

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
ANSWER_SECONDS = 900.0  # a server that drips a byte every 29 seconds must not hold a worker for ever
LONGEST_WAIT_SECONDS = 60.0  # a server that asks for longer is asked again by the next run
MOST_REDIRECTS = 5
USER_AGENT = "Loupe/0.1 (feed reader)"

Resolve = Callable[[str, int], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of 2xx or 304.  ``body`` is empty for 304 and where the answer was written to a file."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class HttpClient:
    """Fetch from hosts at a bounded rate, with retries of what may pass.  Safe to use from several threads.

    Args:
        requests_per_second: Per host.
        connections: Open at once, over all hosts.
        attempts: Of one request, with growing waits between them, or the wait that the server asks for.
        resolve: Host name and port to IP addresses; the system's resolver by default.
    """

    def __init__(
        self,
        *,
        requests_per_second: float = 4.0,
        connections: int = 8,
        attempts: int = 4,
        resolve: Resolve | None = None,
    ) -> None:
        self._attempts = attempts
        self._pace = _Pace(1.0 / requests_per_second)
        # One pool per rule: a connection to a private address must never serve a request that may not use it.
        self._clients = {
            allow_private: httpx.Client(
                transport=_CheckedTransport(resolve or _system_addresses, connections, allow_private),
                timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None),
                follow_redirects=False,
                trust_env=False,
                headers={"User-Agent": USER_AGENT},
            )
            for allow_private in (False, True)
        }

    def __enter__(self) -> "HttpClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()

    def get(
        self, url: str, *, allow_private: bool, max_bytes: int, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Return an answer with its body in memory.

        Args:
            url: An http or https address.
            allow_private: Whether this host may have a private address; a redirect to another host may not.
            max_bytes: Of the decoded body.
            headers: As ``If-None-Match``; not sent on to another host.

        Raises:
            FeedUnreachableError: If it could not be had now: retrying did not help, or the server asked to
                wait long.
            FeedRefusedError: If it cannot be had: not there, no rights, too large, an address not allowed.
        """
        body = bytearray()

        def keep(pieces: Iterator[bytes]) -> None:
            body.clear()
            for piece in pieces:
                body.extend(piece)

        answer = self._retried(url, allow_private, max_bytes, headers, keep)
        return Answer(url=answer.url, status=answer.status, headers=answer.headers, body=bytes(body))

    def download(
        self,
        url: str,
        target: Path,
        *,
        allow_private: bool,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Write an answer's body to ``target`` piece by piece; raises like ``get``.  A 304 writes nothing."""

        def keep(pieces: Iterator[bytes]) -> None:
            with target.open("wb") as file:
                for piece in pieces:
                    file.write(piece)

        return self._retried(url, allow_private, max_bytes, headers, keep)

    def _retried(
        self,
        url: str,
        allow_private: bool,
        max_bytes: int,
        headers: Mapping[str, str] | None,
        keep: Callable[[Iterator[bytes]], None],
    ) -> Answer:
        for attempt in stamina.retry_context(
            on=_wait_before_retry, attempts=self._attempts, timeout=None, wait_max=20.0
        ):
            with attempt:
                return self._followed(url, allow_private, max_bytes, dict(headers or {}), keep)
        raise AssertionError("unreachable: stamina raises the last error")

    def _followed(
        self,
        url: str,
        allow_private: bool,
        max_bytes: int,
        headers: dict[str, str],
        keep: Callable[[Iterator[bytes]], None],
    ) -> Answer:
        origin = _origin(url)
        for _ in range(MOST_REDIRECTS + 1):
            same_host = _origin(url)[1] == origin[1]
            sent = headers if _origin(url) == origin else {}
            self._pace.wait_for_turn(urlsplit(url).netloc.rpartition("@")[2])
            with _failures_of(url):
                client = self._clients[allow_private and same_host]
                with client.stream("GET", url, headers=sent) as response:
                    if response.status_code in (301, 302, 303, 307, 308) and "location" in response.headers:
                        url = _redirected(url, response.headers["location"])
                        continue
                    _refuse_bad_status(url, response)
                    if response.status_code != 304:
                        keep(_bounded(url, response, max_bytes))
                    return Answer(url=url, status=response.status_code, headers=dict(response.headers))
        message = f"{shown(url)} is the end of more than {MOST_REDIRECTS} redirects: give the final address"
        raise FeedRefusedError(message, reason="bad_location")


def shown(url: str) -> str:
    """Return a URL fit for messages: without user, password and the values of its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return repr(url[:200])
    query = "…" if parts.query else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))[:500]


def host_of(url: str) -> str | None:
    """Return a URL's host name in lower case, None where it has none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet, also where it embeds an IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if embedded is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            embedded = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if embedded is not None:
            return is_public(str(embedded))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_NO_ADDRESS = (
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.LocalProtocolError,
    UnicodeError,
)


class _PrivateAddressError(Exception):
    pass


class _Pace:
    """Let one request per host start in each interval; waiting threads queue in order of arrival."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait_for_turn(self, host: str) -> None:
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next.get(host, 0.0))
            self._next[host] = turn + self._seconds
        if turn > now:
            time.sleep(turn - now)


class _CheckedBackend(httpcore.NetworkBackend):
    """Open connections to addresses that were looked at, never to a name."""

    def __init__(self, resolve: Resolve, allow_private: bool) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = list(dict.fromkeys(self._resolve(host, port)))
        except (OSError, UnicodeError) as error:
            message = f"host {host} cannot be resolved: {error}"
            raise httpcore.ConnectError(message) from error
        addresses = found if self._allow_private else [one for one in found if is_public(one)]
        if found and not addresses:
            message = f"{host} is {', '.join(found)}"
            raise _PrivateAddressError(message)
        last: Exception = httpcore.ConnectError(f"host {host} has no address")
        for address in addresses:
            try:
                return self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise NotImplementedError

    def sleep(self, seconds: float) -> None:
        self._network.sleep(seconds)


class _CheckedTransport(httpx.BaseTransport):
    """httpx's transport over a connection pool of ours: httpx itself has no place for a network backend."""

    def __init__(self, resolve: Resolve, connections: int, allow_private: bool) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=30.0,
            network_backend=_CheckedBackend(resolve, allow_private),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=b"",
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Stream(answer), extensions=dict(answer.extensions)
        )

    def close(self) -> None:
        self._pool.close()


class _Stream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _system_addresses(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError as error:
        message = f"{url[:200]!r} is no address: {error}"
        raise FeedRefusedError(message, reason="bad_location") from error
    if scheme not in ("http", "https") or not host:
        message = f"{shown(url)} is no http or https address"
        raise FeedRefusedError(message, reason="bad_location")
    return scheme, host, port


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        message = f"{shown(url)} redirects to {location[:200]!r}, which is no address"
        raise FeedRefusedError(message, reason="bad_location") from error


@contextmanager
def _failures_of(url: str) -> Iterator[None]:
    """Turn what the network stack raises into our two kinds: what may pass, and what will not."""
    try:
        yield
    except _PrivateAddressError as error:
        message = f"{shown(url)} leads to a private address ({error}): feeds may name public pictures only"
        raise FeedRefusedError(message, reason="private_address") from error
    except (httpx.TimeoutException, httpcore.TimeoutException) as error:
        message = f"{shown(url)} did not answer in time ({type(error).__name__}); it will be asked again"
        raise FeedUnreachableError(message, reason="timeout") from error
    except _NO_ADDRESS as error:
        message = f"{shown(url)} is no address that can be asked: {error}"
        raise FeedRefusedError(message, reason="bad_location") from error
    except (
        httpx.TransportError,
        httpx.DecodingError,
        httpcore.NetworkError,
        httpcore.ProtocolError,
    ) as error:
        message = (
            f"{shown(url)} could not be reached ({type(error).__name__}: {error}); it will be asked again"
        )
        raise FeedUnreachableError(message) from error


def _refuse_bad_status(url: str, response: httpx.Response) -> None:
    status = response.status_code
    if status == 304 or 200 <= status < 300:
        return
    if status in (408, 425, 429) or status >= 500:
        message = f"{shown(url)} answered {status}; it will be asked again"
        reason = "timeout" if status in (408, 504) else "unreachable"
        raise FeedUnreachableError(message, reason=reason, retry_after=_retry_after(response.headers))
    if status in (404, 410):
        message = f"{shown(url)} answered {status}: there is nothing at this address; correct it"
        raise FeedRefusedError(message, reason="not_found")
    if status in (401, 403, 407):
        message = f"{shown(url)} answered {status}: access is refused; check the credentials and rights"
        raise FeedRefusedError(message, reason="refused")
    message = f"{shown(url)} answered {status}: correct the address"
    raise FeedRefusedError(message, reason="refused")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait; a date is held against the server's own clock."""
    asked = headers.get("retry-after", "").strip()
    if asked.isdecimal():
        return float(asked) if len(asked) < 10 else None
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())


def _wait_before_retry(error: Exception) -> bool | float:
    if not isinstance(error, FeedUnreachableError):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= LONGEST_WAIT_SECONDS else False


def _bounded(url: str, response: httpx.Response, max_bytes: int) -> Iterator[bytes]:
    size = 0
    deadline = time.monotonic() + ANSWER_SECONDS
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and "content-encoding" not in response.headers and int(announced) > max_bytes:
        raise _too_large(url, max_bytes)
    for piece in response.iter_bytes(1 << 16):
        size += len(piece)
        if size > max_bytes:
            raise _too_large(url, max_bytes)
        if time.monotonic() > deadline:
            message = (
                f"{shown(url)} did not finish its answer in {ANSWER_SECONDS:.0f} s; it will be asked again"
            )
            raise FeedUnreachableError(message, reason="timeout")
        yield piece


def _too_large(url: str, max_bytes: int) -> CatalogError:
    message = f"{shown(url)} is larger than {max_bytes} bytes"
    return FeedRefusedError(message, reason="too_large")

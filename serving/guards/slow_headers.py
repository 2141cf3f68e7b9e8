"""A connection that never finishes its request line and headers is closed: uvicorn alone would keep it.

uvicorn bounds how long a connection may idle between requests, not how long one may take to state its next
one, nor how many bytes its headers may have.  A few thousand sockets that send a byte now and then, or one
that sends headers without end, would use up a server.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


def _answer(status: int, phrase: str, kind: str, title: str, remedy: str) -> bytes:
    said = (
        f'{{"type":"urn:loupe:problem:{kind}","title":"{title}","status":{status},"remedy":"{remedy}"}}'
    ).encode()
    return (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
        f"content-length: {len(said)}\r\n\r\n"
    ).encode() + said


_LATE = _answer(
    408, "Request Timeout", "late", "The request did not arrive", "send its headers without a pause"
)
_LARGE = _answer(
    431, "Request Header Fields Too Large", "too-large", "The request brings too much", "send fewer headers"
)


class PromptHeaders(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with an end to waiting for a request's headers, and to their size."""

    header_seconds = 10.0  # from connecting, or from the first byte of a later request
    header_bytes = 65_536
    _came = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what comes; where it begins another request, wait for its end."""
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()
        super().data_received(data)
        self._came += len(data)
        if self._timer is not None and self._came > self.header_bytes:
            self._end(_LARGE)

    def on_headers_complete(self) -> None:
        """Wait no more."""
        self._stop()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._came = 0
        self._timer = self.loop.call_later(self.header_seconds, self._end, _LATE)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, answer: bytes) -> None:
        self._stop()
        transport: Any = self.transport
        if not transport.is_closing():
            transport.write(answer)
            transport.close()

"""A connection that never finishes its request line and headers is closed: uvicorn alone would keep it.

uvicorn bounds how long a connection may idle between requests, not how long one may take to state its first
(https://github.com/encode/uvicorn/issues/493), so a few thousand sockets that send a byte now and then would
use up a server.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_SAID = b'{"type":"urn:loupe:problem:late","title":"The request did not arrive","status":408}'
_ANSWER = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
    b"content-length: " + str(len(_SAID)).encode() + b"\r\n\r\n" + _SAID
)


class PromptHeaders(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with an end to waiting for a request's headers."""

    header_seconds = 10.0  # from connecting, or from the first byte of a later request
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

    def on_headers_complete(self) -> None:
        """Wait no more."""
        self._stop()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.header_seconds, self._give_up)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        transport: Any = self.transport
        if not transport.is_closing():
            transport.write(_ANSWER)
            transport.close()

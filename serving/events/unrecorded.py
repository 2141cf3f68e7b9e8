"""Requests of which nothing is recorded: who asks not to be tracked, crawlers, what browsers fetch ahead.

``DNT: 1`` (W3C Tracking Preference Expression) and ``Sec-GPC: 1`` (Global Privacy Control) are honoured
whatever else a request says.  A prefetch is nobody's view, and neither is a crawler's.
"""

import re
from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

_recorded: ContextVar[bool] = ContextVar("recorded", default=True)
_CRAWLER = re.compile(rb"bot\b|crawl|spider|slurp", re.IGNORECASE)


def is_recorded() -> bool:
    """Tell whether what the present request does may be recorded."""
    return _recorded.get()


class Unrecorded:
    """Note for the rest of a request whether it may be recorded.

    Args:
        app: What the request goes on to.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            _recorded.set(
                headers.get(b"dnt") != b"1"
                and headers.get(b"sec-gpc") != b"1"
                and b"prefetch" not in headers.get(b"sec-purpose", headers.get(b"purpose", b""))
                and not _CRAWLER.search(headers.get(b"user-agent", b""))
            )
        await self.app(scope, receive, send)

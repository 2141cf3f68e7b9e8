"""No request takes longer than it may: to arrive, and then to be answered.

When its time is over, whatever waits for it is cancelled: work that is still queued is never done.  Work that
a thread has begun is finished there, since threads cannot be stopped, and its result is dropped.
"""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.observing.metrics import ServingMetrics
from serving.problems import problem


class TimeLimit:
    """Refuse a request with 408 when its body does not arrive, with 503 when its answer is not ready in time.

    Args:
        app: What a request goes on to.
        arrive_seconds: For a body to arrive.
        answer_seconds: From then on to the first byte of the answer.
        metrics: Where refusals are counted.
    """

    def __init__(
        self, app: ASGIApp, *, arrive_seconds: float, answer_seconds: float, metrics: ServingMetrics
    ) -> None:
        self.app = app
        self._arrive, self._answer, self._metrics = arrive_seconds, answer_seconds, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on for as long as it may take."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        arriving, started = _brings_a_body(scope), False
        limit = asyncio.timeout(self._arrive if arriving else self._answer)

        async def arrived() -> Message:
            nonlocal arriving
            message = await receive()
            if arriving and not message.get("more_body", False):
                arriving = False
                limit.reschedule(loop.time() + self._answer)
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                limit.reschedule(None)  # what is ready is sent, however slowly it is taken
            await send(message)

        with suppress(TimeoutError):
            async with limit:
                await self.app(scope, arrived, noted)
        if limit.expired() and not started:
            self._metrics.turned_away("time")
            answer = self._late() if arriving else self._busy()
            await answer(scope, receive, send)

    def _late(self) -> ASGIApp:
        return problem(
            408,
            "late",
            "The request did not arrive",
            f"its body was not here after {self._arrive:g} s: send it again, over a faster connection",
            headers={"connection": "close"},
        )

    def _busy(self) -> ASGIApp:
        return problem(
            503,
            "time",
            "The answer took too long",
            f"it was not ready after {self._answer:g} s and is given up: ask again later, or ask for less",
        )


def _brings_a_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"

"""A bound on request bodies, before anything reads them: whatever a length header says, or does not."""

from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.problems import problem


class BodyTooLargeError(Exception):
    """More came than is taken; the response says so, and this ends what was reading."""


class BodyLimit:
    """Refuse a request with 413 when its body is larger than a number of bytes.

    Args:
        app: What the request goes on to.
        most_bytes: Of a body.
    """

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self.app = app
        self._most = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what comes."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        stated = dict(scope["headers"]).get(b"content-length", b"")
        if stated.isdigit() and int(stated) > self._most:
            await self._refuse(scope, receive, send)
            return
        came, started = 0, False

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._most:
                raise BodyTooLargeError
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            if came <= self._most:  # what the application makes of the broken body is not the answer
                started = started or message["type"] == "http.response.start"
                await send(message)

        with suppress(BodyTooLargeError):
            await self.app(scope, counted, noted)
        if came > self._most and not started:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem(
            413,
            "too-large",
            "The request brings too much",
            f"a request may bring {self._most} bytes: send fewer or smaller pictures",
            place=scope["path"],
            headers={"connection": "close"},
        )
        await response(scope, receive, send)

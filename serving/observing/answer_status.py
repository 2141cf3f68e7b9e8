"""An answer's status, heard on its way out: for middleware that notes what became of a request."""

from starlette.types import Message, Send


class AnswerStatus:
    """Pass an answer's messages on, and keep its status: 500 until it begins, as what is raised is answered.

    Args:
        send: Where messages go.
    """

    def __init__(self, send: Send) -> None:
        self.status = 500
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)

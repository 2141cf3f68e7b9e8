"""Logs as lines of JSON, each with the id of the request that it belongs to.

No picture and no words of a query are in them: a request is named by its route and path, never by its query
string or body.
"""

import logging
import re
import time
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.observing.requests import route_of

LogFormat = Literal["json", "text"]
REQUEST_ID = "x-request-id"
request_id: ContextVar[str | None] = ContextVar("loupe_request_id", default=None)
logger = logging.getLogger(__name__)

_TAKEN_OVER = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_LONGEST_PATH = 200


class JsonLines(logging.Formatter):
    """One JSON object per record: ``at``, ``level``, ``logger``, ``message``, and what it brings."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (known := request_id.get()) is not None:
            line["request_id"] = known
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def logging_config(form: LogFormat, level: str) -> dict[str, Any]:
    """Return the configuration of ``logging.config`` for a serving process, uvicorn's records included."""
    text = {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "serving.observing.logs.JsonLines"} if form == "json" else text},
        "handlers": {
            "out": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}
        },
        "root": {"handlers": ["out"], "level": level.upper()},
        "loggers": {
            **{name: {"level": "WARNING"} for name in ("alembic", "faiss", "httpx")},
            "uvicorn": {"level": level.upper(), "propagate": True, "handlers": []},
        },
    }


class RequestLog:
    """Give every request an id, send it back, and write one line about what became of it.

    Args:
        app: What a request goes on to.
        writes: Whether to write the line.
    """

    def __init__(self, app: ASGIApp, *, writes: bool) -> None:
        self.app = app
        self._writes = writes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status, size = time.perf_counter(), 500, 0
        own = scope["loupe.request_id"] = _id_of(scope)
        token = request_id.set(own)

        async def noted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = own
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            if self._writes:
                _write(scope, status, size, (time.perf_counter() - start) * 1_000)
            request_id.reset(token)


def _write(scope: Scope, status: int, size: int, milliseconds: float) -> None:
    client = scope.get("loupe.client")
    fields = {
        "method": scope["method"],
        "route": route_of(scope),
        "path": scope["path"][:_LONGEST_PATH],
        "status": status,
        "ms": round(milliseconds, 2),
        "bytes": size,
        "client": getattr(client, "name", None),
        "key_id": getattr(client, "key_id", None),
    }
    logger.info(
        "%s %s %d %.1f ms",
        scope["method"],
        fields["route"],
        status,
        milliseconds,
        extra={"fields": {name: value for name, value in fields.items() if value is not None}},
    )


def _id_of(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == REQUEST_ID.encode() and _TAKEN_OVER.fullmatch(value):
            stated: str = value.decode("ascii")
            return stated
    return uuid.uuid4().hex

"""Errors as callers see them: ``application/problem+json`` (RFC 9457): the thing, its place, the remedy."""

import logging
from collections.abc import Mapping

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from index_builds.errors import IndexBuildError, SearchError
from serving.errors import (
    ForbiddenError,
    NotServableError,
    OverloadedError,
    QueryError,
    RateLimitedError,
    ServingError,
    SnapshotGoneError,
    TooLargeError,
    UnauthenticatedError,
    UnknownThingError,
)
from storage.objects import ObjectStoreError
from vision.errors import UnreadableImageError, VisionError

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"

_KINDS: Mapping[type[Exception], tuple[int, str, str]] = {
    QueryError: (400, "query", "The query cannot be answered as it is"),
    SearchError: (400, "query", "The query cannot be answered as it is"),
    UnreadableImageError: (422, "picture", "The picture cannot be used"),
    UnknownThingError: (404, "unknown", "There is no such thing"),
    TooLargeError: (413, "too-large", "The request brings too much"),
    SnapshotGoneError: (410, "snapshot-gone", "The snapshot of this cursor is gone"),
    NotServableError: (503, "not-servable", "Nothing can serve this now"),
    OverloadedError: (429, "overloaded", "Too much at once"),
    UnauthenticatedError: (401, "key", "A key is needed"),
    ForbiddenError: (403, "scope", "The key is not for this"),
    RateLimitedError: (429, "rate", "Too often"),
    ServingError: (500, "serving", "The answer could not be made"),
    IndexBuildError: (503, "snapshot", "The snapshot cannot be searched"),
    ObjectStoreError: (503, "object-store", "The object store does not answer"),
    VisionError: (503, "encoder", "The encoder cannot be used"),
    SQLAlchemyError: (503, "database", "The database does not answer"),
}
_RETRY_SECONDS = {429: "1", 503: "5"}


def problem(
    status: int,
    kind: str,
    title: str,
    detail: str,
    *,
    place: str | None = None,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document; what follows the last colon or semicolon of the detail is the remedy."""
    said, remedy = _remedy(detail)
    document: dict[str, object] = {
        "type": f"urn:loupe:problem:{kind}",
        "title": title,
        "status": status,
        "detail": said,
        "remedy": remedy,
        "place": place,
    }
    if errors is not None:
        document["errors"] = errors
    again = {"Retry-After": _RETRY_SECONDS[status]} if status in _RETRY_SECONDS else {}
    return Response(
        orjson.dumps({name: value for name, value in document.items() if value is not None}),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={**again, **(headers or {})},
    )


def handle_problems(app: FastAPI) -> None:
    """Make an application answer every error with a problem document."""

    async def known(request: Request, error: Exception) -> Response:
        answer = answer_known(error, request.url.path)
        if answer.status_code >= 500:
            logger.error("%s %s: %s", request.method, request.url.path, error)
        return answer

    async def invalid(request: Request, error: Exception) -> Response:
        found = error.errors() if isinstance(error, RequestValidationError | ValidationError) else []
        errors = [
            {"place": ".".join(str(part) for part in one["loc"]) or "query", "problem": str(one["msg"])}
            for one in found
        ]
        first = errors[0] if errors else {"place": "query", "problem": "is not valid"}
        message = (
            f"{first['place']} is not valid ({first['problem'].removeprefix('Value error, ')}): see /docs"
        )
        return problem(
            422, "invalid", "The request is not valid", message, place=request.url.path, errors=errors
        )

    async def unrouted(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        stated = str(error.detail) if isinstance(error, HTTPException) else "it failed"
        detail = f"{stated.rstrip('.')}: /docs says what can be asked"
        return problem(
            status, "http", "The request cannot be served", detail, place=request.url.path, headers=headers
        )

    async def unexpected(request: Request, error: Exception) -> Response:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return problem(
            500, "internal", "Loupe failed", "an error that nobody foresaw: its trace is in the log",
            place=request.url.path, headers=_named(request),
        )  # fmt: skip

    for family in _KINDS:
        app.add_exception_handler(family, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(ValidationError, invalid)
    app.add_exception_handler(HTTPException, unrouted)
    app.add_exception_handler(Exception, unexpected)


def answer_known(error: Exception, place: str) -> Response:
    """Return the answer to an error that was foreseen, with the headers that it brings."""
    status, kind, title = _kind(error) or (500, "internal", "Loupe failed")
    headers = error.headers if isinstance(error, ServingError) else None
    return problem(status, kind, title, _detail(kind, error), place=place, headers=headers)


def problem_document(error: Exception, place: str) -> dict[str, object] | None:
    """Return the problem document of an error that was foreseen; None of any other."""
    found = _kind(error)
    if found is None:
        return None
    said, remedy = _remedy(_detail(found[1], error))
    document: dict[str, object] = {
        "type": f"urn:loupe:problem:{found[1]}", "title": found[2], "status": found[0], "detail": said,
        "remedy": remedy, "place": place,
    }  # fmt: skip
    return {name: value for name, value in document.items() if value is not None}


def _named(request: Request) -> dict[str, str]:
    """Return the header with a request's id, for the one answer that is made outside of everything."""
    known = request.scope.get("loupe.request_id")
    return {} if known is None else {"X-Request-ID": known}


def _kind(error: Exception) -> tuple[int, str, str] | None:
    return next((_KINDS[one] for one in type(error).__mro__ if one in _KINDS), None)


def _detail(kind: str, error: Exception) -> str:
    # What a driver says may quote statements and addresses.
    return "it could not be read: try again" if kind == "database" else str(error)


def _remedy(message: str) -> tuple[str, str | None]:
    cut = max(message.rfind(": "), message.rfind("; "))
    return (message, None) if cut < 0 else (message[:cut], message[cut + 2 :])

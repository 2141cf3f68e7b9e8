"""How a page is answered: its template, its headers, what every page shows, and what it says of an error."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.templating import Jinja2Templates
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from serving.api.asking import house_of
from serving.errors import RateLimitedError, UnknownThingError
from serving.guards.access import client_of
from serving.house import ServedHouse
from serving.pages import showing
from serving.pages.question import address_of, amounts_of, pairs_of
from serving.problems import answer_known, problem_document

FOLDER = Path(__file__).parent
_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


def _as_json(document: Any) -> Any:
    """Return a document as JSON says it: hits, which answers keep as JSON, are read, moments are text."""
    return orjson.loads(orjson.dumps(document))


_templates = Jinja2Templates(directory=FOLDER / "templates")
_templates.env.filters |= {"words": showing.words, "field_name": showing.name_of, "day": showing.day}
_templates.env.globals |= {
    "money": showing.money,
    "card_price": showing.card_price,
    "orders": showing.orders,
    "srcset": showing.srcset,
    "as_json": _as_json,
    "fact": showing.fact,
    "address_of": address_of,
    "amounts_of": amounts_of,
    "pairs_of": pairs_of,
    "in_collection": lambda path, collection: path + _only(collection=collection),
}


def page(
    request: Request, template: str, values: dict[str, Any], *, collection: str | None, status: int = 200
) -> Response:
    """Return a page.

    Args:
        request: Whose answer it is.
        template: The file's name.
        values: What it shows.
        collection: As the address names it; None for the default one.
        status: Of the answer.
    """
    signed = house_of(request).signed
    policy = _POLICY if signed is None else _POLICY.replace("img-src", f"img-src {signed.origin}")
    headers = {**_HEADERS, "content-security-policy": policy}
    shown = {
        **values,
        "chosen": collection or "",
        "live": _live(house_of(request), collection),
        "is_admin": "admin" in client_of(request).scopes,
    }
    return _templates.TemplateResponse(request, template, shown, status_code=status, headers=headers)


async def shown(request: Request, show: Callable[[], Awaitable[Response]]) -> Response:
    """Return a page, or the page that says what was wrong and what to do."""
    said: dict[str, Any]
    try:
        return await show()
    except ValidationError as error:
        first = error.errors()[0]
        place = ", ".join(map(str, first["loc"])) or "the question"
        said = {"status": 422, "title": "The question does not fit", "detail": f"{place}: {first['msg']}"}
    except HTTPException as error:
        said = {"status": error.status_code, "title": "The question cannot be read", "detail": error.detail}
    except Exception as error:
        if problem_document(error, request.url.path) is None:
            raise
        return _problem_page(request, answer_known(error, request.url.path))
    return page(request, "problem.html", {"problem": said}, collection=None, status=said["status"])


def show_problems(app: FastAPI) -> None:
    """Answer people with a page where there is none of an address, or where they ask too often."""
    for family in (HTTPException, RateLimitedError):
        app.add_exception_handler(family, _for_people(app.exception_handlers[family]))


def _for_people(answer: Any) -> Any:
    """Return a handler that makes a page of another one's problem document, for whoever reads pages."""

    async def answered(request: Request, error: Exception) -> Response:
        document: Response = await answer(request, error)
        reads_pages = "text/html" in request.headers.get("accept", "")
        if reads_pages and not request.url.path.startswith("/v1/"):
            return _problem_page(request, document)
        return document

    return answered


def _problem_page(request: Request, document: Response) -> Response:
    """Return a problem document as a page, with the headers that tell a caller more."""
    said = orjson.loads(document.body)
    answer = page(request, "problem.html", {"problem": said}, collection=None, status=document.status_code)
    for name in ("retry-after", "allow"):
        if name in document.headers:
            answer.headers[name] = document.headers[name]
    return answer


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with its hits read, which answers keep as JSON, each with its search."""
    read: dict[str, Any] = _as_json(document)
    for place, hit in enumerate(read["hits"]):
        hit["found_by"] = {"search_id": read["search_id"], "position": read["offset"] + place}
    return read


def _only(**stated: str) -> str:
    kept = {name: value for name, value in stated.items() if value}
    return f"?{urlencode(kept)}" if kept else ""


def _live(house: ServedHouse, collection: str | None) -> dict[str, Any]:
    """Return what is searchable now, from memory: every page shows it, also while the database is away."""
    try:
        live = house.chosen(collection)
    except UnknownThingError:
        live = house.chosen(None)
    served = live.current
    signals = None if served is None else served.signals
    as_of = None if signals is None or not isfinite(signals.as_of) else signals.as_of
    return {
        "collection": live.collection,
        "label": house.labels[live.collection] or live.collection,
        "pieces": None if served is None else len(served.table),
        "snapshot_id": None if served is None else served.snapshot_id,
        "delivered_at": None if as_of is None else datetime.fromtimestamp(as_of, UTC),
    }

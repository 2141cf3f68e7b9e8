"""``/opened``: which hit of a search was opened on the page.  As open as the page; nothing says by whom."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from serving.api.asking import house_of
from serving.events.intake import Sent, take_events
from serving.events.unrecorded import is_recorded
from serving.problems import MEDIA_TYPE

router = APIRouter(include_in_schema=False)


class OpenedHit(BaseModel):
    """A hit, the search that showed it, and where it stood; ``id`` is drawn by the page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID
    piece_id: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
    collection: str | None = Field(default=None, max_length=64)
    search_id: UUID
    position: int = Field(ge=0, le=100_000)


@router.post("/opened", status_code=204)
async def opened(request: Request, hit: OpenedHit) -> Response:
    """Take a click."""
    house = house_of(request)
    if not house.events.recorded or not is_recorded():
        return Response(status_code=204)
    click = Sent(
        sent_id=hit.id,
        kind="click",
        piece_id=hit.piece_id,
        collection=hit.collection,
        occurred_at=None,
        search_id=hit.search_id,
        position=hit.position,
    )
    taken = await take_events(house, [click], client_id=None, session_id=None)
    if taken.refused:
        said = taken.refused[0]["problem"]
        return Response(orjson.dumps(said), status_code=said["status"], media_type=MEDIA_TYPE)
    return Response(status_code=204)

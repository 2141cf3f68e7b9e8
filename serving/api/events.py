"""``/v1/events``: what people do with pieces, and the erasure of what somebody did."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from catalog.events.forgetting import erase
from serving.api.answers import json_response
from serving.api.asking import house_of
from serving.api.models import Problem
from serving.api.search import PROBLEMS
from serving.errors import TooLargeError
from serving.events.intake import Sent, Taken, take_events
from serving.events.unrecorded import is_recorded
from serving.guards.access import charge, requires
from serving.house import ServedHouse

router = APIRouter(prefix="/v1/events", tags=["events"], responses=PROBLEMS)
_COST_OF = 10  # events that cost a client what one request does
Who = Annotated[str | None, Field(default=None, min_length=1, max_length=200)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SentEvent(_Document):
    """Something that somebody did with a piece."""

    id: UUID = Field(description="Drawn by the sender; an event that is sent again is kept once")
    kind: Literal["view", "click", "favourite", "purchase"] = Field(
        description="view: the piece was opened; click: it was chosen from an answer"
    )
    piece_id: str = Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$", examples=["p-6f0c2a8e"])
    collection: str | None = Field(
        default=None, max_length=64, description="Default: the house's default collection"
    )
    occurred_at: AwareDatetime | None = Field(default=None, description="Default: when it arrives")
    search_id: UUID | None = Field(default=None, description="Of the answer that led to it")
    position: int | None = Field(
        default=None,
        ge=0,
        le=100_000,
        description="Of the piece in that answer: offset plus its place, from 0",
    )


class SentEvents(_Document):
    """Events of one client; what names it is kept only as keyed pseudonyms, and may be left out."""

    client_id: Who
    session_id: Who
    events: list[SentEvent] = Field(min_length=1, max_length=1_000)


class RefusedEvent(BaseModel):
    """An event that was not taken, and why."""

    id: str
    problem: Problem


class TakenEvents(BaseModel):
    """What became of the events of a request."""

    accepted: int = Field(description="Events that will be written; those that were there already count, too")
    refused: list[RefusedEvent] = Field(description="Events that can never be taken as they are")
    ignored: int = Field(
        description="Events of somebody who asks not to be tracked (DNT, Sec-GPC), or all, where nothing is "
        "recorded"
    )


class Erasure(_Document):
    """Whose events to delete: exactly one of the three."""

    client_id: Who
    session_id: Who
    pseudonym: str | None = Field(default=None, pattern="^p-[0-9a-f]{32}$", description="As it is stored")

    @model_validator(mode="after")
    def _one(self) -> "Erasure":
        if sum(one is not None for one in (self.client_id, self.session_id, self.pseudonym)) != 1:
            message = "name one of client_id, session_id and pseudonym"
            raise ValueError(message)
        return self


class Erased(BaseModel):
    """How many events were deleted."""

    erased: int


@router.post("", response_model=TakenEvents, status_code=202)
async def events(request: Request, sent: SentEvents) -> Response:
    """Take what people did; it is written a moment later."""
    house = house_of(request)
    most = house.events.batch
    if len(sent.events) > most:
        message = f"there are {len(sent.events)} events: send {most} or fewer at once"
        raise TooLargeError(message)
    charge(request, len(sent.events) // _COST_OF)
    if not house.events.recorded or not is_recorded():
        return _answer(Taken(accepted=0, refused=[]), ignored=len(sent.events))
    given = [
        Sent(
            sent_id=one.id,
            kind=one.kind,
            piece_id=one.piece_id,
            collection=one.collection,
            occurred_at=one.occurred_at,
            search_id=one.search_id,
            position=one.position,
        )
        for one in sent.events
    ]
    taken = await take_events(house, given, client_id=sent.client_id, session_id=sent.session_id)
    return _answer(taken, ignored=0)


@router.post("/erase", response_model=Erased, dependencies=[requires("admin")])
async def erase_events(request: Request, asked: Erasure) -> Response:
    """Delete what somebody did; what another process has not written yet is deleted when asked again."""
    house = house_of(request)
    return json_response({"erased": await house.pool.do(_erase, house, asked)})


def _erase(house: ServedHouse, asked: Erasure) -> int:
    house.recorder.flush()
    theirs = set() if asked.pseudonym is None else {asked.pseudonym}
    if asked.client_id is not None:
        theirs |= house.pseudonyms.all_of("client", asked.client_id)
    if asked.session_id is not None:
        theirs |= house.pseudonyms.all_of("session", asked.session_id)
    return erase(house.engine, theirs)


def _answer(taken: Taken, *, ignored: int) -> Response:
    answer = json_response({"accepted": taken.accepted, "refused": taken.refused, "ignored": ignored})
    answer.status_code = 202
    return answer

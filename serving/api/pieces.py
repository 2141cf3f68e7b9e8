"""``/v1/pieces``: one piece, and what is like it."""

from fastapi import APIRouter, Request, Response

from serving.api.answers import json_response
from serving.api.asking import SimilarQuery, house_of
from serving.api.models import SearchAnswer
from serving.api.search import PROBLEMS
from serving.asking import Asked, ask

router = APIRouter(prefix="/v1/pieces", tags=["pieces"], responses=PROBLEMS)


@router.get("/{piece_id}/similar", response_model=SearchAnswer)
async def similar(request: Request, piece_id: str, asked: SimilarQuery) -> Response:
    """Pieces that look like one."""
    house = house_of(request)
    return json_response(
        await ask(
            house,
            Asked(liked=(piece_id,)),
            asked.shape(),
            collection=asked.collection,
            limit=asked.page_size(house.settings),
            cursor=asked.cursor,
        )
    )

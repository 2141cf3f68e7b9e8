"""``/v1/pieces``: one piece, and what is like it."""

from fastapi import APIRouter, Request, Response

from index_builds.channel_names import VISUAL
from index_builds.fusion import Term
from serving.answering import answer_terms
from serving.api.answers import json_response, search_document
from serving.api.asking import SimilarQuery, house_of
from serving.api.models import SearchAnswer
from serving.api.search import PROBLEMS
from serving.errors import UnknownThingError
from serving.likeness import keys_of, piece_vector, place_in
from serving.queries import Stopwatch, paging_of

router = APIRouter(prefix="/v1/pieces", tags=["pieces"], responses=PROBLEMS)


@router.get("/{piece_id}/similar", response_model=SearchAnswer)
async def similar(request: Request, piece_id: str, asked: SimilarQuery) -> Response:
    """Pieces that look like one."""
    house = house_of(request)
    settings = house.settings
    watch, shape = Stopwatch(), asked.shape()
    question = b"similar:" + piece_id.encode() + b"\0" + shape.key()
    paging = paging_of(asked.cursor, asked.page_size(settings), question, most_results=settings.most_results)
    with house.chosen(asked.collection).lease(paging.snapshot_id) as served:
        place = place_in(served, piece_id)
        with watch.stage("search"):
            vector = await house.pool.do(piece_vector, served, place, VISUAL)
            if vector is None:
                message = f"piece {piece_id} has no picture that can be compared: ask for another"
                raise UnknownThingError(message)
            term = Term(channel=VISUAL, vector=vector, weight=1.0, label="like this")
            page = await house.pool.do(
                answer_terms,
                served,
                [term],
                shape,
                paging,
                settings,
                excluding=keys_of(served, place),
                without=frozenset({place}),
            )
        return json_response(search_document(served, page, shape=shape, question=question, watch=watch))

"""``/v1/search``: words, pictures, and both with pieces that are liked or not."""

from typing import Any

from fastapi import APIRouter, Request, Response

from index_builds.channel_names import VISUAL
from index_builds.fusion import Term
from serving.answering import answer_terms
from serving.api.answers import json_response, search_document
from serving.api.asking import TextQuery, house_of
from serving.api.models import Problem, SearchAnswer
from serving.encoding import encode_text, matching_encoder
from serving.queries import Stopwatch, paging_of

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 404, 410, 422, 503)
}
router = APIRouter(prefix="/v1/search", tags=["search"], responses=PROBLEMS)


@router.get("/text", response_model=SearchAnswer)
async def text(request: Request, asked: TextQuery) -> Response:
    """Pieces that words describe."""
    house = house_of(request)
    settings = house.settings
    watch, shape = Stopwatch(), asked.shape()
    question = b"text:" + asked.q.encode() + b"\0" + shape.key()
    paging = paging_of(asked.cursor, asked.page_size(settings), question, most_results=settings.most_results)
    with house.chosen(asked.collection).lease(paging.snapshot_id) as served:
        with watch.stage("encode"):
            encoded = await house.pool.do(
                lambda: encode_text(matching_encoder(house.encoder, served.encoder_id), asked.q)
            )
        term = Term(channel=VISUAL, vector=encoded.vector, weight=1.0, label="words")
        with watch.stage("search"):
            page = await house.pool.do(answer_terms, served, [term], shape, paging, settings)
        return json_response(
            search_document(
                served,
                page,
                shape=shape,
                question=question,
                watch=watch,
                unknown=encoded.unknown,
                near=encoded.near,
            )
        )

"""``/v1/search``: words, pictures, and both with pieces that are liked or not; several questions at once."""

import asyncio
import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from pydantic import ValidationError
from starlette.datastructures import UploadFile as Part

from serving.api.answers import json_response
from serving.api.asking import AskFields, TextQuery, house_of
from serving.api.models import BatchAnswer, Problem, SearchAnswer
from serving.api.questions import BatchQuestion, HybridQuestion
from serving.asking import Asked, ask
from serving.encoding import AskedPicture, Crop
from serving.errors import QueryError, TooLargeError
from serving.guards.access import charge
from serving.house import ServedHouse
from serving.problems import problem_document
from serving.settings import ServingSettings

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 410, 413, 422, 429, 503)
}
router = APIRouter(prefix="/v1/search", tags=["search"], responses=PROBLEMS)


@router.get("/text", response_model=SearchAnswer)
async def text(request: Request, asked: TextQuery) -> Response:
    """Pieces that words describe."""
    return await _answered(house_of(request), Asked(words=(asked.q,)), asked)


@router.post("/image", response_model=SearchAnswer)
async def image(
    request: Request,
    asked: Annotated[AskFields, Query()],
    pictures: Annotated[list[UploadFile], File(description="JPEG, PNG, WebP or AVIF; one or several")],
    crop: Annotated[
        list[str] | None,
        Form(
            description="Per picture, in their order: left,top,right,bottom as fractions; empty for all of it"
        ),
    ] = None,
) -> Response:
    """Pieces like those in one or several pictures."""
    house = house_of(request)
    crops = [_crop(one) for one in crop or []]
    if len(crops) > len(pictures):
        message = f"there are {len(crops)} crops for {len(pictures)} pictures: give one per picture, in order"
        raise QueryError(message)
    crops += [None] * (len(pictures) - len(crops))
    files = await read_pictures(pictures, house.settings)
    shown = tuple(AskedPicture(data=data, crop=box) for data, box in zip(files, crops, strict=True))
    return await _answered(house, Asked(pictures=shown), asked)


@router.post(
    "/hybrid",
    response_model=SearchAnswer,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": HybridQuestion.model_json_schema(mode="validation")},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["question"],
                        "properties": {
                            "question": {"type": "string", "description": "The JSON document"},
                            "pictures": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        },
                    }
                },
            },
        }
    },
)
async def hybrid(request: Request) -> Response:
    """Words, pictures, liked and disliked pieces in one question, channels weighed.

    As JSON, pictures are base64; as multipart, ``question`` is the JSON document and ``pictures`` are files,
    which come before those in the document.
    """
    house = house_of(request)
    files: list[bytes] = []
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=house.settings.most_pictures, max_fields=4) as form:
            files = await read_pictures(
                [one for one in form.getlist("pictures") if isinstance(one, Part)], house.settings
            )
            stated = form.get("question")
        body = stated.encode() if isinstance(stated, str) else b""
    else:
        body = await request.body()
    question = HybridQuestion.model_validate_json(body)
    return await _answered(house, hybrid_asked(question, house.settings, files), question)


@router.post("/batch", response_model=BatchAnswer)
async def batch(request: Request, asked: BatchQuestion) -> Response:
    """Several questions at once, answered by one snapshot; one that fails has its problem in its place."""
    house = house_of(request)
    most = house.settings.batch_questions
    if len(asked.questions) > most:
        message = f"there are {len(asked.questions)} questions: ask {most} or fewer at once"
        raise TooLargeError(message)
    charge(request, len(asked.questions) - 1)
    with house.chosen(asked.collection).lease() as served:

        async def one(question: HybridQuestion) -> dict[str, Any]:
            try:
                return await ask(
                    house,
                    hybrid_asked(question, house.settings, []),
                    question.shape(),
                    collection=asked.collection,
                    limit=question.page_size(house.settings),
                    cursor=question.cursor,
                    snapshot_id=served.snapshot_id,
                )
            except Exception as error:  # a problem of this question alone, or raised again
                document = problem_document(error, request.url.path)
                if document is None:
                    raise
                return {"problem": document}

        answers = await asyncio.gather(*(one(question) for question in asked.questions))
    return json_response({"answers": answers})


async def _answered(house: ServedHouse, asked: Asked, fields: AskFields) -> Response:
    return json_response(
        await ask(
            house,
            asked,
            fields.shape(),
            collection=fields.collection,
            limit=fields.page_size(house.settings),
            cursor=fields.cursor,
        )
    )


def hybrid_asked(question: HybridQuestion, settings: ServingSettings, files: list[bytes]) -> Asked:
    """Return what a document asks.

    Raises:
        QueryError: If a picture is no base64.
        TooLargeError: If a picture is larger, or there are more, than is taken.
    """
    pictures = [AskedPicture(data=data) for data in files]
    for one in question.pictures:
        try:
            data = base64.b64decode(one.data, validate=True)
        except (binascii.Error, ValueError) as error:
            message = f"a picture is not base64 ({error}): send the file's bytes, encoded"
            raise QueryError(message) from error
        _check_bytes(len(data), settings)
        pictures.append(AskedPicture(data=data, crop=one.crop))
    if len(pictures) > settings.most_pictures:
        message = f"there are {len(pictures)} pictures: send {settings.most_pictures} or fewer"
        raise TooLargeError(message)
    return Asked(
        words=tuple(question.words),
        pictures=tuple(pictures),
        liked=tuple(question.liked),
        disliked=tuple(question.disliked),
        not_words=tuple(question.not_words),
        words_weight=question.words_weight,
        pictures_weight=question.pictures_weight,
        liked_weight=question.liked_weight,
        not_weight=question.not_weight,
        channels={name: weight for name, weight in question.channels.model_dump().items() if weight > 0},
    )


async def read_pictures(parts: list[Any], settings: ServingSettings) -> list[bytes]:
    """Return the bytes of uploaded pictures.

    Raises:
        TooLargeError: If there are too many, or one has too many bytes.
    """
    if len(parts) > settings.most_pictures:
        message = f"there are {len(parts)} pictures: send {settings.most_pictures} or fewer"
        raise TooLargeError(message)
    files = []
    for part in parts:
        _check_bytes(part.size or 0, settings)
        files.append(await part.read())
    return files


def _check_bytes(count: int, settings: ServingSettings) -> None:
    if count > settings.largest_picture_bytes:
        message = f"a picture has {count} bytes: send {settings.largest_picture_bytes} or fewer"
        raise TooLargeError(message)


def _crop(text: str) -> Crop | None:
    from serving.api.questions import CROP

    if not text.strip():
        return None
    try:
        return CROP.validate_python(tuple(text.split(",")))
    except ValidationError as error:
        message = f"crop {text!r} is no box: give left,top,right,bottom as fractions from 0 to 1"
        raise QueryError(message) from error

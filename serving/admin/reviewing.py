"""The review queue as a page shows it: one question with its evidence and pictures, and what comes next."""

import io
from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa
from PIL import Image
from sqlalchemy import Engine

from catalog.decisions import Kind
from catalog.review.evidence import evidence_lines
from catalog.review.items import ReviewItem
from catalog.review.queue import find, waiting
from catalog.review.shown import ShownPicture, pictures_beside
from catalog.tables import image_references
from serving.errors import UnknownThingError
from storage.database import reading
from storage.objects import ObjectMissingError, ObjectStore, digest_key
from vision.decoding import DecodeLimits, decode_fast
from vision.errors import UnreadableImageError

NEXT_SHOWN = 8
PICTURE_PX = 480
KEYED = 9  # options that a digit answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits, and the question that is asked now; None where nothing waits.

    ``by_kind`` counts what waits in all; ``later`` are the next few.
    """

    item: ReviewItem | None
    lines: list[str]
    pictures: list[ShownPicture]
    later: list[ReviewItem]
    by_kind: dict[str, int]


def read_queue(engine: Engine, collection: str, kind: Kind | None, given: str | None) -> Queue:
    """Return the queue of a collection.

    Args:
        engine: The catalogue.
        collection: Whose questions.
        kind: Of questions of this kind only.
        given: The question to ask now, waiting or decided; None for the most valuable one.

    Raises:
        DecisionError: If ``given`` is no question.
    """
    every = waiting(engine, collection)
    of_kind = [item for item in every if kind in (None, item.kind)]
    item = find(engine, collection, given) if given else of_kind[0] if of_kind else None
    return Queue(
        item=item,
        lines=[] if item is None else evidence_lines(item),
        pictures=[] if item is None else pictures_beside(engine, collection, item),
        later=[one for one in of_kind if item is None or one.item_id != item.item_id][:NEXT_SHOWN],
        by_kind=dict(Counter(item.kind for item in every)),
    )


def small_picture(engine: Engine, objects: ObjectStore, collections: list[str], image_id: str) -> bytes:
    """Return a small WebP of a picture that a listing of a served collection names, whatever its verdict.

    Raises:
        UnknownThingError: If no live listing names it, or its bytes show nothing.
    """
    named = (
        sa.select(image_references.c.image_id)
        .where(
            image_references.c.image_id == image_id,
            image_references.c.collection.in_(collections),
            image_references.c.live,
        )
        .limit(1)
    )
    with reading(engine) as connection:
        known = connection.execute(named).one_or_none()
    if known is None:
        message = f"no live listing names a picture {image_id[:12]}…: the queue names its pictures"
        raise UnknownThingError(message)
    try:
        data = objects.get(digest_key("images", image_id))
        # The smallest side that can be decoded at all: a person is asked about pictures that are too small.
        picture = decode_fast(data, PICTURE_PX, DecodeLimits(min_side_px=1)).image
    except (ObjectMissingError, UnreadableImageError) as error:
        message = f"picture {image_id[:12]}… cannot be shown: {error}"
        raise UnknownThingError(message) from error
    picture.thumbnail((PICTURE_PX, PICTURE_PX), Image.Resampling.LANCZOS)
    sink = io.BytesIO()
    picture.save(sink, "WEBP", quality=80, method=2)
    return sink.getvalue()

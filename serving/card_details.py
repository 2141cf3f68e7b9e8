"""What the catalogue knows of the pieces of a page beyond the snapshot's cards.

The title whose word counts, and of each picture, before it loads, its size, versioned addresses and a
thumbhash; of pictures that may not be shown any more, nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from catalog.tables import image_references, images, pieces, reference_verdict, verdicts
from serving.house import ServedHouse
from serving.picture_urls import rendition_url
from storage.database import reading


async def complete_cards(
    house: ServedHouse, collection: str | None, cards: Iterable[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Give cards of a collection their pieces' titles, and return ``picture_files`` of their pictures.

    While the database does not answer, titles stay those of some listing, and pictures load without a
    placeholder: a search goes on without it.
    """
    shown = list(cards)
    wanted = sorted({picture["image_id"] for card in shown for picture in card["pictures"]})
    ids = sorted({card["piece_id"] for card in shown})
    name = house.chosen(collection).collection
    try:
        titles = await house.pool.do(piece_titles, house.engine, name, ids)
        files = await house.pool.do(picture_files, house.engine, list(house.live), wanted)
    except SQLAlchemyError:
        return {}
    for card in shown:
        card["title"] = titles.get(card["piece_id"], card["title"])
    return files


def piece_titles(engine: Engine, collection: str, piece_ids: list[str]) -> dict[str, str]:
    """Return the titles of pieces, as their own pages show them."""
    chosen = sa.select(pieces.c.piece_id, pieces.c.title).where(
        pieces.c.collection == collection, pieces.c.piece_id.in_(piece_ids)
    )
    with reading(engine) as connection:
        rows = connection.execute(chosen).all() if piece_ids else []
    return {row.piece_id: row.title for row in rows}


def picture_files(engine: Engine, collections: list[str], image_ids: list[str]) -> dict[str, dict[str, Any]]:
    """Return, by image id, ``thumbhash`` and ``srcset``; and of the 512 px rendition address and size."""
    chosen = (
        sa.select(images.c.image_id, images.c.renditions)
        .distinct()
        .join(image_references, image_references.c.image_id == images.c.image_id)
        .join(verdicts, reference_verdict)
        .where(
            images.c.image_id.in_(image_ids),
            image_references.c.collection.in_(collections),
            image_references.c.live,
            verdicts.c.verdict == "accepted",
        )
    )
    with reading(engine) as connection:
        rows = connection.execute(chosen).all() if image_ids else []
    return {row.image_id: _described(row.image_id, row.renditions or {}) for row in rows}


def _described(image_id: str, made: Mapping[str, Any]) -> dict[str, Any]:
    files = made.get("files", {})
    sizes = {name: file for name, file in files.items() if name.isdigit()}
    shown = sizes.get("512", {})
    widths = {file["width"]: rendition_url(image_id, name, file["digest"]) for name, file in sizes.items()}
    return {
        "thumbhash": made.get("thumbhash"),
        "srcset": ", ".join(f"{url} {width}w" for width, url in widths.items()),
        "src": rendition_url(image_id, "512", shown["digest"]) if shown else None,
        "width": shown.get("width"),
        "height": shown.get("height"),
    }

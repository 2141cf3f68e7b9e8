"""What a page knows of the pictures of its cards before they load: size, versioned addresses, a thumbhash.

Only of pictures that may be shown now: what was withdrawn is described by nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from catalog.tables import image_references, images, reference_verdict, verdicts
from serving.house import ServedHouse
from serving.picture_urls import rendition_url
from storage.database import reading


async def shown_pictures(house: ServedHouse, cards: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return ``picture_files`` of the pictures of some cards; nothing while the database does not answer.

    A search goes on without it: its pictures then load without a placeholder.
    """
    wanted = {picture["image_id"] for card in cards for picture in card["pictures"]}
    try:
        return await house.pool.do(picture_files, house.engine, list(house.live), sorted(wanted))
    except SQLAlchemyError:
        return {}


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

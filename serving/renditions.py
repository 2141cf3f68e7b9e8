"""A picture's renditions as bytes: only of pictures that a listing still shows and that were accepted.

Read from SQL at every request, so that a picture whose consent was withdrawn is gone with the delivery that
says so, before the next snapshot is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.tables import image_references, images, reference_verdict, verdicts
from serving.bounded_cache import BoundedCache
from serving.errors import UnknownThingError
from storage.database import reading
from storage.objects import ObjectStore, digest_key


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionFile:
    """A WebP file and the SHA-256 it is stored under."""

    digest: str
    data: bytes


def rendition_digest(engine: Engine, collections: Sequence[str], image_id: str, name: str) -> str:
    """Return the digest of a rendition that may be shown.

    Args:
        engine: The catalogue.
        collections: Those that are served.
        image_id: Of the original picture.
        name: A size, or ``cutout``.

    Raises:
        UnknownThingError: If no served collection shows such a picture, or it has no such rendition.
    """
    shown = (
        sa.select(images.c.renditions)
        .join(image_references, image_references.c.image_id == images.c.image_id)
        .join(verdicts, reference_verdict)
        .where(
            images.c.image_id == image_id,
            image_references.c.collection.in_(list(collections)),
            image_references.c.live,
            verdicts.c.verdict == "accepted",
        )
        .limit(1)
    )
    with reading(engine) as connection:
        row = connection.execute(shown).one_or_none()
    if row is None:
        message = f"no collection shows a picture {image_id[:12]}…: a piece's document names its pictures"
        raise UnknownThingError(message)
    files = (row.renditions or {}).get("files", {})
    if name not in files:
        made = ", ".join(files) or "none yet"
        message = f"picture {image_id[:12]}… has no rendition {name!r}: it has {made}"
        raise UnknownThingError(message)
    digest: str = files[name]["digest"]
    return digest


def rendition_key(digest: str) -> str:
    """Return the key that a rendition is stored under."""
    return digest_key("renditions", digest, ".webp")


def read_rendition(objects: ObjectStore, kept: BoundedCache[str, bytes], digest: str) -> RenditionFile:
    """Return a stored rendition, from memory where it was read lately.

    Raises:
        ObjectStoreError: If the store does not have it, or does not answer.
    """
    data = kept.get(digest)
    if data is None:
        data = objects.get(rendition_key(digest))
        kept.put(digest, data, len(data))
    return RenditionFile(digest=digest, data=data)

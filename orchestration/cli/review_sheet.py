"""``loupe review show --sheet``: the pictures of a question on one sheet."""

from collections.abc import Sequence
from pathlib import Path

from catalog.review.items import ReviewItem
from catalog.review.shown import ShownPicture
from orchestration.cli.search_sheet import write_tiles
from quality.contact_sheets import Tile
from quality.refused import finding_line, stored_picture
from storage.objects import ObjectStore


def write_review_sheet(
    path: Path, item: ReviewItem, pictures: Sequence[ShownPicture], objects: ObjectStore
) -> None:
    """Write the pictures of a question, those it is about first, as a WebP.

    Args:
        path: Where to; its folder exists.
        item: The question.
        pictures: What ``catalog.review.shown`` gives for it.
        objects: Where the pictures' bytes are.

    Raises:
        QueryError: If it has no picture, or the file cannot be written.
    """
    found = [finding_line(finding) for finding in item.evidence.get("findings", ())]
    said = item.evidence.get("said", {})
    tiles = []
    for one in pictures:
        about = found if one.image_id in item.images else [one.title]
        word = [f"says {said[one.listing_id]}"] if one.listing_id in said else []
        tiles.append(
            Tile(
                image=stored_picture(one.image_id, objects),
                caption=(f"{one.verdict}: {one.listing_id}", *word, *about),
            )
        )
    write_tiles(path, tiles)

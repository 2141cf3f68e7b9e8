"""``loupe search --sheet``: an answer as one picture, to look at where there is no page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from quality.contact_sheets import Tile, contact_sheet
from quality.refused import stored_picture
from serving.errors import QueryError
from storage.objects import ObjectStore

if TYPE_CHECKING:
    from serving.searching import Hit

TILE_PX = 220
COLUMNS = 5
MOST_BYTES = 600_000


def write_sheet(path: Path, hits: Sequence["Hit"], objects: ObjectStore, query: bytes | None) -> None:
    """Write the pictures of an answer, best first, as a WebP.

    Args:
        path: Where to; its folder exists.
        hits: What was found.
        objects: Where the pictures' bytes are.
        query: The picture that was looked for, which comes first; None for other queries.

    Raises:
        QueryError: If there is nothing to show, or the file cannot be written.
    """
    from vision.decoding import decode

    tiles = [] if query is None or not hits else [Tile(image=decode(query).image, caption=("the query",))]
    tiles += [
        Tile(
            image=stored_picture(hit.image_id, objects),
            caption=(f"{hit.score:.3f}", hit.title, ", ".join(one["source"] for one in hit.listings)),
        )
        for hit in hits
    ]
    write_tiles(path, tiles)


def write_tiles(path: Path, tiles: Sequence[Tile]) -> None:
    """Write captioned pictures as a WebP.

    Raises:
        QueryError: If there is nothing to show, or the file cannot be written.
    """
    if path.suffix.lower() != ".webp":
        message = f"a sheet is a WebP: name it {path.with_suffix('.webp')}, not {path}"
        raise QueryError(message)
    if not tiles:
        message = f"there is no picture to show, so {path} was not written"
        raise QueryError(message)
    data = contact_sheet(tiles, columns=min(COLUMNS, len(tiles)), tile_px=TILE_PX, most_bytes=MOST_BYTES)
    try:
        path.write_bytes(data)
    except OSError as error:
        message = f"sheet {path} cannot be written: {error.strerror}"
        raise QueryError(message) from error

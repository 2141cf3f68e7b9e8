"""Pictures with captions on one sheet, small enough to stand inside the metadata of a materialization."""

import base64
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, ImageOps

MOST_BYTES = 74_000  # base64 adds a third, and the UI shows up to 100 kB
CAPTION_LINES = 3
_LINE_PX = 13
_MARGIN_PX = 6
_INK, _PAPER, _CARD = (40, 40, 40), (255, 255, 255), (246, 246, 246)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A picture and the lines below it."""

    image: Image.Image
    caption: tuple[str, ...]


def contact_sheet(
    tiles: Sequence[Tile], *, columns: int, tile_px: int, most_bytes: int = MOST_BYTES
) -> bytes:
    """Draw tiles in rows and return a WebP that keeps to a size, losing quality first and then the last rows.

    Args:
        tiles: In reading order; at least one.
        columns: Tiles in a row.
        tile_px: Side of a tile's picture.
        most_bytes: Size to keep to.

    Raises:
        ValueError: If there is no tile, or not even one row fits.
    """
    if not tiles:
        message = "a contact sheet needs at least one tile"
        raise ValueError(message)
    rows = -(-len(tiles) // columns)
    while rows > 0:
        sheet = _draw(tiles[: rows * columns], columns, tile_px)
        for quality in (82, 65, 50, 35):
            data = _webp(sheet, quality)
            if len(data) <= most_bytes:
                return data
        rows -= max(1, rows // 4)
    message = f"not even one row of {columns} tiles fits into {most_bytes} bytes: make the tiles smaller"
    raise ValueError(message)


def as_markdown(sheet: bytes, title: str = "contact sheet") -> str:
    """Return a sheet as a Markdown image with its bytes inside."""
    return f"![{title}](data:image/webp;base64,{base64.b64encode(sheet).decode()})"


def _draw(tiles: Sequence[Tile], columns: int, tile_px: int) -> Image.Image:
    width, height = tile_px + _MARGIN_PX, tile_px + CAPTION_LINES * _LINE_PX + 2 * _MARGIN_PX
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * width + _MARGIN_PX, rows * height + _MARGIN_PX), _PAPER)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(10)
    for number, tile in enumerate(tiles):
        left = _MARGIN_PX + (number % columns) * width
        top = _MARGIN_PX + (number // columns) * height
        pen.rectangle((left, top, left + tile_px, top + tile_px), fill=_CARD)
        shown = ImageOps.contain(tile.image, (tile_px, tile_px))
        sheet.paste(shown, (left + (tile_px - shown.width) // 2, top + (tile_px - shown.height) // 2))
        for line, text in enumerate(tile.caption[:CAPTION_LINES]):
            pen.text((left, top + tile_px + 2 + line * _LINE_PX), _fitted(text, font, tile_px), _INK, font)
    return sheet


def _fitted(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    # The built-in font draws ASCII: accents go, what has no plain letter is left out.
    printable = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().strip()
    if font.getlength(printable) <= width:
        return printable
    while printable and font.getlength(printable + "...") > width:
        printable = printable[:-1]
    return printable + "..."


def _webp(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()

"""Pictures with captions on one small sheet."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from quality.contact_sheets import MOST_BYTES, Tile, as_markdown, contact_sheet

UI_LIMIT_BYTES = 100_000


def noise_tile(number, side=200):
    pixels = np.random.default_rng(number).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return Tile(
        image=Image.fromarray(pixels), caption=(f"tile {number}", "sharpness 0.021, needs at least 0.45")
    )


def plain_tile(colour, caption=()):
    return Tile(image=Image.new("RGB", (120, 60), colour), caption=caption)


def opened(sheet):
    with Image.open(io.BytesIO(sheet)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_tiles_stand_in_reading_order():
    colours = [(200, 0, 0), (0, 160, 0), (0, 0, 200)]

    pixels = opened(contact_sheet([plain_tile(colour) for colour in colours], columns=2, tile_px=64))

    height, width, _ = pixels.shape
    centres = [
        (height // 4 - 12, width // 4),
        (height // 4 - 12, 3 * width // 4),
        (3 * height // 4 - 12, width // 4),
    ]
    for (row, column), colour in zip(centres, colours, strict=True):
        assert np.abs(pixels[row, column] - colour).max() < 40


def test_captions_are_drawn_below_their_picture():
    without = opened(contact_sheet([plain_tile((240, 240, 240))], columns=1, tile_px=128))
    captioned = opened(
        contact_sheet([plain_tile((240, 240, 240), ("blurred", "sharpness 0.02"))], columns=1, tile_px=128)
    )

    changed = np.abs(captioned - without).max(axis=2) > 60
    assert changed.any()
    assert not changed[:128].any()


def test_a_caption_of_any_length_and_script_fits_its_tile():
    long = plain_tile((200, 200, 200), ("x" * 500, "خاتم ذهب", "ring 💍", "a fourth line is left out"))

    pixels = opened(contact_sheet([long], columns=1, tile_px=96))

    assert (pixels[:, -3:] > 200).all()


def test_a_sheet_of_noise_still_fits_the_display():
    sheet = contact_sheet([noise_tile(number) for number in range(60)], columns=6, tile_px=128)

    assert len(sheet) <= MOST_BYTES
    assert len(as_markdown(sheet).encode()) < UI_LIMIT_BYTES


def test_markdown_holds_the_sheet_itself():
    sheet = contact_sheet([plain_tile((10, 20, 30))], columns=1, tile_px=32)

    text = as_markdown(sheet, "refused pictures")

    head, _, data = text.partition("base64,")
    assert head == "![refused pictures](data:image/webp;"
    assert base64.b64decode(data.removesuffix(")")) == sheet


def test_no_tiles_and_no_room_are_errors():
    with pytest.raises(ValueError, match="at least one tile"):
        contact_sheet([], columns=4, tile_px=64)
    with pytest.raises(ValueError, match="make the tiles smaller"):
        contact_sheet([noise_tile(1)], columns=1, tile_px=256, most_bytes=500)

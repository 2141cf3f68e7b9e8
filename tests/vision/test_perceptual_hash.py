"""Perceptual hashes and the comparison of photographs: what survives a copy, and what tells designs apart."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from vision.perceptual_hash import MIRROR_BITS, perceptual_hashes
from vision.photograph_comparison import compare_photographs, prepare_photograph
from vision.small_view import small_view


def ring(seed: int, *, metal=(212, 170, 80), stone=(20, 120, 70), side: int = 480) -> Image.Image:
    """A ring of beads on white: its outline is every ring's, its beads and glints are its own."""
    generator = np.random.default_rng(seed)
    picture = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    for angle in np.linspace(0.0, 2 * np.pi, 26, endpoint=False):
        radius = side * generator.uniform(0.02, 0.045)
        x = side * (0.5 + 0.3 * np.cos(angle))
        y = side * (0.52 + 0.28 * np.sin(angle))
        shade = generator.uniform(0.55, 1.0)
        colour = tuple(round(level * shade) for level in metal)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        glint = radius * generator.uniform(0.2, 0.5)
        gx, gy = x + radius * generator.uniform(-0.4, 0.4), y + radius * generator.uniform(-0.4, 0.4)
        draw.ellipse((gx - glint, gy - glint, gx + glint, gy + glint), fill=(250, 246, 230))
    draw.regular_polygon((side * 0.4, side * 0.24, side * 0.1), 5 + seed % 3, fill=stone)
    return picture


def recompressed(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=40)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def padded(picture: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (picture.width * 3 // 2, picture.height * 5 // 4), "white")
    sheet.paste(picture, (picture.width // 8, picture.height // 5))
    return sheet


def labelled(picture: Image.Image) -> Image.Image:
    copy = picture.copy()
    place = (picture.width * 0.97, picture.height * 0.98)
    ImageDraw.Draw(copy).text(
        place, "www.shop.example", fill=(120, 120, 120), anchor="rs", font=ImageFont.load_default(20)
    )
    return copy


COPIES = {
    "recompressed": recompressed,
    "halved": lambda picture: picture.resize((240, 240), Image.Resampling.LANCZOS),
    "padded": padded,
    "labelled": labelled,
}


def compared(one: Image.Image, other: Image.Image, cut_to: str = "piece", *, is_mirrored: bool = False):
    first, second = (getattr(prepare_photograph(picture), cut_to) for picture in (one, other))
    return compare_photographs(first, second, is_mirrored=is_mirrored)


@pytest.mark.parametrize("change", COPIES)
def test_a_changed_copy_is_proposed_by_one_hash_and_confirmed_by_its_pixels(change):
    original = ring(3)
    copy = COPIES[change](original)
    ours, theirs = perceptual_hashes(small_view(original)), perceptual_hashes(small_view(copy))
    bits = {name: (getattr(ours, name) ^ getattr(theirs, name)).bit_count() for name in ("piece", "frame")}
    nearer = min(bits, key=bits.__getitem__)

    assert bits[nearer] <= 6
    assert compared(original, copy, nearer).detail_correlation > 0.95


def test_a_hash_tells_its_mirror_image():
    original = ring(4)
    ours, mirror = (
        perceptual_hashes(small_view(original)),
        perceptual_hashes(small_view(ImageOps.mirror(original))),
    )

    assert (ours.piece ^ MIRROR_BITS ^ mirror.piece).bit_count() <= 3
    assert compared(original, ImageOps.mirror(original), is_mirrored=True).detail_correlation > 0.97
    assert compared(original, ImageOps.mirror(original)).detail_correlation < 0.75


def test_look_alikes_share_an_outline_and_no_detail():
    found = compared(ring(0), ring(3))

    assert found.mask_overlap > 0.5
    assert found.detail_correlation < 0.75


def test_the_same_photograph_in_another_metal_or_with_another_stone_is_seen_to_be_altered():
    original = ring(5)
    rose, ruby = ring(5, metal=(205, 140, 120)), ring(5, stone=(150, 20, 40))

    assert compared(original, rose).colour_distance_ab > 6.0
    assert compared(original, ruby).altered_share > 0.05
    assert compared(original, recompressed(original)).altered_share < 0.01
    assert compared(original, recompressed(original)).colour_distance_ab < 6.0


def test_a_picture_without_a_plain_background_is_taken_as_a_whole():
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 120, 3), dtype=np.uint8))
    hashes = perceptual_hashes(small_view(noise))

    assert hashes.piece == hashes.frame
    assert compared(noise, noise).mask_overlap is None
    assert compared(noise, noise).detail_correlation == pytest.approx(1.0)

"""The form of a piece: what it does not depend on, what it counts, and where it says nothing."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from vision.geometry import Geometry, aspect_ratio, geometry, hole_count, symmetry
from vision.small_view import small_view

PAPER, GOLD, RUBY = (250, 250, 250), (206, 160, 70), (170, 20, 45)


def silhouette(kind, turn=0.0, scale=1.0, shift=(0, 0)):
    """Draw a shape of about 130 px on a canvas of 300, turned, scaled and moved."""
    mask = np.zeros((300, 300), dtype=np.uint8)
    match kind:
        case "ring":
            cv2.ellipse(mask, (150, 160), (50, 60), 0, 0, 360, 1, 12)
            cv2.circle(mask, (150, 95), 18, 1, -1)
        case "bar":
            cv2.rectangle(mask, (85, 138), (215, 162), 1, -1)
        case "hook":
            cv2.rectangle(mask, (110, 85), (135, 215), 1, -1)
            cv2.rectangle(mask, (110, 190), (200, 215), 1, -1)
            cv2.circle(mask, (190, 120), 22, 1, -1)
    matrix = cv2.getRotationMatrix2D((150, 150), turn, scale)
    matrix[:, 2] += shift
    return cv2.warpAffine(mask * 255, matrix, (300, 300)) > 127


def drawn(draw, side=800, paper=PAPER):
    """Draw on paper at four times the size, in shares of the side."""
    image = Image.new("RGB", (2 * side, 2 * side), paper)
    draw(ImageDraw.Draw(image), 2 * side)
    return image.resize((side, side), Image.Resampling.BOX)


def of(image) -> Geometry:
    found = geometry(small_view(image), image.size)
    assert found is not None
    return found


def with_stones(places, colour=RUBY, metal=GOLD, radius=0.035):
    def draw(pen, side):
        pen.rectangle((0.2 * side, 0.4 * side, 0.8 * side, 0.6 * side), fill=metal)
        for x, y in places:
            box = [at * side for at in (x - radius, y - radius, x + radius, y + radius)]
            pen.ellipse(box, fill=colour)

    return drawn(draw)


KINDS = st.sampled_from(("ring", "bar", "hook"))
HOLES = {"ring": 1, "bar": 0, "hook": 0}


@given(
    kind=KINDS,
    turn=st.floats(0.0, 360.0),
    scale=st.floats(0.6, 1.4),
    shift=st.tuples(st.integers(-30, 30), st.integers(-30, 30)),
)
def test_form_does_not_depend_on_place_size_or_a_turn_in_the_plane(kind, turn, scale, shift):
    upright, moved = silhouette(kind), silhouette(kind, turn, scale, shift)

    assert aspect_ratio(moved) == pytest.approx(aspect_ratio(upright), rel=0.08)
    assert symmetry(moved) == pytest.approx(symmetry(upright), abs=0.08)
    assert hole_count(moved) == HOLES[kind]


@given(turn=st.floats(0.0, 360.0))
def test_what_is_its_own_mirror_image_is_told_from_what_is_not(turn):
    assert symmetry(silhouette("bar", turn)) > 0.9
    assert symmetry(silhouette("ring", turn)) > 0.85
    assert symmetry(silhouette("hook", turn)) < 0.75


def test_a_mask_without_a_pixel_has_no_form():
    nothing = np.zeros((40, 40), dtype=np.bool_)

    assert aspect_ratio(nothing) is None
    assert hole_count(nothing) == 0
    assert symmetry(nothing) == 0.0
    assert geometry(small_view(Image.new("RGB", (300, 300), PAPER)), (300, 300)) is None


def test_a_picture_without_a_plain_background_has_no_geometry():
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3)).astype(np.uint8)

    assert geometry(small_view(Image.fromarray(noise)), (300, 300)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (60, 1), (2, 2)])
def test_the_thinnest_masks_have_a_form_too(shape):
    whole = np.ones(shape, dtype=np.bool_)

    assert aspect_ratio(whole) == pytest.approx(max(shape) / min(shape))
    assert hole_count(whole) == 0
    assert 0.0 <= symmetry(whole) <= 1.0


def test_sizes_are_pixels_of_the_original_whatever_the_view():
    def bar(pen, side):
        pen.rectangle((0.2 * side, 0.35 * side, 0.8 * side, 0.65 * side), fill=GOLD)

    for side in (200, 800):
        found = of(drawn(bar, side))
        assert found.object_width_px == pytest.approx(0.6 * side, abs=0.012 * side)
        assert found.object_height_px == pytest.approx(0.3 * side, abs=0.012 * side)
        assert found.aspect_ratio == pytest.approx(2.0, rel=0.03)
        assert found.fill_share > 0.97


def test_a_pair_has_two_parts_and_the_larger_is_measured():
    def pair(pen, side):
        pen.rectangle((0.15 * side, 0.3 * side, 0.35 * side, 0.7 * side), fill=GOLD)
        pen.rectangle((0.6 * side, 0.3 * side, 0.85 * side, 0.7 * side), fill=GOLD)

    found = of(drawn(pair))

    assert found.part_count == 2
    assert found.part_width_px == pytest.approx(200, abs=10)
    assert found.object_width_px == pytest.approx(560, abs=10)


def test_a_highlight_as_white_as_the_paper_is_no_hole():
    def disc(highlight):
        def draw(pen, side):
            pen.ellipse((0.2 * side, 0.2 * side, 0.8 * side, 0.8 * side), fill=GOLD)
            reach = highlight / 2 * side
            middle = 0.5 * side
            pen.ellipse((middle - reach, middle - reach, middle + reach, middle + reach), fill=PAPER)

        return drawn(draw)

    assert of(disc(0.06)).hole_count == 0
    assert of(disc(0.3)).hole_count == 1


def test_a_soft_shadow_is_no_part_of_the_form():
    def ring(pen, side):
        pen.ellipse((0.3 * side, 0.2 * side, 0.7 * side, 0.6 * side), outline=GOLD, width=round(0.05 * side))

    plain = drawn(ring)
    shade = Image.new("L", plain.size, 0)
    ImageDraw.Draw(shade).ellipse((200, 420, 620, 560), fill=70)
    soft = np.asarray(shade.filter(ImageFilter.GaussianBlur(30)), dtype=np.int16)[..., None]
    metal = np.asarray(plain, dtype=np.int16)[..., 2:] < 200
    shaded = Image.fromarray(
        np.clip(np.asarray(plain, dtype=np.int16) - np.where(metal, 0, soft), 0, 255).astype(np.uint8)
    )
    assert small_view(shaded).mask.sum() > 1.2 * small_view(plain).mask.sum()

    one, other = of(plain), of(shaded)

    assert other.object_height_px == pytest.approx(one.object_height_px, rel=0.05)
    assert other.aspect_ratio == pytest.approx(one.aspect_ratio, rel=0.06)
    assert other.hole_count == one.hole_count == 1


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
def test_coloured_stones_are_counted(count):
    places = [(0.2 + 0.6 * (place + 1) / (count + 1), 0.5) for place in range(count)]

    assert of(with_stones(places)).stone_count == count
    assert of(with_stones(places, metal=(190, 192, 195))).stone_count == count


def test_stones_that_touch_are_counted_apart():
    row = [(0.4 + 0.068 * place, 0.5) for place in range(4)]

    assert of(with_stones(row)).stone_count == 4


def test_where_stones_have_the_metals_colour_none_are_counted():
    places = [(0.35, 0.5), (0.5, 0.5), (0.65, 0.5)]

    assert of(with_stones(places, colour=(225, 228, 232), metal=(180, 182, 185))).stone_count is None
    assert of(with_stones([])).stone_count is None


def test_more_stones_than_can_be_told_apart_are_not_counted():
    rows = [(0.24 + 0.065 * column, y) for column in range(9) for y in (0.45, 0.55)]

    assert of(with_stones(rows, radius=0.018)).stone_count is None
    assert of(with_stones(rows[:10], radius=0.018)).stone_count == 10


@given(turn=st.integers(0, 359))
def test_the_count_outlasts_a_turn_in_the_plane(turn):
    image = with_stones([(0.3, 0.5), (0.5, 0.46), (0.7, 0.5)])
    turned = image.rotate(turn, resample=Image.Resampling.BICUBIC, fillcolor=PAPER)

    assert of(turned).stone_count == 3

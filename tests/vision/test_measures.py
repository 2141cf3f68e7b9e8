"""Measures answer in one direction along ladders of degradation."""

import io
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from vision.colour import srgb_to_lab
from vision.colour_cast import brightest_cast
from vision.decoding import DecodedImage, decode, decode_fast
from vision.foreground import foreground_mask
from vision.measures import (
    blockiness,
    border_contact_share,
    bounding_box,
    centre_offset_share,
    contrast,
    highlights_clipped_share,
    measure,
    noise,
    shadows_clipped_share,
    sharpness,
    tone_mask,
)

FIELDS = st.integers(0, 2**32 - 1).map(lambda seed: _texture(np.random.default_rng(seed)))


def _texture(random):
    """A random scene, smooth at first, with edges: L* in [0, 100], shape (96, 96)."""
    coarse = cv2.resize(random.random((12, 12)).astype(np.float32), (96, 96), interpolation=cv2.INTER_CUBIC)
    edges = (cv2.resize(random.random((24, 24)).astype(np.float32), (96, 96), interpolation=0) > 0.6) * 0.5
    return (100.0 * (0.5 * coarse + edges).clip(0.0, 1.0)).astype(np.float32)


def pictured(image):
    return DecodedImage(
        image=image, format="PNG", width=image.width, height=image.height, colour_profile="srgb"
    )


def is_falling(values, slack=1e-6):
    return all(later <= earlier + slack for earlier, later in pairwise(values))


@settings(max_examples=40, deadline=None)
@given(FIELDS)
def test_more_blur_is_never_sharper(field):
    ladder = [field, *(cv2.GaussianBlur(field, (0, 0), sigma) for sigma in (0.7, 1.2, 2.0, 3.5, 6.0))]

    assert is_falling([sharpness(step) for step in ladder], slack=0.01)


@settings(max_examples=40, deadline=None)
@given(FIELDS, st.floats(0.05, 1.0), st.floats(0.0, 20.0))
def test_sharpness_does_not_depend_on_contrast_or_brightness(field, gain, offset):
    assert sharpness(gain * field + np.float32(offset)) == pytest.approx(sharpness(field), abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(FIELDS)
def test_more_light_clips_more_highlights_and_fewer_shadows(field):
    ladder = [(field * gain).clip(0.0, 100.0) for gain in (0.05, 0.3, 1.0, 1.6, 3.0, 30.0)]

    assert is_falling([shadows_clipped_share(step) for step in ladder])
    assert is_falling([-highlights_clipped_share(step) for step in ladder])


@settings(max_examples=40, deadline=None)
@given(FIELDS)
def test_a_flatter_picture_has_less_contrast(field):
    ladder = [50.0 + (field - 50.0) * gain for gain in (1.0, 0.7, 0.4, 0.1)]

    assert is_falling([contrast(step) for step in ladder])


@settings(max_examples=40, deadline=None)
@given(FIELDS, st.floats(0.0, 2.0 * np.pi))
def test_more_tint_is_more_cast(field, hue):
    grey = np.stack((field, np.zeros_like(field), np.zeros_like(field)), axis=-1)
    tint = np.array([0.0, np.cos(hue), np.sin(hue)], dtype=np.float32)

    casts = [brightest_cast(grey + tint * strength) for strength in (0.0, 2.0, 6.0, 15.0)]

    assert casts == pytest.approx([0.0, 2.0, 6.0, 15.0], abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_noise_is_measured_in_its_own_unit_whatever_lies_below(seed):
    random = np.random.default_rng(seed)
    scene = cv2.resize(_texture(random), (256, 256), interpolation=cv2.INTER_CUBIC) * 2.0
    grains = random.standard_normal(scene.shape).astype(np.float32)

    values = [noise(scene + sigma * grains) for sigma in (0.0, 2.0, 5.0, 10.0, 20.0)]

    assert is_falling([-value for value in values])
    assert values[-1] == pytest.approx(20.0, rel=0.15)
    assert values[0] < 1.0


def test_the_blocks_of_a_jpeg_show_and_a_grid_elsewhere_does_not(ring):
    def at(quality):
        buffer = io.BytesIO()
        ring(800).save(buffer, "JPEG", quality=quality)
        return measure(decode(buffer.getvalue())).blockiness

    values = [at(quality) for quality in (95, 50, 20, 8)]
    shifted = np.full((512, 512), 100.0, dtype=np.float32)
    shifted[:, 3::8] += 20.0

    assert is_falling([-value for value in values])
    assert values[-1] > 3 * values[0] + 0.3
    assert blockiness(shifted) == 0.0
    assert (
        blockiness(np.zeros((20, 20), dtype=np.float32)) == noise(np.zeros((20, 20), dtype=np.float32)) == 0.0
    )


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_blocks_show_whichever_way_the_picture_was_turned(orientation):
    random = np.random.default_rng(3)
    scene = Image.fromarray((_texture(random) * 2.0).astype(np.uint8)).resize((803, 605)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = orientation
    files = {}
    for quality in (98, 8):
        buffer = io.BytesIO()
        scene.save(buffer, "JPEG", quality=quality, exif=exif)
        files[quality] = measure(decode(buffer.getvalue())).blockiness

    assert files[8] > 1.0
    assert files[98] < 0.5


def test_a_changed_picture_can_be_measured_where_its_original_showed_the_piece(ring):
    original = pictured(ring(800))
    blown = pictured(
        Image.fromarray(np.clip(np.asarray(ring(800)).astype(int) + 200, 0, 255).astype(np.uint8))
    )

    where = tone_mask(original)

    assert measure(blown, mask=where).highlights_clipped_share > 0.5
    assert measure(original, mask=where) == measure(original)


def test_a_blurred_photograph_measures_less_sharp_step_by_step(ring):
    steps = [pictured(ring(800).filter(ImageFilter.GaussianBlur(radius))) for radius in (0, 1, 2, 4, 8)]

    values = [measure(step).sharpness for step in steps]

    assert is_falling(values)
    assert values[0] - values[-1] > 0.3


@pytest.mark.parametrize("side", [450, 1600])
def test_the_same_shot_is_as_sharp_at_another_size(ring, side):
    assert measure(pictured(ring(side))).sharpness == pytest.approx(
        measure(pictured(ring(800))).sharpness, abs=0.06
    )


def test_an_enlarged_thumbnail_is_less_sharp_than_the_shot(ring):
    enlarged = ring(120).resize((800, 800), Image.Resampling.BICUBIC)

    assert measure(pictured(enlarged)).sharpness < measure(pictured(ring(800))).sharpness - 0.15


def test_exposure_is_of_the_piece_and_not_of_the_paper(ring):
    dark = measure(pictured(ring(metal=(40, 30, 20))))
    light = measure(pictured(ring(metal=(206, 160, 70))))

    assert dark.mean_lightness < light.mean_lightness < 90
    assert light.highlights_clipped_share < 0.05


def test_a_tinted_paper_is_a_cast_and_gold_on_white_is_none(ring):
    casts = [
        measure(pictured(ring(background=paper))).colour_cast_ab
        for paper in ((250, 250, 250), (250, 245, 232), (250, 235, 200), (250, 220, 160))
    ]

    assert casts[0] < 1.0
    assert is_falling([-cast for cast in casts])
    assert casts[-1] > 20.0


def test_composition_says_where_the_piece_is(ring):
    middle = measure(pictured(ring(radius=0.25)))
    aside = measure(pictured(ring(radius=0.15, centre=(0.25, 0.25))))
    cut = measure(pictured(ring(centre=(0.9, 0.5))))

    assert middle.centre_offset_share < 0.02
    assert aside.centre_offset_share == pytest.approx(0.5, abs=0.03)
    assert middle.object_share > aside.object_share > 0.02
    assert middle.object_longest_px == pytest.approx(2 * (0.25 + 0.02) * 800, abs=20)
    assert (middle.touches_border, aside.touches_border, cut.touches_border) == (False, False, True)


def test_an_empty_sheet_has_no_piece_and_nothing_sharp(encoded):
    empty = measure(pictured(Image.new("RGB", (500, 400), (246, 246, 244))))

    assert empty.object_share == 0.0
    assert empty.sharpness == 0.0
    assert empty.object_longest_px is None
    assert empty.centre_offset_share is None


def test_a_busy_background_gives_no_mask_and_frame_measures():
    noise = np.random.default_rng(1).integers(0, 256, (300, 300, 3), dtype=np.uint8)

    busy = measure(pictured(Image.fromarray(noise)))

    assert busy.object_share is None
    assert busy.touches_border is None
    assert busy.colour_cast_reference == "brightest"


def test_a_fading_paper_is_still_paper(ring):
    pixels = np.asarray(ring(256), dtype=np.float32)
    fading = pixels * np.linspace(1.0, 0.8, 256, dtype=np.float32)[:, None, None]

    flat, faded = (foreground_mask(srgb_to_lab(step.astype(np.uint8))) for step in (pixels, fading))

    assert flat is not None
    assert faded is not None
    assert (flat & faded).sum() / (flat | faded).sum() > 0.9


def test_boxes_and_borders_of_small_masks():
    mask = np.zeros((10, 20), dtype=np.bool_)
    assert bounding_box(mask) is None

    mask[0, 0] = True
    box = bounding_box(mask)

    assert (box.left, box.top, box.right, box.bottom) == (0.0, 0.0, 0.05, 0.1)
    assert centre_offset_share(box) > 0.9
    assert border_contact_share(mask) == pytest.approx(1 / 56)


@pytest.mark.parametrize("size", [(32, 32), (33, 2000), (2000, 33)])
def test_odd_shapes_are_measured(size):
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))

    assert 0.0 <= measure(pictured(image)).sharpness <= 1.0


@pytest.mark.real
def test_real_photographs_are_less_sharp_when_blurred(real):
    paths = sorted(path for path in (real / "photos").rglob("*") if path.is_file())[::12]

    for path in paths:
        decoded = decode_fast(path.read_bytes(), 448)
        ladder = [decoded.image.filter(ImageFilter.GaussianBlur(radius)) for radius in (0, 1, 2, 4)]
        assert is_falling([measure(pictured(step)).sharpness for step in ladder], slack=0.01), path


def test_a_fast_decode_measures_nearly_the_same(ring, encoded):
    data = encoded(ring(1800), quality=92)

    full, fast = measure(decode(data)), measure(decode_fast(data, 448))

    assert (fast.width_px, fast.object_share) == pytest.approx((full.width_px, full.object_share), abs=0.01)
    assert fast.sharpness == pytest.approx(full.sharpness, abs=0.05)

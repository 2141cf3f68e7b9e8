"""Background, writing, moiré and cast answer along their own ladders, and not to what jewelry looks like."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from vision.background import background_kind, border_lightness_spread
from vision.colour import srgb_to_lab
from vision.colour_cast import border_cast
from vision.decoding import DecodedImage
from vision.foreground import background_plane
from vision.measures import measure
from vision.moire import moire, spread_tiles
from vision.overlay_text import overlay_text_share

SEEDS = st.integers(0, 2**32 - 1)
WORDS = ("Weight: 33.12g", "Length 38.5 + 5.0cm", "JDN2308063", "Stainless Steel", "2 for 1", "Inner 1.78cm")


def pictured(image):
    return DecodedImage(
        image=image, format="PNG", width=image.width, height=image.height, colour_profile="srgb"
    )


def written(image, lines, size, ink=(30, 30, 32)):
    """Write some lines at a picture's left edge, below each other."""
    image = image.copy()
    pen = ImageDraw.Draw(image)
    for place, words in enumerate(lines):
        pen.text((12, 10 + 1.6 * size * place), words, fill=ink, font=ImageFont.load_default(size=size))
    return image


def text_share(image):
    return measure(pictured(image)).overlay_text_share


def rises(values):
    return all(later > earlier for earlier, later in pairwise(values))


def test_more_lines_and_larger_letters_cover_more(ring):
    packshot = ring(800, radius=0.15, centre=(0.75, 0.75))

    more = [text_share(written(packshot, WORDS[:lines], 24)) for lines in range(len(WORDS) + 1)]
    larger = [text_share(written(packshot, WORDS[:2], size)) for size in (16, 22, 30, 40)]

    assert more[0] == 0.0
    assert rises(more)
    assert rises(larger)


def test_fainter_writing_is_never_more_and_the_faintest_is_none(ring):
    shares = [
        text_share(written(ring(800), WORDS[:2], 24, ink=(grey,) * 3)) for grey in (20, 90, 160, 230, 249)
    ]

    assert not any(later > 1.1 * earlier for earlier, later in pairwise(shares))
    assert shares[0] > 0.01
    assert shares[-1] == 0.0


@pytest.mark.parametrize("colour", [(255, 255, 255), (20, 20, 22), (190, 180, 160)])
def test_writing_is_found_on_paper_of_any_tone(colour):
    ink = (245, 245, 245) if sum(colour) < 300 else (25, 25, 25)
    sheet = Image.new("RGB", (700, 700), colour)
    ImageDraw.Draw(sheet).ellipse((250, 250, 600, 600), fill=(190, 150, 60))

    assert text_share(written(sheet, WORDS[:1], 26, ink)) > 0.005
    assert text_share(sheet) == 0.0


def _beads(pen, step, radius, wave):
    for place in range(26):
        x, y = 40 + step * place, 320 + wave * np.sin(place / 4.0)
        pen.ellipse(
            (x - radius, y - radius, x + radius, y + radius), fill=(120, 90, 40), outline=(60, 45, 20)
        )
        pen.ellipse((x - radius / 2, y - radius / 2, x, y), fill=(240, 220, 170))


@pytest.mark.parametrize(("step", "radius"), [(24, 13), (24, 9), (24, 5)])
@pytest.mark.parametrize("wave", [0, 40])
def test_a_string_of_beads_is_not_writing(step, radius, wave):
    sheet = Image.new("RGB", (700, 640), (250, 250, 250))
    _beads(ImageDraw.Draw(sheet), step, radius, wave)

    assert text_share(sheet) == 0.0


def test_what_is_engraved_in_a_piece_is_not_written_over_the_picture():
    sheet = Image.new("RGB", (800, 800), (250, 250, 250))
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((150, 150, 650, 650), fill=(206, 170, 90))
    pen.text((400, 400), "FOREVER 1972", fill=(60, 40, 10), font=ImageFont.load_default(size=40), anchor="mm")

    assert text_share(sheet) == 0.0


def test_small_and_empty_frames_have_no_writing():
    assert overlay_text_share(np.full((32, 32), 255, dtype=np.uint8)) == 0.0
    assert overlay_text_share(np.zeros((640, 5), dtype=np.uint8)) == 0.0


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(0.12, 0.45), st.floats(0.02, 0.45))
def test_a_ripple_counts_with_its_amplitude_whatever_lies_below(seed, across, down):
    random = np.random.default_rng(seed)
    scene = cv2.resize(random.random((9, 9)).astype(np.float32), (640, 640), interpolation=cv2.INTER_CUBIC)
    rows, columns = np.mgrid[0:640, 0:640]
    ripple = np.sin(2 * np.pi * (across * columns + down * rows))

    values = [
        moire(
            spread_tiles(
                Image.fromarray((60 + 100 * scene + strength * ripple).clip(0, 255).astype(np.uint8))
            )
        )
        for strength in (0.0, 4.0, 8.0, 14.0, 24.0)
    ]

    off_blocks = min(abs(8 * across - round(8 * across)), abs(8 * down - round(8 * down))) > 0.15
    assert values[0] < 1.0
    if off_blocks:
        assert rises(values)
        assert values[-1] == pytest.approx(24.0, rel=0.5)


def test_a_pattern_in_one_place_noise_and_jpegs_blocks_are_no_moire():
    random = np.random.default_rng(4)
    chain = np.full((640, 640), 200.0)
    chain[200:330] += 30.0 * np.sin(2 * np.pi * 0.21 * np.arange(640))
    noisy = 128.0 + 20.0 * random.standard_normal((640, 640))
    blocks = np.full((640, 640), 128.0)
    blocks[::8] += 20.0
    blocks[:, ::8] += 20.0

    for frame in (chain, noisy, blocks):
        assert moire(spread_tiles(Image.fromarray(frame.clip(0, 255).astype(np.uint8)))) < 2.0
    assert moire(spread_tiles(Image.new("RGB", (120, 900)))) == 0.0


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(20.0, 80.0))
def test_a_less_even_border_spreads_more(seed, level):
    grain = np.random.default_rng(seed).standard_normal((120, 160)).astype(np.float32)

    values = [
        border_lightness_spread(np.float32(level) + strength * grain) for strength in (0.0, 1.0, 3.0, 6.0)
    ]

    assert values[0] == 0.0
    assert rises(values)


def test_backgrounds_are_told_apart():
    def kind(pixels):
        lab = srgb_to_lab(pixels.clip(0, 255).astype(np.uint8))
        return background_kind(lab, background_plane(lab))

    rows, columns = np.mgrid[0:200, 0:256].astype(np.float32)
    flat = np.ones((200, 256, 3), dtype=np.float32)
    waves = 128 + 60 * np.sin(columns / 40.0) * np.cos(rows / 50.0)
    noise = np.random.default_rng(1).integers(0, 256, flat.shape)

    assert kind(250 * flat) == "plain_light"
    assert kind(20 * flat) == "plain_dark"
    assert kind(flat * (150, 20, 40)) == "plain_coloured"
    assert kind(flat * (250 - columns / 2)[..., None]) == "gradient"
    assert kind(np.repeat(waves[..., None], 3, axis=2)) == "gradient"
    assert kind(noise) == "busy"


def test_a_coloured_cloth_is_no_cast_and_a_coloured_light_is():
    neutral = np.full((120, 120, 3), (150, 20, 40), dtype=np.uint8)
    neutral[40:80, 40:80] = (200, 200, 200)
    mask = np.zeros((120, 120), dtype=np.bool_)
    mask[40:80, 40:80] = True
    light = np.array([1.0, 0.72, 0.34])
    lit = np.where(mask[..., None], np.array([200, 200, 200]), np.array([250, 250, 250])) * light

    assert border_cast(srgb_to_lab(neutral), mask) < 1.0
    assert border_cast(srgb_to_lab(lit.astype(np.uint8)), mask) > 35.0


def test_writing_on_a_label_is_found_in_a_busy_scene_and_the_scene_is_none():
    grain = np.random.default_rng(4).integers(0, 255, (30, 30, 3), dtype=np.uint8)
    scene = Image.fromarray(grain).resize((640, 640), Image.Resampling.BICUBIC)
    labelled = scene.copy()
    labelled.paste((245, 245, 245), (0, 0, 420, 130))

    assert text_share(scene) == text_share(labelled) == 0.0
    assert text_share(written(labelled, WORDS[:3], 24)) > 0.01

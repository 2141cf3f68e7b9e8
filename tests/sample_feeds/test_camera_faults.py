"""What phones, amateurs and marketing do to pictures."""

import random

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sample_feeds.rendering.backdrops import backdrop
from sample_feeds.rendering.camera_faults import DEGRADATIONS, degrade, marketing, phone


def scene(px=192):
    """A picture with edges, texture, darks and lights: a gold ring on linen, as far as statistics care."""
    surface = backdrop("linen", (px, px), random.Random(3))
    image = Image.fromarray((surface * 200 + 20).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    pen.ellipse((0.28 * px, 0.28 * px, 0.72 * px, 0.72 * px), outline=(212, 170, 60), width=px // 16)
    pen.ellipse((0.44 * px, 0.18 * px, 0.56 * px, 0.3 * px), fill=(150, 10, 40))
    pen.rectangle((0.7 * px, 0.8 * px, 0.9 * px, 0.9 * px), fill=(20, 20, 24))
    return image


def distance(first, second):
    return float(np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float)).mean())


@pytest.mark.parametrize("kind", DEGRADATIONS)
def test_more_of_a_fault_is_farther_from_the_picture(kind):
    image = scene()

    ladder = [degrade(image, kind, amount, random.Random(11)) for amount in (0.0, 0.3, 0.6, 1.0)]

    distances = [distance(image, step) for step in ladder]
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert distances[-1] > 0.5
    assert all(step.size == image.size and step.mode == "RGB" for step in ladder)


def test_an_unknown_fault_and_an_impossible_amount_are_refused():
    with pytest.raises(ValueError, match="no degradation 'rust': one of tilt, off-centre"):
        degrade(scene(32), "rust", 0.5, random.Random(0))
    with pytest.raises(ValueError, match=r"an amount of 1\.5 for 'tilt': from 0 to 1"):
        degrade(scene(32), "tilt", 1.5, random.Random(0))


def test_what_a_phone_did_is_stated_and_can_be_repeated():
    image = scene()

    once, faults = phone(image, random.Random(4), 0.8)
    again, same = phone(image, random.Random(4), 0.8)

    assert once.size == image.size
    assert np.array_equal(np.asarray(once), np.asarray(again))
    assert faults == same
    assert {fault.kind for fault in faults} <= set(DEGRADATIONS)
    assert all(0 < fault.amount <= 1 for fault in faults)
    assert len({fault.kind for fault in faults}) == len(faults)


def test_a_weaker_hand_does_less_harm():
    image = scene()

    harm = {
        strength: np.mean(
            [distance(image, phone(image, random.Random(seed), strength)[0]) for seed in range(24)]
        )
        for strength in (0.0, 0.5, 1.0)
    }

    assert harm[0.0] < harm[0.5] < harm[1.0]


@pytest.mark.parametrize("seed", range(12))
def test_marketing_covers_a_share_of_the_picture_and_says_which(seed):
    image = scene()

    made, faults = marketing(image, random.Random(seed))

    assert made.size == image.size
    assert faults
    assert distance(image, made) > 0.2
    assert all(0 < fault.amount < 1 for fault in faults)

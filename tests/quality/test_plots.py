"""Drawings for the UI: bounds where they belong, lines where shares are, bytes that repeat."""

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from quality.contact_sheets import MOST_BYTES
from quality.plots import Histogram, histograms, reliability_curves, shares_over_time

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def pixels(drawing):
    with Image.open(io.BytesIO(drawing)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def reddish(picture):
    return np.flatnonzero(((picture[..., 0] - picture[..., 1:].max(axis=2)) > 80).any(axis=0))


def chart(**changes):
    values = {"name": "sharpness", "unit": "", "values": [0.1, 0.5, 0.9], "review": None, "quarantine": 0.2}
    return Histogram(**{**values, **changes})


def test_a_bound_stands_left_or_right_as_its_value_does():
    low = reddish(pixels(histograms([chart(quarantine=0.2)], columns=1)))
    high = reddish(pixels(histograms([chart(quarantine=0.8)], columns=1)))

    assert len(low) > 0
    assert low.max() < high.min()


def test_a_bound_beyond_every_value_is_still_drawn():
    assert len(reddish(pixels(histograms([chart(quarantine=5.0)], columns=1)))) > 0


def test_one_value_no_value_and_an_outlier_are_drawn():
    odd = [chart(values=[0.3]), chart(values=[]), chart(values=[*np.linspace(0, 1, 500), 1e9])]

    assert pixels(histograms(odd)).shape == (120, 780, 3)


def test_a_share_that_rises_ends_higher_than_it_began():
    drawing = pixels(
        shares_over_time({"maison": [(MONDAY, 0.0), (MONDAY + timedelta(days=9), 0.09)]}, highest=0.1)
    )

    blue = drawing[..., 2] - drawing[..., 0] > 40
    first, last = np.flatnonzero(blue[:, 46:90].any(axis=1)), np.flatnonzero(blue[:, 530:570].any(axis=1))
    assert last.mean() < first.mean() - 100


def test_a_curve_that_is_right_more_often_than_sure_lies_above_one_that_is_right_less_often():
    def height(right):
        drawing = pixels(reliability_curves({"motif": [(0.5, right, 40), (0.9, right, 40)]}, floor=0.8))
        return np.flatnonzero((drawing[..., 2] - drawing[..., 0] > 60).any(axis=1)).mean()

    assert height(0.9) < height(0.3) - 80


def test_the_same_numbers_give_the_same_small_drawing():
    many = [chart(values=np.random.default_rng(1).normal(size=5000), name=f"m{n}") for n in range(12)]

    assert histograms(many) == histograms(many)
    assert len(histograms(many)) < MOST_BYTES


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="no histogram"):
        histograms([])
    with pytest.raises(ValueError, match="no share"):
        shares_over_time({"maison": []}, highest=0.1)
    with pytest.raises(ValueError, match="no reliability curve"):
        reliability_curves({}, floor=0.8)

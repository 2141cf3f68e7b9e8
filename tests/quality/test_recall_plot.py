"""Operating points are drawn: latency to the right, recall upwards, the chosen one filled."""

import io

import numpy as np
import pytest
from PIL import Image

from quality.recall_plot import MeasuredPoint, recall_against_latency

POINTS = [
    MeasuredPoint(recall=0.92, milliseconds=0.2, chosen=False),
    MeasuredPoint(recall=0.99, milliseconds=2.0, chosen=True),
]


def places_of(drawing: bytes, colour: tuple[int, int, int]) -> np.ndarray:
    pixels = np.asarray(Image.open(io.BytesIO(drawing)).convert("RGB"))[:, :520]
    return np.argwhere((pixels == colour).all(axis=2))


def test_the_better_and_slower_point_lies_higher_and_further_right():
    one_by_one = [
        places_of(recall_against_latency({"warm": POINTS, "hot": [point]}), (0xC0, 0x50, 0x20)).mean(axis=0)
        for point in POINTS
    ]
    assert one_by_one[1][0] < one_by_one[0][0]
    assert one_by_one[1][1] > one_by_one[0][1]


def test_the_chosen_point_is_filled():
    chosen, other = (
        len(places_of(recall_against_latency({"hot": [point]}), (0x33, 0x66, 0xAA))) for point in POINTS[::-1]
    )
    assert chosen > 2 * other


def test_the_same_points_give_the_same_bytes():
    assert recall_against_latency({"hot": POINTS}) == recall_against_latency({"hot": POINTS[::-1]})


def test_nothing_to_draw_and_times_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="no operating point"):
        recall_against_latency({"hot": []})
    with pytest.raises(ValueError, match="not positive"):
        recall_against_latency({"hot": [MeasuredPoint(recall=1.0, milliseconds=0.0, chosen=True)]})

"""Grading reports of a laboratory that does not exist."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sample_feeds.pieces import piece_catalogue
from sample_feeds.rendering.certificate_sheet import certificate_facts, certificate_sheet

PIECES = piece_catalogue(220, 7)


def with_cut(cut):
    return next(piece for piece in PIECES if piece.stone and piece.stone.cut == cut)


@pytest.mark.parametrize("size_px", [96, 512, 900])
def test_a_report_has_the_size_asked_for_and_is_the_same_twice(size_px):
    piece, picture = with_cut("oval"), Image.new("RGB", (40, 40), (200, 30, 30))

    once, again = (certificate_sheet(piece, picture, size_px=size_px) for _ in range(2))

    assert (once.size, once.mode) == ((size_px, size_px), "RGB")
    assert np.array_equal(np.asarray(once), np.asarray(again))


def test_the_picture_is_printed_on_the_report():
    piece = with_cut("round")

    with_picture = certificate_sheet(piece, Image.new("RGB", (40, 40), (255, 0, 0)), size_px=512)
    without = certificate_sheet(piece, None, size_px=512)

    def red(sheet):
        return (np.abs(np.asarray(sheet).astype(int) - (255, 0, 0)).sum(axis=2) < 30).mean()

    assert red(with_picture) > 0.05
    assert red(without) == 0


def test_reports_of_different_cuts_differ_in_their_drawing():
    piece = with_cut("round")
    other = replace(piece, stone=replace(piece.stone, cut="emerald"))

    drawn = [
        np.asarray(certificate_sheet(one, None, size_px=512))[300:400, 310:400] for one in (piece, other)
    ]

    assert (drawn[0] != drawn[1]).any(axis=2).mean() > 0.02


def test_the_table_states_what_the_piece_is_and_nothing_it_is_not():
    piece = next(piece for piece in PIECES if piece.stone is None and piece.fineness is None)
    gold = next(piece for piece in PIECES if piece.stone and piece.metal == "gold")

    facts, golden = dict(certificate_facts(piece)), dict(certificate_facts(gold))

    assert not {"Stone", "Shape and cut", "Fineness", "Setting"} & set(facts)
    assert golden["Metal"] == f"{gold.metal_colour.capitalize()} gold"
    assert golden["Fineness"] == f"{gold.fineness} / 1000"
    assert golden["Longer side"] == f"{gold.stone.size_mm:.1f} mm"

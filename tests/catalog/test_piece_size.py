"""Millimetres from a stated length: which lengths give a scale, and which are refused."""

import pytest

from catalog.piece_size import ContradictoryLengthsError, piece_size

SEEN = {
    "object_width_px": 600.0,
    "object_height_px": 400.0,
    "part_width_px": 200.0,
    "part_height_px": 390.0,
    "part_count": 2,
}


def test_one_stated_length_gives_the_other():
    size = piece_size("brooch", {"width": 30.0}, SEEN)

    assert size is not None
    assert (size.width_mm, size.height_mm) == pytest.approx((30.0, 20.0))
    assert (size.taken_from, size.agrees_with) == ("width", ())
    assert size.mm_per_px == pytest.approx(0.05)


def test_of_two_earrings_one_is_measured():
    size = piece_size("earrings", {"motif_height": 39.0}, SEEN)

    assert size is not None
    assert (size.width_mm, size.height_mm) == pytest.approx((20.0, 39.0))
    assert piece_size("earrings", {"height": 39.0}, {**SEEN, "part_count": 3}) is None


def test_of_two_lengths_that_agree_the_one_over_more_pixels_is_taken():
    size = piece_size("brooch", {"height": 21.0, "width": 30.0}, SEEN)

    assert size is not None
    assert (size.taken_from, size.agrees_with) == ("width", ("height",))


def test_lengths_that_cannot_both_be_right_are_refused_with_both_values():
    with pytest.raises(ContradictoryLengthsError, match=r"height of 40 mm.*600 and 400 pixels") as refused:
        piece_size("brooch", {"width": 30.0, "height": 40.0}, SEEN)

    assert "width of 30 mm" in str(refused.value)


@pytest.mark.parametrize(
    ("category", "stated"),
    [
        ("ring", {"diameter": 17.0, "width": 3.0}),
        ("necklace", {"length": 450.0}),
        ("watch", {"diameter": 36.0}),
        ("pendant", {"height": 20.0}),
        (None, {"width": 20.0}),
        ("brooch", {"depth": 5.0}),
        ("brooch", {"width": 20.0, "width_max": 30.0}),
    ],
)
def test_a_length_that_the_outline_does_not_show_gives_no_size(category, stated):
    assert piece_size(category, stated, SEEN) is None


def test_a_picture_without_a_geometry_gives_no_size():
    assert piece_size("brooch", {"width": 30.0}, {"sharpness": 0.7}) is None

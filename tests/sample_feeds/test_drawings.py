"""The manufacturer's technical drawings."""

from defusedxml.ElementTree import fromstring

from sample_feeds.drawings import technical_drawing
from sample_feeds.pieces import piece_catalogue


def test_a_drawing_is_svg_that_states_every_measure_and_is_the_same_every_time():
    for piece in piece_catalogue(40, 7):
        drawn = technical_drawing(piece, "A1")

        words = " ".join(fromstring(drawn).itertext())
        assert all(f"{length:g} mm" in words for length in piece.dimensions_mm.values())
        assert drawn == technical_drawing(piece, "A1")
        assert len(drawn) < 2000

"""Pictures of pieces."""

import io

import numpy as np
import pytest
from PIL import Image

from sample_feeds.drawing import draw_piece, jpeg_bytes, view_of
from sample_feeds.pieces import DESIGNS, piece_catalogue

VIEWS = ("front", "angle", "detail", "table", "studio", "studio_angle", "studio_detail")
PIECES = piece_catalogue(220, 7)


def of_design(category, design):
    return next(piece for piece in PIECES if (piece.category, piece.design) == (category, design))


@pytest.mark.parametrize(
    ("category", "design"),
    [(category, design) for category, both in DESIGNS.items() for design in (*both[0], *both[1])],
)
def test_every_design_fills_its_packshot_and_leaves_the_border_white(category, design):
    piece = of_design(category, design)

    picture = np.asarray(draw_piece(piece, view_of(piece, "front"), size=160))

    drawn = (picture < 235).any(axis=2)
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) > 0.6 * 160
    assert not drawn[:3].any()
    assert not drawn[:, :3].any()
    assert not drawn[:, -3:].any()


def test_views_of_a_piece_differ_and_each_is_the_same_twice():
    piece = of_design("ring", "halo")

    drawn = [jpeg_bytes(draw_piece(piece, view_of(piece, name), size=128)) for name in VIEWS]

    assert len(set(drawn)) == len(VIEWS)
    assert drawn == [jpeg_bytes(draw_piece(piece, view_of(piece, name), size=128)) for name in VIEWS]


def test_the_eye_meets_the_plating_and_not_the_metal_below():
    rose = next(piece for piece in PIECES if piece.plating == "rose gold" and piece.stone is None)

    picture = np.asarray(draw_piece(rose, view_of(rose, "front"), size=160)).astype(int)

    metal = picture[(picture < 225).any(axis=2)]
    assert (metal[:, 0] - metal[:, 2]).mean() > 20


def test_a_picture_is_a_square_jpeg_of_the_size_asked_for():
    piece = PIECES[0]

    data = jpeg_bytes(draw_piece(piece, view_of(piece, "front"), size=320))

    with Image.open(io.BytesIO(data)) as opened:
        assert (opened.format, opened.size, opened.mode) == ("JPEG", (320, 320), "RGB")


def test_an_unknown_view_names_the_known_ones():
    with pytest.raises(ValueError, match="no view 'back': front, angle"):
        view_of(PIECES[0], "back")

"""The truth about a picture's form: silhouette, stones one by one, scale."""

from dataclasses import replace

import numpy as np
import pytest

from sample_feeds.pieces import Stone, piece_catalogue
from sample_feeds.rendering.outlines import outline_of
from sample_feeds.rendering.photograph import Shot, photograph

PIECES = piece_catalogue(60, 5)


def one(category, design, **changes):
    piece = next(one for one in PIECES if one.category == category)
    return replace(piece, design=design, accent=None, motif=None, plating=None, **changes)


def studs(cut, setting="bezel"):
    stone = Stone(name="ruby", colour="red", cut=cut, size_mm=6.0)
    return one("earrings", "studs", stone=stone, setting=setting)


@pytest.mark.parametrize("cut", ["round", "heart", "cabochon"])
def test_a_pair_of_studs_shows_two_stones_however_they_are_cut(cut):
    outline = outline_of(studs(cut), Shot(view="packshot", seed=4), size_px=200)

    assert outline.stones_seen(0.05) == ("ruby", "ruby")
    assert set(np.unique(outline.stones)) == {0, 1, 2}
    assert outline.piece[outline.stones > 0].all()


def test_a_piece_without_stones_shows_none():
    plain = one("ring", "band", stone=None, setting=None)

    outline = outline_of(plain, Shot(view="packshot", seed=4), size_px=120)

    assert outline.stones_seen(0.0) == ()
    assert outline.piece.any()


def test_the_outline_lies_over_the_picture():
    shot = Shot(view="packshot", seed=4, tinted=False)
    outline = outline_of(studs("round"), shot, size_px=160)
    pixels = np.asarray(photograph(studs("round"), shot, size_px=160), dtype=float)

    red = pixels[..., 0] - pixels[..., 1:].max(axis=2) > 60
    assert (outline.stones[red] > 0).mean() > 0.9


def test_millimetres_do_not_depend_on_the_pictures_size():
    small, large = (
        outline_of(studs("round"), Shot(view="packshot", seed=4), size_px=px) for px in (100, 200)
    )

    assert small.mm_per_px == pytest.approx(2.0 * large.mm_per_px)


def test_a_view_that_shows_more_than_the_piece_is_refused():
    with pytest.raises(ValueError, match="'worn' shows more than the piece"):
        outline_of(studs("round"), Shot(view="worn", seed=1))

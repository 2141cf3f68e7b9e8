"""Cut stones as bodies."""

from typing import get_args

import numpy as np
import pytest

from sample_feeds.pieces import STONES, Cut
from sample_feeds.rendering.fittings import halo_setting, set_stone
from sample_feeds.rendering.gems import gem, is_smooth
from sample_feeds.rendering.shapes import SMOOTH_STONES

CUTS: tuple[Cut, ...] = get_args(Cut)
FACETED = tuple(cut for cut in CUTS if cut != "cabochon")
ROUNDING = 2e-3  # of a stone's size: corners closer than this are one


def _extent(parts):
    corners = np.concatenate([part.corners.reshape(-1, 3) for part in parts])
    return np.ptp(corners, axis=0)


@pytest.mark.parametrize("detail", [8, 24])
@pytest.mark.parametrize("cut", FACETED)
def test_a_faceted_stone_is_closed_and_convex_and_its_normals_look_outwards(cut, detail):
    for part in gem("diamond", cut, 6.0, detail=detail):
        assert part.solid
        flat = part.normals[:, 0]
        points = part.corners.reshape(-1, 3)

        # convex: no corner lies before any facet
        ahead = np.einsum("pfc,fc->pf", points[:, None] - part.corners[None, :, 0], flat)
        assert ahead.max() < 1e-6 * 6.0
        # closed: the facets' areas, as vectors, cancel
        diagonals = part.corners[:, 2] - part.corners[:, 0], part.corners[:, 3] - part.corners[:, 1]
        areas = 0.5 * np.cross(*diagonals)
        assert np.abs(areas.sum(axis=0)).max() < ROUNDING * np.abs(areas).sum()
        # outwards: facets are counter-clockwise seen from where their normal points, away from the middle
        assert (np.einsum("fc,fc->f", areas, flat) > -1e-9).all()
        outwards = np.einsum("fc,fc->f", part.corners.mean(axis=1) - points.mean(axis=0), flat)
        assert (outwards > 0).all()
        # flat: one normal per facet
        assert np.ptp(part.normals, axis=1).max() == 0


@pytest.mark.parametrize("detail", [8, 24])
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("stone", ["ruby", "onyx"])
def test_a_stones_girdle_is_as_long_as_it_is_said_to_be(stone, cut, detail):
    across, along, _ = _extent(gem(stone, cut, 7.0, detail=detail))

    assert max(across, along) == pytest.approx(7.0, rel=0.02)
    assert min(across, along) > 0.45 * 7.0


def test_a_round_brilliant_has_its_facets_and_its_proportions():
    (part,) = gem("diamond", "round", 10.0)
    facets = np.unique(np.round(part.normals[:, 0], 6), axis=0)
    table = part.corners[np.isclose(part.normals[:, 0, 2], 1.0)]

    # then: table, 32 crown facets and 24 pavilion facets, besides the girdle
    assert (np.abs(facets[:, 2]) > 1e-6).sum() == 57
    assert np.ptp(table[..., 0]) == pytest.approx(5.6, abs=0.05)
    assert part.corners[..., 2].min() == pytest.approx(-4.4, abs=0.1)


@pytest.mark.parametrize("stone", sorted(SMOOTH_STONES))
@pytest.mark.parametrize("cut", CUTS)
def test_a_stone_that_is_not_transparent_is_smooth_in_every_cut(stone, cut):
    (part,) = gem(stone, cut, 6.0)

    assert is_smooth(stone)
    assert not part.solid


def test_colours_of_a_stone_are_cut_as_the_stone_is():
    assert is_smooth("pearl:black")
    assert not is_smooth("sapphire:pink")


def test_a_transparent_cabochon_is_a_dome_and_not_traced():
    (part,) = gem("ruby", "cabochon", 6.0)

    assert not part.solid
    assert part.corners[..., 2].max() > 1.5


def test_melee_has_few_facets():
    (small,) = gem("diamond", "round", 1.5)
    (large,) = gem("diamond", "round", 5.0)

    assert len(small.corners) < 24 < len(large.corners)


@pytest.mark.parametrize("prongs", [0, 4, 6])
@pytest.mark.parametrize("cut", CUTS)
def test_a_setting_holds_its_stone_without_hiding_it(cut, prongs):
    parts = set_stone("ruby", cut, 6.0, prongs=prongs)
    metal = [part for part in parts if part.material == "metal"]
    stones = [part for part in parts if part.material == "ruby"]

    assert metal
    assert stones
    # no metal before the middle of the stone
    corners = np.concatenate([part.corners.reshape(-1, 3) for part in metal])
    middle = np.hypot(corners[:, 0], corners[:, 1]) < 1.0
    assert not (middle & (corners[:, 2] > 0.1)).any()


@pytest.mark.parametrize("cut", CUTS)
def test_a_halo_surrounds_its_stone_with_accents(cut):
    parts = halo_setting("sapphire", cut, 6.0, "diamond", "seed")
    accents = [part for part in parts if part.material == "diamond"]
    places = np.array([part.corners.reshape(-1, 3).mean(axis=0) for part in accents])

    assert len(accents) >= 8
    assert all(part.solid for part in accents)
    # they lie outside the stone, on all sides of it
    assert set(zip(places[:, 0] > 0, places[:, 1] > 0, strict=True)) == {
        (right, up) for right in (True, False) for up in (True, False)
    }


def test_every_stone_of_the_house_can_be_cut_in_all_its_cuts():
    for name, (cuts, _, _) in STONES.items():
        for cut in cuts:
            assert all(np.isfinite(part.normals).all() for part in gem(name, cut, 5.0))

"""Rings, pendants, brooches and the ornaments on them, as bodies."""

import random

import numpy as np
import pytest

from sample_feeds.pieces import DESIGNS, MOTIFS, STYLES, Stone, piece_catalogue
from sample_feeds.rendering.models import model_of
from sample_feeds.rendering.motifs import motif

QUADS = 40_000
CATEGORIES = ("ring", "pendant", "brooch")
VARIANTS = [
    (category, design, jewelled)
    for category in CATEGORIES
    for jewelled, designs in zip((True, False), DESIGNS[category], strict=True)
    for design in designs
]
_CATALOGUE = piece_catalogue(4000, 5)


def _pieces(category, design, jewelled):
    return [
        piece
        for piece in _CATALOGUE
        if piece.category == category and piece.design == design and (piece.stone is not None) == jewelled
    ]


def _corners(parts):
    return np.concatenate([part.corners.reshape(-1, 3) for part in parts])


@pytest.mark.parametrize(("category", "design", "jewelled"), VARIANTS)
def test_every_design_is_built_within_bounds_and_shows_its_stones(category, design, jewelled):
    for piece in _pieces(category, design, jewelled)[:6]:
        model = model_of(piece)
        extent = np.ptp(_corners(model.parts), axis=0)
        materials = {part.material for part in model.parts}

        assert "metal" in materials
        assert materials - {"metal"} <= ({piece.stone.material, piece.accent} if piece.stone else set())
        assert piece.stone is None or piece.stone.material in materials
        assert sum(len(part.corners) for part in model.parts) < QUADS
        assert extent.max() < {"ring": 42, "pendant": 75, "brooch": 75}[category]
        for part in model.parts:
            assert part.corners.shape == part.normals.shape
            assert np.isfinite(part.corners).all()
            # every corner has its normal, save of quads that have shrunk to a line
            diagonals = part.corners[:, 2] - part.corners[:, 0], part.corners[:, 3] - part.corners[:, 1]
            seen = np.linalg.norm(np.cross(*diagonals), axis=1) > 1e-3
            lengths = np.linalg.norm(part.normals, axis=2)
            assert np.allclose(lengths[seen], 1, atol=1e-6)


@pytest.mark.parametrize(("category", "design", "jewelled"), VARIANTS)
def test_a_model_is_the_same_each_time_and_two_pieces_of_one_design_differ(category, design, jewelled):
    first, second = _pieces(category, design, jewelled)[:2]
    once, again = model_of(first), model_of(first)

    assert all(
        np.array_equal(a.corners, b.corners) and a.material == b.material
        for a, b in zip(once.parts, again.parts, strict=True)
    )
    extents = [np.ptp(_corners(model_of(piece).parts), axis=0) for piece in (first, second)]
    assert np.abs(extents[0] - extents[1]).max() > 0.05


@pytest.mark.parametrize("design", sorted(set(DESIGNS["ring"][0] + DESIGNS["ring"][1])))
def test_a_ring_fits_its_finger(design):
    for piece in [piece for piece in _CATALOGUE if piece.category == "ring" and piece.design == design][:8]:
        model = model_of(piece, worn=True)
        radius = piece.dimensions_mm["diameter"] / 2
        corners = _corners([part for part in model.parts if part.material == "metal"])
        lower = corners[corners[:, 1] < -0.5 * radius]
        inside = np.hypot(lower[:, 0], lower[:, 1]).min()

        assert (model.worn_on, model.body_radius) == ("finger", radius)
        assert inside == pytest.approx(radius, abs=0.45)
        # the head is at the top
        assert corners[:, 1].max() >= -corners[:, 1].min() - 0.3


@pytest.mark.parametrize("category", ["pendant", "brooch"])
def test_what_is_shown_flat_faces_the_viewer_about_the_origin(category):
    for piece in [piece for piece in _CATALOGUE if piece.category == category][:20]:
        model = model_of(piece)
        assert model.worn_on == {"pendant": "chest", "brooch": "cloth"}[category]
        stones = [part for part in model.parts if part.material != "metal"]
        low, high = _corners(model.parts).min(axis=0), _corners(model.parts).max(axis=0)

        assert low[0] < 0 < high[0]
        assert low[1] < 0 < high[1]
        if stones:
            metal = _corners([part for part in model.parts if part.material == "metal"])
            assert _corners(stones)[:, 2].max() > np.median(metal[:, 2])


@pytest.mark.parametrize("name", MOTIFS)
@pytest.mark.parametrize("stone", [None, Stone(name="ruby", colour="red", cut="oval", size_mm=4.0)])
def test_every_motif_has_its_size_and_hangs_by_its_metal(name, stone):
    for seed in range(6):
        parts, (x, y, _) = motif(name, 15.0, stone, "diamond" if stone else None, random.Random(seed))
        corners = _corners(parts)
        metal = _corners([part for part in parts if part.material == "metal"])

        assert 10 < np.ptp(corners[:, :2], axis=0).max() < 21
        assert np.ptp(corners[:, 2]) < 9
        assert np.hypot(metal[:, 0] - x, metal[:, 1] - y).min() < 1.5
        assert {part.material for part in parts} >= ({"metal", "ruby"} if stone else {"metal"})


def test_an_unknown_motif_is_refused():
    with pytest.raises(KeyError):
        motif("anchor", 12.0, None, None, random.Random(1))


def test_styles_change_the_form_of_a_band():
    bands = {piece.style: piece for piece in _pieces("ring", "band", jewelled=False)}
    profiles = {
        style: len(np.unique(np.round(_corners(model_of(bands[style]).parts)[:, 2], 2))) for style in bands
    }

    assert set(bands) <= set(STYLES)
    assert len(set(profiles.values())) > 1

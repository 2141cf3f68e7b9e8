"""Necklaces, earrings, bracelets and watches as bodies, and the chains that they are made of."""

import importlib

import numpy as np
import pytest

from sample_feeds.pieces import DESIGNS, piece_catalogue
from sample_feeds.rendering.chains import CHAIN_KINDS, bead_string, chain, copies, path_length, ribbon
from sample_feeds.rendering.materials import material_row
from sample_feeds.rendering.shapes import ball, circle, rotation
from sample_feeds.rendering.turning import lofted, rounded_square, spun

WORN_ON = {"necklace": "neck", "earrings": "ear", "bracelet": "wrist", "watch": "wrist"}
PIECES = [piece for piece in piece_catalogue(2400, 3) if piece.category in WORN_ON]
FORMS = [
    (category, design, jewelled)
    for category in WORN_ON
    for jewelled, designs in ((True, DESIGNS[category][0]), (False, DESIGNS[category][1]))
    for design in designs
]
QUADS = 40_000


def of_form(category, design, jewelled, count):
    found = [
        piece
        for piece in PIECES
        if (piece.category, piece.design, piece.stone is not None) == (category, design, jewelled)
    ]
    assert len(found) >= count
    return found[:count]


def build(piece, *, worn=False):
    module = importlib.import_module(f"sample_feeds.rendering.models.{piece.category}")
    return module.build(piece, worn=worn)


def points_of(model, material=None):
    chosen = [part for part in model.parts if material is None or part.material == material]
    return np.concatenate([np.zeros((0, 3)), *(part.corners.reshape(-1, 3) for part in chosen)])


@pytest.mark.parametrize("worn", [False, True])
@pytest.mark.parametrize(("category", "design", "jewelled"), FORMS)
def test_every_design_is_built_of_sound_bodies(category, design, jewelled, worn):
    for piece in of_form(category, design, jewelled, 6):
        model = build(piece, worn=worn)

        assert model.worn_on == WORN_ON[category]
        assert model.body_radius > 0
        assert model.focus_radius > 0
        assert sum(len(part.corners) for part in model.parts) <= QUADS
        for part in model.parts:
            assert part.corners.shape == part.normals.shape
            assert part.corners.shape[1:] == (4, 3)
            assert np.isfinite(part.corners).all()
            # Where a surface ends in a point its normal may be lost.
            assert (np.abs(np.linalg.norm(part.normals, axis=2) - 1) > 1e-3).mean() < 0.04
            material_row(part.material, metal="yellow", finish="polished", tones={})
        reach = np.abs(points_of(model)).max()
        assert 4 < reach < 120, f"{piece.key} reaches {reach:.0f} mm"
        nearest = np.linalg.norm(points_of(model) - model.focus, axis=1).min()
        assert nearest < model.focus_radius, f"a close-up of {piece.key} would show nothing"


@pytest.mark.parametrize(("category", "design", "jewelled"), FORMS)
def test_a_piece_shows_its_own_stones_and_no_others(category, design, jewelled):
    for piece in of_form(category, design, jewelled, 6):
        shown = {part.material for part in build(piece).parts}

        own = {piece.stone.material, piece.accent} - {None} if piece.stone else set()
        plain = {"metal", "hands", "leather", "leather:black", "thread", "cord", "paper", "dial"}
        assert {name for name in shown - plain if not name.startswith("enamel:")} <= own
        assert piece.stone is None or piece.stone.material in shown


@pytest.mark.parametrize(("category", "design", "jewelled"), FORMS)
def test_a_piece_looks_the_same_twice_and_unlike_the_next_of_its_design(category, design, jewelled):
    one, other = of_form(category, design, jewelled, 2)

    first, again, second = build(one), build(one), build(other)

    assert len(first.parts) == len(again.parts)
    assert np.array_equal(points_of(first), points_of(again))
    assert points_of(first).shape != points_of(second).shape or not np.allclose(
        points_of(first), points_of(second)
    )


@pytest.mark.parametrize(
    ("category", "design", "jewelled"), [form for form in FORMS if form[0] in ("bracelet", "watch")]
)
def test_what_closes_round_a_wrist_leaves_room_for_it(category, design, jewelled):
    for piece in of_form(category, design, jewelled, 8):
        model = build(piece, worn=True)

        metal = np.concatenate([points_of(model, "metal"), [model.focus]])
        share = np.hypot(metal[:, 0] / (1.2 * model.body_radius), metal[:, 1] / model.body_radius)
        # Along the ray from the wrist's axis: never less than the true depth.
        depth = np.linalg.norm(metal[:, :2], axis=1) * (1 / np.maximum(share, 1e-6) - 1)
        assert depth.max() < 1.0, f"{piece.key} cuts {depth.max():.1f} mm into the arm"
        underneath = points_of(model)[:, 1].min()
        assert underneath < -0.5 * model.body_radius, f"{piece.key} does not go round"
        assert 20 < model.body_radius < 30


def test_a_watch_shows_its_dial_in_its_colour_to_the_viewer():
    for piece in [piece for piece in PIECES if piece.category == "watch"][:12]:
        dial = [part for part in build(piece).parts if part.material == f"enamel:{piece.dial}"]

        widest = max(dial, key=lambda part: np.ptp(part.corners[..., 0]))
        assert (widest.normals[..., 2] > 0.99).all()
        assert np.ptp(widest.corners[..., 0]) > 0.6 * piece.dimensions_mm["diameter"]


def test_earrings_are_a_pair_off_the_ear_and_one_on_it():
    for piece in [piece for piece in PIECES if piece.category == "earrings"][:24]:
        pair, one = build(piece), build(piece, worn=True)

        assert sum(len(part.corners) for part in pair.parts) == 2 * sum(
            len(part.corners) for part in one.parts
        )
        # Only climbers rise above the lobe, along the ear's edge.
        assert points_of(one)[:, 1].max() < (32 if piece.design == "climber" else 12)


@pytest.mark.parametrize("kind", CHAIN_KINDS)
def test_a_chain_follows_its_path_from_end_to_end(kind):
    bend = np.linspace(-1, 1, 60)
    path = np.column_stack([30 * bend, 12 * bend**2, 0 * bend])

    links = chain(kind, path, 2.4)

    points = np.concatenate([part.corners.reshape(-1, 3) for part in links])
    away = np.min(np.linalg.norm(points[::7, None] - path[None], axis=2), axis=1)
    assert away.max() < 3.5
    for end in path[[0, -1]]:
        assert np.linalg.norm(points - end, axis=1).min() < 2.5


@pytest.mark.parametrize("spacer", [0.0, 0.3])
def test_beads_fill_their_thread_and_do_not_overlap(spacer):
    path = np.column_stack([np.linspace(0, 80, 50), np.zeros(50), np.zeros(50)])

    beads = [
        part
        for part in bead_string(path, "pearl", "bead", 6.0, spacer=spacer, graded=0.3)
        if part.material == "pearl"
    ]

    points = np.concatenate([part.corners.reshape(-1, 3) for part in beads])
    assert points[:, 0].min() == pytest.approx(0, abs=0.3)
    assert points[:, 0].max() == pytest.approx(80, abs=2.5)


def test_copies_of_solids_stay_convex_bodies_of_their_own():
    from dataclasses import replace

    stone = replace(ball(1.0, material="ruby"), solid=True)
    places = np.array([[0.0, 0, 0], [5, 0, 0], [0, 7, 0]])

    made = copies([stone, ball(0.5)], rotation(roll=30), places, [1, 1, 2])

    assert [part.solid for part in made] == [True, True, True, False]
    assert np.ptp(made[2].corners[..., 0]) == pytest.approx(4, abs=0.1)
    assert len(made[3].corners) == 3 * len(ball(0.5).corners)


@pytest.mark.parametrize(
    "body",
    [
        spun([(4, 0), (5, 1), (5, 4), (2, 6), (0, 6.5)]),
        lofted(rounded_square(6, 5, 1.5), [(1, -2), (0, -1), (0, 1), (1, 2), (3, 2.2)]),
    ],
)
def test_turned_bodies_look_outwards(body):
    middle = body.corners.reshape(-1, 3).mean(axis=0)
    outwards = ((body.corners.mean(axis=1) - middle) * body.normals.mean(axis=1)).sum(axis=1)

    assert (outwards > -1e-6).mean() > 0.97


def test_a_closed_ribbon_has_no_seam():
    path = circle(25, 200)
    path = np.vstack([path, path[:1]])
    facing = path / 25

    band = ribbon(path, 8.0, facing=facing, closed=True)

    points = band.corners.reshape(-1, 3)
    angle = np.sort(np.arctan2(points[:, 1], points[:, 0]))
    assert np.diff(angle).max() < 0.06
    assert path_length(path) == pytest.approx(2 * np.pi * 25, rel=0.001)

"""Hands, necks and ears that carry pieces."""

import random

import numpy as np
import pytest

from sample_feeds.rendering.bodies import hand, worn
from sample_feeds.rendering.sculpting import Sculpture

PLACES = {"finger": 8.6, "wrist": 25.0, "neck": 27.0, "ear": 9.0, "chest": 9.0, "cloth": 9.0}


def rng(seed):
    return random.Random(f"bodies-{seed}")


def points_of(parts, material):
    return np.concatenate([part.corners.reshape(-1, 3) for part in parts if part.material == material])


def radius_at(points, z, side):
    """How far skin reaches along ``side`` in a thin slice about ``z``."""
    slice_ = points[np.abs(points[:, 2] - z) < 1.6]
    return float((slice_[:, :2] @ np.asarray(side)).max())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("seed", range(3))
def test_a_body_is_the_same_for_the_same_seed_and_has_outward_unit_normals(place, seed):
    once, again = (worn(place, PLACES[place], rng(seed)) for _ in range(2))

    assert [part.material for part in once] == [part.material for part in again]
    for part, twin in zip(once, again, strict=True):
        assert part.corners.shape == part.normals.shape
        assert np.array_equal(part.corners, twin.corners)
        assert np.isfinite(part.corners).all()
        assert np.allclose(np.linalg.norm(part.normals, axis=-1), 1, atol=1e-3)
    assert {part.material for part in once} <= {"skin", "nail", "hair", "fabric"}
    assert sum(len(part.corners) for part in once) < 30_000


@pytest.mark.parametrize("seed", range(5))
def test_a_ring_fits_the_finger_that_runs_through_it(seed):
    parts = worn("finger", 8.6, rng(seed))

    finger = points_of(parts, "skin")
    finger = finger[np.hypot(finger[:, 0], finger[:, 1]) < 11]

    assert radius_at(finger, 0.0, (0, 1)) == pytest.approx(8.6, abs=0.9)
    assert finger[:, 2].min() < -25  # and goes on to its tip


@pytest.mark.parametrize("seed", range(5))
def test_a_bracelet_lies_on_the_wrist_and_not_in_it(seed):
    skin = points_of(worn("wrist", 25.0, rng(seed)), "skin")

    assert radius_at(skin, 0.0, (0, 1)) == pytest.approx(25.0, abs=0.9)
    assert radius_at(skin, 0.0, (1, 0)) == pytest.approx(30.0, abs=1.2)


@pytest.mark.parametrize("seed", range(5))
def test_a_necklace_lies_before_the_chest_and_its_clasp_behind_the_neck(seed):
    skin = points_of(worn("neck", 27.0, rng(seed)), "skin")

    front = skin[(np.abs(skin[:, 0]) < 12) & (skin[:, 1] > -32) & (skin[:, 1] < -18)]
    nape = skin[(np.abs(skin[:, 0]) < 8) & (skin[:, 1] > 28) & (skin[:, 1] < 33)]

    assert -6 < front[:, 2].max() <= 0.5
    assert nape[:, 2].max() > 0


@pytest.mark.parametrize("seed", range(5))
def test_an_earring_hangs_from_the_surface_of_the_lobe(seed):
    skin = points_of(worn("ear", 9.0, rng(seed)), "skin")

    lobe = skin[np.hypot(skin[:, 0], skin[:, 1]) < 1.8]

    assert lobe[:, 2].max() == pytest.approx(-0.4, abs=0.05)


@pytest.mark.parametrize("place", ["chest", "cloth"])
@pytest.mark.parametrize("seed", range(6))
def test_what_lies_on_a_chest_or_on_cloth_is_not_swallowed(place, seed):
    parts = [part for part in worn(place, 9.0, rng(seed)) if part.material != "hair"]

    points = np.concatenate([part.corners.reshape(-1, 3) for part in parts])
    middle = points[np.hypot(points[:, 0], points[:, 1]) < 12]

    assert -12 < middle[:, 2].max() < -0.5


@pytest.mark.parametrize("reach", [6.0, 15.0, 60.0])
@pytest.mark.parametrize("seed", range(6))
def test_a_hand_has_five_nails_and_touches_what_it_holds(reach, seed):
    parts = hand(reach, rng(seed))

    skin = points_of(parts, "skin")

    assert [part.material for part in parts].count("nail") == 5
    assert np.linalg.norm(skin, axis=1).min() < 1.3 * reach + 4


def test_poses_and_sides_of_hands_vary():
    hands = [points_of(hand(12.0, rng(seed)), "skin").mean(axis=0) for seed in range(12)]

    directions = np.array([centre / np.linalg.norm(centre) for centre in hands])
    assert (directions @ directions.T).min() < 0


def test_a_palm_lies_as_far_behind_a_piece_as_asked_for():
    lying = [points_of(hand(60.0, rng(seed), behind_mm=20.0), "skin") for seed in range(6)]

    for skin in lying:
        middle = skin[np.hypot(skin[:, 0], skin[:, 1]) < 3]
        assert middle[:, 2].max() == pytest.approx(-20.0, abs=2.5)


def test_nothing_is_worn_on_an_unknown_place():
    with pytest.raises(ValueError, match="nothing is worn on a 'knee': finger, wrist"):
        worn("knee", 9.0, rng(0))


def test_the_skin_of_one_ball_is_a_closed_sphere():
    body = Sculpture(trunk_blend=0.0)
    body.capsule(0, (0, 0, 0), (0, 0, 0), 10.0)

    mesh = body.mesh("skin", (-13, -13, -13), (13, 13, 13), 1.3)

    assert np.allclose(np.linalg.norm(mesh.points, axis=1), 10, atol=0.1)
    assert ((mesh.points * mesh.normals).sum(axis=1) > 0).all()
    edges = np.sort(np.concatenate([mesh.quads[:, [k, (k + 1) % 4]] for k in range(4)]), axis=1)
    _, uses = np.unique(edges, axis=0, return_counts=True)
    assert (uses == 2).all()


def test_quads_run_counter_clockwise_seen_from_outside_also_in_a_mirror():
    body = Sculpture(trunk_blend=2.0)
    body.capsule(0, (0, 0, 0), (12, 0, 0), 8.0, 5.0)
    mesh = body.mesh("skin", (-12, -12, -12), (22, 12, 12), 1.5)

    for mirrored in (False, True):
        part = mesh.placed(np.eye(3), np.zeros(3), mirrored=mirrored)
        wound = np.cross(part.corners[:, 2] - part.corners[:, 0], part.corners[:, 3] - part.corners[:, 1])
        assert ((wound * part.normals.mean(axis=1)).sum(axis=1) > 0).mean() > 0.99


def test_groups_flow_into_the_trunk_but_not_into_each_other():
    body = Sculpture(trunk_blend=0.0)
    body.capsule(0, (0, -30, 0), (0, -31, 0), 8.0)
    for x in (-5.2, 5.2):
        body.capsule(body.group(blend=0.0, trunk_blend=6.0), (x, -22, 0), (x, 20, 0), 5.0)

    mesh = body.mesh("skin", (-14, -42, -12), (14, 28, 12), 1.0)

    between = mesh.points[(np.abs(mesh.points[:, 0]) < 0.6) & (mesh.points[:, 1] > -10)]
    assert len(between) == 0 or np.abs(between[:, 2]).max() < 2.0

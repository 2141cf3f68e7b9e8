"""What tells jewelry from other goods: drawn the same every time, fitted to tell them apart."""

import numpy as np
import pytest

from encoder_training.domain import fit_head
from encoder_training.other_goods import KINDS, draw_other_goods


def cluster(rng, centre, count):
    vectors = centre + 0.12 * rng.standard_normal((count, len(centre)))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def apart():
    """Vectors of jewelry and of other goods around two centres each, to be fitted on and held out."""
    rng = np.random.default_rng(3)
    centres = np.eye(24)
    jewelry = [np.concatenate([cluster(rng, centres[at], 150) for at in (0, 1)]) for _ in range(2)]
    others = [np.concatenate([cluster(rng, centres[at], 150) for at in (2, 3)]) for _ in range(2)]
    return jewelry[0], others[0], jewelry[1], others[1]


def test_a_head_keeps_jewelry_and_tells_the_rest_on_pictures_it_never_saw(apart):
    fitted = fit_head("e", *apart)

    assert fitted.jewelry_kept >= 0.99
    assert fitted.others_told >= 0.95


def test_the_same_vectors_give_the_same_head(apart):
    assert fit_head("e", *apart).head.domain_id == fit_head("e", *apart).head.domain_id


def test_other_goods_are_drawn_the_same_every_time_and_each_kind_can_be():
    seen = {}
    for seed in range(160):
        kind, pixels = draw_other_goods(seed, 48)
        seen.setdefault(kind, (seed, pixels))

    assert set(seen) == set(KINDS)
    for seed, pixels in seen.values():
        np.testing.assert_array_equal(draw_other_goods(seed, 48)[1], pixels)
        assert pixels.shape == (48, 48, 3)

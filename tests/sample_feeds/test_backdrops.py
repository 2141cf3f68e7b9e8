"""What lies behind pieces."""

import random

import numpy as np
import pytest

from sample_feeds.rendering.backdrops import BOX, CARD, KINDS, PLAIN, TEXTURED, backdrop


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(128, 128), (90, 160)])
def test_a_backdrop_has_the_size_asked_for_and_is_the_same_twice(kind, size):
    once, again = (backdrop(kind, size, random.Random(f"{kind}-7")) for _ in range(2))

    assert once.shape == (*size, 3)
    assert once.dtype == np.float32
    assert (once >= 0).all()
    assert (once <= 1).all()
    assert np.array_equal(once, again)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "white"])
def test_no_two_backdrops_of_a_kind_are_alike(kind):
    rng = random.Random(5)

    pictures = [backdrop(kind, (96, 96), rng) for _ in range(4)]

    differences = [np.abs(a - b).mean() for a in pictures for b in pictures if a is not b]
    assert min(differences) > 0.0005


@pytest.mark.parametrize("kind", TEXTURED)
def test_a_surface_has_a_texture_and_plain_paper_has_none(kind):
    def detail(picture):
        grey = picture.mean(axis=2)
        return float(np.median([np.abs(np.diff(grey, axis=axis)).mean() for axis in (0, 1)]))

    surface = np.median([detail(backdrop(kind, (160, 160), random.Random(seed))) for seed in range(5)])
    paper = max(
        detail(backdrop(plain, (160, 160), random.Random(seed))) for plain in PLAIN for seed in range(3)
    )

    assert surface > paper


def test_the_middle_of_a_card_lies_on_the_card():
    for seed in range(8):
        picture = backdrop("card", (200, 200), random.Random(seed))

        middle = picture[70:130, 70:130].reshape(-1, 3)

        assert middle.std(axis=0).max() < 0.08


def test_the_groups_name_every_kind_once():
    assert sorted((*PLAIN, *TEXTURED, *CARD, *BOX)) == sorted(KINDS)


def test_an_unknown_backdrop_names_the_known_ones():
    with pytest.raises(ValueError, match="no backdrop 'lava': one of white, off-white"):
        backdrop("lava", (8, 8), random.Random(0))

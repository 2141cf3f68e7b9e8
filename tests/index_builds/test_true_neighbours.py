"""Exact neighbours under any filter, against a plain search of what is eligible."""

import numpy as np
import pytest

from index_builds import true_neighbours
from index_builds.exact import exact_neighbours
from index_builds.queries import Queries
from index_builds.true_neighbours import TrueNeighbours


def _unit(random: np.random.Generator, count: int, dimension: int = 16) -> np.ndarray:
    vectors = random.standard_normal((count, dimension), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def house() -> tuple[Queries, np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    vectors = _unit(random, 3_000)
    vectors[1::2] = vectors[::2]  # every picture twice: ties go by key
    keys = np.sort(random.permutation(10**6)[:3_000]).astype(np.int64)
    own = random.permutation(3_000)[:20]
    excluding = np.stack([keys[own], keys[own ^ 1], np.full(20, 10**7)], axis=1)
    excluding[::3, 1] = -1
    return Queries(vectors=vectors[own], own_keys=keys[own], excluding=excluding), vectors, keys


@pytest.mark.parametrize("nearest", [8, 64, 5_000])
@pytest.mark.parametrize("share", [0.0, 0.0005, 0.003, 0.05, 0.5, 1.0])
def test_every_filter_gets_the_neighbours_of_a_plain_search(house, nearest, share, monkeypatch):
    monkeypatch.setattr(true_neighbours, "NEAREST", nearest)
    queries, vectors, keys = house
    eligible = np.random.default_rng(11).random(len(keys)) < share
    members = np.arange(3, 17)
    found = TrueNeighbours(queries, vectors, keys).best(members, eligible, 10)
    wanted = exact_neighbours(
        queries.vectors[members],
        vectors,
        keys,
        k=10,
        rows=np.flatnonzero(eligible),
        excluding=queries.excluding[members],
    )
    assert np.array_equal(found.keys, wanted.keys)
    assert np.array_equal(found.scores, wanted.scores)


def test_more_neighbours_than_images_leave_slots_empty(house):
    queries, vectors, keys = house
    eligible = np.zeros(len(keys), dtype=np.bool_)
    eligible[:4] = True
    found = TrueNeighbours(queries, vectors, keys).best(np.array([0]), eligible, 10)
    assert (found.keys[0] >= 0).sum() == 4
    assert np.isneginf(found.scores[0, 4:]).all()

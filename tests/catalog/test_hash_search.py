"""Near hashes are all found, by bands as by comparing all with all."""

import numpy as np
import pytest

from catalog import hash_search
from catalog.hash_search import LARGEST_RADIUS, pairs_within


@pytest.mark.parametrize("radius", [0, 3, 7, 10, LARGEST_RADIUS])
def test_bands_find_every_pair_that_comparing_all_with_all_finds(monkeypatch, radius):
    generator = np.random.default_rng(radius)
    hashes = generator.integers(0, 2**64, 1500, dtype=np.uint64)
    for row in range(0, 1500, 3):  # near neighbours at every distance, their bits spread over the bands
        bits = generator.choice(64, row % 15, replace=False)
        hashes[row + 1] = hashes[row] ^ np.uint64(sum(1 << int(bit) for bit in bits))
    near = np.bitwise_count(hashes[:, None] ^ hashes[None]) <= radius

    monkeypatch.setattr(hash_search, "_BRUTE_BELOW", 1)
    one, other = pairs_within(hashes, hashes, radius)

    assert np.array_equal(np.stack((one, other)), np.stack(np.nonzero(near)))


def test_many_equal_hashes_make_a_chain_and_not_a_square():
    one, other = pairs_within(np.full(20_000, 77, np.uint64), np.full(20_000, 77, np.uint64), 5)

    assert len(one) < 20 * 20_000
    linked = set(zip(one.tolist(), other.tolist(), strict=True))
    assert all((row, row + 1) in linked for row in range(19_999))


def test_a_radius_that_bands_cannot_promise_is_refused():
    with pytest.raises(ValueError, match="radius is 12"):
        pairs_within(np.zeros(1, np.uint64), np.zeros(1, np.uint64), 12)

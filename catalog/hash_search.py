"""Pairs of 64-bit hashes that differ in few bits, found without comparing all with all.  Pure NumPy.

Multi-index hashing (Norouzi, Punjani and Fleet, "Fast Exact Search in Hamming Space with Multi-Index
Hashing", 2014): of four bands of 16 bits, one differs in at most a quarter of the bits.  So two hashes within
11 bits share a band up to two bits, and only those that do are compared.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

LARGEST_RADIUS = 11
_BANDS = 4
_BAND_BITS = 16
_BRUTE_BELOW = 4096
_CHUNK = 1 << 22
_RUN = 8

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


def pairs_within(left: NDArray[np.uint64], right: NDArray[np.uint64], radius: int) -> Pairs:
    """Return positions ``(i, j)`` of the pairs of a left and a right hash that differ in few bits.

    Of hashes that are equal only neighbours in a row of eight are paired, on either side: ten thousand
    copies of one picture must not make fifty million pairs, and a chain holds them together as well.

    Args:
        left: Hashes, shape ``(n,)``.
        right: Hashes, shape ``(m,)``; the same array finds pairs within it, each in both directions.
        radius: The most bits that may differ, at most 11.

    Returns:
        Two arrays of one length, sorted by the first and then by the second.

    Raises:
        ValueError: If the radius is beyond what the bands can promise.
    """
    if not 0 <= radius <= LARGEST_RADIUS:
        message = f"radius is {radius}: the bands find all pairs up to {LARGEST_RADIUS} bits"
        raise ValueError(message)
    left_values, left_members = _distinct(left)
    right_values, right_members = _distinct(right)
    if len(left_values) * len(right_values) <= _BRUTE_BELOW**2:
        found = list(_brute(left_values, right_values, radius))
    else:
        found = list(_banded(left_values, right_values, radius))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    codes = np.unique(np.concatenate(found))
    one, other = np.divmod(codes, len(right_values))
    pairs = [
        (i, j)
        for a, b in zip(one.tolist(), other.tolist(), strict=True)
        for i, j in _between(left_members[a], right_members[b])
    ]
    both = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _distinct(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], list[list[int]]]:
    values, which = np.unique(hashes, return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.searchsorted(which[order], np.arange(1, len(values)))
    return values, [part.tolist() for part in np.split(order, ends)]


def _between(some: list[int], others: list[int]) -> Iterator[tuple[int, int]]:
    """Yield pairs of two groups of equal hashes: all of small ones, neighbours in rank of large ones."""
    for rank, one in enumerate(some):
        low = 0 if len(others) <= _RUN else max(0, min(rank, len(others)) - _RUN // 2)
        for other in others[low : low + _RUN + 1]:
            yield one, other


def _brute(left: NDArray[np.uint64], right: NDArray[np.uint64], radius: int) -> Iterator[NDArray[np.int64]]:
    rows = max(1, _CHUNK // max(1, len(right)))
    for start in range(0, len(left), rows):
        near = np.bitwise_count(left[start : start + rows, None] ^ right[None]) <= radius
        one, other = np.nonzero(near)
        yield (one + start) * len(right) + other


def _banded(left: NDArray[np.uint64], right: NDArray[np.uint64], radius: int) -> Iterator[NDArray[np.int64]]:
    flips = [
        sum(1 << bit for bit in bits)
        for count in range(radius // _BANDS + 1)
        for bits in combinations(range(_BAND_BITS), count)
    ]
    for band in range(_BANDS):
        shift = np.uint64(band * _BAND_BITS)
        mask = np.uint64((1 << _BAND_BITS) - 1)
        ours = ((left >> shift) & mask).astype(np.int64)
        theirs = ((right >> shift) & mask).astype(np.int64)
        order = np.argsort(theirs, kind="stable")
        starts = np.searchsorted(theirs[order], np.arange((1 << _BAND_BITS) + 1))
        for flip in flips:
            asked = ours ^ flip
            yield from _in_buckets(left, right, radius, order, starts[asked], starts[asked + 1])


def _in_buckets(
    left: NDArray[np.uint64],
    right: NDArray[np.uint64],
    radius: int,
    order: NDArray[np.int64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
) -> Iterator[NDArray[np.int64]]:
    """Compare every left hash with its bucket of right ones, some million pairs at a time."""
    ends = np.cumsum(high - low)
    start = 0
    while start < len(left):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _CHUNK, side="right")))
        counts = (high - low)[start:stop]
        one = np.repeat(np.arange(start, stop), counts)
        within = np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts, counts)
        other = order[np.repeat(low[start:stop], counts) + within]
        near = np.bitwise_count(left[one] ^ right[other]) <= radius
        yield one[near] * len(right) + other[near]
        start = stop

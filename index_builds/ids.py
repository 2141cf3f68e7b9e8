"""Sets of image keys.  Small on purpose: the fresh process that loads snapshots imports it."""

import numpy as np
from numpy.typing import NDArray

from storage.objects import sha256_hex


def distinct_of_sorted(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return every key of a sorted array once, shape ``(distinct,)``: one pass, where a hash takes many."""
    first = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    return keys[first]


def distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct keys, sorted; NumPy's own ``unique`` hashes integers and takes far longer."""
    return distinct_of_sorted(np.sort(keys))


def held_in(keys: NDArray[np.int64], held: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which keys a sorted array holds, shape ``(len(keys),)``; quick where ``keys`` are sorted, too."""
    if not len(held):
        return np.zeros(len(keys), dtype=np.bool_)
    found: NDArray[np.bool_] = held[np.minimum(np.searchsorted(held, keys), len(held) - 1)] == keys
    return found


def ids_digest(keys: NDArray[np.int64]) -> str:
    """Return the digest of a set of image keys, whatever their order."""
    return sha256_hex(np.sort(keys).astype("<i8").tobytes())

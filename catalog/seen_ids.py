"""Which ids a delivery has stated already, in eight bytes each.

A set of texts takes 150 bytes an id, and is all that grows with a delivery.  Ids are kept as the first 64
bits of their BLAKE2 digest: of ten million, two would be taken for the same in one of 400,000 deliveries.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_PENDING = 1 << 16


class SeenIds:
    """Ids that were seen; new ones wait in a set until there are enough to be sorted in."""

    def __init__(self) -> None:
        self._sorted: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._pending: set[int] = set()

    def add(self, one: str) -> bool:
        """Note an id, and tell whether it is new."""
        digest = int.from_bytes(blake2b(one.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        if digest in self._pending or self._holds(digest):
            return False
        self._pending.add(digest)
        if len(self._pending) >= _PENDING:
            fresh = np.fromiter(self._pending, dtype=np.uint64, count=len(self._pending))
            self._sorted = np.concatenate((self._sorted, fresh))
            self._sorted.sort()
            self._pending = set()
        return True

    def _holds(self, digest: int) -> bool:
        if not len(self._sorted):
            return False
        wanted = np.uint64(digest)
        place = int(self._sorted.searchsorted(wanted))
        return place < len(self._sorted) and bool(self._sorted[place] == wanted)

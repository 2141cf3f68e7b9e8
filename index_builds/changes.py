"""What changed between the rows that an index was built from and the rows of now.  Pure NumPy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """``gone``: sorted keys of the base that left or have another vector now; ``new``: rows of now to add."""

    gone: NDArray[np.int64]
    new: NDArray[np.int64]

    @property
    def nothing(self) -> bool:
        """Whether the base holds exactly the rows of now."""
        return not len(self.gone) and not len(self.new)


def change_since(
    base_keys: NDArray[np.int64],
    base_prints: NDArray[np.uint64],
    keys: NDArray[np.int64],
    prints: NDArray[np.uint64],
) -> Change:
    """Compare two sets of rows, both sorted by key.

    Args:
        base_keys: Keys of the base.
        base_prints: Their vectors' fingerprints.
        keys: Keys of now.
        prints: Their vectors' fingerprints.
    """
    places = np.minimum(np.searchsorted(base_keys, keys), max(len(base_keys) - 1, 0))
    same = np.zeros(len(keys), dtype=np.bool_)
    if len(base_keys):
        same = (base_keys[places] == keys) & (base_prints[places] == prints)
    kept = np.zeros(len(base_keys), dtype=np.bool_)
    kept[places[same]] = True
    return Change(gone=base_keys[~kept], new=np.flatnonzero(~same).astype(np.int64))

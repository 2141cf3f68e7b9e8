"""The digest of a set of image keys.  Small on purpose: the fresh process that loads snapshots imports it."""

import numpy as np
from numpy.typing import NDArray

from storage.objects import sha256_hex


def ids_digest(keys: NDArray[np.int64]) -> str:
    """Return the digest of a set of image keys, whatever their order."""
    return sha256_hex(np.sort(keys).astype("<i8").tobytes())

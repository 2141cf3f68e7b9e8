"""Files of sorted image keys: the tombstones of an index, and the rows that it was built from.

NumPy's own format without pickled objects, so that equal keys give equal bytes on every machine.  A row's
fingerprint tells whether a key's vector is still the one that was built in; it is no protection against
forgery, which is the digest's work.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index_builds.errors import SnapshotDamagedError
from storage.objects import sha256_of_file

_ROWS = np.dtype([("key", "<i8"), ("fingerprint", "<u8")])
_BLOCK = 256  # vectors: what is multiplied stays in the processor's cache
_SEED = 20_251  # of the multipliers: changing it makes every base file look replaced


def fingerprints(vectors: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return a 64-bit fingerprint of every row's bytes, shape ``(rows,)``.

    Multilinear hashing of 32-bit words with random 64-bit multipliers, modulo 2⁶⁴ (Lemire and Kaser,
    "Strongly universal string hashing is fast", 2014): two rows that differ by chance share one with odds of
    2⁻³².
    """
    words = np.ascontiguousarray(vectors, dtype="<f4").view("<u4")
    random = np.random.default_rng(_SEED)
    multipliers = random.integers(1, 2**63, size=words.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(
        1
    )
    found = np.empty(len(words), dtype=np.uint64)
    for start in range(0, len(words), _BLOCK):
        part = words[start : start + _BLOCK].astype(np.uint64)
        part *= multipliers
        found[start : start + _BLOCK] = part.sum(axis=1, dtype=np.uint64)
    return found


def rows_bytes(keys: NDArray[np.int64], prints: NDArray[np.uint64]) -> bytes:
    """Return the file of sorted keys and their vectors' fingerprints."""
    rows = np.empty(len(keys), dtype=_ROWS)
    rows["key"], rows["fingerprint"] = keys, prints
    return _bytes(rows)


def keys_bytes(keys: NDArray[np.int64]) -> bytes:
    """Return the file of sorted keys."""
    return _bytes(np.ascontiguousarray(keys, dtype="<i8"))


def read_rows(path: Path, digest: str) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return sorted keys and fingerprints of a file, checked against its digest.

    Raises:
        SnapshotDamagedError: If the file is missing, damaged, or of another kind.
    """
    rows = _read(path, digest, _ROWS)
    return np.ascontiguousarray(rows["key"]), np.ascontiguousarray(rows["fingerprint"])


def read_keys(path: Path, digest: str) -> NDArray[np.int64]:
    """Return the sorted keys of a file, checked against its digest.

    Raises:
        SnapshotDamagedError: If the file is missing, damaged, or of another kind.
    """
    keys: NDArray[np.int64] = _read(path, digest, np.dtype("<i8")).astype(np.int64)
    return keys


def _bytes(rows: NDArray[Any]) -> bytes:
    sink = io.BytesIO()
    np.lib.format.write_array(sink, rows, version=(1, 0), allow_pickle=False)
    return sink.getvalue()


def _read(path: Path, digest: str, wanted: np.dtype[Any]) -> NDArray[Any]:
    try:
        found = sha256_of_file(path)
    except FileNotFoundError:
        message = f"keys file {path} is missing: restore it, or build the snapshot again"
        raise SnapshotDamagedError(message) from None
    if found != digest:
        message = (
            f"keys file {path} has digest {found[:12]}, its manifest says {digest[:12]}: "
            "it is damaged; restore it, or build the snapshot again"
        )
        raise SnapshotDamagedError(message)
    try:
        with path.open("rb") as file:
            rows: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        message = f"keys file {path} cannot be read: {error}; build the snapshot again"
        raise SnapshotDamagedError(message) from error
    keys = rows["key"] if rows.dtype == _ROWS else rows
    if rows.dtype != wanted or rows.ndim != 1 or (keys[1:] <= keys[:-1]).any():
        message = f"keys file {path} holds {rows.dtype} of shape {rows.shape}: build the snapshot again"
        raise SnapshotDamagedError(message)
    return rows

"""Read one index file, after its digest: a damaged FAISS file can load without complaint and answer wrongly.

Mapped files keep their pages on disk until they are needed, and the system may drop them again.
"""

from pathlib import Path
from threading import Lock
from typing import Any

import faiss

from index_builds.errors import SnapshotDamagedError
from storage.known_digests import digest_of_file

_LEAST_LIMIT = 1 << 30  # tables that FAISS computes while loading count too, and may outgrow a small file
_LIMITS = Lock()  # FAISS keeps its deserialization limit per process


def load_index(path: Path, *, digest: str, mapped: bool) -> Any:
    """Read an index file whose bytes are what their digest says.

    Args:
        path: The file; it must not be overwritten while the index lives (replacing it by rename is safe).
        digest: Its SHA-256.
        mapped: Map it instead of reading it whole.

    Raises:
        SnapshotDamagedError: If the digest differs, FAISS refuses the file, or it is no index with image keys
            as ids.
    """
    try:
        found = digest_of_file(path)
    except FileNotFoundError:
        message = f"index file {path} is missing: restore it, or build the snapshot again"
        raise SnapshotDamagedError(message) from None
    if found != digest:
        message = (
            f"index file {path} has digest {found[:12]}, its manifest says {digest[:12]}: "
            "it is damaged; restore it, or build the snapshot again"
        )
        raise SnapshotDamagedError(message)
    try:
        with _LIMITS:
            faiss.set_deserialization_vector_byte_limit(max(path.stat().st_size, _LEAST_LIMIT))
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if mapped else 0)
    except RuntimeError as error:
        message = f"index file {path} does not load: {error}; build the snapshot again"
        raise SnapshotDamagedError(message) from error
    if not isinstance(index, faiss.IndexIDMap) or index.ntotal != index.index.ntotal:
        message = (
            f"index file {path} is a {type(index).__name__}, not an index with image keys: build it again"
        )
        raise SnapshotDamagedError(message)
    return index
